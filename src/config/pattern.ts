/**
 * Regular expressions written by operators, matched in time linear in the text whatever the expression: for class
 * permissions, `match` and `except`. The expressions are POSIX extended ones with the usual escapes; there are no
 * back-references and no look-around.
 *
 * Shape:  the expression becomes a program of at most `maxStates` states; all states reached are followed at once.
 * Bounds: one pass over the text, each character costs at most the number of states.
 */

/** A compiled expression. */
export interface Pattern {
	readonly source: string;
	/** True when the expression matches anywhere in the text (`^` and `$` bind it to the ends). */
	matches(text: string): boolean;
	/** Where the shortest match ends, from the left; undefined when there is none. */
	reaches(text: string): number | undefined;
	/** The text with every match (leftmost, longest, not empty) replaced; undefined when there is none. */
	replaceAll(text: string, replacement: string): string | undefined;
}

export type CompiledPattern =
	| { readonly ok: true; readonly pattern: Pattern }
	| { readonly ok: false; readonly message: string };

/** Compiles an expression; `ignoresCase` as the pipes of the command line do. */
export function compilePattern(source: string, options: { readonly ignoresCase?: boolean } = {}): CompiledPattern {
	if (source.length > maxSourceLength)
		return {
			ok: false,
			message: `regular expression of ${source.length} characters; at most ${maxSourceLength} are accepted`,
		};
	const compiler = new Compiler(source, options.ignoresCase === true);
	const program = compiler.compile();
	if (typeof program === "string") return { ok: false, message: `invalid regular expression: ${program}` };
	const folded = (text: string): string => (options.ignoresCase === true ? text.toLowerCase() : text);
	const pattern: Pattern = {
		source,
		matches: (text) => longestMatch(program, folded(text), 0, true) !== -1,
		reaches: (text) => {
			const end = longestMatch(program, folded(text), 0, true);
			return end === -1 ? undefined : end;
		},
		replaceAll: (text, replacement) => replaced(program, text, folded(text), replacement),
	};
	return { ok: true, pattern };
}

type CharacterTest = (code: number) => boolean;

type State =
	| { readonly kind: "character"; readonly test: CharacterTest }
	| { readonly kind: "split"; first: number; second: number }
	| { readonly kind: "start" }
	| { readonly kind: "end" }
	| { readonly kind: "boundary"; readonly isInside: boolean }
	| { readonly kind: "match" };

/** A part of the program is a function that appends its states; that lets `{2,5}` append it several times. */
type Emit = (program: State[]) => void;

class Compiler {
	readonly #source: string;
	readonly #ignoresCase: boolean;
	#at = 0;
	#depth = 0;
	#problem: string | undefined;

	constructor(source: string, ignoresCase: boolean) {
		this.#source = source;
		this.#ignoresCase = ignoresCase;
	}

	compile(): State[] | string {
		const whole = this.#alternation();
		if (this.#problem === undefined && this.#at < this.#source.length) this.#problem = "unmatched )";
		if (this.#problem !== undefined) return this.#problem;
		const program: State[] = [];
		try {
			whole(program);
		} catch (cause) {
			if (cause instanceof TooManyStates) return "it repeats too much";
			throw cause;
		}
		push(program, { kind: "match" });
		return program;
	}

	#alternation(): Emit {
		const branches = [this.#sequence()];
		while (this.#problem === undefined && this.#source[this.#at] === "|") {
			this.#at++;
			branches.push(this.#sequence());
		}
		return branches.length === 1 ? (branches[0] as Emit) : (program) => emitAlternation(program, branches);
	}

	#sequence(): Emit {
		const parts: Emit[] = [];
		while (this.#problem === undefined && this.#at < this.#source.length) {
			const character = this.#source[this.#at];
			if (character === "|" || character === ")") break;
			parts.push(this.#repeated());
		}
		return (program) => {
			for (const part of parts) part(program);
		};
	}

	#repeated(): Emit {
		let part = this.#atom();
		for (let count = 0; this.#problem === undefined; count++) {
			const range = this.#quantifier();
			if (range === undefined) return part;
			if (count > 8) this.#problem = "too many repetition signs in a row";
			const repeated = part;
			part = (program) => emitRepetition(program, repeated, range.min, range.max);
		}
		return part;
	}

	#quantifier(): { readonly min: number; readonly max: number } | undefined {
		const character = this.#source[this.#at];
		const simple = character === undefined ? undefined : simpleQuantifiers.get(character);
		if (simple !== undefined) {
			this.#at++;
			if (this.#source[this.#at] === "?") this.#at++;
			return simple;
		}
		countedQuantifier.lastIndex = this.#at;
		const match = countedQuantifier.exec(this.#source);
		if (match === null) return undefined;
		this.#at += match[0].length;
		const min = Number(match[1]);
		const max = match[2] === undefined ? min : match[3] === "" ? Number.POSITIVE_INFINITY : Number(match[3]);
		if (min > max) this.#problem = `a repetition from ${min} to ${max}`;
		return { min, max };
	}

	#atom(): Emit {
		const character = this.#source[this.#at++] as string;
		switch (character) {
			case "(":
				return this.#group();
			case "[":
				return this.#set();
			case ".":
				return characterOf((code) => code !== 10);
			case "^":
				return (program) => push(program, { kind: "start" });
			case "$":
				return (program) => push(program, { kind: "end" });
			case "*":
			case "+":
			case "?":
				this.#problem = `nothing to repeat before ${character}`;
				return () => {};
			case "\\":
				return this.#escape();
			default:
				return this.#literal(character);
		}
	}

	#group(): Emit {
		if (this.#source.startsWith("?:", this.#at)) this.#at += 2;
		else if (this.#source[this.#at] === "?") this.#problem = "look-around and named groups are not supported";
		if (++this.#depth > maxGroups) this.#problem = "groups are nested too deeply";
		const inner = this.#problem === undefined ? this.#alternation() : () => {};
		this.#depth--;
		if (this.#problem === undefined && this.#source[this.#at++] !== ")") this.#problem = "missing )";
		return inner;
	}

	#escape(): Emit {
		const character = this.#source[this.#at++];
		if (character === undefined) {
			this.#problem = "a backslash at the end";
			return () => {};
		}
		if (character === "b" || character === "B")
			return (program) => push(program, { kind: "boundary", isInside: character === "B" });
		const named = classes.get(character);
		if (named !== undefined) return characterOf(named);
		if (/[1-9]/.test(character)) this.#problem = "back-references are not supported";
		return this.#literal(controls.get(character) ?? character);
	}

	#literal(character: string): Emit {
		const code = (this.#ignoresCase ? character.toLowerCase() : character).charCodeAt(0);
		return characterOf((other) => other === code);
	}

	#set(): Emit {
		const isNegated = this.#source[this.#at] === "^";
		if (isNegated) this.#at++;
		const tests: CharacterTest[] = [];
		for (let isFirst = true; ; isFirst = false) {
			const character = this.#source[this.#at];
			if (character === undefined) {
				this.#problem = "missing ]";
				return () => {};
			}
			if (character === "]" && !isFirst) break;
			tests.push(this.#setMember());
			if (this.#problem !== undefined) return () => {};
		}
		this.#at++;
		return characterOf((code) => tests.some((test) => test(code)) !== isNegated);
	}

	#setMember(): CharacterTest {
		posixClass.lastIndex = this.#at;
		const posix = posixClass.exec(this.#source);
		if (posix !== null) {
			this.#at += posix[0].length;
			const test = posixClasses.get(posix[1] as string);
			if (test === undefined) this.#problem = `unknown class ${posix[0]}`;
			return test ?? (() => false);
		}
		const low = this.#setCharacter();
		if (typeof low === "function") return low;
		if (
			this.#source[this.#at] !== "-" ||
			this.#source[this.#at + 1] === "]" ||
			this.#source[this.#at + 1] === undefined
		)
			return this.#range(low, low);
		this.#at++;
		const high = this.#setCharacter();
		if (typeof high === "function" || high < low) {
			this.#problem = "a range in [] whose end is before its start";
			return () => false;
		}
		return this.#range(low, high);
	}

	#setCharacter(): number | CharacterTest {
		const character = this.#source[this.#at++] as string;
		if (character !== "\\") return character.charCodeAt(0);
		const escaped = this.#source[this.#at++];
		if (escaped === undefined) return character.charCodeAt(0);
		return classes.get(escaped) ?? (controls.get(escaped) ?? escaped).charCodeAt(0);
	}

	#range(low: number, high: number): CharacterTest {
		if (!this.#ignoresCase) return (code) => code >= low && code <= high;
		return (code) => {
			const upper = String.fromCharCode(code).toUpperCase().charCodeAt(0);
			return (code >= low && code <= high) || (upper >= low && upper <= high);
		};
	}
}

class TooManyStates extends Error {}

function push(program: State[], state: State): void {
	if (program.length >= maxStates) throw new TooManyStates();
	program.push(state);
}

function characterOf(test: CharacterTest): Emit {
	return (program) => push(program, { kind: "character", test });
}

function emitAlternation(program: State[], branches: readonly Emit[]): void {
	const ends: { first: number; second: number }[] = [];
	for (const [index, branch] of branches.entries()) {
		if (index === branches.length - 1) {
			branch(program);
			break;
		}
		const split = pushSplit(program);
		split.first = program.length;
		branch(program);
		ends.push(pushSplit(program));
		split.second = program.length;
	}
	for (const end of ends) {
		end.first = program.length;
		end.second = program.length;
	}
}

function emitRepetition(program: State[], part: Emit, min: number, max: number): void {
	for (let count = 0; count < min; count++) {
		const before = program.length;
		part(program);
		if (program.length === before) break;
	}
	if (max === Number.POSITIVE_INFINITY) {
		const start = program.length;
		const split = pushSplit(program);
		split.first = program.length;
		part(program);
		const back = pushSplit(program);
		back.first = start;
		back.second = start;
		split.second = program.length;
		return;
	}
	const splits: { first: number; second: number }[] = [];
	for (let count = min; count < max; count++) {
		const split = pushSplit(program);
		split.first = program.length;
		part(program);
		splits.push(split);
	}
	for (const split of splits) split.second = program.length;
}

function pushSplit(program: State[]): { first: number; second: number } {
	const split = { kind: "split" as const, first: 0, second: 0 };
	push(program, split);
	return split;
}

function replaced(program: readonly State[], text: string, folded: string, replacement: string): string | undefined {
	let result = "";
	let kept = 0;
	for (let at = 0; at < text.length; ) {
		const end = longestMatch(program, folded, at, false);
		if (end <= at) {
			at++;
			continue;
		}
		result += text.slice(kept, at) + replacement;
		kept = end;
		at = end;
	}
	return kept === 0 ? undefined : result + text.slice(kept);
}

/** The end of the longest match that begins at `from`, or -1. With `isAnywhere` it may begin later, and any will do. */
function longestMatch(program: readonly State[], text: string, from: number, isAnywhere: boolean): number {
	let current: number[] = [0];
	let longest = -1;
	const marks = new Uint32Array(program.length);
	for (let at = from; at <= text.length && current.length > 0; at++) {
		const stack = current.reverse();
		const next: number[] = isAnywhere ? [0] : [];
		while (stack.length > 0) {
			const index = stack.pop() as number;
			if (marks[index] === at + 1) continue;
			marks[index] = at + 1;
			const state = program[index] as State;
			if (state.kind === "match") {
				if (isAnywhere) return at;
				longest = at;
			} else if (state.kind === "split") stack.push(state.second, state.first);
			else if (state.kind === "character") {
				if (at < text.length && state.test(text.charCodeAt(at))) next.push(index + 1);
			} else if (holds(state, text, at)) stack.push(index + 1);
		}
		current = next;
	}
	return longest;
}

function holds(state: Exclude<State, { kind: "match" | "split" | "character" }>, text: string, at: number): boolean {
	if (state.kind === "start") return at === 0;
	if (state.kind === "end") return at === text.length;
	const isBoundary = isWord(text.charCodeAt(at - 1)) !== isWord(text.charCodeAt(at));
	return isBoundary !== state.isInside;
}

function isDigit(code: number): boolean {
	return code >= 48 && code <= 57;
}

function isLetter(code: number): boolean {
	return (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

function isWord(code: number): boolean {
	return isDigit(code) || isLetter(code) || code === 95;
}

function isSpace(code: number): boolean {
	return code === 32 || (code >= 9 && code <= 13);
}

function not(test: CharacterTest): CharacterTest {
	return (code) => !test(code);
}

const maxSourceLength = 1_024;
const maxStates = 10_000;
const maxGroups = 100;
const simpleQuantifiers = new Map([
	["*", { min: 0, max: Number.POSITIVE_INFINITY }],
	["+", { min: 1, max: Number.POSITIVE_INFINITY }],
	["?", { min: 0, max: 1 }],
]);
const countedQuantifier = /\{([0-9]{1,4})(,([0-9]{0,4}))?\}\??/y;
const posixClass = /\[:([a-z]+):\]/y;
const controls = new Map([
	["n", "\n"],
	["t", "\t"],
	["r", "\r"],
]);
const classes = new Map<string, CharacterTest>([
	["d", isDigit],
	["D", not(isDigit)],
	["w", isWord],
	["W", not(isWord)],
	["s", isSpace],
	["S", not(isSpace)],
]);
const posixClasses = new Map<string, CharacterTest>([
	["alpha", isLetter],
	["digit", isDigit],
	["alnum", (code) => isLetter(code) || isDigit(code)],
	["space", isSpace],
	["upper", (code) => code >= 65 && code <= 90],
	["lower", (code) => code >= 97 && code <= 122],
	["punct", (code) => code > 32 && code < 127 && !isLetter(code) && !isDigit(code)],
	["xdigit", (code) => isDigit(code) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102)],
]);
