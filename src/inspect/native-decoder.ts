/**
 * The native decoder behind a stream object of `node:zlib`, used piece by piece without the stream, whose interface would
 * take a thread and a copy for each chunk.
 */

export interface FlushValues {
	/** The flush value that gives out all that the input so far decodes to. */
	readonly flush: number;
	/** The flush value that asks whether the coded data is whole. */
	readonly finish: number;
}

/** The decoder. Bounds: what zlib, brotli or zstd keep: their window. `close` frees it and must be called. */
export class NativeDecoder {
	readonly #handle: NativeHandle;
	readonly #stream: NativeStream;
	readonly #values: FlushValues;
	error: string | undefined = undefined;

	/** `stream`: made by `node:zlib` for this alone. */
	constructor(values: FlushValues, stream: object) {
		this.#values = values;
		this.#stream = stream as NativeStream;
		this.#handle = this.#stream._handle as NativeHandle;
		this.#handle.onerror = (message, _errno, code) => {
			this.error = code === "Z_BUF_ERROR" ? "it ends early" : message.toLowerCase();
		};
	}

	get outputLeft(): number {
		return this.#stream._writeState[0] as number;
	}

	get inputLeft(): number {
		return this.#stream._writeState[1] as number;
	}

	write(isLast: boolean, input: Uint8Array, start: number, length: number, output: Uint8Array): void {
		const flush = isLast ? this.#values.finish : this.#values.flush;
		this.#handle.writeSync(flush, input, start, length, output, 0, output.length);
	}

	/** Forgets everything, the window too. */
	reset(): void {
		this.#handle.reset();
		this.error = undefined;
	}

	close(): void {
		this.#handle.close();
		this.#stream._handle = null;
	}
}

/** What Node's zlib streams carry inside (lib/zlib.js). */
interface NativeStream {
	_handle: NativeHandle | null;
	/** After a write without error: octets of output and of input that are left. */
	readonly _writeState: Uint32Array;
}

interface NativeHandle {
	onerror: (message: string, errno: number, code: string) => void;
	writeSync(
		flush: number,
		input: Uint8Array,
		inputStart: number,
		inputLength: number,
		output: Uint8Array,
		outputStart: number,
		outputLength: number,
	): void;
	reset(): void;
	close(): void;
}
