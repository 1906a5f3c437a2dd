/**
 * Pipes: what `| match x | count` does with the output of a command, a piece at a time.
 *
 * Bounds: a stage holds one line of at most `maxHeldLine` characters (longer ones are cut in pieces), `last` at most
 * `maxLastCharacters`. Expressions match in time linear in the text.
 */
import { parseCommand } from "#cli/grammar.ts";
import type { LinePart } from "#cli/parse-line.ts";
import { type PipeHandler, pipeCommands } from "#cli/pipe-commands.ts";
import { compilePattern, type Pattern } from "#config/pattern.ts";

/** One pipe as it was typed. */
export interface Pipe {
	readonly kind: PipeHandler;
	/** Keywords behind the first: `["set", "relative"]` of `display set relative`. */
	readonly words: readonly string[];
	readonly values: Readonly<Record<string, string>>;
	/** Where it stands in the line. */
	readonly start: number;
}

export type ParsedPipes =
	| { readonly ok: true; readonly pipes: readonly Pipe[] }
	| { readonly ok: false; readonly at: number; readonly message: string };

/** Reads what stands behind the bars. */
export function parsePipes(parts: readonly LinePart[]): ParsedPipes {
	const pipes: Pipe[] = [];
	if (parts.length > maxPipes)
		return { ok: false, at: parts[maxPipes]?.start ?? 0, message: `more than ${maxPipes} pipes` };
	for (const part of parts) {
		if (part.words.length === 0) return { ok: false, at: part.end, message: "missing argument." };
		const command = parseCommand(pipeCommands, part.words, () => true, part.end);
		if (!command.ok) return command.message === "unknown command." ? { ...command, message: "syntax error." } : command;
		const pattern = command.values.pattern;
		const compiled = pattern === undefined ? undefined : compilePattern(pattern, { ignoresCase: true });
		if (compiled?.ok === false)
			return { ok: false, at: part.words.at(-1)?.start ?? part.start, message: compiled.message };
		const start = part.words[0]?.start ?? part.start;
		pipes.push({ kind: command.handler, words: command.words.slice(1), values: command.values, start });
	}
	return { ok: true, pipes };
}

/** The pipes that the terminal does to the text; `compare` and `display` are done where the text is made. */
export type TextPipe = Exclude<PipeHandler, "compare" | "display">;

export function isTextPipe(pipe: Pipe): pipe is Pipe & { readonly kind: TextPipe } {
	return pipe.kind !== "compare" && pipe.kind !== "display";
}

/** What flows out of the pipes: to the screen, and to files (by the pipe's place in the row). */
export interface Flow {
	readonly text: string;
	readonly files: readonly { readonly pipe: Pipe; readonly text: string }[];
}

/** A row of stages through which text flows. */
export class PipeLine {
	readonly #stages: readonly Stage[];
	#files: { readonly pipe: Pipe; readonly text: string }[] = [];

	/** `screenLines` is what `last` without a number shows. */
	constructor(pipes: readonly Pipe[], screenLines: number) {
		this.#stages = pipes.flatMap((pipe) => this.#stageOf(pipe, screenLines) ?? []);
	}

	/** What comes out when `text` goes in. */
	push(text: string): Flow {
		let flowing = text;
		for (const stage of this.#stages) {
			if (flowing === "") break;
			flowing = stage.push(flowing);
		}
		return this.#flow(flowing);
	}

	/** What comes out at the end of the text. */
	end(): Flow {
		let flowing = "";
		for (const stage of this.#stages) flowing = (flowing === "" ? "" : stage.push(flowing)) + stage.end();
		return this.#flow(flowing);
	}

	#flow(text: string): Flow {
		const files = this.#files;
		this.#files = [];
		return { text, files };
	}

	#stageOf(pipe: Pipe, screenLines: number): Stage | undefined {
		switch (pipe.kind) {
			case "match":
				return filter(pipe, (matches) => matches);
			case "except":
				return filter(pipe, (matches) => !matches);
			case "find":
				return find(pipe);
			case "count":
				return count();
			case "last":
				return last(Number(pipe.values.count ?? Math.max(1, screenLines - 1)));
			case "trim":
				return trim(Number(pipe.values.columns));
			case "save":
			case "append":
				return new Copy((text) => {
					this.#files.push({ pipe, text });
					return "";
				});
			case "tee":
				return new Copy((text) => {
					this.#files.push({ pipe, text });
					return text;
				});
			default:
				return undefined;
		}
	}
}

interface Stage {
	push(text: string): string;
	end(): string;
}

/** A stage that looks at text as it comes. */
class Copy implements Stage {
	readonly #take: (text: string) => string;

	constructor(take: (text: string) => string) {
		this.#take = take;
	}

	push(text: string): string {
		return this.#take(text);
	}

	end(): string {
		return "";
	}
}

/** A stage that cuts text into lines and lets a function decide what each becomes. */
class Lines implements Stage {
	#held = "";
	readonly #line: (line: string) => string;
	readonly #last: () => string;

	constructor(line: (line: string) => string, last: () => string = () => "") {
		this.#line = line;
		this.#last = last;
	}

	push(text: string): string {
		const out: string[] = [];
		let from = 0;
		for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", from)) {
			out.push(this.#line(`${this.#held}${text.slice(from, at + 1)}`));
			this.#held = "";
			from = at + 1;
		}
		this.#held += text.slice(from);
		if (this.#held.length > maxHeldLine) {
			out.push(this.#line(`${this.#held}\n`));
			this.#held = "";
		}
		return out.join("");
	}

	end(): string {
		const rest = this.#held === "" ? "" : this.#line(`${this.#held}\n`);
		this.#held = "";
		return rest + this.#last();
	}
}

function filter(pipe: Pipe, keeps: (matches: boolean) => boolean): Lines {
	const pattern = patternOf(pipe);
	return new Lines((line) => (keeps(pattern.matches(withoutEnd(line))) ? line : ""));
}

function find(pipe: Pipe): Lines {
	const pattern = patternOf(pipe);
	let isFound = false;
	return new Lines(
		(line) => {
			isFound ||= pattern.matches(withoutEnd(line));
			return isFound ? line : "";
		},
		() => (isFound ? "" : "Pattern not found\n"),
	);
}

function count(): Lines {
	let lines = 0;
	return new Lines(
		() => {
			lines++;
			return "";
		},
		() => `Count: ${lines} lines\n`,
	);
}

/** The last lines, in a queue whose front moves. */
function last(wanted: number): Lines {
	let lines: string[] = [];
	let front = 0;
	let held = 0;
	return new Lines(
		(line) => {
			lines.push(line);
			held += line.length;
			while (lines.length - front > wanted || held > maxLastCharacters) held -= lines[front++]?.length ?? 0;
			if (front > 1_024 && front * 2 > lines.length) {
				lines = lines.slice(front);
				front = 0;
			}
			return "";
		},
		() => lines.slice(front).join(""),
	);
}

function trim(columns: number): Lines {
	return new Lines((line) => (line.length - 1 <= columns ? "\n" : line.slice(columns)));
}

/** The expression was compiled when the pipe was read; it compiles again. */
function patternOf(pipe: Pipe): Pattern {
	const compiled = compilePattern(pipe.values.pattern ?? "", { ignoresCase: true });
	if (!compiled.ok) throw new Error(`pipe ${pipe.kind}: ${compiled.message}`);
	return compiled.pattern;
}

function withoutEnd(line: string): string {
	return line.endsWith("\n") ? line.slice(0, -1) : line;
}

const maxPipes = 32;
const maxHeldLine = 1_048_576;
const maxLastCharacters = 16_777_216;
