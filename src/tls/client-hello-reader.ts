/**
 * Gathers a ClientHello from the first octets of a connection, over any number of TCP segments and TLS records.
 *
 * A post-quantum hello has about 1.6 KB and never fits the first segment for certain; a client may also split it over
 * records (RFC 8446 §5.1).
 */

import {
	type ClientHello,
	decodeClientHello,
	decodeHelloHeader,
	handshakeHeaderOctets,
	maxHelloOctets,
	tooLarge,
} from "#tls/client-hello.ts";
import {
	fitsAnyGreeting,
	fitsGreeting,
	fitsSslv2Hello,
	fitsTlsRecord,
	http2Preface,
	httpMethods,
	isContentType,
	sshGreeting,
} from "#tls/first-octets.ts";
import { contentType, decodeRecordHeader, recordHeaderOctets } from "#tls/record.ts";

/** What a client that does not begin with a TLS handshake seems to speak. A guess, for the log. */
export type FirstOctets = "http" | "ssh" | "sslv2" | "tls-without-hello" | "other";

/** The answer to each chunk. Every answer but need-more is final. */
export type HelloReading =
	| { readonly kind: "need-more" }
	/** `streamOctets` is where the records of the hello end in what was pushed. */
	| { readonly kind: "hello"; readonly hello: ClientHello; readonly streamOctets: number }
	| { readonly kind: "not-tls"; readonly looksLike: FirstOctets; readonly reason: string }
	| { readonly kind: "malformed"; readonly reason: string }
	| { readonly kind: "too-large"; readonly reason: string };

/** The most records one ClientHello may be split over: more than 2 KB hellos in records of one octet need. */
export const maxHelloRecords = 4096;

/**
 * Reads one ClientHello, chunk by chunk.
 *
 * Bounds: 64 KiB of handshake, `maxHelloRecords` record headers and the last chunk. Work is linear in the octets,
 * whatever the size of the chunks. Once the answer is final the caller stops reading from the client; what it still
 * pushes is kept.
 * Faults: not-tls when the first octet is not that of a handshake record; malformed as soon as one octet cannot belong
 * to a ClientHello, too-large as soon as a length says so. An empty record, another content type between the fragments
 * and handshake octets behind the hello in its last record are malformed.
 */
export class ClientHelloReader {
	/** All octets as they came; the first chunk itself while it is the only one. */
	#stream: Uint8Array = noOctets;
	#streamLength = 0;
	/** Handshake octets so far, in a buffer that grows with what has come, not with what a length promises. */
	#message: Uint8Array = new Uint8Array(smallestBuffer);
	#messageLength = 0;
	/** The size of the whole message, once its header is there. */
	#messageSize: number | undefined;
	#position = 0;
	#fragmentRemaining = 0;
	#records = 0;
	#reading: HelloReading = needMore;

	/** Takes the next octets of the client and answers what is known now. The chunk must not be changed afterwards. */
	push(chunk: Uint8Array): HelloReading {
		this.#keep(chunk);
		if (this.#reading.kind === "need-more" && chunk.length > 0) this.#reading = this.#read();
		return this.#reading;
	}

	/** How many octets were pushed. */
	get length(): number {
		return this.#streamLength;
	}

	/** Every octet that was pushed, hello and what follows it: to be handed back to the socket or relayed untouched. */
	original(): Uint8Array {
		return this.#stream.subarray(0, this.#streamLength);
	}

	#keep(chunk: Uint8Array): void {
		if (this.#streamLength === 0) {
			this.#stream = chunk;
			this.#streamLength = chunk.length;
			return;
		}
		const needed = this.#streamLength + chunk.length;
		this.#stream = grown(this.#stream, this.#streamLength, needed);
		this.#stream.set(chunk, this.#streamLength);
		this.#streamLength = needed;
	}

	#read(): HelloReading {
		const octets = this.original();
		if (octets[0] !== contentType.handshake) return notTls(octets);
		while (true) {
			if (this.#fragmentRemaining === 0) {
				const refused = this.#readRecordHeader(octets);
				if (refused !== undefined) return refused;
			}
			if (this.#position === octets.length) return needMore;
			if (this.#messageSize === undefined) {
				this.#takeFragment(octets, handshakeHeaderOctets - this.#messageLength);
				const refused = this.#readMessageHeader();
				if (refused !== undefined) return refused;
				if (this.#messageSize === undefined) continue;
			}
			const missing: number = this.#messageSize - this.#messageLength;
			if (this.#fragmentRemaining > missing)
				return malformed(`${this.#fragmentRemaining - missing} handshake octets behind the ClientHello in its record`);
			this.#takeFragment(octets, missing);
			if (this.#messageLength === this.#messageSize) return this.#decode();
		}
	}

	/** Reads the header at the position; answers only when it is not all there or is refused. */
	#readRecordHeader(octets: Uint8Array): HelloReading | undefined {
		const header = decodeRecordHeader(octets, this.#position);
		if (header.kind === "need-more") return needMore;
		if (header.kind === "malformed") return malformed(header.reason);
		if (header.value.type !== contentType.handshake)
			return malformed(`record of type ${header.value.type} between the fragments of the ClientHello`);
		if (++this.#records > maxHelloRecords)
			return { kind: "too-large", reason: `ClientHello is split over more than ${maxHelloRecords} records` };
		this.#position += recordHeaderOctets;
		this.#fragmentRemaining = header.value.length;
		return undefined;
	}

	#readMessageHeader(): HelloReading | undefined {
		const size = decodeHelloHeader(this.#message.subarray(0, this.#messageLength));
		if (size.kind === "malformed") return malformed(size.reason);
		if (size.kind === "need-more") return undefined;
		if (size.value > maxHelloOctets) return { kind: "too-large", reason: tooLarge(size.value) };
		this.#messageSize = size.value;
		return undefined;
	}

	/** Moves at most `wanted` octets of the current fragment into the message. */
	#takeFragment(octets: Uint8Array, wanted: number): void {
		const count = Math.min(wanted, this.#fragmentRemaining, octets.length - this.#position);
		this.#message = grown(this.#message, this.#messageLength, this.#messageLength + count);
		this.#message.set(octets.subarray(this.#position, this.#position + count), this.#messageLength);
		this.#messageLength += count;
		this.#position += count;
		this.#fragmentRemaining -= count;
	}

	#decode(): HelloReading {
		const decoded = decodeClientHello(this.#message.subarray(0, this.#messageLength));
		if (decoded.kind === "done") return { kind: "hello", hello: decoded.value, streamOctets: this.#position };
		return malformed(decoded.kind === "malformed" ? decoded.reason : "ClientHello ends before its length");
	}
}

/** The buffer, or a copy of its first `used` octets in one at least twice as large when `needed` do not fit. */
function grown(buffer: Uint8Array, used: number, needed: number): Uint8Array {
	if (needed <= buffer.length) return buffer;
	const larger = new Uint8Array(Math.max(needed, buffer.length * 2, smallestBuffer));
	larger.set(buffer.subarray(0, used));
	return larger;
}

function notTls(octets: Uint8Array): HelloReading {
	const looksLike = guess(octets);
	return { kind: "not-tls", looksLike, reason: `${says[looksLike]} (first octet 0x${hex(octets[0] ?? 0)})` };
}

/** Judges by the octets that are there: a first chunk that is the beginning of a known greeting counts as one. */
function guess(octets: Uint8Array): FirstOctets {
	if (fitsTlsRecord(octets, isContentType) !== "no") return "tls-without-hello";
	if (fitsSslv2Hello(octets) !== "no") return "sslv2";
	const text = Buffer.from(octets.subarray(0, http2Preface.length)).toString("latin1");
	if (fitsGreeting(text, sshGreeting) !== "no") return "ssh";
	return fitsAnyGreeting(text, httpBeginnings) === "no" ? "other" : "http";
}

function malformed(reason: string): HelloReading {
	return { kind: "malformed", reason };
}

function hex(octet: number): string {
	return octet.toString(16).padStart(2, "0");
}

const says: Readonly<Record<FirstOctets, string>> = {
	http: "plain HTTP instead of a TLS handshake",
	ssh: "SSH instead of a TLS handshake",
	sslv2: "an SSLv2 hello, which is not supported",
	"tls-without-hello": "a TLS record that is no handshake before any ClientHello",
	other: "no TLS handshake",
};

const needMore: HelloReading = { kind: "need-more" };
const noOctets = new Uint8Array(0);
const smallestBuffer = 512;
const httpBeginnings: readonly string[] = [...httpMethods, http2Preface];
