/**
 * Undoes Content-Encoding for inspection, as the octets come; the original octets travel (RFC 9110 §8.4).
 *
 * Synchronous and piecewise: the caller writes coded octets and reads decoded ones until there are none, so that a bomb
 * costs no more memory than one buffer and no more time than the caller grants.
 *
 *   decoder.write(octets, start, end);
 *   for (let count = decoder.read(); count > 0; count = decoder.read()) inspect(decoder.output, 0, count);
 *   if (decoder.fault !== undefined) …
 */

import zlib from "node:zlib";
import { type Fault, fault } from "#base/fault.ts";
import { type FlushValues, NativeDecoder } from "#inspect/native-decoder.ts";

const { constants } = zlib;

export interface DecodingLimits {
	/** Decoded octets of one body, of each coding by itself. Grows the time that one body may cost. */
	readonly maxDecodedOctets: number;
}

/**
 * Opens the decoder for the value of Content-Encoding. "identity": nothing to undo. "unknown": a coding that this
 * gateway cannot undo, or more than `maxCodings`; the caller decides what that means.
 */
export function openContentDecoder(
	contentEncoding: string | undefined,
	limits: DecodingLimits,
): ContentDecoder | "identity" | "unknown" {
	const codings: Coding[] = [];
	for (const token of (contentEncoding ?? "").toLowerCase().split(",")) {
		const name = token.trim();
		if (name === "" || name === "identity") continue;
		const coding = codingsByName.get(name);
		if (coding === undefined || codings.length === maxCodings) return "unknown";
		codings.push(coding);
	}
	return codings.length === 0 ? "identity" : new ContentDecoder(codings, limits);
}

/**
 * The decoder of one body.
 *
 * Bounds: one native decoder per coding (at most 16 MiB for br, 8 MiB for zstd, 48 KiB for the others), one buffer of
 * 64 KiB for each coding but the last undone. `close` frees the native part and must be called.
 */
export class ContentDecoder {
	/** In the order in which they are undone. */
	readonly #layers: readonly Layer[];
	readonly #maxDecodedOctets: number;
	#isFinishing = false;
	#fault: Fault | undefined;
	#encodedOctets = 0;

	/** `codings` in the order of Content-Encoding, the one applied first first. */
	constructor(codings: readonly Coding[], limits: DecodingLimits) {
		this.#maxDecodedOctets = limits.maxDecodedOctets;
		this.#layers = codings
			.toReversed()
			.map(
				(coding, index) =>
					new Layer(coding, index === codings.length - 1 ? sharedOutput : new Uint8Array(outputOctets)),
			);
	}

	/** Where `read` puts decoded octets. All decoders share it: its content holds until the next `read` of any. */
	get output(): Uint8Array {
		return sharedOutput;
	}

	get fault(): Fault | undefined {
		return this.#fault;
	}

	get encodedOctets(): number {
		return this.#encodedOctets;
	}

	get decodedOctets(): number {
		return this.#layers.at(-1)?.decodedOctets ?? 0;
	}

	/** Hands over coded octets. They must stay until `read` answered 0; what is written before that is lost. */
	write(octets: Uint8Array, start: number, end: number): void {
		this.#encodedOctets += end - start;
		this.#layers[0]?.give(octets, start, end);
	}

	/** Says that nothing more will be written: `read` then tells whether the body was cut. */
	finish(): void {
		this.#isFinishing = true;
	}

	/** How many octets were decoded into `output`; 0: write more; -1: there is a fault, and there it stays. */
	read(): number {
		if (this.#fault !== undefined) return -1;
		const count = this.#pull(this.#layers.length - 1);
		if (count === -1) this.close();
		return count;
	}

	/** Frees the native decoders. Nothing can be read afterwards. */
	close(): void {
		for (const layer of this.#layers) layer.close();
		this.#fault ??= fault("CONTENT_ENCODING_MALFORMED", "the decoder was closed before the body ended");
	}

	#pull(index: number): number {
		const layer = this.#layers[index] as Layer;
		for (;;) {
			const count = layer.produce();
			if (count > 0) return this.#count(layer, count);
			if (count === -1) return this.#refuse(layer);
			if (index === 0) {
				if (!this.#isFinishing || layer.isFinished) return 0;
				layer.finish();
				continue;
			}
			const before = this.#layers[index - 1] as Layer;
			const given = this.#pull(index - 1);
			if (given === -1) return -1;
			if (given > 0) layer.give(before.output, 0, given);
			else if (before.isFinished && !layer.isFinished) layer.finish();
			else return 0;
		}
	}

	/** Counts what a layer decoded, and cuts it at the cap; what lies beyond is told by the next read. */
	#count(layer: Layer, count: number): number {
		const rest = this.#maxDecodedOctets - layer.decodedOctets;
		if (rest > 0) {
			const taken = Math.min(rest, count);
			layer.decodedOctets += taken;
			layer.isOverCap = count > rest;
			return taken;
		}
		return this.#refuse(layer, true);
	}

	#refuse(layer: Layer, isOverCap = layer.isOverCap): -1 {
		this.#fault = isOverCap
			? fault(
					"CONTENT_TOO_LARGE_DECODED",
					`a body coded as ${layer.name} grows beyond ${this.#maxDecodedOctets} octets after ${this.#encodedOctets} coded ones`,
					{ expected: `at most ${this.#maxDecodedOctets} octets` },
				)
			: fault("CONTENT_ENCODING_MALFORMED", `a body coded as ${layer.name} cannot be decoded; ${layer.problem}`, {
					got: layer.problem,
				});
		return -1;
	}
}

/** One coding being undone: takes octets, produces octets into its own buffer. */
class Layer {
	readonly name: string;
	readonly output: Uint8Array;
	readonly #coding: Coding;
	#native: NativeDecoder | undefined;
	#input: Uint8Array = noOctets;
	#start = 0;
	#end = 0;
	/** The output was filled to its end, so that more may come without input. */
	#mayHoldMore = false;
	#isFinishing = false;
	#sniffed = noOctets;
	decodedOctets = 0;
	isOverCap = false;
	problem = "";

	constructor(coding: Coding, output: Uint8Array) {
		this.name = coding.name;
		this.#coding = coding;
		this.output = output;
	}

	/** Everything was decoded and the end was checked. */
	get isFinished(): boolean {
		return this.#isFinishing && !this.#mayHoldMore;
	}

	give(octets: Uint8Array, start: number, end: number): void {
		this.#input = octets;
		this.#start = start;
		this.#end = end;
	}

	finish(): void {
		this.#isFinishing = true;
		// A body without any octet is whole: an answer to HEAD, or an empty file that nobody coded.
		if (this.#native !== undefined || this.#sniffed.length > 0) this.#mayHoldMore = true;
	}

	/** Octets put into `output`, 0 when input is needed, -1 when `problem` or the cap says why not. */
	produce(): number {
		if (this.isOverCap) return -1;
		if (this.#start === this.#end && !this.#mayHoldMore) return 0;
		if (this.#native === undefined && !this.#open()) return this.#isFinishing ? this.#fails("it ends early") : 0;
		const native = this.#native as NativeDecoder;
		const hadInput = this.#end - this.#start;
		const isLast = this.#isFinishing && hadInput === 0;
		native.write(isLast, this.#input, this.#start, hadInput, this.output);
		if (native.error !== undefined) return this.#fails(native.error);
		this.#start = this.#end - native.inputLeft;
		this.#mayHoldMore = native.outputLeft === 0;
		const produced = this.output.length - native.outputLeft;
		if (produced > 0) return produced;
		if (this.#start < this.#end) return this.#fails("octets follow its end");
		return 0;
	}

	close(): void {
		this.#native?.close();
		this.#native = undefined;
		this.give(noOctets, 0, 0);
		this.#mayHoldMore = false;
	}

	/** Opens the native decoder; false while "deflate" waits for the two octets that tell zlib from raw. */
	#open(): boolean {
		if (this.#coding.name !== "deflate") {
			this.#native = new NativeDecoder(this.#coding, this.#coding.open());
			return true;
		}
		const { length } = this.#sniffed;
		if (length + this.#end - this.#start < 2) {
			if (this.#start < this.#end) this.#sniffed = this.#input.slice(this.#start, this.#end);
			this.#start = this.#end;
			return false;
		}
		const first = (length > 0 ? this.#sniffed[0] : this.#input[this.#start]) as number;
		const second = this.#input[this.#start + 1 - length] as number;
		const isZlib = (first & 0x0f) === 8 && first >> 4 <= 7 && ((first << 8) | second) % 31 === 0;
		this.#native = new NativeDecoder(this.#coding, isZlib ? this.#coding.open() : zlib.createInflateRaw(options));
		// One octet without its successor decodes to nothing.
		if (length > 0) this.#native.write(false, this.#sniffed, 0, 1, this.output);
		return true;
	}

	#fails(problem: string): -1 {
		this.problem = problem;
		return -1;
	}
}

/** A coding that can be undone. */
interface Coding extends FlushValues {
	readonly name: string;
	readonly open: () => object;
}

/** The stream's own buffer is never used. */
const options = { chunkSize: 64 };
/** RFC 9659: a window above 8 MiB is not allowed in HTTP. */
const zstdOptions = { ...options, params: { [constants.ZSTD_d_windowLogMax]: 23 } };
const zlibFlush = { flush: constants.Z_SYNC_FLUSH, finish: constants.Z_FINISH };

const gzip: Coding = { name: "gzip", open: () => zlib.createGunzip(options), ...zlibFlush };
const codingsByName: ReadonlyMap<string, Coding> = new Map([
	["gzip", gzip],
	["x-gzip", gzip],
	["deflate", { name: "deflate", open: () => zlib.createInflate(options), ...zlibFlush }],
	[
		"br",
		{
			name: "br",
			open: () => zlib.createBrotliDecompress(options),
			flush: constants.BROTLI_OPERATION_FLUSH,
			finish: constants.BROTLI_OPERATION_FINISH,
		},
	],
	[
		"zstd",
		{
			name: "zstd",
			open: () => zlib.createZstdDecompress(zstdOptions),
			flush: constants.ZSTD_e_flush,
			finish: constants.ZSTD_e_end,
		},
	],
]);

/** Real servers apply one, rarely two. */
export const maxCodings = 3;
const outputOctets = 65_536;
const noOctets = new Uint8Array(0);
const sharedOutput = new Uint8Array(outputOctets);
