/**
 * Moves octets between two sockets, in both directions, with back-pressure, half-close and reset passed on; asks a
 * plaintext stream about each chunk when there is one.
 *
 * Bounds: per direction what the socket buffers hold (their high-water mark) and what the stream holds.
 */
import type { Socket } from "node:net";
import type { TokenBucket } from "#base/token-bucket.ts";
import { forward, type PlaintextStream, release, type StreamAnswer, stop } from "#inspect/plaintext-stream.ts";
import { readInBulk } from "#proxy/bulk-reads-shell.ts";
import type { ForwardedRequests } from "#proxy/forwarded-requests.ts";
import { relayFault } from "#proxy/handshake-faults.ts";
import { awaitsAnswer, isNotListening, peerIsFull, ReadGate, rateIsUsedUp } from "#proxy/read-gate-shell.ts";
import type { RelaySummary } from "#proxy/session-event.ts";
import { tooManyRenegotiations } from "#tls/engine-shell.ts";

/** One end: `stream` carries the octets, `transport` is the TCP socket under it (the same one when there is no TLS). */
export interface RelayEnd {
	readonly stream: Socket;
	readonly transport: Socket;
	/** The peer's address, for messages. */
	readonly peer: string;
}

/** What is known of the octets that pass. */
export interface RelayContent {
	readonly plaintext: PlaintextStream | undefined;
	readonly isDecrypted: boolean;
	/** The client's requests to a proxy, which are made over on their way. */
	readonly requests?: ForwardedRequests | undefined;
	/** Who gets a TCP reset when the stream is blocked: nothing else is told it (R122, R132). */
	readonly sendsReset?: "client" | "server" | "both" | undefined;
	/** A rate that it shares with others, both directions together. */
	readonly bucket?: TokenBucket | undefined;
}

/** A running relay. The owner calls `tick` about once a second and `shutdown` to end it from outside. */
export class RelayShell {
	readonly #client: RelayEnd;
	readonly #server: RelayEnd;
	readonly #plaintext: PlaintextStream | undefined;
	readonly #isDecrypted: boolean;
	readonly #requests: ForwardedRequests | undefined;
	readonly #sendsReset: RelayContent["sendsReset"];
	readonly #bucket: TokenBucket | undefined;
	readonly #clientGate: ReadGate;
	readonly #serverGate: ReadGate;
	readonly #idleMs: number;
	readonly #onEnd: (summary: RelaySummary) => void;
	#octetsToServer = 0;
	#octetsToClient = 0;
	#lastTotal = -1;
	#idleSince = 0;
	#hasClientEnded = false;
	#hasServerEnded = false;
	#firstToLeave: "client" | "server" | undefined;
	#isClientInBulk = false;
	#isServerInBulk = false;
	#isOver = false;

	constructor(
		client: RelayEnd,
		server: RelayEnd,
		{ plaintext, isDecrypted, requests, sendsReset, bucket }: RelayContent,
		idleMs: number,
		onEnd: (summary: RelaySummary) => void,
	) {
		this.#client = client;
		this.#server = server;
		this.#plaintext = plaintext;
		this.#isDecrypted = isDecrypted;
		this.#requests = requests;
		this.#sendsReset = sendsReset;
		this.#bucket = bucket;
		this.#clientGate = new ReadGate(client.stream);
		this.#serverGate = new ReadGate(server.stream);
		this.#idleMs = idleMs;
		this.#onEnd = onEnd;
	}

	/** Takes over both sockets' events and begins; `first` goes to the server before anything else, inspected too. */
	start(first: Uint8Array): void {
		const client = this.#client.stream;
		const server = this.#server.stream;
		client.on("data", (chunk: Buffer) => {
			this.#fromClient(chunk);
			if (this.#bucket !== undefined) this.#pace(this.#bucket, this.#clientGate, chunk.length);
		});
		server.on("data", (chunk: Buffer) => {
			this.#fromServer(chunk);
			if (this.#bucket !== undefined) this.#pace(this.#bucket, this.#serverGate, chunk.length);
		});
		client.on("drain", () => this.#serverGate.free(peerIsFull));
		server.on("drain", () => this.#clientGate.free(peerIsFull));
		client.on("end", () => this.#clientEnded());
		server.on("end", () => this.#serverEnded());
		client.on("error", (error: NodeJS.ErrnoException) => this.#failed(error, "client", this.#server));
		server.on("error", (error: NodeJS.ErrnoException) => this.#failed(error, "server", this.#client));
		// An error of TLS amid a session is told of the client's leg by this event alone, amid a read of the engine.
		client.on("_tlsError", (error: NodeJS.ErrnoException) => {
			setImmediate(() => this.#failed(error, "client", this.#server));
		});
		client.on("close", () => this.#closed("client"));
		server.on("close", () => this.#closed("server"));
		if (client.destroyed || server.destroyed) {
			// Not at once: the engine may be amid the read that led here.
			setImmediate(() => this.#closed(client.destroyed ? "client" : "server"));
			return;
		}
		if (first.length > 0) this.#toServer(first);
		if (this.#isOver) return;
		this.#clientGate.free(nobody);
		this.#serverGate.free(nobody);
		// One that ended before anybody listened does not say so again.
		if (client.readableEnded) this.#clientEnded();
		if (server.readableEnded) this.#serverEnded();
	}

	/** Ends the relay when nothing moved for the idle time. `now` in milliseconds. */
	tick(now: number): void {
		this.#plaintext?.secondPassed?.();
		if (!this.#isOver) this.#sendOwn();
		const total = this.#octetsToServer + this.#octetsToClient;
		if (total !== this.#lastTotal) {
			this.#lastTotal = total;
			this.#idleSince = now;
			return;
		}
		if (now - this.#idleSince < this.#idleMs) return;
		const why = `neither side sent anything for ${Math.round(this.#idleMs / 1000)} seconds`;
		this.#cut(why, "SESSION_IDLE_TIMEOUT");
	}

	/** Ends the relay now, for a reason of the gateway's own. */
	shutdown(why: string): void {
		this.#cut(why);
	}

	#fromClient(chunk: Buffer): void {
		// What comes after the gateway's own answer is dropped.
		if (this.#isOver) return;
		const requests = this.#requests;
		if (requests === undefined) return this.#toServer(chunk);
		if (requests.isOver) return;
		const octets = requests.push(chunk);
		if (octets.length > 0) this.#toServer(octets);
		if (requests.fault !== undefined) this.#cut(requests.fault.message, requests.fault.code);
		else if (requests.isOver) this.#clientEnded();
	}

	#toServer(chunk: Uint8Array): void {
		this.#octetsToServer += chunk.length;
		const plaintext = this.#plaintext;
		if (plaintext !== undefined)
			return this.#act(plaintext, plaintext.fromClient(chunk), chunk, this.#client, this.#server);
		if (!this.#server.stream.write(chunk)) this.#clientGate.hold(peerIsFull);
		if (this.#octetsToServer > bulkOctets) this.#clientInBulk();
	}

	#clientInBulk(): void {
		if (this.#isClientInBulk) return;
		this.#isClientInBulk = true;
		if (!this.#isOpaque() || this.#requests !== undefined) return;
		readInBulk(this.#client.stream, this.#server.stream, (octets) => {
			this.#octetsToServer += octets;
			return !this.#isOver;
		});
	}

	#serverInBulk(): void {
		if (this.#isServerInBulk) return;
		this.#isServerInBulk = true;
		if (!this.#isOpaque()) return;
		readInBulk(this.#server.stream, this.#client.stream, (octets) => {
			this.#octetsToClient += octets;
			return !this.#isOver;
		});
	}

	/** Nobody looks into the octets or slows them, and no TLS of the gateway's is around them. */
	#isOpaque(): boolean {
		if (this.#plaintext !== undefined || this.#bucket !== undefined) return false;
		const ends = [this.#client, this.#server];
		return ends.every(({ stream, transport }) => stream === transport);
	}

	#fromServer(chunk: Buffer): void {
		if (this.#isOver) return;
		this.#octetsToClient += chunk.length;
		const plaintext = this.#plaintext;
		if (plaintext === undefined) {
			if (!this.#client.stream.write(chunk)) this.#serverGate.hold(peerIsFull);
			if (this.#octetsToClient > bulkOctets) this.#serverInBulk();
			return;
		}
		this.#act(plaintext, plaintext.fromServer(chunk), chunk, this.#server, this.#client);
		if (!plaintext.isClientWaiting || this.#isOver) return;
		this.#act(plaintext, plaintext.clientMayGoOn(), noOctets, this.#client, this.#server);
		if (!plaintext.isClientWaiting && !this.#isOver) this.#clientGate.free(awaitsAnswer);
	}

	#act(plaintext: PlaintextStream, answer: StreamAnswer, chunk: Uint8Array, from: RelayEnd, to: RelayEnd): void {
		if (answer === forward) {
			if (chunk.length > 0 && !to.stream.write(chunk)) this.#gateOf(from).hold(peerIsFull);
		} else if (answer === release) this.#release(plaintext, to, from);
		else if (answer === stop) return this.#stopped();
		this.#sendOwn();
		if (plaintext.isClientWaiting) this.#clientGate.hold(awaitsAnswer);
	}

	#gateOf(end: RelayEnd): ReadGate {
		return end === this.#client ? this.#clientGate : this.#serverGate;
	}

	/** What was moved beyond the rate is waited off, with the socket unread. */
	#pace(bucket: TokenBucket, gate: ReadGate, octets: number): void {
		const milliseconds = bucket.take(octets, Date.now());
		if (milliseconds > 0 && !this.#isOver) gate.holdFor(rateIsUsedUp, milliseconds);
	}

	/** Sends what the stream says itself. A peer that does not read it is not read either. */
	#sendOwn(): void {
		const { toClient, toServer } = this.#plaintext ?? {};
		if (toClient !== undefined && toClient.length > 0) writeAll(this.#client.stream, this.#clientGate, toClient);
		if (toServer !== undefined && toServer.length > 0) writeAll(this.#server.stream, this.#serverGate, toServer);
	}

	#release(plaintext: PlaintextStream, to: RelayEnd, from: RelayEnd): void {
		const { released } = plaintext;
		let mayGoOn = true;
		if (released.length > 1) to.stream.cork();
		for (const octets of released) mayGoOn = to.stream.write(octets);
		if (released.length > 1) to.stream.uncork();
		released.length = 0;
		if (!mayGoOn) this.#gateOf(from).hold(peerIsFull);
	}

	#clientEnded(): void {
		if (this.#hasClientEnded || this.#isOver) return;
		this.#hasClientEnded = true;
		this.#firstToLeave ??= "client";
		const plaintext = this.#plaintext;
		if (plaintext !== undefined) {
			const answer = plaintext.clientEnded();
			if (answer === stop) return this.#stopped();
			if (answer === release) this.#release(plaintext, this.#server, this.#client);
		}
		this.#server.stream.end();
	}

	#serverEnded(): void {
		if (this.#hasServerEnded || this.#isOver) return;
		this.#hasServerEnded = true;
		this.#firstToLeave ??= "server";
		const plaintext = this.#plaintext;
		if (plaintext !== undefined) {
			const answer = plaintext.serverEnded();
			if (answer === stop) return this.#stopped();
			if (answer === release) this.#release(plaintext, this.#client, this.#server);
		}
		this.#client.stream.end();
	}

	/** The plaintext stream said stop: the client gets the answer if there is one, both sides are closed. */
	#stopped(): void {
		const reason = this.#plaintext?.stop;
		const client = this.#client;
		if (reason?.answer === undefined) return this.#cut(reason?.why ?? "stopped", reason?.faultCode);
		// What is no fault is a block.
		const to = reason.faultCode === undefined ? this.#sendsReset : undefined;
		if (to === "client" || to === "both") return this.#cut(reason.why, undefined, to === "both");
		this.#finish(reason.why, reason.faultCode);
		const server = this.#server;
		if (to === "server") resetTransport(server);
		if (to === "server" || reason.toServer === undefined) server.stream.destroy();
		else server.stream.end(reason.toServer);
		client.stream.end(reason.answer);
		// The client may go on sending a body; it is read and dropped until it has seen the answer.
		client.stream.resume();
		const timer = setTimeout(() => client.stream.destroy(), lingerMs);
		client.stream.once("close", () => {
			clearTimeout(timer);
			server.stream.destroy();
		});
	}

	#failed(error: NodeJS.ErrnoException, who: "client" | "server", other: RelayEnd): void {
		if (this.#isOver) return;
		const isReset = error.code === "ECONNRESET" || error.code === "EPIPE";
		const failure = relayFault(who, who === "client" ? this.#client.peer : this.#server.peer, error);
		const why =
			failure !== undefined
				? failure.message
				: isReset
					? `the ${who} reset the connection`
					: `the connection to the ${who} failed: ${inWords(error)}`;
		this.#finish(why, failure?.code);
		resetTransport(other);
		this.#client.stream.destroy();
		this.#server.stream.destroy();
	}

	/** One side is gone in both directions: the other gets what is on its way to it and is closed too. */
	#closed(who: "client" | "server"): void {
		this.#firstToLeave ??= who;
		const other = who === "client" ? this.#server : this.#client;
		if (!other.stream.destroyed) {
			// A client that gets an answer of the gateway's own keeps its connection until it has read it.
			if (!this.#isOver) other.stream.destroySoon();
			return;
		}
		this.#finish(`the ${this.#firstToLeave} closed the connection`);
		if (other.stream.closed) this.#detach();
	}

	/**
	 * Lets go of the sockets. The runtime keeps a closed socket's native handle until the next full collection of garbage;
	 * without this the whole session would be kept with it.
	 */
	#detach(): void {
		for (const { stream, transport } of [this.#client, this.#server]) {
			stream.removeAllListeners();
			stream.on("error", ignoreLateError);
			if (transport === stream) continue;
			transport.removeAllListeners();
			transport.on("error", ignoreLateError);
		}
	}

	#cut(why: string, faultCode?: string, resetsServer = true): void {
		this.#finish(why, faultCode);
		resetTransport(this.#client);
		if (resetsServer) resetTransport(this.#server);
		this.#client.stream.destroy();
		this.#server.stream.destroy();
	}

	#finish(why: string, faultCode?: string): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#clientGate.close();
		this.#serverGate.close();
		const plaintext = this.#plaintext;
		plaintext?.close();
		this.#onEnd({
			octetsToServer: this.#octetsToServer,
			octetsToClient: this.#octetsToClient,
			requests: plaintext?.requests ?? 0,
			findings: plaintext?.findings ?? [],
			inspection: plaintext?.inspection ?? (this.#isDecrypted ? "decrypted, not inspected" : "not decrypted"),
			why,
			faultCode,
		});
	}
}

/** To a side that was told the end nothing can be said any more. */
function writeAll(stream: Socket, gate: ReadGate, pieces: Uint8Array[]): void {
	let mayGoOn = true;
	if (!stream.writable) pieces.length = 0;
	for (const octets of pieces) mayGoOn = stream.write(octets);
	pieces.length = 0;
	if (mayGoOn) return;
	gate.hold(isNotListening);
	stream.once("drain", () => gate.free(isNotListening));
}

/** OpenSSL's errors are lines of fields; their reason is what a person can read. */
function inWords(error: NodeJS.ErrnoException & { readonly reason?: unknown }): string {
	if (error.code === "ERR_TLS_SESSION_ATTACK") return tooManyRenegotiations;
	return typeof error.reason === "string" ? error.reason : error.message.trim();
}

/** Both sides are gone; nobody is left to be told. */
function ignoreLateError(): void {}

/**
 * Sends a TCP reset, so that the peer sees an abort and not a clean end; before TLS over it is destroyed, since that
 * closes the transport in order.
 */
function resetTransport(end: RelayEnd): void {
	const { stream, transport } = end;
	if (transport.destroyed) return;
	// While its end is being sent a socket cannot be reset: the runtime would lose it, open.
	if (stream.writableEnded && !stream.writableFinished) transport.destroy();
	else transport.resetAndDestroy();
}

/** Whatever the client still sends: a timeout of the socket would begin anew with each octet. */
const lingerMs = 2_000;
const nobody = 0;
/** A direction that carried more is read in bulk. */
const bulkOctets = 1_048_576;
const noOctets = new Uint8Array(0);
