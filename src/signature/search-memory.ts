/** The memory in which octets are searched, with the tables of all filters of an engine, and the search itself. */
import { assembleModule } from "#base/wasm-text.ts";
import { searchText } from "#signature/search-text.ts";

/** What of WebAssembly is used here; its types come with those of browsers only. */
declare const WebAssembly: {
	readonly Module: new (octets: Uint8Array<ArrayBuffer>) => object;
	readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Exports {
	readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
	readonly search: (filter: number, begin: number, fresh: number, end: number, isLongOnly: number) => void;
}

/**
 * Bounds: 128 KiB for the octets that are searched, and what the tables take, at most 4 GiB. It is freed with the engine,
 * when no connection holds it any more.
 */
export class SearchMemory {
	/** The memory as it is now: a larger one has other views. */
	octets: Uint8Array;
	words: Int32Array;
	readonly search: Exports["search"];
	readonly #memory: Exports["memory"];
	#used = searchedAt + maxSearched + slackOctets;

	constructor() {
		module ??= new WebAssembly.Module(assembleModule(searchText));
		const exports = new WebAssembly.Instance(module).exports as Exports;
		this.search = exports.search;
		this.#memory = exports.memory;
		this.octets = new Uint8Array(this.#memory.buffer);
		this.words = new Int32Array(this.#memory.buffer);
	}

	/** The address of so many octets of zeros, for ever; a multiple of 16. */
	allocate(octets: number): number {
		const address = this.#used;
		this.#used += Math.ceil(octets / 16) * 16;
		const missing = this.#used - this.octets.length;
		if (missing > 0) {
			this.#memory.grow(Math.ceil(missing / pageOctets));
			this.octets = new Uint8Array(this.#memory.buffer);
			this.words = new Int32Array(this.#memory.buffer);
		}
		return address;
	}
}

/** Compiled once for all engines. */
let module: object | undefined;
/** Where the octets that are searched begin; what stood before them lies right before it. */
export const searchedAt = 1_024;
/** How many are searched at a time. */
export const maxSearched = 131_072;
/** The search reads words and vectors, so that it reaches a little behind the end. */
const slackOctets = 64;
const pageOctets = 65_536;
