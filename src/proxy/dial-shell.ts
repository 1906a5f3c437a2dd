/** Connects to the first of several addresses that answers (one after the other, in the resolver's order). */
import { Socket, type TcpSocketConnectOpts } from "node:net";
import { type Address, formatAddress, formatEndpoint } from "#base/address.ts";
import { type Fault, fault } from "#base/fault.ts";
import { relayHighWaterMark } from "#tls/engine-shell.ts";

export interface DialOutcome {
	connected(socket: Socket, address: Address): void;
	failed(fault: Fault): void;
}

/** Makes a socket that is not connected yet, with these options. It may throw what the system says against it. */
export type OpenSocket = (family: 4 | 6, options: SocketOptions) => Socket;

/** What every socket to a server has. */
export interface SocketOptions {
	readonly allowHalfOpen: boolean;
	readonly noDelay: boolean;
	readonly highWaterMark: number;
}

/** A connection attempt; `cancel` ends it without an outcome. */
export class Dial {
	readonly #addresses: readonly Address[];
	readonly #port: number;
	readonly #attemptMs: number;
	readonly #outcome: DialOutcome;
	readonly #open: OpenSocket;
	#socket: Socket | undefined;
	#isOver = false;
	#lastError = "no address";

	/** `open` makes the sockets; without it they are ordinary ones of this host. */
	constructor(
		addresses: readonly Address[],
		port: number,
		attemptMs: number,
		outcome: DialOutcome,
		open: OpenSocket = (_, options) => new Socket(options),
	) {
		this.#open = open;
		this.#addresses = addresses.slice(0, maxAddresses);
		this.#port = port;
		this.#attemptMs = attemptMs;
		this.#outcome = outcome;
		this.#attempt(0);
	}

	/** Does nothing once there is an outcome: the socket has another owner then. */
	cancel(): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#socket?.destroy();
	}

	#attempt(index: number): void {
		const address = this.#addresses[index];
		if (address === undefined) return this.#fail();
		const host = formatAddress(address);
		const options = { allowHalfOpen: true, noDelay: true, highWaterMark: relayHighWaterMark };
		let socket: Socket;
		try {
			socket = this.#open(address.octets.length === 4 ? 4 : 6, options);
		} catch (error) {
			this.#lastError = `${formatEndpoint({ host, port: this.#port })} ${error instanceof Error ? error.message : error}`;
			return this.#attempt(index + 1);
		}
		socket.connect({ host, port: this.#port, autoSelectFamily: false } satisfies TcpSocketConnectOpts);
		this.#socket = socket;
		const isLast = index === this.#addresses.length - 1;
		const next = (why: string) => {
			socket.removeAllListeners();
			socket.on("error", ignoreLateError);
			socket.destroy();
			this.#lastError = `${formatEndpoint({ host, port: this.#port })} ${why}`;
			if (!this.#isOver) this.#attempt(index + 1);
		};
		socket.once("error", (error: NodeJS.ErrnoException) => next(error.code ?? error.message));
		if (!isLast) socket.setTimeout(this.#attemptMs, () => next("did not answer in time"));
		socket.once("connect", () => {
			socket.removeAllListeners("error");
			if (!isLast) socket.setTimeout(0);
			if (this.#isOver) return void socket.destroy();
			this.#isOver = true;
			this.#outcome.connected(socket, address);
		});
	}

	#fail(): void {
		if (this.#isOver) return;
		this.#isOver = true;
		const message = `server could not be reached: ${this.#lastError}; check that it runs and that this host has a route to it`;
		this.#outcome.failed(fault("SERVER_UNREACHABLE", message, { cause: this.#lastError }));
	}
}

/** A socket that was given up may still report an error; it has no owner any more. */
function ignoreLateError(): void {}

const maxAddresses = 8;
