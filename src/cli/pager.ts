/**
 * The pager: shows text a screen at a time, with `---(more)---` below it.
 *
 * Bounds: keeps the last `maxKept` lines and `maxCharacters` characters for going back; `isFull` asks for a pause of the
 * source when more than `maxAhead` lines wait.
 */
import type { Key } from "#cli/key-decoder.ts";
import { compilePattern, type Pattern } from "#config/pattern.ts";
import { cellWidth } from "#telemetry/display-text.ts";

export interface PagerOptions {
	/** Lines of the screen. */
	readonly rows: number;
	readonly columns: number;
	/** `| hold`: stay at the end until the user leaves. */
	readonly isHeld: boolean;
}

/** What the pager asks of its terminal. `finished`: the pager is gone from the screen. */
export type PagerEffect =
	| { readonly type: "write"; readonly text: string }
	| { readonly type: "finished"; readonly isQuit: boolean };

type Mode =
	/** Fills the screen. */
	| { readonly kind: "filling"; left: number; isStarted: boolean }
	/** Shows the prompt and waits for a key. */
	| { readonly kind: "waiting" }
	| { readonly kind: "help" }
	/** The pattern of a search is being typed. */
	| { readonly kind: "pattern"; readonly text: string }
	/** Looks for a line, from `at` on. */
	| { readonly kind: "searching"; at: number }
	/** Reads to the end, to show the last screen. */
	| { readonly kind: "to-end" }
	/** Shows everything without pause. */
	| { readonly kind: "unpaged" }
	| { readonly kind: "finished" };

export class Pager {
	readonly #columns: number;
	/** Rows of text above the prompt. */
	readonly #page: number;
	readonly #isHeld: boolean;
	#lines: string[] = [];
	/** How many lines were forgotten at the front. */
	#dropped = 0;
	#characters = 0;
	#partial = "";
	/** The line after the last one shown. */
	#next = 0;
	#mode: Mode;
	#isOver = false;
	#pattern: Pattern | undefined;

	constructor(options: PagerOptions) {
		this.#columns = Math.max(10, options.columns);
		this.#page = Math.max(1, options.rows - 1);
		this.#isHeld = options.isHeld;
		this.#mode = { kind: "filling", left: this.#page, isStarted: false };
	}

	/** Enough text waits: the source should stop until a key was pressed. */
	get isFull(): boolean {
		return this.#count - this.#next > maxAhead && (this.#mode.kind === "waiting" || this.#mode.kind === "help");
	}

	get isWaiting(): boolean {
		return this.#mode.kind === "waiting" || this.#mode.kind === "help" || this.#mode.kind === "pattern";
	}

	push(text: string): PagerEffect[] {
		if (this.#mode.kind === "finished") return [];
		const pieces = (this.#partial + text).split("\n");
		this.#partial = pieces.pop() ?? "";
		for (const piece of pieces) this.#add(piece);
		return this.#go([]);
	}

	/** The text is over. */
	end(): PagerEffect[] {
		if (this.#partial !== "") this.#add(this.#partial);
		this.#partial = "";
		this.#isOver = true;
		return this.#go([]);
	}

	key(key: Key): PagerEffect[] {
		const { kind } = this.#mode;
		if (kind === "pattern") return this.#patternKey(key);
		if (kind === "help") return this.#showPage(this.#next);
		if (kind !== "waiting") return isQuitKey(key) ? this.#quit() : [];
		const name = key.kind === "key" ? key.name : key.text;
		switch (name) {
			case " ":
			case "ctrl-f":
			case "ctrl-v":
			case "page-down":
				return this.#forward(this.#page);
			case "enter":
			case "down":
			case "j":
			case "ctrl-n":
				return this.#forward(1);
			case "d":
			case "ctrl-d":
				return this.#forward(Math.ceil(this.#page / 2));
			case "b":
			case "ctrl-b":
			case "page-up":
				return this.#backward(this.#page);
			case "u":
			case "ctrl-u":
				return this.#backward(Math.ceil(this.#page / 2));
			case "k":
			case "up":
			case "ctrl-p":
				return this.#backward(1);
			case "g":
			case "meta-<":
				return this.#showPage(this.#endOfPageFrom(this.#dropped));
			case "G":
			case "meta->":
				this.#mode = { kind: "to-end" };
				return this.#go([write(clearLine)]);
			case "N":
				this.#mode = { kind: "unpaged" };
				return this.#go([write(clearLine)]);
			case "/":
				this.#mode = { kind: "pattern", text: "" };
				return [write(`${clearLine}/`)];
			case "n":
				return this.#pattern === undefined ? [write("\x07")] : this.#search();
			case "h":
				this.#mode = { kind: "help" };
				return [write(`\x1b[H\x1b[2J${helpText}${morePrompt}`)];
			case "q":
			case "Q":
			case "ctrl-c":
			case "ctrl-k":
				return this.#quit();
			default:
				return [];
		}
	}

	get #count(): number {
		return this.#dropped + this.#lines.length;
	}

	#add(line: string): void {
		this.#lines.push(line);
		this.#characters += line.length;
		while (this.#lines.length > maxKept || (this.#characters > maxCharacters && this.#lines.length > 1)) {
			// Dropping one by one would copy the array each time.
			const gone = this.#lines.splice(0, Math.max(1, this.#lines.length >> 3));
			for (const one of gone) this.#characters -= one.length;
			this.#dropped += gone.length;
		}
		this.#next = Math.max(this.#next, this.#dropped);
	}

	#at(index: number): string {
		return this.#lines[index - this.#dropped] ?? "";
	}

	/** Does what the mode can do with the lines that are there. */
	#go(effects: PagerEffect[]): PagerEffect[] {
		const mode = this.#mode;
		switch (mode.kind) {
			case "filling":
				return this.#fill(mode, effects);
			case "unpaged":
				this.#print(this.#count, effects);
				if (this.#isOver) this.#finish(effects);
				return effects;
			case "to-end":
				if (!this.#isOver) return effects;
				return [...effects, ...this.#showPage(this.#count)];
			case "searching":
				return this.#lookOn(mode, effects);
			case "waiting":
				if (this.#isOver) effects.push(write(clearLine + this.#prompt()));
				return effects;
			default:
				return effects;
		}
	}

	#fill(mode: Mode & { readonly kind: "filling" }, effects: PagerEffect[]): PagerEffect[] {
		let end = this.#next;
		while (end < this.#count) {
			const rows = this.#rowsOf(end);
			// A line longer than what is left is shown when it is the first.
			if (rows > mode.left && mode.isStarted) break;
			mode.left -= rows;
			mode.isStarted = true;
			end++;
		}
		const isMore = end < this.#count;
		this.#print(end, effects);
		if (isMore) this.#wait(effects);
		else if (this.#isOver && this.#isHeld) this.#wait(effects);
		else if (this.#isOver) this.#finish(effects);
		return effects;
	}

	#wait(effects: PagerEffect[]): void {
		this.#mode = { kind: "waiting" };
		effects.push(write(this.#prompt()));
	}

	#finish(effects: PagerEffect[]): void {
		this.#mode = { kind: "finished" };
		this.#lines = [];
		effects.push({ type: "finished", isQuit: false });
	}

	#quit(): PagerEffect[] {
		const leave = this.isWaiting ? [write(clearLine)] : [];
		this.#mode = { kind: "finished" };
		this.#lines = [];
		return [...leave, { type: "finished", isQuit: true }];
	}

	#print(end: number, effects: PagerEffect[]): void {
		if (end <= this.#next) return;
		const lines = this.#lines.slice(this.#next - this.#dropped, end - this.#dropped);
		this.#next = end;
		effects.push(write(`${lines.join("\r\n")}\r\n`));
	}

	#forward(rows: number): PagerEffect[] {
		if (this.#isOver && this.#next === this.#count) return this.#quit();
		this.#mode = { kind: "filling", left: rows, isStarted: false };
		return this.#go([write(clearLine)]);
	}

	#backward(rows: number): PagerEffect[] {
		let end = this.#next;
		for (let left = rows; left > 0 && end > this.#dropped; left--) end--;
		return this.#showPage(Math.max(end, this.#endOfPageFrom(this.#dropped)));
	}

	/** Shows, on a cleared screen, the page that ends before the line `end`. */
	#showPage(end: number): PagerEffect[] {
		let start = end;
		let rows = 0;
		while (start > this.#dropped && rows + this.#rowsOf(start - 1) <= this.#page) rows += this.#rowsOf(--start);
		const effects: PagerEffect[] = [write("\x1b[H\x1b[2J")];
		this.#next = Math.max(this.#dropped, Math.min(start, end - 1));
		this.#print(end, effects);
		if (end >= this.#count && this.#isOver && !this.#isHeld) this.#finish(effects);
		else this.#wait(effects);
		return effects;
	}

	#endOfPageFrom(start: number): number {
		let rows = 0;
		let end = start;
		while (end < this.#count && rows + this.#rowsOf(end) <= this.#page) rows += this.#rowsOf(end++);
		return Math.max(end, Math.min(start + 1, this.#count));
	}

	#patternKey(key: Key): PagerEffect[] {
		const { text } = this.#mode as Mode & { readonly kind: "pattern" };
		if (key.kind === "text" || key.kind === "paste") {
			if (text.length + key.text.length > maxPattern) return [write("\x07")];
			const added = key.text.replaceAll("\n", "");
			this.#mode = { kind: "pattern", text: text + added };
			return [write(added)];
		}
		if (key.name === "backspace") {
			const shorter = [...text].slice(0, -1).join("");
			this.#mode = { kind: "pattern", text: shorter };
			return [write(`${clearLine}/${shorter}`)];
		}
		if (key.name !== "enter") {
			const effects: PagerEffect[] = [write(clearLine)];
			this.#wait(effects);
			return effects;
		}
		const compiled = text === "" ? undefined : compilePattern(text, { ignoresCase: true });
		if (compiled?.ok === true) this.#pattern = compiled.pattern;
		if (this.#pattern !== undefined && compiled?.ok !== false) return this.#search();
		const effects: PagerEffect[] = [write(clearLine + (compiled?.ok === false ? `${compiled.message}\r\n` : ""))];
		this.#wait(effects);
		return effects;
	}

	#search(): PagerEffect[] {
		this.#mode = { kind: "searching", at: this.#next };
		return this.#go([write(clearLine)]);
	}

	#lookOn(mode: Mode & { readonly kind: "searching" }, effects: PagerEffect[]): PagerEffect[] {
		for (mode.at = Math.max(mode.at, this.#dropped); mode.at < this.#count; mode.at++) {
			if (this.#pattern?.matches(this.#at(mode.at)) !== true) continue;
			const found = mode.at;
			if (found > this.#next) effects.push(write("...skipping...\r\n"));
			this.#next = found;
			this.#mode = { kind: "filling", left: this.#page, isStarted: false };
			return this.#go(effects);
		}
		if (this.#isOver) {
			effects.push(write("Pattern not found\r\n"));
			this.#wait(effects);
		}
		return effects;
	}

	#rowsOf(index: number): number {
		return Math.max(1, Math.ceil(cellWidth(this.#at(index)) / this.#columns));
	}

	#prompt(): string {
		if (!this.#isOver) return morePrompt;
		return `---(more ${Math.floor((100 * this.#next) / Math.max(1, this.#count))}%)---`;
	}
}

function write(text: string): PagerEffect {
	return { type: "write", text };
}

function isQuitKey(key: Key): boolean {
	return key.kind === "key" ? key.name === "ctrl-c" : key.text === "q";
}

const clearLine = "\r\x1b[J";
const morePrompt = "---(more)---";
const helpText = [
	"  SPACE  next screen        b  screen before",
	"  ENTER  next line          k  line before",
	"  d      half a screen on   u  half a screen back",
	"  g      first screen       G  last screen",
	"  /      look for           n  look for the next one",
	"  N      all without pause  q  leave",
	"",
].join("\r\n");
const maxKept = 200_000;
const maxCharacters = 33_554_432;
const maxAhead = 2_000;
const maxPattern = 256;
