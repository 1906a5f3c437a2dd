/**
 * The socket at which terminals come in: a Unix socket (0600) in a directory of the owner's own (0700). Who comes in is asked
 * of the kernel (SO_PEERCRED); where it cannot be asked, nobody does.
 *
 * Bounds: at most `maxConnections` terminals; what each may hold and cost: `connection-shell.ts`.
 */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { Linux, PeerCredentials } from "#base/linux.ts";
import { openLinux } from "#base/linux-shell.ts";
import { Connection, type ConnectionInfo, type ConnectionPorts } from "#cli/connection-shell.ts";
import { addressOf, preparePlace, type SocketPlace } from "#cli/socket-place-shell.ts";
import { encodeFrame } from "#cli/socket-protocol.ts";

/** What is asked of Linux here. */
type Credentials = Pick<Linux, "peerCredentials">;

export class CliServer {
	readonly #place: SocketPlace;
	readonly #ports: ConnectionPorts;
	readonly #connections = new Set<Connection>();
	readonly #open: () => Promise<Credentials>;
	/** Or why the kernel cannot be asked. */
	#linux: Credentials | Error = new Error("not opened");
	#server: Server | undefined;
	#timer: NodeJS.Timeout | undefined;
	#next = 0;

	constructor(place: SocketPlace, ports: ConnectionPorts, open: () => Promise<Credentials> = openLinux) {
		this.#place = place;
		this.#ports = ports;
		this.#open = open;
	}

	/** Resolves when terminals can come in; rejects when the socket cannot be made. */
	async listen(): Promise<void> {
		preparePlace(this.#place);
		this.#linux = await this.#open().catch((cause: Error) => cause);
		if (this.#linux instanceof Error)
			this.#ports.report("error", `the command line lets nobody in: ${this.#linux.message}`);
		const server = createServer((socket) => this.#accept(socket));
		this.#server = server;
		await new Promise<void>((resolve, reject) => {
			server.once("error", reject);
			server.listen(addressOf(this.#place.socket), () => {
				server.off("error", reject);
				resolve();
			});
		});
		server.on("error", (error) => this.#ports.report("error", `socket of the command line: ${error.message}`));
		chmodSync(this.#place.socket, 0o600);
		this.#timer = setInterval(() => this.#tick(), tickMs);
		this.#timer.unref();
	}

	/** Everybody who is there. */
	connections(): readonly ConnectionInfo[] {
		return [...this.#connections].flatMap((connection) => connection.info ?? []);
	}

	/** Tells every terminal. */
	broadcast(text: string): void {
		for (const connection of this.#connections) connection.notice(text);
	}

	/** Ends the sessions that fit; answers how many. */
	evict(fits: (info: ConnectionInfo) => boolean, text: string): number {
		const leaving = [...this.#connections].filter(({ info }) => info !== undefined && fits(info));
		for (const connection of leaving) connection.evict(text);
		return leaving.length;
	}

	/** Ends every session and removes the socket. */
	async close(): Promise<void> {
		clearInterval(this.#timer);
		for (const connection of this.#connections) connection.evict("The gateway is being stopped\n");
		const server = this.#server;
		if (server === undefined) return;
		await new Promise<void>((resolve) => {
			server.close(() => resolve());
			// A terminal that does not take its last words is cut off.
			setTimeout(() => {
				for (const socket of this.#sockets) socket.destroy();
			}, lingerMs).unref();
		});
		rmSync(this.#place.socket, { force: true });
	}

	readonly #sockets = new Set<Socket>();

	#accept(socket: Socket): void {
		this.#sockets.add(socket);
		socket.on("close", () => this.#sockets.delete(socket));
		if (this.#connections.size >= maxConnections)
			return refuse(socket, `${maxConnections} users are on the command line, as many as may be`);
		let peer: PeerCredentials;
		try {
			peer = this.#peerOf(socket);
		} catch (cause) {
			const reason = cause instanceof Error ? cause.message : String(cause);
			this.#ports.report("error", `the command line cannot tell who connects: ${reason}`);
			return refuse(socket, `the gateway cannot tell who connects: ${reason}`);
		}
		const connection: Connection = new Connection(socket, this.#next++, this.#ports, peer, () =>
			this.#connections.delete(connection),
		);
		this.#connections.add(connection);
	}

	#peerOf(socket: Socket): PeerCredentials {
		if (this.#linux instanceof Error) throw this.#linux;
		// Node has no name of its own for it.
		const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } | null };
		return this.#linux.peerCredentials(handle?.fd ?? -1);
	}

	#tick(): void {
		const now = Date.now();
		for (const connection of this.#connections) connection.tick(now);
	}
}

function refuse(socket: Socket, reason: string): void {
	socket.on("error", () => socket.destroy());
	socket.end(encodeFrame({ type: "end", text: `error: ${reason}\n`, isOk: false }));
}

const maxConnections = 32;
const tickMs = 1_000;
const lingerMs = 1_000;
