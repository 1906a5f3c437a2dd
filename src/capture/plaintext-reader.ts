/** Octets of an application, captured in clear or decrypted: HTTP and mail are read by the gateway's machines, all else is a stream. */
import { defaultHttp2Limits, type Http2Limits } from "#http/http2-limits.ts";
import { GreetingStream } from "#inspect/greeting-stream.ts";
import { Http1Stream } from "#inspect/http1-stream.ts";
import { Http2Stream } from "#inspect/http2-stream.ts";
import { MailStream } from "#inspect/mail-stream.ts";
import { OpaqueStream } from "#inspect/opaque-stream.ts";
import { type PlaintextStream, stop } from "#inspect/plaintext-stream.ts";
import { signatureService } from "#inspect/signature-service.ts";
import { UnnamedProtocolStream } from "#inspect/unnamed-protocol-stream.ts";
import type { MailProtocol } from "#mail/mail-reader.ts";
import type { SignatureProtocol } from "#signature/signature.ts";
import { type DirectionIndex, type SignatureEngine, toClient, toServer } from "#signature/signature-engine.ts";
import type { Alert, FlowFacts } from "#signature/signature-flow.ts";

/** Told of each alert of a connection. */
export type Told = (
	alert: Alert,
	protocol: SignatureProtocol,
	bits: readonly string[],
	sni: string | undefined,
) => void;

/** Reads one connection, whatever is found to be in it. */
export interface Reader {
	octets(direction: DirectionIndex, octets: Uint8Array): void;
	/** Octets of the direction are missing. True when this reader goes on behind them. */
	lost?(direction: DirectionIndex): boolean;
	end(): void;
}

/** What a connection holds, as its first octets tell; "greeting": its server spoke first, as those of mail do. */
export type PlaintextKind = "http1" | "http2" | "greeting" | "stream";

export interface PlaintextFacts {
	readonly kind: PlaintextKind;
	/** Rules about single packets apply: the octets come as they were captured. */
	readonly hasPackets: boolean;
	/** The name that the connection was opened for, where it is TLS. */
	readonly sni: string | undefined;
}

/**
 * HTTP and mail through the gateway's machines, or a stream.
 *
 * Bounds: what the machines hold; HTTP/2 of `asCaptured`.
 */
export class PlaintextReader implements Reader {
	readonly #openOther: () => PlaintextStream;
	readonly #clock: () => number;
	#current: PlaintextStream;
	/** Its machine writes into the octets that it is given. */
	#isWritten: boolean;
	/** Of the connection's machine, in seconds. */
	#second: number;

	constructor(
		engine: SignatureEngine,
		flow: Omit<FlowFacts, "hasPackets">,
		told: Told,
		{ kind, hasPackets, sni }: PlaintextFacts,
	) {
		this.#clock = engine.clock;
		this.#second = secondOf(engine.clock());
		const service = signatureService(engine, {
			flow,
			handshake: {},
			hasPackets,
			isPassive: true,
			told: (alert, { protocol, state }) => told(alert, protocol, state.bits, sni),
		});
		this.#openOther = () => new OpaqueStream([service]);
		const openHttp = () => new Http1Stream([service], "", maxDecodedOctets);
		if (kind === "http1") this.#current = new UnnamedProtocolStream(openHttp, this.#openOther);
		else if (kind === "http2") this.#current = new Http2Stream([service], "", maxDecodedOctets, {}, asCaptured);
		else if (kind === "greeting") {
			const facts = { sessionId: "", isGreeted: false, maxDecodedOctets };
			const openMail = (protocol: MailProtocol) => new MailStream(protocol, [service], facts);
			this.#current = new GreetingStream(openMail, this.#openOther);
		} else this.#current = this.#openOther();
		this.#isWritten = kind === "http2";
	}

	octets(direction: DirectionIndex, octets: Uint8Array): void {
		const stream = this.#current;
		this.#pass();
		const chunk = this.#isWritten ? Uint8Array.from(octets) : octets;
		let answer = direction === toServer ? stream.fromClient(chunk) : stream.fromServer(chunk);
		while (direction === toClient && stream.isClientWaiting && answer !== stop) {
			stream.released.length = 0;
			const before = stream.isClientWaiting;
			answer = stream.clientMayGoOn();
			if (stream.isClientWaiting === before) break;
		}
		stream.released.length = 0;
		if (stream.toClient !== undefined) stream.toClient.length = 0;
		if (stream.toServer !== undefined) stream.toServer.length = 0;
		// No HTTP that is understood.
		if (answer === stop) this.goOnAsStream();
	}

	/** What follows is a stream, whatever it was before. */
	goOnAsStream(): void {
		this.#current.close();
		this.#current = this.#openOther();
		this.#isWritten = false;
	}

	end(): void {
		const stream = this.#current;
		if (stream.serverEnded() !== stop) stream.clientEnded();
		stream.close();
	}

	/** Time goes by as it did when the octets were captured. */
	#pass(): void {
		const second = secondOf(this.#clock());
		for (let left = Math.min(second - this.#second, mostSeconds); left > 0; left--) this.#current.secondPassed?.();
		this.#second = Math.max(second, this.#second);
	}
}

/**
 * What a connection that begins so may carry. HTTP/1 begins with a method; HTTP/2 with its preface, or with the settings of a
 * server that did not wait for it (RFC 9113 §3.4, §6.5); what a server says first may be a greeting.
 */
export function plaintextKind(direction: DirectionIndex, octets: Uint8Array): PlaintextKind {
	if (direction === toServer) {
		const text = Buffer.from(octets.subarray(0, preface.length)).toString("latin1");
		if (text.length >= 4 && preface.startsWith(text)) return "http2";
		return /^[A-Z]{1,20}(?: |$)/.test(text.slice(0, 21)) ? "http1" : "stream";
	}
	const [high, middle, low = 0, type, flags, ...stream] = octets.subarray(0, 9);
	const isSettings = high === 0 && middle === 0 && low % 6 === 0 && type === 4 && flags === 0;
	return isSettings && stream.length === 4 && stream.every((octet) => octet === 0) ? "http2" : "greeting";
}

function secondOf(milliseconds: number): number {
	return Math.floor(milliseconds / 1_000);
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** What the ends have agreed upon is not the gateway's to narrow. */
const asCaptured: Http2Limits = { ...defaultHttp2Limits, maxTableOctets: 1_048_576, maxStreams: 4_096 };
/** Enough to give back all that a peer may send without doing work. */
const mostSeconds = 60;

const maxDecodedOctets = 67_108_864;
