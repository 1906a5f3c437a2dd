/** What `?`, SPACE and TAB do with a line: in both modes, in commands, statements and pipes. */
import { completeWord, listCandidates } from "#cli/completion-text.ts";
import { type ConfigurationHandler, configurationCommands } from "#cli/configuration-commands.ts";
import { pairPlace, type StatementMode, statementPlace } from "#cli/configuration-completion.ts";
import type { ConfigurationSession } from "#cli/configuration-session.ts";
import { type Candidate, type CommandPlace, placeInCommand } from "#cli/grammar.ts";
import type { CompletionKey } from "#cli/line-editor.ts";
import { operationalCommands } from "#cli/operational-commands.ts";
import { type LineWord, splitLine } from "#cli/parse-line.ts";
import { pipeCommands } from "#cli/pipe-commands.ts";
import type { SessionPorts } from "#cli/session-ports.ts";
import { visibleTree } from "#cli/visible-tree.ts";
import { type Level, levelAbove, topLevel } from "#config/level.ts";
import { formatWord } from "#config/word.ts";

export interface CompletionRequest {
	readonly key: CompletionKey;
	/** The line up to the cursor. */
	readonly line: string;
	/** TAB was pressed before on the same line. */
	readonly isRepeat: boolean;
}

/** What is wrong before the cursor; told with a caret. */
export interface CompletionProblem {
	readonly at: number;
	readonly message: string;
	readonly candidates: readonly Candidate[];
}

export type CompletionAnswer =
	/** The line up to the cursor as it is from now on, and what is listed below it. */
	| { readonly kind: "line"; readonly line: string; readonly shows: string }
	| { readonly kind: "problem"; readonly problem: CompletionProblem };

/** What could stand at the cursor. */
interface CursorPlace {
	readonly candidates: readonly Candidate[];
	readonly problem?: CompletionProblem;
}

/** Answers one key. `configuration` is undefined in operational mode. */
export function completeLine(
	request: CompletionRequest,
	ports: SessionPorts,
	configuration: ConfigurationSession | undefined,
): CompletionAnswer {
	const { key, line, isRepeat } = request;
	const split = splitLine(line);
	const unchanged: CompletionAnswer = { kind: "line", line: key === "space" ? `${line} ` : line, shows: "" };
	if (!split.ok || split.hasOpenQuote || line.trimStart().startsWith("#")) return unchanged;
	const part = split.parts.at(-1) ?? split.parts[0];
	const last = part.words.at(-1);
	const partial = last !== undefined && last.end === line.length && !last.isQuoted ? last : undefined;
	const before = partial === undefined ? part.words : part.words.slice(0, -1);
	// A bracket that opens a list may touch its first word.
	const bracket = partial?.text.startsWith("[") === true ? 1 : 0;
	const start = partial === undefined ? line.length : partial.start + bracket;
	const cursor: Cursor = { line, before, partial: line.slice(start), start };
	const place =
		split.parts.length > 1 ? pipePlace(cursor, ports) : new Completer(ports, configuration).commandPlace(cursor);
	if (place.problem !== undefined) return { kind: "problem", problem: place.problem };
	if (key === "help") return { kind: "line", line, shows: listCandidates(place.candidates) };
	if (key === "space" && cursor.partial === "") return unchanged;
	const completed = completeWord(place.candidates, cursor.partial, key);
	const head = line.slice(0, cursor.start);
	if (completed.kind === "insert")
		return { kind: "line", line: `${head}${completed.text}${completed.isWhole ? " " : ""}`, shows: "" };
	if (key === "tab") {
		const shows = completed.kind === "list" || isRepeat || place.candidates.length === 0;
		return { kind: "line", line, shows: shows ? listCandidates(place.candidates) : "" };
	}
	if (completed.kind === "nothing") return spaced(line, cursor, place);
	const message = `'${cursor.partial}' is ambiguous.`;
	const candidates = place.candidates.filter(({ kind }) => kind === "keyword");
	return { kind: "problem", problem: { at: cursor.start, message, candidates } };
}

interface Cursor {
	readonly line: string;
	/** The whole words before the one at the cursor. */
	readonly before: readonly LineWord[];
	readonly partial: string;
	/** Where the word at the cursor begins. */
	readonly start: number;
}

/** SPACE behind a word that nothing completes: a value, or a word that cannot stand there. */
function spaced(line: string, cursor: Cursor, { candidates }: CursorPlace): CompletionAnswer {
	const isFree = candidates.some(({ kind }) => kind === "value" || kind === "object");
	if (isFree || cursor.partial.endsWith("]")) return { kind: "line", line: `${line} `, shows: "" };
	const message = cursor.before.length === 0 ? "unknown command." : "syntax error.";
	return { kind: "problem", problem: { at: cursor.start, message, candidates: [] } };
}

function pipePlace(cursor: Cursor, ports: SessionPorts): CursorPlace {
	const place = placeInCommand(pipeCommands, cursor.before, cursor.partial, () => true);
	return commonPlace(place, cursor, ports) ?? { candidates: [] };
}

/** The part that all grammars share; undefined when the words behind belong to another one. */
function commonPlace<H extends string>(
	place: CommandPlace<H>,
	cursor: Cursor,
	ports: SessionPorts,
): CursorPlace | undefined {
	if (place.kind === "rest") return undefined;
	if (place.kind === "problem") {
		const { at, message, candidates = [] } = place.problem;
		return { candidates: [], problem: { at, message, candidates } };
	}
	const sources = place.types.map(({ source, describes: help }) => ({ source, help }));
	return { candidates: withNames(place.candidates, sources, cursor, ports) };
}

/** Adds names that the system knows, behind the placeholders that they could stand for. */
function withNames(
	candidates: readonly Candidate[],
	sources: readonly { readonly source?: string | undefined; readonly help: string }[],
	cursor: Cursor,
	ports: SessionPorts,
): readonly Candidate[] {
	const names: Candidate[] = [];
	for (const { source, help } of sources) {
		if (source === undefined) continue;
		for (const name of ports.names(source, cursor.partial).slice(0, maxNames))
			names.push({ text: formatWord(name), help, kind: "object" });
	}
	if (names.length === 0) return candidates;
	const at = candidates.findLastIndex(({ kind }) => kind === "value") + 1;
	return candidates.toSpliced(at, 0, ...names);
}

class Completer {
	readonly #ports: SessionPorts;
	readonly #configuration: ConfigurationSession | undefined;

	constructor(ports: SessionPorts, configuration: ConfigurationSession | undefined) {
		this.#ports = ports;
		this.#configuration = configuration;
	}

	commandPlace(cursor: Cursor): CursorPlace {
		if (this.#configuration !== undefined) return this.#configurationPlace(cursor, this.#configuration);
		return this.#operationalPlace(cursor);
	}

	#operationalPlace(cursor: Cursor): CursorPlace {
		const place = placeInCommand(operationalCommands, cursor.before, cursor.partial, this.#ports.access().mayRun);
		const common = commonPlace(place, cursor, this.#ports);
		if (common !== undefined || place.kind !== "rest") return common ?? { candidates: [] };
		if (place.restKind !== "statement") return { candidates: [textPlaceholder] };
		const { root, active } = this.#ports.configuration.candidates();
		const tree = visibleTree(root, active, this.#ports.access());
		const start = statementStart(cursor, place.rest);
		const inner = statementPlace(tree, topLevel(root), cursor.line.slice(start), "existing");
		return withEnds(inner, start, cursor, place.mayEnd, this.#ports);
	}

	#configurationPlace(cursor: Cursor, configuration: ConfigurationSession, level?: Level): CursorPlace {
		const { mayRun } = this.#ports.access();
		const place = placeInCommand(configurationCommands, cursor.before, cursor.partial, mayRun);
		const common = commonPlace(place, cursor, this.#ports);
		if (common !== undefined || place.kind !== "rest") return common ?? { candidates: [] };
		const at = level ?? configuration.level;
		if (place.restKind === "operational") return this.#operationalPlace({ ...cursor, before: place.rest });
		if (place.restKind === "configuration") return this.#elsewhere(place, cursor, configuration);
		if (place.restKind === "words") return { candidates: [textPlaceholder] };
		const tree = configuration.visibleCandidate;
		const start = statementStart(cursor, place.rest);
		const text = cursor.line.slice(start);
		const verb = place.words[0] ?? "";
		const inner =
			place.restKind === "statements"
				? pairPlace(tree, at, text, verb as "annotate" | "copy" | "insert" | "rename")
				: statementPlace(tree, at, text, modeOf(verb));
		return withEnds(inner, start, cursor, verb === "show" || verb === "delete", this.#ports);
	}

	/** Behind `top`, and behind `up` with or without a number. */
	#elsewhere(
		place: CommandPlace<ConfigurationHandler> & { readonly kind: "rest" },
		cursor: Cursor,
		configuration: ConfigurationSession,
	): CursorPlace {
		const [first] = place.rest;
		const isUp = place.handler === "up";
		const isCounted = isUp && first !== undefined && /^[0-9]{1,4}$/.test(first.text);
		const level = isUp
			? levelAbove(configuration.level, isCounted ? Number(first.text) : 1)
			: topLevel(configuration.level.root);
		const before = isCounted ? place.rest.slice(1) : place.rest;
		if (isUp && before === place.rest && before.length === 0 && /^[0-9]+$/.test(cursor.partial))
			return { candidates: [levelCount] };
		const inner = this.#configurationPlace({ ...cursor, before }, configuration, level);
		if (before.length > 0 || cursor.partial !== "" || inner.problem !== undefined) return inner;
		const count = isUp && !isCounted ? [levelCount] : [];
		return { candidates: [enter, ...count, ...inner.candidates, bar] };
	}
}

/** Adds what ends a line to the candidates of a statement. */
function withEnds(
	inner: ReturnType<typeof statementPlace>,
	start: number,
	cursor: Cursor,
	mayStandAlone: boolean,
	ports: SessionPorts,
): CursorPlace {
	if (inner.problem !== undefined) {
		const { at, message, candidates } = inner.problem;
		return { candidates: [], problem: { at: at + start, message, candidates } };
	}
	const candidates = withNames(inner.candidates, inner.candidates, cursor, ports);
	const isAlone = cursor.line.slice(start).trim() === "";
	if (cursor.partial !== "" || !(inner.mayEnd || (isAlone && mayStandAlone))) return { candidates };
	return { candidates: [enter, ...candidates, bar] };
}

/** Where the text of the statement begins: behind the verb and its blank. */
function statementStart(cursor: Cursor, rest: readonly LineWord[]): number {
	const first = rest[0];
	return first === undefined ? cursor.start : first.start;
}

function modeOf(verb: string): StatementMode {
	return verb === "set" || verb === "edit" || verb === "help" || verb === "wildcard" ? "set" : "existing";
}

const enter: Candidate = { text: "<[Enter]>", help: "Execute this command", kind: "enter" };
const levelCount: Candidate = { text: "<number>", help: "How many levels", kind: "value" };
const bar: Candidate = { text: "|", help: "Pipe through a command", kind: "pipe" };
const textPlaceholder: Candidate = { text: "<text>", help: "Text to look for", kind: "value" };
const maxNames = 200;
