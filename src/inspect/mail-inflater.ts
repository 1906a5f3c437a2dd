/**
 * Undoes COMPRESS=DEFLATE of one side of a connection of mail (RFC 4978), as the octets come.
 *
 * Bounds: one window of zlib (32 KiB and its tables); `burstOctets` decoded octets and a hundred for each compressed one, from the
 * beginning on, so that a bomb costs no more time than text does.
 */
import zlib from "node:zlib";
import { NativeDecoder } from "#inspect/native-decoder.ts";

/** Takes decoded octets, which are valid during the call; answers true to stop. */
export type TakeDecoded = (octets: Uint8Array) => boolean;

export class MailInflater {
	readonly #native = new NativeDecoder(flushValues, zlib.createInflateRaw(options));
	#budget: number;
	/** Why the octets cannot be decoded; nothing is after it. */
	fault: string | undefined;

	constructor(burstOctets: number) {
		this.#budget = burstOctets;
	}

	/** Decodes a chunk into `take`; true where that stopped, or `fault` says why nothing more is decoded. */
	write(chunk: Uint8Array, take: TakeDecoded): boolean {
		const native = this.#native;
		this.#budget += chunk.length * octetsPerCompressed;
		for (let at = 0, hasMore = true; hasMore && this.fault === undefined; ) {
			// A piece of its own: what takes it may decode too.
			const output = new Uint8Array(outputOctets);
			native.write(false, chunk, at, chunk.length - at, output);
			at = chunk.length - native.inputLeft;
			hasMore = native.outputLeft === 0;
			const count = outputOctets - native.outputLeft;
			this.#budget -= count;
			if (native.error !== undefined) this.fault = `what is compressed cannot be decoded; ${native.error}`;
			else if (!hasMore && native.inputLeft > 0) this.fault = "what is compressed ends and goes on";
			else if (this.#budget < 0) this.fault = "what is compressed grows a hundredfold";
			else if (count > 0 && take(output.subarray(0, count))) return true;
		}
		return this.fault !== undefined;
	}

	/** Frees the native decoder. */
	close(): void {
		this.fault ??= "it was closed";
		this.#native.close();
	}
}

const outputOctets = 16_384;
const octetsPerCompressed = 100;
const flushValues = { flush: zlib.constants.Z_SYNC_FLUSH, finish: zlib.constants.Z_FINISH };
/** The stream's own buffer is never used. */
const options = { chunkSize: 64 };
