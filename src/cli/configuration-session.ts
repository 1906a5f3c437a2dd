/** One session of configuration mode: its verbs, each as a question to the candidates, a commit, or a text. */
import { compareTree } from "#cli/compare-pipe.ts";
import { type ConfigurationHandler, configurationCommands } from "#cli/configuration-commands.ts";
import { candidatesOf } from "#cli/configuration-completion.ts";
import { aproposText, statementHelp } from "#cli/configuration-help.ts";
import { type ParsedCommand, parseCommand } from "#cli/grammar.ts";
import type { LineWord } from "#cli/parse-line.ts";
import { askYesNo, type CommandContext, type CommitOrder, failure, type Reply, silence, success } from "#cli/reply.ts";
import type { SessionIdentity, SessionPorts } from "#cli/session-ports.ts";
import { displayForm, type ShowContext, showDifference, showStatement } from "#cli/show-configuration.ts";
import { visibleTree } from "#cli/visible-tree.ts";
import { type CandidateAnswer, candidateOf, isModified } from "#config/candidate.ts";
import type { CandidateEvent } from "#config/candidate-machine.ts";
import { defaultConfirmMinutes, utc } from "#config/commit.ts";
import { describeEditors, type EditAccess, type EditMode, type Editor } from "#config/editor.ts";
import { banner } from "#config/finding.ts";
import { type Level, levelAbove, levelWords, topLevel } from "#config/level.ts";
import { readLine, readRangeLine } from "#config/line.ts";
import type { LoadHow } from "#config/load.ts";
import { printText } from "#config/print-text.ts";
import { type Item, itemOf } from "#config/resolve.ts";
import { type Branch, branchAt, emptyTree } from "#config/tree.ts";

type Command = ParsedCommand<ConfigurationHandler>;

export class ConfigurationSession {
	readonly #identity: SessionIdentity;
	readonly #ports: SessionPorts;
	/** The levels from which `edit` went down, for `exit`. */
	#levels: readonly Level[] = [];

	constructor(identity: SessionIdentity, ports: SessionPorts) {
		this.#identity = identity;
		this.#ports = ports;
	}

	/** `configure`: begins to edit. */
	open(mode: EditMode): CandidateAnswer {
		const { id: editor, user, terminal, processId: pid } = this.#identity;
		const access = editAccess(this.#ports);
		return this.#ports.configuration.change({ type: "editor-opened", editor, user, terminal, pid, mode, access });
	}

	/** The line ends without a question: the connection is gone. */
	close(): void {
		if (this.isOpen) this.#change({ type: "editor-closed", editor: this.#identity.id });
	}

	/** False before `open`, and after the editor left or was sent away. */
	get isOpen(): boolean {
		return this.#state.editors.has(this.#identity.id);
	}

	get level(): Level {
		return this.#editor.level;
	}

	/** What stands above the prompt. */
	banner(now: number): string {
		const pending = this.#ports.configuration.pendingLine(now);
		return `\n${pending === undefined ? "" : `${pending}\n`}${banner(levelWords(this.level))}\n`;
	}

	/** What the user may see of the candidate. */
	get visibleCandidate(): Branch {
		return visibleTree(this.#state.root, candidateOf(this.#state, this.#editor), this.#ports.access());
	}

	/** Does one verb; `level` is another level for this line alone (`top set ...`). */
	command(command: Command, context: CommandContext, level?: Level): Reply {
		const { handler, values, rest, words } = command;
		switch (handler) {
			case "edit-line":
				return this.#editLine(words[0] as string, rest, context, level);
			case "edit":
				return this.#moveDown(rest, context, level);
			case "up":
			case "top":
				return this.#elsewhere(handler, rest, context);
			case "exit":
				return this.#exit();
			case "exit-configuration":
				return this.leave();
			case "show":
				return this.#show(rest, context, level ?? this.level);
			case "commit":
				return this.#commit(values, context);
			case "load":
				return this.#load(words[1] as LoadHow, values, words[2] === "relative");
			case "load-factory-default":
				return this.#fetchCandidate("factory", ["warning: activating factory configuration"]);
			case "rollback":
				return this.#fetchCandidate(values.number === "rescue" ? "rescue" : Number(values.number ?? 0), []);
			case "save":
				return this.#save(values.file ?? "");
			case "status":
				return this.#status(context.now);
			case "update":
				return replyOf(this.#change({ type: "update-requested", editor: this.#identity.id }));
			case "replace-pattern":
				return this.#replace(values);
			case "wildcard-delete":
				return this.#wildcardDelete(rest, context);
			case "wildcard-range":
				return this.#wildcardRange(words[2] as string, rest, context);
			case "help-apropos":
				return { kind: "text", text: aproposText(this.#state.root, textOf(rest)) };
			case "help-topic":
			case "help-reference": {
				const path = [...levelWords(level ?? this.level), ...rest.map(({ text }) => text)];
				const text = statementHelp(this.#state.root, path, handler === "help-reference" ? "reference" : "topic");
				return text === undefined ? failure("error: no such statement") : { kind: "text", text };
			}
			case "run":
				return silence;
		}
	}

	/** Leaves configuration mode, after a question when there are changes. */
	leave(): Reply {
		const editor = this.#editor;
		if (!isModified(this.#state, editor)) return this.#left();
		const changed = "The configuration has been changed but not committed\n";
		if (editor.mode === "shared")
			return askYesNo("Exit with uncommitted changes?", true, (isYes) => (isYes ? this.#left() : silence), changed);
		const warning = editor.mode === "exclusive" ? "warning: Auto rollback on exiting 'configure exclusive'\n" : "";
		const before = changed + warning;
		return askYesNo("Discard uncommitted changes?", true, (isYes) => (isYes ? this.#left() : silence), before);
	}

	get #state() {
		return this.#ports.configuration.candidates();
	}

	get #editor(): Editor {
		return this.#state.editors.get(this.#identity.id) as Editor;
	}

	#change(event: CandidateEvent): CandidateAnswer {
		return this.#ports.configuration.change(event);
	}

	#left(): Reply {
		const { mode } = this.#editor;
		const { lines } = this.#change({ type: "editor-closed", editor: this.#identity.id });
		this.#levels = [];
		if (mode !== "exclusive" || lines.length < 2) return success(...lines);
		return success(...lines.slice(0, -1), "load complete", ...lines.slice(-1));
	}

	#editLine(verb: string, rest: readonly LineWord[], context: CommandContext, level: Level | undefined): Reply {
		const items = itemsOf(rest, context);
		if (!Array.isArray(items)) return items;
		const whole: Item[] = [{ ...itemOf(verb), column: 1 }, ...items];
		const event = { type: "line-entered" as const, editor: this.#identity.id, items: whole };
		const change = (): Reply =>
			this.#edited(this.#change(level === undefined ? event : { ...event, level }), whole, context, level);
		if (verb !== "delete" || items.length > 0) return change();
		return askYesNo("Delete everything under this level?", false, (isYes) => (isYes ? change() : silence));
	}

	/** The answer of the candidates, with the caret where it belongs. */
	#edited(answer: CandidateAnswer, items: readonly Item[], context: CommandContext, level: Level = this.level): Reply {
		if (answer.ok || answer.at === undefined) return replyOf(answer);
		const item = items[answer.at];
		const at = item === undefined ? context.line.slice(0, context.end).trimEnd().length : item.column - 1;
		const [message = "syntax error.", ...more] = answer.lines;
		const text = [caretMessage(message), ...more].join("\n");
		if (!message.endsWith("is ambiguous.") || item === undefined) return { kind: "complaint", at, message: text };
		const [first] = items.slice(1);
		const typed = context.line.slice((first?.column ?? 1) - 1, item.column - 1 + item.text.length);
		const candidates = candidatesOf(this.visibleCandidate, level, typed, "set").filter(
			({ kind }) => kind === "keyword",
		);
		return { kind: "complaint", at, message: text, candidates };
	}

	#moveDown(rest: readonly LineWord[], context: CommandContext, level: Level | undefined): Reply {
		const items = itemsOf(rest, context);
		if (!Array.isArray(items)) return items;
		const before = this.level;
		const { id: editor } = this.#identity;
		if (level !== undefined) this.#moveTo(level);
		const answer = this.#change({ type: "level-moved", editor, move: { kind: "edit", items } });
		if (answer.ok) this.#levels = [...this.#levels, level ?? before];
		else if (level !== undefined) this.#moveTo(before);
		return this.#edited(answer, items, context, level);
	}

	/** `top` and `up n`, with or without a verb that is done there. */
	#elsewhere(handler: "top" | "up", rest: readonly LineWord[], context: CommandContext): Reply {
		const [first] = rest;
		const isCounted = handler === "up" && first !== undefined && /^[0-9]{1,4}$/.test(first.text);
		const count = isCounted ? Number(first.text) : 1;
		if (count < 1) return { kind: "complaint", at: first?.start ?? 0, message: "syntax error." };
		const words = isCounted ? rest.slice(1) : rest;
		if (words.length === 0) {
			const move = handler === "top" ? ({ kind: "top" } as const) : ({ kind: "up", count } as const);
			return replyOf(this.#change({ type: "level-moved", editor: this.#identity.id, move }));
		}
		const level = handler === "top" ? topLevel(this.#state.root) : levelAbove(this.level, count);
		const parsed = parseCommand(configurationCommands, words, this.#ports.access().mayRun, context.end);
		if (!parsed.ok) return { ...parsed, kind: "complaint" };
		return this.command(parsed, context, level);
	}

	/** To where the last `edit` came from; from the top out of configuration mode. */
	#exit(): Reply {
		const here = levelWords(this.level);
		if (here.length === 0) return this.leave();
		const isAbove = (level: Level): boolean => {
			const words = levelWords(level);
			return words.length < here.length && words.every((word, index) => word === here[index]);
		};
		const at = this.#levels.findLastIndex(isAbove);
		const target = this.#levels[at] ?? topLevel(this.#state.root);
		this.#levels = this.#levels.slice(0, Math.max(0, at));
		this.#moveTo(target);
		return silence;
	}

	#moveTo(level: Level): void {
		this.#change({ type: "level-moved", editor: this.#identity.id, move: { kind: "to", level } });
	}

	#show(rest: readonly LineWord[], context: CommandContext, level: Level): Reply {
		const items = itemsOf(rest, context);
		if (!Array.isArray(items)) return items;
		const { root } = this.#state;
		const tree = this.visibleCandidate;
		const display = displayForm(context.pipes);
		const base = this.#editor.own?.base ?? this.#state.active;
		const show: ShowContext = {
			root,
			tree,
			level,
			hidesSecrets: !this.#ports.access().maySeeSecrets,
			...(display.marksChanges ? { before: visibleTree(root, base, this.#ports.access()) } : {}),
		};
		const compare = context.pipes.find(({ kind }) => kind === "compare");
		if (compare !== undefined) {
			return compareTree(compare, { root, base, active: this.#state.active, salt: this.#state.salt }, (before) => ({
				kind: "text",
				text: showDifference(show, visibleTree(root, before, this.#ports.access()), display),
			}));
		}
		const shown = showStatement(show, items, display);
		if (shown.ok) return { kind: "text", text: shown.text };
		const at = items[shown.at]?.column ?? context.line.slice(0, context.end).trimEnd().length + 1;
		return { kind: "complaint", at: at - 1, message: caretMessage(shown.message) };
	}

	#commit(values: Readonly<Record<string, string>>, context: CommandContext): Reply {
		const { comment } = values;
		const at = values.at === undefined ? undefined : nextTime(values.at, context.now);
		if (at !== undefined && at <= context.now) return failure(`error: ${utc(at)} is past`);
		const minutes = values.confirmed === "" ? defaultConfirmMinutes : Number(values.confirmed);
		const order: CommitOrder = {
			via: "cli",
			isCheck: values.check !== undefined,
			isFull: values.full !== undefined,
			isDetailed: displayForm(context.pipes).isDetailed,
			...(comment === undefined ? {} : { comment }),
			...(values.confirmed === undefined ? {} : { confirmMinutes: minutes }),
			...(at === undefined ? {} : { at }),
		};
		const notes =
			values.synchronize === undefined ? [] : ["warning: this system is not part of a cluster; committed here alone"];
		return {
			kind: "commit",
			order,
			then: (isOk, lines) => {
				if (!isOk) return failure(...notes, ...lines);
				if (values["and-quit"] === undefined) return success(...notes, ...lines);
				const left = this.leave();
				return left.kind === "lines" ? success(...notes, ...lines, ...left.lines) : left;
			},
		};
	}

	#load(how: LoadHow, values: Readonly<Record<string, string>>, isRelativeFirst: boolean): Reply {
		const file = values.file ?? "";
		const format = values.json === undefined ? ("text" as const) : ("json" as const);
		const isRelative = isRelativeFirst || values.relative !== undefined;
		const load = (text: string): Reply => {
			const request = { how, text, format, isRelative, source: file };
			return replyOf(this.#change({ type: "text-loaded", editor: this.#identity.id, request }));
		};
		return file === "terminal" ? { kind: "collect", then: load } : { kind: "read-file", file, then: load };
	}

	#fetchCandidate(which: number | "rescue" | "factory", notes: readonly string[]): Reply {
		const load = (tree: Branch): Reply => {
			const answer = this.#change({ type: "tree-loaded", editor: this.#identity.id, tree });
			return answer.ok ? success(...notes, ...answer.lines) : replyOf(answer);
		};
		return which === 0 ? load(this.#state.active) : { kind: "fetch", which, then: load };
	}

	#save(file: string): Reply {
		const { level } = this;
		const branch = branchAt(this.visibleCandidate, level.path) ?? emptyTree;
		const text = printText(level.node, branch, { hidesSecrets: !this.#ports.access().maySeeSecrets });
		if (file === "terminal") return { kind: "text", text };
		const lines = text.split("\n").length - 1;
		return {
			kind: "write-file",
			file,
			text,
			then: () => success(`Wrote ${lines} lines of configuration to '${file}'`),
		};
	}

	#status(now: number): Reply {
		const editors = [...this.#state.editors.values()];
		return success("Users currently editing the configuration:", ...describeEditors(editors, now));
	}

	#replace(values: Readonly<Record<string, string>>): Reply {
		const { pattern = "", with: replacement = "", upto } = values;
		const event = { type: "pattern-replaced" as const, editor: this.#identity.id, pattern, replacement };
		return replyOf(this.#change(upto === undefined ? event : { ...event, upTo: Number(upto) }));
	}

	#wildcardDelete(rest: readonly LineWord[], context: CommandContext): Reply {
		// The expression may hold brackets: the words are those between blanks.
		const items = readRangeLine(context.line.slice(0, context.end)).filter(
			({ column }) => column > (rest[0]?.start ?? 0),
		);
		const event = { type: "wildcard-deleted" as const, editor: this.#identity.id, items };
		const found = this.#change({ ...event, isConfirmed: false });
		if (!found.ok) return this.#edited(found, items, context);
		const { length } = found.lines;
		const question = `Delete ${length} object${length === 1 ? "" : "s"}?`;
		const before = `${found.lines.join("\n")}\n`;
		const doIt = (isYes: boolean): Reply => (isYes ? replyOf(this.#change({ ...event, isConfirmed: true })) : silence);
		return askYesNo(question, false, doIt, before);
	}

	#wildcardRange(verb: string, rest: readonly LineWord[], context: CommandContext): Reply {
		const words = readRangeLine(context.line.slice(0, context.end)).filter(
			({ column }) => column > (rest[0]?.start ?? 0),
		);
		const items = [itemOf(verb), ...words];
		return this.#edited(this.#change({ type: "range-entered", editor: this.#identity.id, items }), items, context);
	}
}

/** The words behind the verb as items of the configuration, or what is wrong with them. */
function itemsOf(rest: readonly LineWord[], { line, end }: CommandContext): Item[] | Reply {
	const read = readLine(line.slice(0, end));
	if (!read.ok) return { kind: "complaint", at: read.column - 1, message: caretMessage(read.message) };
	if (read.openList !== undefined)
		return { kind: "complaint", at: line.slice(0, end).trimEnd().length, message: "missing ']'." };
	const start = rest[0]?.start ?? end;
	return read.items.filter(({ column }) => column > start);
}

/** Under a caret the word itself is not repeated. */
function caretMessage(message: string): string {
	return message.startsWith("syntax error: ") ? "syntax error." : message;
}

function replyOf({ ok, lines }: CandidateAnswer): Reply {
	return { kind: "lines", lines, isOk: ok || lines.every((line) => line.startsWith("warning:")) };
}

function textOf(words: readonly LineWord[]): string {
	return words.map(({ text }) => text).join(" ");
}

/** What the user's class allows at the moment it is asked. */
function editAccess(ports: SessionPorts): EditAccess {
	return {
		mayView: (words, permission) => ports.access().mayView(words, permission),
		mayChange: (words, permission) => ports.access().mayChange(words, permission),
		get mayChangeAll() {
			return ports.access().mayChangeAll;
		},
		get maySeeSecrets() {
			return ports.access().maySeeSecrets;
		},
	};
}

/** The next moment at which it is `hh:mm[:ss]`, or the moment `YYYY-MM-DD.hh:mm[:ss]`; UTC, as all times are told. */
function nextTime(text: string, now: number): number {
	const clock = /^([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?$/.exec(text);
	if (clock === null) return Date.parse(`${text.replace(/[. ]+/, "T")}Z`);
	const at = new Date(now).setUTCHours(Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0), 0);
	return at > now ? at : at + dayMs;
}

const dayMs = 86_400_000;
