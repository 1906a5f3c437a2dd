/**
 * The output of one command on its way to the screen and to files: pipes, host names, the pager. The same for a person
 * and for a script; only a person's has a screen.
 *
 * Bounds: those of the pipes and the pager. `resolve` holds at most `maxResolved` characters, asks for at most `maxNames`
 * names, and lets what is more pass as it is.
 */
import { parseAddress } from "#base/address.ts";
import type { Key } from "#cli/key-decoder.ts";
import { Pager, type PagerEffect } from "#cli/pager.ts";
import { type Pipe, PipeLine } from "#cli/pipes.ts";
import { cellWidth, visibleText } from "#telemetry/display-text.ts";

export interface Screen {
	readonly rows: number;
	readonly columns: number;
	/** False: nothing is paged. */
	readonly isPaged: boolean;
}

export type OutputEffect =
	| { readonly type: "write"; readonly text: string }
	/** A part of a file; `isFirst` begins it (or adds to it, with `isAppended`). */
	| {
			readonly type: "file";
			readonly file: string;
			readonly text: string;
			readonly isFirst: boolean;
			readonly isAppended: boolean;
	  }
	/** Answered by `names`. */
	| { readonly type: "resolve"; readonly addresses: readonly string[] }
	/** Nothing more comes. `isQuit`: the user left before the end. */
	| { readonly type: "finished"; readonly isQuit: boolean };

interface FileState {
	readonly file: string;
	lines: number;
}

export class Output {
	readonly #before: PipeLine;
	/** The pipes behind `resolve`; undefined without it. */
	readonly #after: PipeLine | undefined;
	readonly #isFullNames: boolean;
	readonly #pager: Pager | undefined;
	readonly #hasScreen: boolean;
	readonly #files = new Map<Pipe, FileState>();
	#held = "";
	#isOver = false;
	#isDone = false;

	/** `screen` is undefined for a script. */
	constructor(pipes: readonly Pipe[], screen: Screen | undefined) {
		const at = pipes.findIndex(({ kind }) => kind === "resolve");
		const rows = screen?.rows ?? 24;
		this.#before = new PipeLine(at === -1 ? pipes : pipes.slice(0, at), rows);
		this.#after = at === -1 ? undefined : new PipeLine(pipes.slice(at), rows);
		this.#isFullNames = pipes[at]?.words.includes("full-names") === true;
		this.#hasScreen = screen !== undefined;
		const isHeld = pipes.some(({ kind }) => kind === "hold");
		const isPaged = screen?.isPaged === true && !pipes.some(({ kind }) => kind === "no-more" || kind === "refresh");
		if (screen !== undefined && (isPaged || isHeld))
			this.#pager = new Pager({ rows: screen.rows, columns: screen.columns, isHeld });
		for (const pipe of pipes) if (isFilePipe(pipe)) this.#files.set(pipe, { file: pipe.values.file ?? "", lines: -1 });
	}

	/** The source should pause. */
	get isFull(): boolean {
		return this.#pager?.isFull === true;
	}

	/** Keys belong to the pager. */
	get isWaiting(): boolean {
		return this.#pager?.isWaiting === true;
	}

	push(text: string): OutputEffect[] {
		if (this.#isDone) return [];
		return this.#flow(this.#before.push(text));
	}

	/** The command is over. */
	end(): OutputEffect[] {
		if (this.#isOver) return [];
		this.#isOver = true;
		if (this.#isDone) return [{ type: "finished", isQuit: true }];
		const effects = this.#flow(this.#before.end());
		if (this.#after === undefined) return [...effects, ...this.#close()];
		const addresses = addressesIn(this.#held);
		return [...effects, { type: "resolve", addresses }];
	}

	/** The answer to `resolve`: names by address. */
	names(names: ReadonlyMap<string, string>): OutputEffect[] {
		if (this.#after === undefined || this.#isDone) return [];
		const text = withNames(this.#held, names, this.#isFullNames);
		this.#held = "";
		const first = this.#deliver(this.#after.push(text));
		return [...first, ...this.#deliver(this.#after.end()), ...this.#close()];
	}

	key(key: Key): OutputEffect[] {
		return this.#pager === undefined ? [] : this.#paged(this.#pager.key(key));
	}

	/** The user does not want the rest. */
	stop(): void {
		this.#isDone = true;
	}

	#flow(flow: ReturnType<PipeLine["push"]>): OutputEffect[] {
		if (this.#after === undefined) return this.#deliver(flow);
		const effects = this.#deliver({ text: "", files: flow.files });
		this.#held += flow.text;
		if (this.#held.length <= maxResolved) return effects;
		const passed = this.#held;
		this.#held = "";
		return [...effects, ...this.#deliver(this.#after.push(passed))];
	}

	#deliver({ text, files }: ReturnType<PipeLine["push"]>): OutputEffect[] {
		const effects: OutputEffect[] = files.map((part) => this.#filed(part.pipe, part.text));
		if (text === "") return effects;
		if (this.#pager !== undefined) return [...effects, ...this.#paged(this.#pager.push(terminalText(text)))];
		return [...effects, { type: "write", text: this.#hasScreen ? forScreen(text) : text }];
	}

	#filed(pipe: Pipe, text: string): OutputEffect {
		const state = this.#files.get(pipe) as FileState;
		const isFirst = state.lines === -1;
		state.lines = Math.max(0, state.lines) + countLines(text);
		return { type: "file", file: state.file, text, isFirst, isAppended: pipe.kind === "append" };
	}

	#close(): OutputEffect[] {
		const effects: OutputEffect[] = [];
		let told = "";
		for (const [pipe, state] of this.#files) {
			if (state.lines === -1) effects.push(this.#filed(pipe, ""));
			if (pipe.kind !== "tee") told += `Wrote ${state.lines} lines of output to '${state.file}'\n`;
		}
		if (this.#pager !== undefined)
			return [...effects, ...this.#paged([...this.#pager.push(told), ...this.#pager.end()])];
		this.#isDone = true;
		if (told !== "") effects.push({ type: "write", text: this.#hasScreen ? forScreen(told) : told });
		return [...effects, { type: "finished", isQuit: false }];
	}

	#paged(effects: readonly PagerEffect[]): OutputEffect[] {
		if (effects.some(({ type }) => type === "finished")) this.#isDone = true;
		return [...effects];
	}
}

/** Text as a terminal may show it: nothing in it moves the cursor; tabs are blanks. */
export function terminalText(text: string): string {
	if (/^[\n -~]*$/.test(text)) return text;
	return text
		.split("\n")
		.map((line) => visibleText(withoutTabs(line)))
		.join("\n");
}

/** The same for a terminal in raw mode. */
export function forScreen(text: string): string {
	return terminalText(text).replaceAll("\n", "\r\n");
}

function withoutTabs(line: string): string {
	if (!line.includes("\t")) return line;
	let result = "";
	for (const [index, piece] of line.split("\t").entries()) {
		if (index > 0) result += " ".repeat(tabWidth - (cellWidth(result) % tabWidth));
		result += piece;
	}
	return result;
}

function isFilePipe({ kind }: Pipe): boolean {
	return kind === "save" || kind === "append" || kind === "tee";
}

function countLines(text: string): number {
	let lines = 0;
	for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines++;
	return lines;
}

/** The addresses in a text, each once. */
function addressesIn(text: string): string[] {
	const found = new Set<string>();
	for (const [word] of text.matchAll(addressWord)) {
		if (found.size >= maxNames) break;
		if (parseAddress(word) !== undefined) found.add(word);
	}
	return [...found];
}

function withNames(text: string, names: ReadonlyMap<string, string>, isFull: boolean): string {
	return text.replace(addressWord, (word) => {
		const name = names.get(word);
		if (name === undefined) return word;
		return isFull || name.length <= shortName ? name : `${name.slice(0, shortName - 1)}~`;
	});
}

/** No word of letters and digits is longer than an address can be. */
const addressWord =
	/(?<![\w.:])(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:]|\.\w)/g;
const maxResolved = 1_048_576;
const maxNames = 256;
const shortName = 40;
const tabWidth = 8;
