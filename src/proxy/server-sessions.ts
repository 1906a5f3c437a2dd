/**
 * TLS sessions of the server leg, to resume the next connection of the same client to the same server.
 *
 * A session is never shared between client addresses: resumption must not let a server link two clients (checklist M16).
 *
 * Bounds: `capacity` sessions; each is used once at most (RFC 8446 §C.4).
 */
import { BoundedMap } from "#base/bounded.ts";

/** A session with what was found out about its server when it was full. `T` is the judged certificate. */
export interface ServerSession<T> {
	readonly session: Buffer;
	readonly judged: T;
}

export class ServerSessions<T> {
	readonly #sessions: BoundedMap<string, ServerSession<T>>;

	constructor(capacity: number) {
		this.#sessions = new BoundedMap(capacity);
	}

	/** Removes and returns the session for this key. */
	take(key: string): ServerSession<T> | undefined {
		return this.#sessions.take(key);
	}

	put(key: string, session: ServerSession<T>): void {
		this.#sessions.set(key, session);
	}

	clear(): void {
		this.#sessions.clear();
	}
}

/** The key: client, server endpoint, the name sent, the protocols offered and the options of the leg. */
export function serverSessionKey(parts: {
	readonly client: string;
	readonly server: string;
	readonly port: number;
	readonly serverName: string | undefined;
	readonly alpn: readonly string[];
	readonly variant: string;
}): string {
	const { client, server, port, serverName, alpn, variant } = parts;
	return `${client} ${server} ${port} ${serverName ?? "-"} ${alpn.join(",")} ${variant}`;
}
