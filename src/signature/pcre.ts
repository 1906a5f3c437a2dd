/**
 * `pcre` options: the expression as text that the linear-time engine (re2js) understands, one char per octet, with the
 * meaning that PCRE gives it in Suricata: octets, ASCII letters, `$` also before a last newline.
 *
 * What has no linear-time meaning (looking around, back references, possessive repetition, recursion) is refused with its
 * name. Nothing is ever matched by backtracking.
 */

/** The buffer that a flag such as `U` names, by the name of its keyword. */
export interface PcreOption {
	readonly isNegated: boolean;
	/** Begins behind the last match (flag R). */
	readonly isRelative: boolean;
	/** The keyword of the buffer that a flag names: `http.uri` for U. */
	readonly buffer: string | undefined;
	/** In the engine's syntax: every letter, class and anchor is written out, no flag is needed. */
	readonly source: string;
	/** Atoms with their repetitions multiplied out: what the compiled expression will weigh. */
	readonly weight: number;
}

/** Reads `"/expression/flags"`, with `!` before the quotes when negated; a string says why it cannot be held. */
export function parsePcre(value: string | undefined): PcreOption | string {
	const match = /^(!?)\s*"\/(.*)\/([A-Za-z]*)"$/s.exec(value ?? "");
	if (match === null) return 'expected "/expression/flags"';
	const [, negation, text = "", flags = ""] = match;
	let buffer: string | undefined;
	for (const flag of flags) {
		const named = bufferFlags.get(flag);
		if (named === undefined && !plainFlags.includes(flag)) return `flag ${flag} is not known`;
		if (named === undefined) continue;
		if (buffer !== undefined) return "two flags name a buffer";
		buffer = named;
	}
	const translator = new Translator(text, flags);
	const source = translator.translate();
	if (translator.problem !== undefined) return translator.problem;
	return {
		isNegated: negation === "!",
		isRelative: flags.includes("R"),
		buffer,
		source: flags.includes("A") ? `\\A(?:${source})` : source,
		weight: translator.weight,
	};
}

/** What is switched by `(?i)` and restored where the group ends. */
interface Modes {
	isFolded: boolean;
	isDotAll: boolean;
	isMultiline: boolean;
	isExtended: boolean;
}

/** An open group: where its text begins in the output, what it weighed outside, the modes to restore. */
interface Group {
	readonly start: number;
	readonly weight: number;
	readonly modes: Modes;
}

class Translator {
	readonly #text: string;
	readonly #isUngreedy: boolean;
	readonly #isDollarEnd: boolean;
	#at = 0;
	#out = "";
	#modes: Modes;
	readonly #groups: Group[] = [];
	/** Where the last atom began in the output, or -1; and what it weighs. */
	#atom = -1;
	#atomWeight = 0;
	weight = 0;
	problem: string | undefined;

	constructor(text: string, flags: string) {
		this.#text = text;
		this.#isUngreedy = flags.includes("G");
		this.#isDollarEnd = flags.includes("E");
		this.#modes = {
			isFolded: flags.includes("i"),
			isDotAll: flags.includes("s"),
			isMultiline: flags.includes("m"),
			isExtended: flags.includes("x"),
		};
	}

	translate(): string {
		while (this.#at < this.#text.length && this.problem === undefined) this.#next();
		if (this.#groups.length > 0) this.#fail("a group does not end");
		if (this.weight > maxWeight) this.#fail(`it repeats ${this.weight} atoms; expected at most ${maxWeight}`);
		return this.#out;
	}

	#next(): void {
		const char = this.#text[this.#at++] as string;
		switch (char) {
			case "\\":
				return this.#escape();
			case "[":
				return this.#class();
			case "(":
				return this.#open();
			case ")":
				return this.#close();
			case "|":
				this.#out += "|";
				this.#atom = -1;
				return;
			case "^":
				return this.#anchor(this.#modes.isMultiline ? "(?m:^)" : "\\A");
			case "$":
				if (this.#modes.isMultiline) return this.#anchor("(?m:$)");
				return this.#anchor(this.#isDollarEnd ? "\\z" : "(?:\\n?\\z)");
			case ".":
				return this.#put(this.#modes.isDotAll ? "[\\x00-\\xff]" : "[^\\n]");
			case "*":
				return this.#repeat(0, Number.POSITIVE_INFINITY);
			case "+":
				return this.#repeat(1, Number.POSITIVE_INFINITY);
			case "?":
				return this.#repeat(0, 1);
			case "{":
				return this.#brace();
		}
		if (this.#modes.isExtended && /\s/.test(char)) return;
		if (this.#modes.isExtended && char === "#") {
			const end = this.#text.indexOf("\n", this.#at);
			this.#at = end === -1 ? this.#text.length : end + 1;
			return;
		}
		this.#literal(char.charCodeAt(0));
	}

	#literal(code: number): void {
		if (code > 255) return this.#fail("it holds a character above one octet");
		const other = otherLetter(code);
		this.#put(this.#modes.isFolded && other !== code ? `[${octet(code)}${octet(other)}]` : octet(code));
	}

	#put(text: string): void {
		this.#atom = this.#out.length;
		this.#atomWeight = 1;
		this.weight++;
		this.#out += text;
	}

	#anchor(text: string): void {
		this.#put(text);
	}

	#set(set: Uint8Array): void {
		this.#put(classText(set));
	}

	#escape(): void {
		const char = this.#text[this.#at++];
		if (char === undefined) return this.#fail("a \\ stands at the end");
		const named = this.#escapedSet(char);
		if (named !== undefined) return this.#set(named);
		switch (char) {
			case "b":
			case "B":
			case "A":
			case "z":
				return this.#anchor(`\\${char}`);
			case "Z":
				return this.#anchor("(?:\\n?\\z)");
			case "R":
				return this.#put("(?:\\r\\n|[\\n\\x0b\\f\\r\\x85])");
			case "K":
				// Only where a match ends is asked for.
				return;
			case "Q": {
				const end = this.#text.indexOf("\\E", this.#at);
				const stop = end === -1 ? this.#text.length : end;
				while (this.#at < stop) this.#literal(this.#text.charCodeAt(this.#at++));
				this.#at = Math.min(this.#text.length, stop + 2);
				return;
			}
			case "E":
				return;
		}
		if (/[1-9gk]/.test(char)) return this.#fail("it has a back reference");
		const code = this.#escapedOctet(char);
		if (code !== undefined) this.#literal(code);
	}

	/** The octets of \d, \s and their like. */
	#escapedSet(char: string): Uint8Array | undefined {
		const members = escapedSets[char.toLowerCase()];
		if (members === undefined) return undefined;
		const set = new Uint8Array(256);
		for (const [low, high] of members) set.fill(1, low, high + 1);
		if (char !== char.toLowerCase()) for (const [index, isIn] of set.entries()) set[index] = 1 - isIn;
		return set;
	}

	/** The octet that an escape stands for; undefined with `problem` set when it stands for none. */
	#escapedOctet(char: string): number | undefined {
		const simple = simpleEscapes[char];
		if (simple !== undefined) return simple;
		if (char === "x") return this.#hexadecimal();
		if (/[0-7]/.test(char)) {
			const digits = /^[0-7]{0,2}/.exec(this.#text.slice(this.#at, this.#at + 2))?.[0] ?? "";
			this.#at += digits.length;
			return Number.parseInt(char + digits, 8) & 0xff;
		}
		if (char === "c") return (this.#text.charCodeAt(this.#at++) & 0xdf) ^ 0x40;
		if (/[A-Za-z0-9]/.test(char)) {
			this.#fail(`\\${char} is not known to the linear-time engine`);
			return undefined;
		}
		return char.charCodeAt(0);
	}

	#hexadecimal(): number | undefined {
		const braced = /^\{([0-9a-fA-F]{1,4})\}/.exec(this.#text.slice(this.#at, this.#at + 6));
		const digits = braced?.[1] ?? /^[0-9a-fA-F]{0,2}/.exec(this.#text.slice(this.#at, this.#at + 2))?.[0] ?? "";
		this.#at += braced?.[0].length ?? digits.length;
		const code = digits === "" ? 0 : Number.parseInt(digits, 16);
		if (code <= 255) return code;
		this.#fail("it holds a character above one octet");
		return undefined;
	}

	#class(): void {
		const set = new Uint8Array(256);
		const isNegated = this.#text[this.#at] === "^";
		if (isNegated) this.#at++;
		let isFirst = true;
		for (;;) {
			const char = this.#text[this.#at];
			if (char === undefined) return this.#fail("a class does not end");
			if (char === "]" && !isFirst) break;
			isFirst = false;
			if (!this.#classMember(set)) return;
		}
		this.#at++;
		if (this.#modes.isFolded) for (let code = 0; code < 256; code++) if (set[code] === 1) set[otherLetter(code)] = 1;
		if (isNegated) for (const [index, isIn] of set.entries()) set[index] = 1 - isIn;
		this.#set(set);
	}

	/** Puts one octet, range or named set into the class; false when it cannot. */
	#classMember(set: Uint8Array): boolean {
		const posix = /^\[:(\^?)([a-z]+):\]/.exec(this.#text.slice(this.#at, this.#at + 16));
		if (posix !== null) {
			const members = posixSets[posix[2] as string];
			if (members === undefined) return this.#failClass(`class ${posix[0]} is not known`);
			for (let code = 0; code < 256; code++) {
				const isIn = members.some(([low, high]) => code >= low && code <= high);
				if (isIn !== (posix[1] === "^")) set[code] = 1;
			}
			this.#at += posix[0].length;
			return true;
		}
		const low = this.#classAtom(set);
		if (low === undefined) return this.problem === undefined;
		if (this.#text[this.#at] !== "-" || this.#text[this.#at + 1] === "]" || this.#text[this.#at + 1] === undefined) {
			set[low] = 1;
			return true;
		}
		this.#at++;
		const high = this.#classAtom(set);
		if (high === undefined) {
			// A range that ends in a set is its first octet, a hyphen and the set.
			set[low] = 1;
			set[0x2d] = 1;
			return this.problem === undefined;
		}
		if (high < low) return this.#failClass("a range of a class runs backwards");
		set.fill(1, low, high + 1);
		return true;
	}

	/** One octet of a class; undefined when it was a set (then it is put in) or is wrong. */
	#classAtom(set: Uint8Array): number | undefined {
		const char = this.#text[this.#at++] as string;
		if (char !== "\\") {
			const code = char.charCodeAt(0);
			if (code <= 255) return code;
			this.#fail("it holds a character above one octet");
			return undefined;
		}
		const escaped = this.#text[this.#at++];
		if (escaped === undefined) {
			this.#fail("a class does not end");
			return undefined;
		}
		const named = this.#escapedSet(escaped);
		if (named !== undefined) {
			for (const [index, isIn] of named.entries()) if (isIn === 1) set[index] = 1;
			return undefined;
		}
		return escaped === "b" ? 0x08 : this.#escapedOctet(escaped);
	}

	#open(): void {
		const rest = this.#text.slice(this.#at, this.#at + 64);
		if (rest.startsWith("*")) return this.#fail("it has a verb (*...)");
		if (!rest.startsWith("?")) return this.#openGroup();
		const named = /^\?(?:P?<[A-Za-z_]\w*>|'[A-Za-z_]\w*'|:)/.exec(rest);
		if (named !== null) {
			this.#at += named[0].length;
			return this.#openGroup();
		}
		if (rest.startsWith("?#")) {
			const end = this.#text.indexOf(")", this.#at);
			if (end === -1) return this.#fail("a comment does not end");
			this.#at = end + 1;
			return;
		}
		const switches = /^\?([imsxJ]*)(?:-([imsx]*))?([:)])/.exec(rest);
		if (switches === null) return this.#fail(groupProblem(rest));
		this.#at += switches[0].length;
		const before = { ...this.#modes };
		if (switches[3] === ":") this.#openGroup(before);
		for (const flag of switches[1] ?? "") this.#switch(flag, true);
		for (const flag of switches[2] ?? "") this.#switch(flag, false);
	}

	#switch(flag: string, isOn: boolean): void {
		if (flag === "i") this.#modes.isFolded = isOn;
		else if (flag === "m") this.#modes.isMultiline = isOn;
		else if (flag === "s") this.#modes.isDotAll = isOn;
		else if (flag === "x") this.#modes.isExtended = isOn;
	}

	#openGroup(modes: Modes = { ...this.#modes }): void {
		if (this.#groups.length === maxNesting) return this.#fail(`groups are nested deeper than ${maxNesting}`);
		this.#groups.push({ start: this.#out.length, weight: this.weight, modes });
		this.#out += "(?:";
		this.#atom = -1;
	}

	#close(): void {
		const group = this.#groups.pop();
		if (group === undefined) return this.#fail('a ")" has no "("');
		this.#out += ")";
		this.#modes = group.modes;
		this.#atom = group.start;
		this.#atomWeight = Math.max(1, this.weight - group.weight);
	}

	#brace(): void {
		const match = /^([0-9]{1,5})(?:(,)([0-9]{0,5}))?\}/.exec(this.#text.slice(this.#at, this.#at + 13));
		if (match === null) return this.#literal(0x7b);
		this.#at += match[0].length;
		const low = Number(match[1]);
		const high = match[2] === undefined ? low : match[3] === "" ? Number.POSITIVE_INFINITY : Number(match[3]);
		if (high < low) return this.#fail("a repetition runs backwards");
		this.#repeat(low, high);
	}

	#repeat(low: number, high: number): void {
		if (this.#atom === -1) return this.#fail("nothing stands before a repetition");
		const mark = this.#text[this.#at];
		if (mark === "+") return this.#fail("it has a possessive repetition");
		if (mark === "?") this.#at++;
		const lazy = (mark === "?") !== this.#isUngreedy ? "?" : "";
		const times = high === Number.POSITIVE_INFINITY ? Math.max(1, low) : Math.max(1, high);
		this.weight += this.#atomWeight * (times - 1);
		if (this.weight > maxWeight) return this.#fail(`it repeats ${this.weight} atoms; expected at most ${maxWeight}`);
		const atom = this.#out.slice(this.#atom);
		this.#out = `${this.#out.slice(0, this.#atom)}(?:${repetition(atom, low, high, lazy)})`;
		this.#atomWeight *= times;
	}

	#failClass(problem: string): false {
		this.#fail(problem);
		return false;
	}

	#fail(problem: string): void {
		this.problem ??= problem;
	}
}

/** The engine counts to `maxCount`; more is put together. */
function repetition(atom: string, low: number, high: number, lazy: string): string {
	if (low === 0 && high === Number.POSITIVE_INFINITY) return `${atom}*${lazy}`;
	if (low === 1 && high === Number.POSITIVE_INFINITY) return `${atom}+${lazy}`;
	if (low === 0 && high === 1) return `${atom}?${lazy}`;
	let text = "";
	let rest = low;
	for (; rest > maxCount; rest -= maxCount) text += `${atom}{${maxCount}}`;
	if (high === Number.POSITIVE_INFINITY) return `${text}${atom}{${rest},}${lazy}`;
	let optional = high - low;
	text += rest === 0 ? "" : `${atom}{${rest}}`;
	for (; optional > 0; optional -= maxCount) text += `${atom}{0,${Math.min(optional, maxCount)}}${lazy}`;
	return text;
}

function groupProblem(rest: string): string {
	if (rest.startsWith("?=") || rest.startsWith("?!")) return "it looks ahead";
	if (rest.startsWith("?<=") || rest.startsWith("?<!")) return "it looks behind";
	if (rest.startsWith("?>")) return "it has an atomic group";
	if (rest.startsWith("?P=")) return "it has a back reference";
	return `it has a group (${rest.slice(0, 3)} that the linear-time engine does not know`;
}

function octet(code: number): string {
	const char = String.fromCharCode(code);
	return /[A-Za-z0-9]/.test(char) ? char : `\\x${code.toString(16).padStart(2, "0")}`;
}

function classText(set: Uint8Array): string {
	let text = "";
	for (let code = 0; code < 256; code++) {
		if (set[code] !== 1) continue;
		let end = code;
		while (end < 255 && set[end + 1] === 1) end++;
		text += end === code ? octet(code) : `${octet(code)}-${octet(end)}`;
		code = end;
	}
	// An empty class matches nothing; the engine wants one written otherwise.
	return text === "" ? "[^\\x00-\\x{10ffff}]" : `[${text}]`;
}

function otherLetter(code: number): number {
	return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) ? code ^ 0x20 : code;
}

type Ranges = readonly (readonly [number, number])[];

const digits: Ranges = [[0x30, 0x39]];
const spaces: Ranges = [
	[0x09, 0x0d],
	[0x20, 0x20],
];
const lower: Ranges = [[0x61, 0x7a]];
const upper: Ranges = [[0x41, 0x5a]];
const words: Ranges = [...digits, ...lower, ...upper, [0x5f, 0x5f]];
const escapedSets: Readonly<Record<string, Ranges>> = {
	d: digits,
	s: spaces,
	w: words,
	h: [
		[0x09, 0x09],
		[0x20, 0x20],
		[0xa0, 0xa0],
	],
	v: [
		[0x0a, 0x0d],
		[0x85, 0x85],
	],
};
const posixSets: Readonly<Record<string, Ranges>> = {
	alpha: [...lower, ...upper],
	digit: digits,
	alnum: [...digits, ...lower, ...upper],
	lower,
	upper,
	space: spaces,
	blank: [
		[0x09, 0x09],
		[0x20, 0x20],
	],
	punct: [
		[0x21, 0x2f],
		[0x3a, 0x40],
		[0x5b, 0x60],
		[0x7b, 0x7e],
	],
	xdigit: [...digits, [0x41, 0x46], [0x61, 0x66]],
	word: words,
	cntrl: [
		[0, 0x1f],
		[0x7f, 0x7f],
	],
	print: [[0x20, 0x7e]],
	graph: [[0x21, 0x7e]],
	ascii: [[0, 0x7f]],
};
const simpleEscapes: Readonly<Record<string, number>> = { a: 0x07, e: 0x1b, f: 0x0c, n: 0x0a, r: 0x0d, t: 0x09 };

/** i s m x A E G are PCRE's; R is relative; B (raw octets) and O (own limits) change nothing here. */
const plainFlags = "ismxAEGRBO";
const bufferFlags: ReadonlyMap<string, string> = new Map([
	["U", "http.uri"],
	["I", "http.uri.raw"],
	["P", "http.request_body"],
	["Q", "http.response_body"],
	["H", "http.header"],
	["D", "http.header.raw"],
	["M", "http.method"],
	["C", "http.cookie"],
	["S", "http.stat_code"],
	["Y", "http.stat_msg"],
	["V", "http.user_agent"],
	["W", "http.host"],
	["Z", "http.host.raw"],
]);
const maxCount = 1_000;
const maxNesting = 64;
/** Above it a compiled expression takes more than some megabytes. */
const maxWeight = 20_000;
