/**
 * Where things stand in a JSON text (RFC 8259): the first thing that is wrong with it, and single values.
 *
 * Bounds: one pass over the text; memory grows with the depth alone, to `maxJsonDepth` levels.
 */

/** Line and column count from 1, the column in UTF-16 code units. */
export interface JsonPlace {
	readonly line: number;
	readonly column: number;
}

/** The way to a value from the top: names of members, numbers of elements. */
export type JsonPointer = readonly (string | number)[];

export const maxJsonDepth = 1_000;

/** The first error of a text; undefined when it is JSON. */
export function jsonError(source: string): (JsonPlace & { readonly message: string }) | undefined {
	const scanner = new JsonScanner(source, () => undefined);
	const problem = scanner.run();
	return problem === undefined ? undefined : { ...placesOf(source, [scanner.at])[0], message: problem };
}

/** The place of each value in a text that is JSON; the nearest value above it for one that is not there. */
export function jsonPlaces(source: string, pointers: readonly JsonPointer[]): JsonPlace[] {
	const wanted = new Wanted();
	for (const pointer of pointers) wanted.add(pointer);
	new JsonScanner(source, (pointer, offset) => wanted.found(pointer, offset)).run();
	return placesOf(
		source,
		pointers.map((pointer) => wanted.offsetOf(pointer)),
	);
}

/** A container that is being read. */
interface Frame {
	readonly isObject: boolean;
	/** The name of the member or the number of the element that is read. */
	key: string | number;
}

class JsonScanner {
	at = 0;
	readonly #source: string;
	readonly #onValue: (frames: readonly Frame[], offset: number) => void;
	readonly #frames: Frame[] = [];

	constructor(source: string, onValue: (frames: readonly Frame[], offset: number) => void) {
		this.#source = source;
		this.#onValue = onValue;
	}

	/** What is wrong at `at`; undefined when the whole text is JSON. */
	run(): string | undefined {
		let problem = this.#value();
		while (problem === undefined && this.#frames.length > 0) problem = this.#afterValue();
		if (problem !== undefined) return problem;
		this.#skipSpace();
		return this.at < this.#source.length ? "expected the end of the text" : undefined;
	}

	/** A value, or the beginning of one with members. */
	#value(): string | undefined {
		this.#skipSpace();
		this.#onValue(this.#frames, this.at);
		const character = this.#source[this.at];
		if (character === "{" || character === "[") return this.#open(character === "{");
		if (character === '"') return this.#string() === undefined ? unterminated : undefined;
		scalar.lastIndex = this.at;
		const match = scalar.exec(this.#source);
		if (match === null) return expected("a value", character);
		this.at += match[0].length;
		return undefined;
	}

	#open(isObject: boolean): string | undefined {
		if (this.#frames.length >= maxJsonDepth) return `more than ${maxJsonDepth} levels`;
		this.at++;
		this.#skipSpace();
		if (this.#source[this.at] === (isObject ? "}" : "]")) {
			this.at++;
			return undefined;
		}
		this.#frames.push({ isObject, key: isObject ? "" : 0 });
		return isObject ? this.#member() : this.#value();
	}

	#member(): string | undefined {
		this.#skipSpace();
		const start = this.at;
		if (this.#source[start] !== '"') return expected("a name in quotes", this.#source[start]);
		const name = this.#string();
		if (name === undefined) return unterminated;
		(this.#frames.at(-1) as Frame).key = name;
		this.#skipSpace();
		if (this.#source[this.at] !== ":") return expected("':'", this.#source[this.at]);
		this.at++;
		return this.#value();
	}

	#afterValue(): string | undefined {
		const frame = this.#frames.at(-1) as Frame;
		this.#skipSpace();
		const character = this.#source[this.at];
		if (character === (frame.isObject ? "}" : "]")) {
			this.at++;
			this.#frames.pop();
			return undefined;
		}
		if (character !== ",") return expected(frame.isObject ? "',' or '}'" : "',' or ']'", character);
		this.at++;
		if (frame.isObject) return this.#member();
		frame.key = (frame.key as number) + 1;
		return this.#value();
	}

	/** The text of a string, past which `at` stands then; undefined, with `at` where it breaks off, for a broken one. */
	#string(): string | undefined {
		const start = this.at;
		for (let at = start + 1; ; at++) {
			const code = this.#source.charCodeAt(at);
			if (code === 34) {
				this.at = at + 1;
				return unquoted(this.#source.slice(start, this.at));
			}
			if (code === 92) {
				escapeSequence.lastIndex = at;
				const length = escapeSequence.exec(this.#source)?.[0].length;
				if (length !== undefined) {
					at += length - 1;
					continue;
				}
			}
			if (code >= 32 && code !== 92) continue;
			this.at = Math.min(at, this.#source.length);
			return undefined;
		}
	}

	#skipSpace(): void {
		for (;;) {
			const code = this.#source.charCodeAt(this.at);
			if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
			this.at++;
		}
	}
}

/** The offsets of the values that are looked for, by their way. */
class Wanted {
	readonly #below = new Map<string | number, Wanted>();
	#offset: number | undefined;

	add(pointer: JsonPointer): void {
		let node: Wanted = this;
		for (const step of pointer) {
			const next: Wanted = node.#below.get(step) ?? new Wanted();
			node.#below.set(step, next);
			node = next;
		}
	}

	found(frames: readonly Frame[], offset: number): void {
		let node: Wanted | undefined = this;
		for (const { key } of frames) {
			node = node.#below.get(key);
			if (node === undefined) return;
		}
		node.#offset = offset;
	}

	offsetOf(pointer: JsonPointer): number {
		let node: Wanted | undefined = this;
		let offset = this.#offset ?? 0;
		for (const step of pointer) {
			node = node.#below.get(step);
			if (node === undefined) break;
			offset = node.#offset ?? offset;
		}
		return offset;
	}
}

function placesOf(source: string, offsets: readonly number[]): [JsonPlace, ...JsonPlace[]] {
	const order = [...offsets.keys()].sort((a, b) => (offsets[a] as number) - (offsets[b] as number));
	const places: JsonPlace[] = [];
	let line = 1;
	let start = 0;
	for (const index of order) {
		const offset = offsets[index] as number;
		for (let end = source.indexOf("\n", start); end !== -1 && end < offset; end = source.indexOf("\n", start)) {
			line++;
			start = end + 1;
		}
		places[index] = { line, column: offset - start + 1 };
	}
	return places as [JsonPlace, ...JsonPlace[]];
}

function expected(what: string, character: string | undefined): string {
	return `expected ${what}${character === undefined ? " before the end of the text" : ""}`;
}

function unquoted(text: string): string {
	return text.includes("\\") ? (JSON.parse(text) as string) : text.slice(1, -1);
}

const unterminated = "unterminated string";
const scalar = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const escapeSequence = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
