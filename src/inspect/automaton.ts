/**
 * The Aho-Corasick automaton over octets: one table look-up per octet finds the ends of any number of patterns
 * (A. Aho, M. Corasick, "Efficient string matching", 1975).
 *
 * A state is the offset of its row in one flat table; 0 is the root. States at which a pattern ends have the highest
 * numbers, so that a scan needs one comparison per octet. Octets that no pattern holds share one column.
 *
 *   state = table[state + columns[octet]];
 *   if (state >= firstOutput) for (p = firstPattern(state); p !== -1; p = nextPattern[p]) …
 */

/** A compiled automaton. Bounds: one row of 4 octets per column for each octet of the patterns, at most. */
export class Automaton {
	/** Octet to column; letters of either case share one when the automaton is folded. */
	readonly columns: Uint8Array;
	readonly table: Int32Array;
	/** The lowest state at which a pattern ends. */
	readonly firstOutput: number;
	/** The pattern that ends wherever this one ends, or -1. */
	readonly nextPattern: Int32Array;
	readonly #width: number;
	/** By (state - firstOutput) / width. */
	readonly #firstPattern: Int32Array;

	constructor(patterns: readonly Uint8Array[], isFolded: boolean) {
		const trie = new Trie(patterns, isFolded);
		const { width, count, first } = trie;
		const numbers = new Int32Array(count);
		let next = 0;
		for (let node = 0; node < count; node++) if (first[node] === none) numbers[node] = next++;
		const plain = next;
		for (let node = 0; node < count; node++) if (first[node] !== none) numbers[node] = next++;

		this.columns = trie.columns;
		this.table = new Int32Array(count * width);
		this.firstOutput = plain * width;
		this.nextPattern = trie.nextPattern;
		this.#width = width;
		this.#firstPattern = new Int32Array(count - plain);
		for (let node = 0; node < count; node++) {
			const number = numbers[node] as number;
			for (let column = 0; column < width; column++) {
				const target = numbers[trie.children[node * width + column] as number] as number;
				this.table[number * width + column] = target * width;
			}
			if (number >= plain) this.#firstPattern[number - plain] = first[node] as number;
		}
	}

	/** One of the patterns that end at a state from `firstOutput` on; `nextPattern` tells the others. */
	firstPattern(state: number): number {
		return this.#firstPattern[(state - this.firstOutput) / this.#width] as number;
	}
}

/** The patterns as a tree, then with every transition filled in. Nodes are numbered as they are made; 0 is the root. */
class Trie {
	readonly columns: Uint8Array;
	readonly width: number;
	readonly children: Int32Array;
	/** By node: a pattern that ends there, or -1. */
	readonly first: Int32Array;
	readonly nextPattern: Int32Array;
	count = 1;

	constructor(patterns: readonly Uint8Array[], isFolded: boolean) {
		this.columns = chooseColumns(patterns, isFolded);
		this.width = Math.max(...this.columns) + 1;
		const mostNodes = patterns.reduce((sum, pattern) => sum + pattern.length, 1);
		if (mostNodes * this.width > maxTableEntries) throw new RangeError("more patterns than one automaton can hold");
		this.children = new Int32Array(mostNodes * this.width);
		this.first = new Int32Array(mostNodes).fill(none);
		this.nextPattern = new Int32Array(patterns.length).fill(none);
		for (const [index, pattern] of patterns.entries()) this.#insert(index, pattern);
		this.#connect();
	}

	#insert(index: number, pattern: Uint8Array): void {
		let node = 0;
		for (const octet of pattern) {
			const at = node * this.width + (this.columns[octet] as number);
			if (this.children[at] === 0) this.children[at] = this.count++;
			node = this.children[at] as number;
		}
		this.nextPattern[index] = this.first[node] as number;
		this.first[node] = index;
	}

	/** Breadth first: the longest proper suffix of a node is known before the node. */
	#connect(): void {
		const { children, width, first, nextPattern } = this;
		const suffix = new Int32Array(this.count);
		const queue = new Int32Array(this.count);
		let tail = 1;
		for (let head = 0; head < tail; head++) {
			const node = queue[head] as number;
			const back = suffix[node] as number;
			for (let column = 0; column < width; column++) {
				const at = node * width + column;
				const child = children[at] as number;
				const fallback = node === 0 ? 0 : (children[back * width + column] as number);
				if (child === 0) {
					children[at] = fallback;
					continue;
				}
				queue[tail++] = child;
				suffix[child] = fallback;
				// What ends at the suffix ends here, too.
				const inherited = first[fallback] as number;
				if (first[child] === none) first[child] = inherited;
				else {
					let last = first[child] as number;
					while (nextPattern[last] !== none) last = nextPattern[last] as number;
					nextPattern[last] = inherited;
				}
			}
		}
	}
}

/** Column 0 is for the octets that no pattern holds. */
function chooseColumns(patterns: readonly Uint8Array[], isFolded: boolean): Uint8Array {
	const columns = new Uint8Array(256);
	let next = 1;
	for (const pattern of patterns) {
		for (const octet of pattern) {
			const other = isFolded ? otherCase(octet) : octet;
			if (columns[octet] !== 0) continue;
			// 256 octets in use need no column for the rest; the last one takes it.
			columns[octet] = next > 255 ? 0 : next;
			columns[other] = columns[octet];
			next++;
		}
	}
	return columns;
}

/** The same letter in the other case; any other octet itself. */
export function otherCase(octet: number): number {
	const isLetter = (octet >= 0x41 && octet <= 0x5a) || (octet >= 0x61 && octet <= 0x7a);
	return isLetter ? octet ^ 0x20 : octet;
}

const none = -1;
/** 1 GiB of table. */
const maxTableEntries = 2 ** 28;
