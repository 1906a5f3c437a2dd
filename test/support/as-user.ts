/** Connections of another user of this host, made by a test that runs as root. */
import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import type { SocketPlace } from "#cli/socket-place-shell.ts";

/** Runs what connects at once as another user: the kernel notes the user of that moment. */
export function asUser<T>(userId: number, connect: () => T): T {
	process.seteuid?.(userId);
	try {
		return connect();
	} finally {
		process.seteuid?.(0);
	}
}

/** Takes away the guard of file permissions, so that the one behind it is seen. */
export function openToAll({ directory, socket }: SocketPlace): void {
	for (const one of [dirname(directory), directory]) chmodSync(one, 0o755);
	chmodSync(socket, 0o666);
}
