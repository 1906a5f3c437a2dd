/**
 * The grammar of commands: words, values and options declared as data, from which parsing, completion, `?` help and the
 * reference follow. Operational commands, the verbs of configuration mode and pipes are all declared with it.
 *
 *     const grammar: CommandNode<"log" | "uptime"> = {
 *         help: "",
 *         children: {
 *             show: { help: "Show information", permission: "view", children: {
 *                 log: { help: "Show a log", run: "log", value: { name: "file", type: fileName(), node: { help: "", run: "log" } } },
 *             } },
 *         },
 *     };
 *     parseCommand(grammar, words, mayRun); // { ok: true, handler: "log", values: { file: "messages" }, ... }
 *
 * A keyword may be shortened as long as it is the only one that begins so. Options follow in any order, each once.
 */
import type { LineWord } from "#cli/parse-line.ts";
import { type LeafType, shown } from "#config/leaf-types.ts";

/** A value of a command. Values of the configuration and of commands have the same types. */
export type ArgumentType = LeafType<unknown>;

/** What a command is given at its end: words that other grammars read. */
export type RestKind = "statement" | "statements" | "operational" | "configuration" | "words";

/** One word of the grammar and what may follow it. `H` are the names of the handlers. */
export interface CommandNode<H extends string = string> {
	readonly help: string;
	readonly children?: Readonly<Record<string, CommandNode<H>>>;
	/** A value that may stand in place of a keyword. */
	readonly value?: { readonly name: string; readonly type: ArgumentType; readonly node: CommandNode<H> };
	/** What may follow in any order. */
	readonly options?: Readonly<Record<string, OptionNode>>;
	/** The handler; without it more words must follow. */
	readonly run?: H;
	/** Everything that follows belongs to this. */
	readonly rest?: RestKind;
	/** At least one word of `rest` must be there. */
	readonly mustHaveRest?: true;
	/** Inherited by what is below. */
	readonly permission?: string;
	/** Accepted, not offered. */
	readonly hidden?: true;
}

/** A word that may be given, with or without a value. */
export interface OptionNode {
	readonly help: string;
	readonly type?: ArgumentType;
	/** The value may be left out. */
	readonly valueIsOptional?: true;
	/** The command is not complete without it. */
	readonly mandatory?: true;
}

/** Decides whether a command (keywords written out) may be run and is offered. */
export type MayRun = (words: readonly string[], permission: string | undefined) => boolean;

export interface ParsedCommand<H extends string> {
	readonly ok: true;
	readonly handler: H;
	/** Keywords written out, values as typed. */
	readonly words: readonly string[];
	/** By name of the value or option; an option without a value is the empty text. */
	readonly values: Readonly<Record<string, string>>;
	readonly rest: readonly LineWord[];
	readonly restKind: RestKind | undefined;
}

/** Why the words are no command. `at` is the character of the line under which the caret stands. */
export interface CommandProblem {
	readonly ok: false;
	readonly at: number;
	readonly message: string;
	/** What the word could have been, when it is ambiguous. */
	readonly candidates?: readonly Candidate[];
}

/** Something that could stand at the cursor. */
export interface Candidate {
	readonly text: string;
	readonly help: string;
	/** `value` is a placeholder such as `<host>`; `object` the name of something that is there. */
	readonly kind: "keyword" | "value" | "object" | "enter" | "pipe";
	/** The column before the name: `>` a container, `+` a list. */
	readonly mark?: ">" | "+";
	/** Where names that could stand in place of this value come from. */
	readonly source?: string;
}

/** What may stand at a place of a line: candidates of this grammar, or a rest that another grammar reads. */
export type CommandPlace<H extends string> =
	| { readonly kind: "candidates"; readonly candidates: readonly Candidate[]; readonly types: readonly ArgumentType[] }
	| {
			readonly kind: "rest";
			readonly restKind: RestKind;
			readonly rest: readonly LineWord[];
			readonly mayEnd: boolean;
			readonly values: Readonly<Record<string, string>>;
			readonly words: readonly string[];
			readonly handler: H | undefined;
	  }
	| { readonly kind: "problem"; readonly problem: CommandProblem };

/** Reads the words of a command. `end` is the place of a caret for what is missing. */
export function parseCommand<H extends string>(
	grammar: CommandNode<H>,
	words: readonly LineWord[],
	mayRun: MayRun,
	end = words.at(-1)?.end ?? 0,
): ParsedCommand<H> | CommandProblem {
	const walk = new Walk(grammar, mayRun);
	return walk.take(words) ?? walk.finish(end);
}

/**
 * What may stand behind complete words; `partial` is the beginning of the word at the cursor. Types of values are given
 * too, so that their names can be added.
 */
export function placeInCommand<H extends string>(
	grammar: CommandNode<H>,
	words: readonly LineWord[],
	partial: string,
	mayRun: MayRun,
): CommandPlace<H> {
	const walk = new Walk(grammar, mayRun);
	const problem = walk.take(words);
	if (problem !== undefined) return { kind: "problem", problem };
	return walk.place(partial);
}

/** Every command that can be run, as its syntax, for the reference. Hidden ones are left out. */
export function listCommands<H extends string>(grammar: CommandNode<H>): CommandSyntax<H>[] {
	const found: CommandSyntax<H>[] = [];
	listBelow(grammar, "", undefined, found);
	return found;
}

export interface CommandSyntax<H extends string = string> {
	readonly syntax: string;
	readonly help: string;
	readonly handler: H;
	readonly permission: string | undefined;
	readonly options: Readonly<Record<string, OptionNode>>;
}

/** One way through the grammar. */
class Walk<H extends string> {
	readonly #mayRun: MayRun;
	#node: CommandNode<H>;
	#permission: string | undefined;
	readonly #words: string[] = [];
	readonly #values: Record<string, string> = {};
	readonly #used = new Set<string>();
	/** The option whose value comes next. */
	#option: string | undefined;
	#rest: readonly LineWord[] = [];

	constructor(grammar: CommandNode<H>, mayRun: MayRun) {
		this.#node = grammar;
		this.#permission = grammar.permission;
		this.#mayRun = mayRun;
	}

	take(words: readonly LineWord[]): CommandProblem | undefined {
		for (const [index, word] of words.entries()) {
			if (this.#node.rest !== undefined && this.#option === undefined) {
				this.#rest = words.slice(index);
				return undefined;
			}
			const problem = this.#step(word);
			if (problem !== undefined) return problem;
		}
		return undefined;
	}

	finish(end: number): ParsedCommand<H> | CommandProblem {
		const node = this.#node;
		const option = this.#optionAwaited();
		if (option !== undefined && option.valueIsOptional !== true) return refuse(end, "missing argument.");
		if (node.run === undefined) {
			if (this.#words.length === 0) return refuse(end, "unknown command.");
			const message = node.value === undefined ? "syntax error, expecting <command>." : "missing argument.";
			return refuse(end, message);
		}
		const lacking = Object.entries(node.options ?? {}).find(
			([name, one]) => one.mandatory === true && !this.#used.has(name),
		);
		if (lacking !== undefined || (node.mustHaveRest === true && this.#rest.length === 0))
			return refuse(end, "missing argument.");
		if (!this.#mayRun(this.#words, this.#permission)) return refuse(end, "permission denied.");
		return {
			ok: true,
			handler: node.run,
			words: this.#words,
			values: this.#values,
			rest: this.#rest,
			restKind: node.rest,
		};
	}

	place(partial: string): CommandPlace<H> {
		const node = this.#node;
		const option = this.#optionAwaited();
		const mayEnd = node.run !== undefined && this.#mayRun(this.#words, this.#permission);
		if (node.rest !== undefined && option === undefined) {
			const { rest: restKind, run: handler } = node;
			const values = this.#values;
			return { kind: "rest", restKind, rest: this.#rest, mayEnd, values, words: this.#words, handler };
		}
		const types: ArgumentType[] = [];
		const candidates: Candidate[] = [];
		const addValue = (type: ArgumentType, help: string): void => {
			types.push(type);
			candidates.push(...valueCandidates(type, help, partial));
		};
		if (option?.type !== undefined) addValue(option.type, option.help);
		if (option === undefined || option.valueIsOptional === true) {
			if (partial === "" && mayEnd) candidates.push({ text: "<[Enter]>", help: "Execute this command", kind: "enter" });
			if (node.value !== undefined && this.#used.size === 0) addValue(node.value.type, node.value.node.help);
			for (const [text, help] of this.#keywords()) {
				if (text.startsWith(partial)) candidates.push({ text, help, kind: "keyword" });
			}
			if (partial === "" && mayEnd) candidates.push({ text: "|", help: "Pipe through a command", kind: "pipe" });
		}
		return { kind: "candidates", candidates, types };
	}

	#step(word: LineWord): CommandProblem | undefined {
		const awaited = this.#optionAwaited();
		let notItsValue: CommandProblem | undefined;
		if (awaited?.type !== undefined) {
			const name = this.#option as string;
			const result = awaited.type.parse(word.text);
			this.#option = undefined;
			if (result.ok) return this.#keep(name, word);
			notItsValue = refuse(word.start, withPeriod(result.message));
			if (awaited.valueIsOptional !== true) return notItsValue;
		}
		const keyword = word.isQuoted ? undefined : this.#keywordFor(word);
		if (typeof keyword === "object") return keyword;
		if (keyword !== undefined) return this.#enter(keyword);
		const { value } = this.#node;
		if (value === undefined || this.#used.size > 0) {
			if (notItsValue !== undefined) return notItsValue;
			return refuse(word.start, this.#words.length === 0 ? "unknown command." : "syntax error, expecting <command>.");
		}
		const result = value.type.parse(word.text);
		if (!result.ok) return refuse(word.start, withPeriod(result.message));
		this.#node = value.node;
		if (value.node.permission !== undefined) this.#permission = value.node.permission;
		return this.#keep(value.name, word);
	}

	#keep(name: string, word: LineWord): undefined {
		this.#values[name] = word.text;
		this.#words.push(word.text);
	}

	#enter(keyword: string): undefined {
		this.#words.push(keyword);
		const child = this.#used.size === 0 ? own(this.#node.children, keyword) : undefined;
		if (child !== undefined) {
			this.#node = child;
			this.#permission = child.permission ?? this.#permission;
			return;
		}
		this.#used.add(keyword);
		this.#values[keyword] = "";
		this.#option = own(this.#node.options, keyword)?.type === undefined ? undefined : keyword;
	}

	#optionAwaited(): OptionNode | undefined {
		return this.#option === undefined ? undefined : own(this.#node.options, this.#option);
	}

	/** The keyword meant, undefined when it is none, or the problem that it could be several. */
	#keywordFor(word: LineWord): string | CommandProblem | undefined {
		const { children, options } = this.#node;
		const exact = own(this.#used.size === 0 ? children : undefined, word.text);
		if (exact !== undefined && this.#isOffered(word.text, exact)) return word.text;
		if (own(options, word.text) !== undefined && !this.#used.has(word.text)) return word.text;
		const fitting = [...this.#keywords()].filter(([text]) => text.startsWith(word.text));
		if (fitting.length < 2) return fitting[0]?.[0];
		if (this.#node.value?.type.parse(word.text).ok === true && this.#used.size === 0) return undefined;
		const candidates = fitting.map(([text, help]) => ({ text, help, kind: "keyword" as const }));
		return { ...refuse(word.start, `'${shown(word.text)}' is ambiguous.`), candidates };
	}

	/** The keywords that may stand here, sorted. */
	*#keywords(): Iterable<readonly [string, string]> {
		const { children = {}, options = {} } = this.#node;
		const found: [string, string][] = [];
		if (this.#used.size === 0) {
			for (const [name, node] of Object.entries(children))
				if (node.hidden !== true && this.#isOffered(name, node)) found.push([name, node.help]);
		}
		for (const [name, option] of Object.entries(options)) if (!this.#used.has(name)) found.push([name, option.help]);
		yield* found.sort(([a], [b]) => (a < b ? -1 : 1));
	}

	#isOffered(name: string, node: CommandNode<H>): boolean {
		return mayReach(node, [...this.#words, name], node.permission ?? this.#permission, this.#mayRun);
	}
}

/** True when the command, or one that begins with it, may be run. */
function mayReach<H extends string>(
	node: CommandNode<H>,
	words: readonly string[],
	permission: string | undefined,
	mayRun: MayRun,
): boolean {
	if ((node.run !== undefined || node.value !== undefined) && mayRun(words, permission)) return true;
	return Object.entries(node.children ?? {}).some(([name, child]) =>
		mayReach(child, [...words, name], child.permission ?? permission, mayRun),
	);
}

function valueCandidates(type: ArgumentType, help: string, partial: string): Candidate[] {
	const words = Object.entries(type.words ?? {})
		.filter(([text]) => text.startsWith(partial))
		.map(([text, what]) => ({ text, help: what, kind: "keyword" as const }));
	if (type.words !== undefined && !type.placeholder.startsWith("<")) return words;
	return [{ text: type.placeholder, help: help === "" ? type.describes : help, kind: "value" }, ...words];
}

function listBelow<H extends string>(
	node: CommandNode<H>,
	syntax: string,
	inherited: string | undefined,
	into: CommandSyntax<H>[],
): void {
	if (node.hidden === true) return;
	const permission = node.permission ?? inherited;
	if (node.run !== undefined) {
		const { run: handler, help, options = {} } = node;
		into.push({ syntax: `${syntax}${restSyntax(node)}`, help, handler, permission, options });
	}
	if (node.value !== undefined)
		listBelow(node.value.node, `${syntax} ${node.value.type.placeholder}`, permission, into);
	for (const [name, child] of Object.entries(node.children ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
		listBelow(child, syntax === "" ? name : `${syntax} ${name}`, permission, into);
}

function restSyntax(node: CommandNode): string {
	if (node.rest === undefined) return "";
	const names = {
		statement: "<statement>",
		statements: "<statement> ...",
		operational: "<command>",
		configuration: "<command>",
		words: "<text>",
	};
	return node.mustHaveRest === true ? ` ${names[node.rest]}` : ` [${names[node.rest]}]`;
}

function refuse(at: number, message: string): CommandProblem {
	return { ok: false, at, message };
}

function withPeriod(message: string): string {
	return /[.:'>)]$/.test(message) ? message : `${message}.`;
}

/** Words come from outside: `constructor` must not be found. */
function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
	return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
