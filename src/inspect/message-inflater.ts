/**
 * Undoes permessage-deflate for one sender of a WebSocket, as the octets come (RFC 7692 §7.2.2).
 *
 *   inflater.write(octets, start, end);
 *   for (let count = inflater.read(); count > 0; count = inflater.read()) look(inflater.output, 0, count);
 *   at the end of the message: inflater.endMessage(), and read again the same way
 *
 * Bounds: one window of zlib (at most 32 KiB and its tables); `maxDecodedOctets` of a message. What lies beyond cannot be
 * left out, since later messages refer to it: there is a fault then.
 */
import zlib from "node:zlib";
import { type Fault, fault } from "#base/fault.ts";
import type { DeflateTerms } from "#http/websocket-terms.ts";
import { NativeDecoder } from "#inspect/native-decoder.ts";

export class MessageInflater {
	readonly #terms: DeflateTerms;
	readonly #maxDecodedOctets: number;
	#native: NativeDecoder | undefined;
	#input = noOctets;
	#start = 0;
	#end = 0;
	#mayHoldMore = false;
	#isEnding = false;
	/** Octets of the message at hand were decoded. */
	#hasBegun = false;
	/** A last block and the octet behind it were read: the message has no more. */
	#isClosed = false;
	#decoded = 0;
	#fault: Fault | undefined;

	constructor(terms: DeflateTerms, maxDecodedOctets: number) {
		this.#terms = terms;
		this.#maxDecodedOctets = maxDecodedOctets;
	}

	/** Where `read` puts decoded octets. All inflaters share it: its content holds until the next `read` of any. */
	get output(): Uint8Array {
		return sharedOutput;
	}

	get fault(): Fault | undefined {
		return this.#fault;
	}

	/** Hands over octets of a message. They must stay until `read` answered 0. */
	write(octets: Uint8Array, start: number, end: number): void {
		if (this.#isClosed && end > start) this.#failsBehindLast();
		this.#input = octets;
		this.#start = start;
		this.#end = end;
	}

	/** The message has no more octets: `read` then gives out its rest, and the next message may begin. */
	endMessage(): void {
		this.#isClosed = false;
		this.write(messageTail, 0, messageTail.length);
		this.#isEnding = true;
	}

	/** How many octets were decoded into `output`; 0: no more of what was written; -1: there is a fault, and there it stays. */
	read(): number {
		while (this.#fault === undefined) {
			if (this.#start === this.#end && !this.#mayHoldMore) return this.#pause();
			const count = this.#produce();
			if (count > 0) return count;
		}
		return -1;
	}

	/** Frees the native decoder. */
	close(): void {
		this.#native?.close();
		this.#native = undefined;
		this.write(noOctets, 0, 0);
		this.#mayHoldMore = false;
	}

	#pause(): 0 {
		if (!this.#isEnding) return 0;
		this.#isEnding = false;
		this.#hasBegun = false;
		this.#decoded = 0;
		if (!this.#terms.keepsContext) this.#native?.reset();
		return 0;
	}

	#produce(): number {
		this.#native ??= new NativeDecoder(
			flushValues,
			zlib.createInflateRaw({ ...options, windowBits: this.#terms.windowBits }),
		);
		const native = this.#native;
		const offered = this.#end - this.#start;
		native.write(false, this.#input, this.#start, this.#end - this.#start, sharedOutput);
		if (native.error !== undefined) {
			return this.#fails(
				"CONTENT_ENCODING_MALFORMED",
				`a compressed WebSocket message cannot be decoded; ${native.error}`,
			);
		}
		const count = sharedOutput.length - native.outputLeft;
		this.#start = this.#end - native.inputLeft;
		this.#mayHoldMore = native.outputLeft === 0;
		this.#hasBegun ||= native.inputLeft < offered;
		// Input is left although there was room: a block was marked as the last one (§7.2.3.4). What follows begins anew.
		if (native.inputLeft > 0 && native.outputLeft > 0) {
			if (!this.#mayFollowLast(native.inputLeft)) return this.#failsBehindLast();
			native.reset();
		}
		this.#decoded += count;
		if (this.#decoded <= this.#maxDecodedOctets) return count;
		return this.#fails(
			"CONTENT_TOO_LARGE_DECODED",
			`a WebSocket message grows beyond ${this.#maxDecodedOctets} octets`,
		);
	}

	/**
	 * Behind the last block a message has one octet 00 (§7.2.3.4); otherwise the next message begins. Receivers disagree on
	 * anything else, and then on what later messages say.
	 */
	#mayFollowLast(octets: number): boolean {
		if (this.#isEnding) return false;
		if (!this.#hasBegun) return true;
		this.#isClosed = octets === 1 && this.#input[this.#start] === 0;
		return this.#isClosed;
	}

	#failsBehindLast(): -1 {
		const message = "a compressed WebSocket message does not end where its last block does";
		return this.#fails("CONTENT_ENCODING_MALFORMED", message);
	}

	#fails(code: "CONTENT_ENCODING_MALFORMED" | "CONTENT_TOO_LARGE_DECODED", message: string): -1 {
		this.#fault = fault(code, message);
		this.#isClosed = false;
		this.close();
		return -1;
	}
}

const noOctets: Uint8Array = new Uint8Array(0);
/** The end that the sender took off (§7.2.1). */
const messageTail = Uint8Array.of(0x00, 0x00, 0xff, 0xff);
const sharedOutput = new Uint8Array(65_536);
const flushValues = { flush: zlib.constants.Z_SYNC_FLUSH, finish: zlib.constants.Z_FINISH };
/** The stream's own buffer is never used. */
const options = { chunkSize: 64 };
