/** The terminal's end of the socket: connects, says how the session is to be, then frames in both directions. */
import { createConnection, type Socket } from "node:net";
import { addressOf, checkPlace, ownerOf, type SocketPlace } from "#cli/socket-place-shell.ts";
import {
	decodeToTerminal,
	encodeFrame,
	FrameReader,
	type FromTerminal,
	protocolVersion,
	type ToTerminal,
} from "#cli/socket-protocol.ts";

/** What the terminal says of itself. */
export interface TerminalDescription {
	readonly isInteractive: boolean;
	readonly columns: number;
	readonly rows: number;
	/** As whom to work; empty for the user of this process. */
	readonly user: string;
}

/** Why there is no gateway to talk to; the message is for the user. */
export class NoGatewayError extends Error {}

/**
 * Connects to the gateway of a state directory. Rejects with `NoGatewayError` when none is there, or when directory or
 * socket are not the owner's.
 */
export async function connectTerminal(place: SocketPlace, description: TerminalDescription): Promise<TerminalSocket> {
	let socket: Socket;
	try {
		checkPlace(place, ownerOf(place.directory));
		socket = await connected(addressOf(place.socket));
	} catch (cause) {
		const { code } = cause as NodeJS.ErrnoException;
		if (code === "ENOENT" || code === "ECONNREFUSED" || code === "ENOTDIR")
			throw new NoGatewayError(
				`no gateway runs here: nobody listens at ${place.socket}; start one with sallyport start, or name another with --state DIR`,
			);
		if (code === "EACCES" || code === "EPERM")
			throw new NoGatewayError(`${place.directory} is its owner's alone; run this as that user or with sudo`);
		throw code === undefined && cause instanceof Error ? new NoGatewayError(cause.message) : cause;
	}
	return new TerminalSocket(socket, description);
}

export class TerminalSocket {
	readonly #socket: Socket;
	readonly #description: TerminalDescription;
	readonly #reader = new FrameReader(decodeToTerminal);
	#onMessage: (message: ToTerminal) => void = () => {};
	#onClose: (reason: string) => void = () => {};
	#isOver = false;

	constructor(socket: Socket, description: TerminalDescription) {
		this.#socket = socket;
		this.#description = description;
	}

	/** Says hello and begins to read. */
	open(onMessage: (message: ToTerminal) => void, onClose: (reason: string) => void): void {
		this.#onMessage = onMessage;
		this.#onClose = onClose;
		const socket = this.#socket;
		socket.on("data", (octets: Buffer) => this.#received(octets));
		socket.on("error", (error) => this.#over(`the connection to the gateway failed: ${error.message}`));
		socket.on("close", () => this.#over("the gateway ended the connection"));
		this.send({ type: "hello", version: protocolVersion, ...this.#description });
	}

	send(message: FromTerminal): void {
		if (this.#socket.writable) this.#socket.write(encodeFrame(message));
	}

	/** Whether the socket is read. */
	flow(isPaused: boolean): void {
		if (isPaused) this.#socket.pause();
		else this.#socket.resume();
	}

	close(): void {
		this.#isOver = true;
		this.#socket.destroy();
	}

	#received(octets: Buffer): void {
		const { messages, broken } = this.#reader.push(octets);
		for (const message of messages) {
			if (this.#isOver) return;
			this.#onMessage(message);
		}
		if (broken !== undefined) this.#over(`the gateway sent what cannot be read: ${broken}`);
	}

	#over(reason: string): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#socket.destroy();
		this.#onClose(reason);
	}
}

function connected(path: string): Promise<Socket> {
	return new Promise((resolve, reject) => {
		const socket = createConnection(path);
		socket.once("error", reject);
		socket.once("connect", () => {
			socket.off("error", reject);
			resolve(socket);
		});
	});
}
