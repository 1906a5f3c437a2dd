/**
 * The socket at which terminals come in: a Unix socket (0600) in a directory of the owner's own (0700).
 *
 * Bounds: at most `maxConnections` terminals; what each may hold and cost: `connection-shell.ts`.
 */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { Connection, type ConnectionInfo, type ConnectionPorts } from "#cli/connection-shell.ts";
import { addressOf, newChallenge, preparePlace, type SocketPlace, takeProof } from "#cli/socket-place-shell.ts";
import { encodeFrame } from "#cli/socket-protocol.ts";

export class CliServer {
	readonly #place: SocketPlace;
	readonly #ports: ConnectionPorts;
	readonly #connections = new Set<Connection>();
	#server: Server | undefined;
	#timer: NodeJS.Timeout | undefined;
	#next = 0;

	constructor(place: SocketPlace, ports: ConnectionPorts) {
		this.#place = place;
		this.#ports = ports;
	}

	/** Resolves when terminals can come in; rejects when the socket cannot be made. */
	async listen(): Promise<void> {
		preparePlace(this.#place);
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
		if (this.#connections.size >= maxConnections) {
			const text = `error: ${maxConnections} users are on the command line, as many as may be\n`;
			socket.on("error", () => socket.destroy());
			socket.end(encodeFrame({ type: "end", text, isOk: false }));
			return;
		}
		const challenge = newChallenge(this.#place);
		const connection: Connection = new Connection(
			socket,
			this.#next++,
			this.#ports,
			{ challenge, take: takeProof },
			() => this.#connections.delete(connection),
		);
		this.#connections.add(connection);
	}

	#tick(): void {
		const now = Date.now();
		for (const connection of this.#connections) connection.tick(now);
	}
}

const maxConnections = 32;
const tickMs = 1_000;
const lingerMs = 1_000;
