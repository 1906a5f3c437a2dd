/**
 * The end of EAP-TLS that asks (RFC 5216): carries records of TLS in parts between the peer and an engine that is elsewhere,
 * as the private key is. TLS up to 1.2, whose last word is the server's.
 *
 * Bounds: 64 KiB a flight, 64 parts of the peer's.
 */
import { concat } from "#base/bytes.ts";
import { cutRecords, decodeEapTlsPacket, type EapTlsPacket, encodeEapTlsPacket } from "#ike/eap/eap-tls-packet.ts";

/** What the engine of TLS says to a flight of the peer. */
export interface TlsAnswer {
	/** Records for the peer. */
	readonly output: Uint8Array;
	/** The handshake is done: 64 octets of key, and what the peer showed, DER, its own first. */
	readonly done?: { readonly key: Uint8Array; readonly certificates: readonly Uint8Array[] };
	/** It has failed; `output` may tell the peer. */
	readonly failed?: string;
}

export type EapTlsStep =
	/** The message for the peer, without the octet of the method. */
	| { readonly kind: "ask"; readonly data: Uint8Array }
	/** Records for the engine; goes on with `answer`. */
	| { readonly kind: "tls"; readonly input: Uint8Array }
	| { readonly kind: "done"; readonly key: Uint8Array; readonly certificates: readonly Uint8Array[] }
	| { readonly kind: "failed"; readonly reason: string };

export class EapTlsServer {
	/** Parts of the peer's flight so far. */
	#received: Uint8Array[] = [];
	#octets = 0;
	/** Parts of ours that wait to be acknowledged. */
	#toSend: readonly EapTlsPacket[] = [];
	#end: Extract<EapTlsStep, { readonly kind: "done" | "failed" }> | undefined;
	#isAsking = true;

	/** The first message. */
	begin(): Uint8Array {
		return encodeEapTlsPacket({ isStart: true, hasMore: false, part: new Uint8Array(0) });
	}

	/** Takes an answer of the peer. */
	take(data: Uint8Array): EapTlsStep {
		const decoded = decodeEapTlsPacket(data);
		if (decoded.kind !== "done") return failed("a message that cannot be read");
		const { part, hasMore } = decoded.value;
		if (!this.#isAsking) return this.#onAcknowledged(part);
		this.#received.push(Uint8Array.from(part));
		this.#octets += part.length;
		if (this.#octets > maxFlightOctets || this.#received.length > maxParts) return failed("a flight without end");
		if (hasMore) return { kind: "ask", data: encodeEapTlsPacket({ isStart: false, hasMore: false, part: nothing }) };
		const input = concat(this.#received);
		this.#received = [];
		this.#octets = 0;
		return input.length === 0 ? failed("no records of TLS") : { kind: "tls", input };
	}

	/** What the engine has answered. */
	answer({ output, done, failed: reason }: TlsAnswer): EapTlsStep {
		if (done !== undefined) this.#end = { kind: "done", ...done };
		else if (reason !== undefined) this.#end = { kind: "failed", reason };
		if (output.length === 0) return this.#end ?? failed("the engine of TLS has nothing to say");
		this.#toSend = cutRecords(output, maxPartOctets);
		this.#isAsking = false;
		return this.#sendPart();
	}

	/** The peer has taken a part: the next one, or what it says to the whole. */
	#onAcknowledged(part: Uint8Array): EapTlsStep {
		return part.length > 0 ? failed("a part that is not acknowledged") : this.#sendPart();
	}

	#sendPart(): EapTlsStep {
		const [packet, ...rest] = this.#toSend;
		if (packet === undefined) return this.#end ?? failed("a message out of turn");
		this.#toSend = rest;
		// Behind the last part the peer's own records come; behind the last of all its acknowledgement.
		if (rest.length === 0 && this.#end === undefined) this.#isAsking = true;
		return { kind: "ask", data: encodeEapTlsPacket(packet) };
	}
}

function failed(reason: string): EapTlsStep {
	return { kind: "failed", reason };
}

const nothing = new Uint8Array(0);
const maxFlightOctets = 65_536;
const maxParts = 64;
const maxPartOctets = 1_024;
