/** Operational mode of one session: what it answers itself, and what it hands to the system. */

import { compareTree } from "#cli/compare-pipe.ts";
import { aproposText, statementHelp } from "#cli/configuration-help.ts";
import type { ConfigurationSession } from "#cli/configuration-session.ts";
import { listCommands, type ParsedCommand, parseCommand } from "#cli/grammar.ts";
import type { PassphraseHandler } from "#cli/local-certificate-commands.ts";
import { type OperationalHandler, operationalCommands } from "#cli/operational-commands.ts";
import type { LineWord } from "#cli/parse-line.ts";
import type { ConfirmedPkiHandler } from "#cli/pki-commands.ts";
import { askYesNo, type CommandContext, failure, type Reply, silence, success } from "#cli/reply.ts";
import type { SessionIdentity, SessionPorts } from "#cli/session-ports.ts";
import { displayForm, showDifference, showStatement } from "#cli/show-configuration.ts";
import { visibleTree } from "#cli/visible-tree.ts";
import { utc } from "#config/commit.ts";
import type { EditMode } from "#config/editor.ts";
import { topLevel } from "#config/level.ts";
import { readLine } from "#config/line.ts";
import type { Branch } from "#config/tree.ts";

/** What `set cli` changes. Undefined: as it was at the beginning. */
export interface SessionSettings {
	readonly prompt: string | undefined;
	readonly screenLength: number | undefined;
	readonly screenWidth: number | undefined;
	readonly completesOnSpace: boolean;
	readonly idleMinutes: number | undefined;
	readonly hasTimestamp: boolean;
}

type Command = ParsedCommand<OperationalHandler>;

export class OperationalSession {
	#settings: SessionSettings = {
		prompt: undefined,
		screenLength: undefined,
		screenWidth: undefined,
		completesOnSpace: true,
		idleMinutes: undefined,
		hasTimestamp: false,
	};
	#hasChanged = false;
	readonly #identity: SessionIdentity;
	readonly #ports: SessionPorts;
	readonly #configuration: ConfigurationSession;
	readonly #history: string[] = [];
	readonly #followed = new Set<string>();

	constructor(identity: SessionIdentity, ports: SessionPorts, configuration: ConfigurationSession) {
		this.#identity = identity;
		this.#ports = ports;
		this.#configuration = configuration;
	}

	get settings(): SessionSettings {
		return this.#settings;
	}

	/** True once after settings of the terminal changed. */
	takeSettingsChange(): boolean {
		const hasChanged = this.#hasChanged;
		this.#hasChanged = false;
		return hasChanged;
	}

	/** Keeps a line for `show cli history`. */
	remember(line: string, isConfiguration: boolean): void {
		if (isConfiguration) return;
		this.#history.push(line);
		if (this.#history.length > maxHistory) this.#history.shift();
	}

	/** Does one command. */
	command(words: readonly LineWord[], context: CommandContext): Reply {
		const parsed = parseCommand(operationalCommands, words, this.#ports.access().mayRun, context.end);
		if (!parsed.ok) return { ...parsed, kind: "complaint" };
		const misplaced = misplacedPipe(parsed.handler, context);
		return misplaced ?? this.#perform(parsed, context);
	}

	#perform(command: Command, context: CommandContext): Reply {
		const { handler, values, words, rest } = command;
		switch (handler) {
			case "configure":
				return this.#configure(words[1]);
			case "quit":
				if (this.#configuration.isOpen) return failure("error: command is not valid in configuration mode");
				return { kind: "end" };
			case "set-cli":
				return this.#set(words, values);
			case "show-cli":
				return { kind: "text", text: settingsText(this.#settings) };
			case "show-cli-authorization":
				return this.#authorization();
			case "show-cli-history":
				return { kind: "text", text: this.#history.map((line) => `  ${line}\n`).join("") };
			case "show-configuration":
				return this.#showConfiguration(rest, context);
			case "help-apropos":
				return { kind: "text", text: this.#apropos(textOf(rest)) };
			case "help-topic":
			case "help-reference": {
				const form = handler === "help-reference" ? "reference" : "topic";
				const { root } = this.#ports.configuration.candidates();
				const text = statementHelp(
					root,
					rest.map((word) => word.text),
					form,
				);
				return text === undefined ? failure("error: no such statement") : { kind: "text", text };
			}
			case "monitor-start":
				if (this.#followed.size >= maxFollowed) return failure(`error: at most ${maxFollowed} files are followed`);
				this.#followed.add(values.file ?? "");
				return { kind: "follow", file: values.file ?? "" };
			case "monitor-stop":
				if (values.file === undefined) this.#followed.clear();
				else if (!this.#followed.delete(values.file)) return failure(`error: '${values.file}' is not followed`);
				return { kind: "unfollow", file: values.file };
			case "monitor-list":
				return success(...[...this.#followed].map((file) => `monitor start "${file}"`));
			case "clear-commit":
				return { kind: "clear-scheduled-commit" };
			case "show-rollback":
				return this.#showRollback(values, context);
			case "ping":
			case "traceroute":
			case "file-checksum":
			case "file-compare":
			case "file-copy":
			case "file-delete":
			case "file-list":
			case "file-rename":
			case "file-show":
				return { kind: "run", program: handler, values };
			case "start-shell":
				return { kind: "run", program: "shell", values };
			case "ca-certificate-load":
			case "ca-certificate-replace":
			case "ca-group-load":
				return confirmCertificates(handler, values);
			case "local-certificate-export":
			case "local-certificate-load":
			case "local-certificate-repair":
			case "local-certificate-replace":
				return withPassphrase(handler, values);
			default:
				return { kind: "handle", handler, values, isJson: displayForm(context.pipes).form === "json" };
		}
	}

	#configure(word: string | undefined): Reply {
		if (this.#configuration.isOpen) return failure("error: already in configuration mode");
		const mode: EditMode = word === "private" || word === "exclusive" ? word : "shared";
		const { ok, lines } = this.#configuration.open(mode);
		return { kind: "lines", lines, isOk: ok };
	}

	#showConfiguration(rest: readonly LineWord[], context: CommandContext): Reply {
		const { configuration } = this.#ports;
		const { root, active, salt } = configuration.candidates();
		const access = this.#ports.access();
		const tree = visibleTree(root, active, access);
		const show = { root, tree, level: topLevel(root), hidesSecrets: !access.maySeeSecrets };
		const display = displayForm(context.pipes);
		const compare = context.pipes.find(({ kind }) => kind === "compare");
		if (compare !== undefined) {
			return compareTree(compare, { root, base: active, active, salt }, (before) => ({
				kind: "text",
				text: showDifference(show, visibleTree(root, before, access), display),
			}));
		}
		const read = readLine(context.line.slice(0, context.end));
		if (!read.ok) return { kind: "complaint", at: read.column - 1, message: "syntax error." };
		const start = rest[0]?.start ?? context.end;
		const items = read.items.filter(({ column }) => column > start);
		const shown = showStatement(show, items, display);
		if (!shown.ok) {
			const at = items[shown.at]?.column ?? context.line.slice(0, context.end).trimEnd().length + 1;
			const message = shown.message.startsWith("syntax error: ") ? "syntax error." : shown.message;
			return { kind: "complaint", at: at - 1, message };
		}
		const { time, user } = configuration.lastCommit();
		const head = items.length === 0 && display.form === "text" ? `## Last commit: ${utc(time)} by ${user}\n` : "";
		return { kind: "text", text: head + shown.text };
	}

	/** An earlier configuration, or the difference between two. */
	#showRollback(values: Readonly<Record<string, string>>, context: CommandContext): Reply {
		const { root } = this.#ports.configuration.candidates();
		const access = this.#ports.access();
		const display = displayForm(context.pipes);
		const show = (tree: Branch) => ({
			root,
			tree: visibleTree(root, tree, access),
			level: topLevel(root),
			hidesSecrets: !access.maySeeSecrets,
		});
		const other = values.other ?? context.pipes.find(({ kind }) => kind === "compare")?.values.rollback;
		return this.#fetch(Number(values.number), (tree) => {
			if (other === undefined) {
				const shown = showStatement(show(tree), [], display);
				return shown.ok ? { kind: "text", text: shown.text } : failure(shown.message);
			}
			return this.#fetch(Number(other), (newer) => {
				const text = showDifference(show(newer), visibleTree(root, tree, access), display);
				return { kind: "text", text };
			});
		});
	}

	#fetch(which: number, then: (tree: Branch) => Reply): Reply {
		return which === 0 ? then(this.#ports.configuration.candidates().active) : { kind: "fetch", which, then };
	}

	#authorization(): Reply {
		const access = this.#ports.access();
		return success(
			`Current user: '${this.#identity.user}' class '${access.className}'`,
			"Permissions:",
			...(access.permissions.length === 0 ? ["    none"] : access.permissions.map((one) => `    ${one}`)),
		);
	}

	#apropos(text: string): string {
		const wanted = text.toLowerCase();
		const { mayRun } = this.#ports.access();
		const lines = listCommands(operationalCommands)
			.filter(({ syntax, permission }) => mayRun([syntax], permission))
			.filter(({ syntax, help }) => syntax.includes(wanted) || help.toLowerCase().includes(wanted))
			.flatMap(({ syntax, help }) => [syntax, `    ${help}`]);
		const commands = lines.length === 0 ? "" : `${lines.join("\n")}\n`;
		const { root } = this.#ports.configuration.candidates();
		return aproposText(root, text, commands);
	}

	#set(words: readonly string[], values: Readonly<Record<string, string>>): Reply {
		const number = (name: string): number | undefined =>
			values[name] === undefined ? undefined : Number(values[name]);
		this.#hasChanged = true;
		switch (words[2]) {
			case "complete-on-space":
				this.#settings = { ...this.#settings, completesOnSpace: values["complete-on-space"] === "on" };
				return success(this.#settings.completesOnSpace ? "Enabling complete-on-space" : "Disabling complete-on-space");
			case "idle-timeout": {
				const idleMinutes = number("idle-timeout") ?? 30;
				this.#settings = { ...this.#settings, idleMinutes };
				return success(idleMinutes === 0 ? "Idle timeout disabled" : `Idle timeout set to ${idleMinutes} minutes`);
			}
			case "prompt":
				this.#settings = { ...this.#settings, prompt: values.prompt };
				return success(`Prompt set to '${values.prompt}'`);
			case "screen-length":
				this.#settings = { ...this.#settings, screenLength: number("screen-length") };
				return success(`Screen length set to ${this.#settings.screenLength}`);
			case "screen-width":
				this.#settings = { ...this.#settings, screenWidth: number("screen-width") };
				return success(`Screen width set to ${this.#settings.screenWidth}`);
			case "timestamp":
				this.#settings = { ...this.#settings, hasTimestamp: words[3] !== "disable" };
				return success(
					this.#settings.hasTimestamp ? "CLI timestamp set to: YYYY-MM-DD hh:mm:ss" : "CLI timestamp disabled",
				);
			default:
				return silence;
		}
	}
}

/** `compare` and `display` belong to configurations, `display json` also to what the system tells in this form. */
function misplacedPipe(handler: OperationalHandler, { pipes }: CommandContext): Reply | undefined {
	if (handler === "show-configuration" || handler === "show-rollback") return undefined;
	for (const pipe of pipes) {
		const isMisplaced =
			pipe.kind === "compare" || (pipe.kind === "display" && !(pipe.words[0] === "json" && jsonHandlers.has(handler)));
		if (isMisplaced)
			return { kind: "complaint", at: pipe.start, message: "the output of this command has no such form." };
	}
	return undefined;
}

/** What a file holds is shown and has to be confirmed before it is trusted. */
function confirmCertificates(handler: ConfirmedPkiHandler, values: Readonly<Record<string, string>>): Reply {
	const load = (): Reply => ({ kind: "handle", handler, values, isJson: false });
	const question = "Do you want to load this CA certificate?";
	const then = (): Reply => askYesNo(question, false, (isYes) => (isYes ? load() : unconfirmed));
	return { kind: "handle", handler: "ca-file-show", values: { ...values, for: handler }, isJson: false, then };
}

/** Asks for the passphrase of a key, twice for a new one; it is no part of the line, which is kept in the history. */
function withPassphrase(handler: PassphraseHandler, values: Readonly<Record<string, string>>): Reply {
	const isNew = handler === "local-certificate-export";
	const isNeeded = isNew ? values.type === "pkcs12" : values.passphrase !== undefined;
	const perform = (passphrase?: string): Reply => {
		const { passphrase: _, ...rest } = values;
		const all = passphrase === undefined ? rest : { ...rest, passphrase };
		return { kind: "handle", handler, values: all, isJson: false };
	};
	if (!isNeeded || values["passphrase-file"] !== undefined) return perform();
	const ask = (question: string, then: (answer: string) => Reply): Reply => ({
		kind: "ask",
		question,
		isHidden: true,
		then,
	});
	return ask("Passphrase: ", (first) => {
		if (!isNew) return perform(first);
		const again = (second: string) => (second === first ? perform(first) : failure("error: the two are not the same"));
		return first === ""
			? failure("error: a key is not exported without a passphrase")
			: ask("Retype passphrase: ", again);
	});
}

/** A script that gives no answer must not take silence for success. */
const unconfirmed = failure(
	"error: not confirmed with yes; nothing was loaded (in a script the answer is the line behind the command)",
);

function settingsText(settings: SessionSettings): string {
	const size = (value: number | undefined): string => (value === undefined ? "that of the terminal" : String(value));
	const idle = settings.idleMinutes ?? 0;
	return [
		`CLI complete-on-space set to ${settings.completesOnSpace ? "on" : "off"}`,
		idle === 0 ? "CLI idle-timeout disabled" : `CLI idle-timeout set to ${idle} minutes`,
		`CLI screen-length set to ${size(settings.screenLength)}`,
		`CLI screen-width set to ${size(settings.screenWidth)}`,
		`CLI timestamp ${settings.hasTimestamp ? "set" : "disabled"}`,
		"",
	].join("\n");
}

function textOf(words: readonly LineWord[]): string {
	return words.map(({ text }) => text).join(" ");
}

const jsonHandlers: ReadonlySet<OperationalHandler> = new Set<OperationalHandler>([
	"show-idp-attack",
	"show-idp-attacks",
	"show-idp-counters",
	"show-idp-policies",
	"show-idp-status",
	"show-ip-actions",
	"explain-session",
	"show-ca-certificate",
	"show-certificate-request",
	"show-key-pair",
	"show-local-certificate",
	"show-ca-group",
	"show-crl",
	"show-default-store",
	"show-feed-matches",
	"show-feeds",
	"show-learned-bypass",
	"show-policy-hits",
	"show-proxy-certificate-cache",
	"show-quarantine",
	"show-proxy-counters",
	"show-proxy-sessions",
	"show-proxy-statistics",
	"show-uptime",
	"show-users",
	"show-version",
]);
const maxHistory = 100;
const maxFollowed = 8;
