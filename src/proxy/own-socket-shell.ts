/** Sockets to servers that the packet filter knows as the gateway's own, from the gateway's address or the client's. */
import { Socket } from "node:net";
import type { Address } from "#base/address.ts";
import type { Linux } from "#base/linux.ts";
import type { OpenSocket } from "#proxy/dial-shell.ts";

/** `source` is the address to connect from, where the server speaks its family; the gateway's own when undefined. */
export function ownSockets(linux: Linux, mark: number, source: Address | undefined): OpenSocket {
	const sourceFamily = source?.octets.length === 4 ? 4 : 6;
	return (family, options) => {
		const from = source !== undefined && family === sourceFamily ? source : undefined;
		const fd = linux.outgoingSocket({ family, mark, source: from });
		return new Socket({ ...options, fd, readable: true, writable: true });
	};
}
