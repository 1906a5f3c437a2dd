/**
 * The line that is being typed: keys in, screen out. Emacs keys, history, search; completion is asked for.
 *
 * The screen is written for a terminal that wraps at its last column and understands `ESC [ n A`, `C` and `J`. The editor
 * knows in which row of its own text the cursor stands, and nothing about what is above.
 *
 * Bounds: a line of `maxLineLength` characters, `maxHistory` lines per mode.
 */
import type { Key, KeyName } from "#cli/key-decoder.ts";
import { isInQuotes, maxLineLength } from "#cli/parse-line.ts";
import { cellWidth, visibleText } from "#telemetry/display-text.ts";

/** The keys of completion; `help` is the question mark. */
export type CompletionKey = "help" | "space" | "tab";

export type EditorEffect =
	| { readonly type: "write"; readonly text: string }
	/** Answered by `completed`; no key is to be given before. */
	| { readonly type: "complete"; readonly key: CompletionKey; readonly line: string; readonly isRepeat: boolean }
	| { readonly type: "submit"; readonly line: string }
	/** Ctrl-C: the line was dropped. */
	| { readonly type: "interrupt" }
	/** Ctrl-D on an empty line. */
	| { readonly type: "end-of-input" };

export interface EditorOptions {
	/** Under which name lines are remembered; undefined: not at all. */
	readonly history: string | undefined;
	/** Whether `?`, SPACE and TAB complete. */
	readonly completes: boolean;
	readonly completesOnSpace: boolean;
	/** The line is not shown. */
	readonly isHidden?: boolean;
}

interface Search {
	readonly text: string;
	/** The place in history of what is shown. */
	readonly at: number;
	/** What stood in the line before. */
	readonly before: string;
}

export class LineEditor {
	#columns: number;
	#prompt = "";
	#options: EditorOptions = { history: undefined, completes: false, completesOnSpace: false };
	#letters: string[] = [];
	#cursor = 0;
	/** The row of the cursor below the row in which the prompt begins. */
	#row = 0;
	#killed = "";
	readonly #histories = new Map<string, string[]>();
	/** The place in history; its length is the line being typed, kept in `#typed`. */
	#place = 0;
	#typed = "";
	#search: Search | undefined;
	#lastKey: string | undefined;
	#completedLine: string | undefined;

	constructor(columns: number) {
		this.#columns = usableColumns(columns);
	}

	get line(): string {
		return this.#letters.join("");
	}

	/** The lines remembered under a name, oldest first. */
	history(name: string): readonly string[] {
		return this.#histories.get(name) ?? [];
	}

	/** Begins a new line behind a prompt; answers what to write. */
	begin(prompt: string, options: EditorOptions): string {
		this.#prompt = prompt;
		this.#options = options;
		this.#set("");
		this.#row = 0;
		this.#search = undefined;
		this.#lastKey = undefined;
		this.#place = this.#history().length;
		this.#typed = "";
		return prompt + this.#positioned();
	}

	key(key: Key): EditorEffect[] {
		if (key.kind === "paste") return this.#insert(key.text.replaceAll("\n", " "));
		if (this.#search !== undefined) {
			const effects = this.#searchKey(key);
			if (effects !== undefined) return effects;
		}
		const last = this.#lastKey;
		this.#lastKey = key.kind === "key" ? key.name : key.text;
		if (key.kind === "text") return this.#typedKey(key.text);
		return this.#named(key.name, last);
	}

	/**
	 * The answer to `complete`: what is printed below the line, and the text that stands before the cursor afterwards.
	 */
	completed(answer: { readonly line: string; readonly shows: string }): string {
		const after = this.#letters.slice(this.#cursor);
		const before = [...answer.line].filter(isShowable);
		const isSame = before.join("") === this.#letters.slice(0, this.#cursor).join("");
		if (answer.shows === "") {
			if (isSame) return "";
			const added = this.#addedAtEnd(before, after);
			this.#letters = [...before, ...after];
			this.#cursor = before.length;
			return added ?? this.#redrawn();
		}
		const leave = this.#toEnd();
		this.#letters = [...before, ...after];
		this.#cursor = before.length;
		return `${leave}\r\n${terminalLines(answer.shows)}${this.#drawn()}`;
	}

	/** What came behind the last letter, when nothing else changes and it stays in the row. */
	#addedAtEnd(before: readonly string[], after: readonly string[]): string | undefined {
		const { column } = this.#end();
		if (after.length > 0 || this.#letters.some((letter, index) => letter !== before[index])) return undefined;
		const added = before.slice(this.#letters.length).join("");
		return column + cellWidth(added) < this.#columns ? added : undefined;
	}

	/** Text that comes from elsewhere, printed above the line. */
	notice(text: string): string {
		return `${this.#toStart()}\x1b[J${terminalLines(text)}${this.#drawn()}`;
	}

	resize(columns: number): string {
		const leave = this.#toStart();
		this.#columns = usableColumns(columns);
		return `${leave}\x1b[J${this.#drawn()}`;
	}

	#typedKey(text: string): EditorEffect[] {
		const { completes, completesOnSpace } = this.#options;
		if (completes && (text === "?" || (text === " " && completesOnSpace))) {
			const before = this.#letters.slice(0, this.#cursor).join("");
			const isWordBefore = before !== "" && !/\s$/.test(before);
			if (!isInQuotes(before, before.length) && (text === "?" || isWordBefore))
				return [{ type: "complete", key: text === "?" ? "help" : "space", line: before, isRepeat: false }];
		}
		return this.#insert(text);
	}

	#named(name: KeyName, last: string | undefined): EditorEffect[] {
		const { length } = this.#letters;
		switch (name) {
			case "enter":
				return this.#submit();
			case "tab":
				return this.#tab(last === "tab");
			case "ctrl-a":
			case "home":
				return this.#moveTo(0);
			case "ctrl-e":
			case "end":
				return this.#moveTo(length);
			case "ctrl-b":
			case "left":
				return this.#moveTo(this.#cursor - 1);
			case "ctrl-f":
			case "right":
				return this.#moveTo(this.#cursor + 1);
			case "meta-b":
				return this.#moveTo(this.#wordBefore());
			case "meta-f":
				return this.#moveTo(this.#wordAfter());
			case "backspace":
				return this.#remove(this.#cursor - 1, this.#cursor, false);
			case "delete":
				return this.#remove(this.#cursor, this.#cursor + 1, false);
			case "ctrl-d":
				if (length === 0) return [{ type: "end-of-input" }];
				return this.#remove(this.#cursor, this.#cursor + 1, false);
			case "ctrl-k":
				return this.#remove(this.#cursor, length, true);
			case "ctrl-u":
			case "ctrl-x":
				return this.#remove(0, length, true);
			case "ctrl-w":
			case "meta-backspace":
				return this.#remove(this.#wordBefore(), this.#cursor, true);
			case "meta-d":
				return this.#remove(this.#cursor, this.#wordAfter(), true);
			case "ctrl-y":
				return this.#insert(this.#killed);
			case "ctrl-t":
				return this.#transpose();
			case "ctrl-p":
			case "up":
				return this.#fromHistory(this.#place - 1);
			case "ctrl-n":
			case "down":
				return this.#fromHistory(this.#place + 1);
			case "meta-<":
				return this.#fromHistory(0);
			case "meta->":
				return this.#fromHistory(this.#history().length);
			case "ctrl-r":
				return this.#startSearch();
			case "ctrl-l":
				return [{ type: "write", text: `\x1b[H\x1b[2J${this.#drawn()}` }];
			case "ctrl-c":
				return this.#interrupt();
			default:
				return [];
		}
	}

	#insert(text: string): EditorEffect[] {
		const letters = [...text].filter(isShowable);
		if (letters.length === 0) return [];
		if (this.#letters.length + letters.length > maxLineLength) return [bell];
		const isAtEnd = this.#cursor === this.#letters.length;
		const before = isAtEnd ? this.#end() : undefined;
		this.#letters.splice(this.#cursor, 0, ...letters);
		this.#cursor += letters.length;
		if (this.#options.isHidden === true) return [];
		const only = letters.length === 1 ? (letters[0] as string) : undefined;
		const width = only === undefined ? 0 : cellWidth(only);
		// The common case: one letter behind the last one, and room for another behind it.
		if (before !== undefined && width > 0 && before.column + width < this.#columns)
			return [{ type: "write", text: only as string }];
		return this.#redraw();
	}

	#remove(from: number, to: number, isKept: boolean): EditorEffect[] {
		const start = Math.max(0, from);
		const end = Math.min(this.#letters.length, to);
		if (start >= end) return [];
		const removed = this.#letters.splice(start, end - start);
		if (isKept) this.#killed = removed.join("");
		if (this.#cursor > start) this.#cursor = Math.max(start, this.#cursor - removed.length);
		return this.#redraw();
	}

	#transpose(): EditorEffect[] {
		const at = Math.min(this.#cursor, this.#letters.length - 1);
		if (at < 1) return [];
		const [first, second] = this.#letters.slice(at - 1, at + 1) as [string, string];
		this.#letters.splice(at - 1, 2, second, first);
		this.#cursor = at + 1;
		return this.#redraw();
	}

	#moveTo(cursor: number): EditorEffect[] {
		const next = Math.max(0, Math.min(this.#letters.length, cursor));
		if (next === this.#cursor) return [];
		this.#cursor = next;
		return this.#redraw();
	}

	#wordBefore(): number {
		let at = this.#cursor;
		while (at > 0 && this.#letters[at - 1] === " ") at--;
		while (at > 0 && this.#letters[at - 1] !== " ") at--;
		return at;
	}

	#wordAfter(): number {
		let at = this.#cursor;
		while (at < this.#letters.length && this.#letters[at] === " ") at++;
		while (at < this.#letters.length && this.#letters[at] !== " ") at++;
		return at;
	}

	#tab(isRepeat: boolean): EditorEffect[] {
		if (!this.#options.completes) return [];
		const before = this.#letters.slice(0, this.#cursor).join("");
		if (isInQuotes(before, before.length)) return [];
		const isSecond = isRepeat && this.#completedLine === before;
		this.#completedLine = before;
		return [{ type: "complete", key: "tab", line: before, isRepeat: isSecond }];
	}

	#submit(): EditorEffect[] {
		const { line } = this;
		const leave = `${this.#toEnd()}\r\n`;
		this.#remember(line);
		this.#set("");
		this.#row = 0;
		return [
			{ type: "write", text: leave },
			{ type: "submit", line },
		];
	}

	#interrupt(): EditorEffect[] {
		const leave = `${this.#toEnd()}^C\r\n`;
		this.#set("");
		this.#row = 0;
		return [{ type: "write", text: leave }, { type: "interrupt" }];
	}

	#history(): string[] {
		return this.#histories.get(this.#options.history ?? "") ?? [];
	}

	#remember(line: string): void {
		const name = this.#options.history;
		if (name === undefined || line.trim() === "") return;
		const lines = this.#histories.get(name) ?? [];
		if (lines.at(-1) !== line) lines.push(line);
		if (lines.length > maxHistory) lines.shift();
		this.#histories.set(name, lines);
	}

	#fromHistory(place: number): EditorEffect[] {
		const lines = this.#history();
		if (place < 0 || place > lines.length || place === this.#place) return [];
		if (this.#place === lines.length) this.#typed = this.line;
		this.#place = place;
		this.#set(lines[place] ?? this.#typed);
		return this.#redraw();
	}

	#startSearch(): EditorEffect[] {
		if (this.#options.history === undefined) return [];
		this.#search = { text: "", at: this.#history().length, before: this.line };
		return this.#redraw();
	}

	/** Undefined when the key ends the search and is then to be done. */
	#searchKey(key: Key): EditorEffect[] | undefined {
		const search = this.#search as Search;
		if (key.kind === "text") return this.#find(search.text + key.text, this.#history().length - 1);
		if (key.kind === "key") {
			if (key.name === "ctrl-r") return this.#find(search.text, search.at - 1);
			if (key.name === "backspace") return this.#find(search.text.slice(0, -1), this.#history().length - 1);
			if (key.name === "ctrl-g" || key.name === "ctrl-c") {
				this.#search = undefined;
				this.#set(search.before);
				return this.#redraw();
			}
		}
		const leave = this.#toStart();
		this.#search = undefined;
		this.#lastKey = undefined;
		const shown = { type: "write" as const, text: `${leave}\x1b[J${this.#drawn()}` };
		return [shown, ...this.key(key)];
	}

	#find(text: string, from: number): EditorEffect[] {
		const search = this.#search as Search;
		const lines = this.#history();
		for (let at = Math.min(from, lines.length - 1); at >= 0; at--) {
			const line = lines[at] as string;
			if (!line.includes(text)) continue;
			this.#search = { ...search, text, at };
			this.#place = at;
			this.#set(line);
			return this.#redraw();
		}
		this.#search = { ...search, text };
		return [...this.#redraw(), bell];
	}

	#set(line: string): void {
		this.#letters = [...line].filter(isShowable);
		this.#cursor = this.#letters.length;
	}

	#redraw(): EditorEffect[] {
		return [{ type: "write", text: this.#redrawn() }];
	}

	#redrawn(): string {
		return `${this.#toStart()}\x1b[J${this.#drawn()}`;
	}

	/** The prompt and the line, from the start of the row in which the prompt begins; the cursor in its place. */
	#drawn(): string {
		return this.#shownPrompt() + this.#shownLine() + this.#positioned();
	}

	/** Moves from behind the last letter to the cursor's place. */
	#positioned(): string {
		const end = this.#end();
		const target = this.#placeOf(this.#cursor);
		// A full row leaves the cursor on its last cell until the next letter: step down first.
		const step = end.column === this.#columns ? "\r\n" : "";
		const endRow = step === "" ? end.row : end.row + 1;
		const goal = target.column === this.#columns ? { row: target.row + 1, column: 0 } : target;
		this.#row = goal.row;
		const isThere = goal.row === endRow && this.#cursor === this.#letters.length;
		if (isThere) return step;
		const up = endRow > goal.row ? `\x1b[${endRow - goal.row}A` : "";
		return `${step}${up}\r${goal.column > 0 ? `\x1b[${goal.column}C` : ""}`;
	}

	#toStart(): string {
		return `${this.#row > 0 ? `\x1b[${this.#row}A` : ""}\r`;
	}

	/** Moves behind the last letter, where the line may be left. */
	#toEnd(): string {
		if (this.#cursor === this.#letters.length) return "";
		this.#cursor = this.#letters.length;
		return this.#redrawn();
	}

	#end(): { readonly row: number; readonly column: number } {
		return this.#placeOf(this.#letters.length);
	}

	/** Where the cell behind the first `count` letters is; the column may be that behind the last one of a row. */
	#placeOf(count: number): { readonly row: number; readonly column: number } {
		let row = 0;
		let column = 0;
		const put = (letter: string): void => {
			const width = cellWidth(letter);
			if (column + width > this.#columns) {
				row++;
				column = 0;
			}
			column += width;
		};
		for (const letter of this.#shownPrompt()) put(letter);
		if (this.#options.isHidden !== true)
			for (let index = 0; index < count; index++) put(this.#letters[index] as string);
		return { row, column };
	}

	#shownPrompt(): string {
		return this.#search === undefined ? this.#prompt : `(history search '${this.#search.text}'): `;
	}

	#shownLine(): string {
		return this.#options.isHidden === true ? "" : this.line;
	}
}

/** Text for a terminal in raw mode: line feeds return to the first column too; it ends with one. */
export function terminalLines(text: string): string {
	const whole = text === "" || text.endsWith("\n") ? text : `${text}\n`;
	return whole.replace(/\r?\n/g, "\r\n");
}

function isShowable(letter: string): boolean {
	return visibleText(letter) === letter;
}

/** A terminal that tells no width, or a nonsensical one, is taken for a usual one. */
function usableColumns(columns: number): number {
	return columns >= 10 && columns <= 10_000 ? Math.floor(columns) : 80;
}

const bell: EditorEffect = { type: "write", text: "\x07" };
const maxHistory = 1_000;
