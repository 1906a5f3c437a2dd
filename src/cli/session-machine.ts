/**
 * One session of the command line: lines and keys of a terminal in, prompts, output and requests to the system out.
 *
 * It is in operational mode, or in configuration mode once `configure` was entered; it waits for the terminal, or for
 * the system. Everything that it asks for comes back as an event.
 *
 * Bounds: texts that the terminal sends are refused beyond `maxTextLength` characters.
 */
import { type Complaint, formatComplaint } from "#cli/complaint.ts";
import { configurationCommands } from "#cli/configuration-commands.ts";
import { ConfigurationSession } from "#cli/configuration-session.ts";
import { parseCommand } from "#cli/grammar.ts";
import type { SystemHandler } from "#cli/operational-commands.ts";
import { OperationalSession } from "#cli/operational-session.ts";
import { type LinePart, splitLine } from "#cli/parse-line.ts";
import { isTextPipe, parsePipes } from "#cli/pipes.ts";
import { type CommandContext, type CommitOrder, failure, type Reply, type StoredConfiguration } from "#cli/reply.ts";
import { completeLine } from "#cli/session-completion.ts";
import type { SessionIdentity, SessionPorts } from "#cli/session-ports.ts";
import { type FromTerminal, type ToTerminal, textParts } from "#cli/socket-protocol.ts";
import { utc } from "#config/commit.ts";
import { maxTextLength } from "#config/text.ts";
import type { Branch } from "#config/tree.ts";

export type SessionEvent =
	| { readonly type: "opened"; readonly columns: number; readonly rows: number }
	| { readonly type: "message"; readonly message: FromTerminal }
	/** All of `print` has gone out. */
	| { readonly type: "printed" }
	/** The handler said everything; `complaint` is empty unless it failed. */
	| { readonly type: "handled"; readonly complaint: string }
	| { readonly type: "commit-answered"; readonly isOk: boolean; readonly lines: readonly string[] }
	| { readonly type: "fetched"; readonly tree: Branch | undefined; readonly problem: string }
	/** Text for this user from elsewhere: a broadcast, a line of a file that is followed. */
	| { readonly type: "noticed"; readonly text: string }
	/** Somebody ended the session. */
	| { readonly type: "evicted"; readonly text: string }
	/** The time of `deadline` may have come. */
	| { readonly type: "time-passed" }
	| { readonly type: "disconnected" };

export type SessionEffect =
	| { readonly type: "send"; readonly message: ToTerminal }
	/** Output of any length; answered by `printed`. */
	| { readonly type: "print"; readonly text: string }
	/** Answered by output and `handled`. */
	| {
			readonly type: "handle";
			readonly handler: SystemHandler;
			readonly values: Readonly<Record<string, string>>;
			readonly isJson: boolean;
	  }
	/** Also stops printing. */
	| { readonly type: "stop-handler" }
	| { readonly type: "commit"; readonly order: CommitOrder }
	| { readonly type: "clear-scheduled-commit" }
	| { readonly type: "fetch"; readonly which: StoredConfiguration }
	| { readonly type: "follow"; readonly file: string }
	| { readonly type: "unfollow"; readonly file: string | undefined }
	| { readonly type: "close" };

/** What the session waits for. */
type Mode =
	| { readonly kind: "expect-line" }
	| { readonly kind: "expect-answer"; readonly then: (answer: string) => Reply }
	| { readonly kind: "expect-text"; readonly then: (text: string) => Reply; parts: string[]; length: number }
	| { readonly kind: "expect-written"; readonly then: () => Reply }
	/** A program of the terminal. */
	| { readonly kind: "expect-program" }
	| { readonly kind: "await-printed"; readonly isOk: boolean }
	| { readonly kind: "await-handler"; readonly then: (() => Reply) | undefined }
	| { readonly kind: "await-commit"; readonly then: (isOk: boolean, lines: readonly string[]) => Reply }
	| { readonly kind: "await-tree"; readonly then: (tree: Branch) => Reply }
	| { readonly kind: "closed" };

export class SessionMachine {
	readonly #identity: SessionIdentity;
	readonly #ports: SessionPorts;
	readonly #configuration: ConfigurationSession;
	readonly #operational: OperationalSession;
	#mode: Mode = { kind: "expect-line" };
	#columns = 80;
	/** The line that is being done, with its pipes. */
	#context: CommandContext = { line: "", end: 0, pipes: [], now: 0 };
	#hasPrinted = false;
	#lastActive = 0;
	#effects: SessionEffect[] = [];

	constructor(identity: SessionIdentity, ports: SessionPorts) {
		this.#identity = identity;
		this.#ports = ports;
		this.#configuration = new ConfigurationSession(identity, ports);
		this.#operational = new OperationalSession(identity, ports, this.#configuration);
	}

	/** Takes one event. `now` in milliseconds since 1970. */
	step(event: SessionEvent, now: number): SessionEffect[] {
		this.#effects = [];
		if (this.#mode.kind !== "closed") this.#take(event, now);
		return this.#effects;
	}

	/** When the session wants `time-passed`; undefined: never. */
	get deadline(): number | undefined {
		const minutes = this.#operational.settings.idleMinutes ?? this.#ports.access().idleTimeoutMinutes;
		if (minutes === 0 || this.#mode.kind === "closed") return undefined;
		return this.#lastActive + minutes * 60_000;
	}

	/** What the session is doing, for `show system users`. */
	describe(): string {
		if (this.#mode.kind === "expect-line") return this.#configuration.isOpen ? "configuration mode" : "-";
		return this.#context.line;
	}

	#take(event: SessionEvent, now: number): void {
		switch (event.type) {
			case "opened":
				this.#columns = event.columns;
				this.#lastActive = now;
				this.#greet();
				return this.#prompt(now);
			case "message":
				this.#lastActive = now;
				return this.#message(event.message, now);
			case "printed":
				if (this.#mode.kind === "await-printed") this.#finish(this.#mode.isOk, now);
				return;
			case "handled":
				if (this.#mode.kind === "await-handler") this.#handled(event.complaint, this.#mode.then, now);
				return;
			case "commit-answered":
				if (this.#mode.kind === "await-commit") this.#reply(this.#mode.then(event.isOk, event.lines), now);
				return;
			case "fetched":
				if (this.#mode.kind !== "await-tree") return;
				return this.#reply(event.tree === undefined ? failure(event.problem) : this.#mode.then(event.tree), now);
			case "noticed":
				return this.#send({ type: "notice", text: event.text });
			case "evicted":
				return this.#end(event.text, false);
			case "time-passed":
				if (now >= (this.deadline ?? Number.POSITIVE_INFINITY))
					this.#end("Idle timeout exceeded: closing session\n", false);
				return;
			case "disconnected":
				this.#configuration.close();
				this.#mode = { kind: "closed" };
				return;
		}
	}

	#message(message: FromTerminal, now: number): void {
		switch (message.type) {
			case "line":
				if (this.#mode.kind === "expect-line") this.#line(message.text, now);
				return;
			case "complete":
				if (this.#mode.kind === "expect-line") this.#complete(message);
				else this.#send({ type: "completed", line: message.line, shows: "" });
				return;
			case "answer":
				if (this.#mode.kind === "expect-answer") this.#reply(this.#mode.then(message.text), now);
				return;
			case "text":
				return this.#text(message.text, message.isLast, now);
			case "failed":
				if (this.#isAtTerminal()) this.#reply(failure(`error: ${message.message}`), now);
				return;
			case "done":
				if (this.#mode.kind === "expect-written") this.#reply(this.#mode.then(), now);
				else if (this.#mode.kind === "expect-program") this.#finish(true, now);
				return;
			case "interrupt":
				return this.#interrupted(now);
			case "resize":
				this.#columns = message.columns;
				return;
			case "hello":
				return;
		}
	}

	/** True while the terminal does something for the session. */
	#isAtTerminal(): boolean {
		return ["expect-text", "expect-written", "expect-program"].includes(this.#mode.kind);
	}

	#line(text: string, now: number): void {
		const split = splitLine(text);
		this.#context = { line: text, end: text.length, pipes: [], now };
		this.#hasPrinted = false;
		if (!split.ok) return this.#reply({ kind: "complaint", ...split }, now);
		const [command, ...pipeParts] = split.parts;
		if (command.words.length === 0 && pipeParts.length === 0) return this.#prompt(now);
		if (split.hasOpenQuote) return this.#reply({ kind: "complaint", at: text.length, message: "missing '\"'." }, now);
		const pipes = parsePipes(pipeParts);
		if (!pipes.ok) return this.#reply({ kind: "complaint", ...pipes }, now);
		this.#context = { line: text, end: command.end, pipes: pipes.pipes, now };
		this.#operational.remember(text, this.#configuration.isOpen);
		this.#send({ type: "begin", pipes: pipes.pipes.filter(isTextPipe) });
		const refreshes = pipes.pipes.some(({ kind }) => kind === "refresh");
		// Not part of what the pipes get.
		if (refreshes) this.#send({ type: "notice", text: `---(refreshed at ${utc(now)})---\n` });
		else if (this.#operational.settings.hasTimestamp) this.#send({ type: "output", text: `${utc(now)}\n` });
		this.#reply(this.#command(command), now);
	}

	#command(part: LinePart): Reply {
		const { mayRun } = this.#ports.access();
		if (part.words.length === 0) return { kind: "complaint", at: part.start, message: "unknown command." };
		if (!this.#configuration.isOpen) return this.#operational.command(part.words, this.#context);
		const parsed = parseCommand(configurationCommands, part.words, mayRun, part.end);
		if (!parsed.ok) return { ...parsed, kind: "complaint" };
		if (parsed.handler === "run") return this.#operational.command(parsed.rest, this.#context);
		return this.#configuration.command(parsed, this.#context);
	}

	#complete(message: FromTerminal & { readonly type: "complete" }): void {
		const configuration = this.#configuration.isOpen ? this.#configuration : undefined;
		const answer = completeLine(message, this.#ports, configuration);
		if (answer.kind === "line") return this.#send({ type: "completed", line: answer.line, shows: answer.shows });
		const shows = this.#complaintText(answer.problem, message.line);
		this.#send({ type: "completed", line: message.line, shows });
	}

	/** Does what a reply says, and goes on waiting. */
	#reply(reply: Reply, now: number): void {
		switch (reply.kind) {
			case "text":
				return this.#print(reply.text, true);
			case "lines": {
				const text = reply.lines.map((line) => `${line}\n`).join("");
				if (reply.isOk) return this.#print(text, true);
				if (text !== "") this.#send({ type: "complaint", text });
				this.#hasPrinted = true;
				return this.#finish(false, now);
			}
			case "complaint":
				this.#send({ type: "complaint", text: this.#complaintText(reply, this.#context.line) });
				this.#hasPrinted = true;
				return this.#finish(false, now);
			case "ask":
				if (reply.before !== undefined) this.#send({ type: "output", text: reply.before });
				this.#send({ type: "ask", question: reply.question, isHidden: reply.isHidden === true });
				this.#mode = { kind: "expect-answer", then: reply.then };
				return;
			case "handle":
				this.#effects.push({
					type: "handle",
					handler: reply.handler,
					values: reply.values,
					isJson: reply.isJson,
				});
				this.#mode = { kind: "await-handler", then: reply.then };
				return;
			case "run":
				this.#send({ type: "run", program: reply.program, values: reply.values });
				this.#mode = { kind: "expect-program" };
				return;
			case "commit":
				this.#effects.push({ type: "commit", order: reply.order });
				this.#mode = { kind: "await-commit", then: reply.then };
				return;
			case "clear-scheduled-commit":
				this.#effects.push({ type: "clear-scheduled-commit" });
				this.#mode = {
					kind: "await-commit",
					then: (isOk, lines) => ({ kind: "lines", lines, isOk }),
				};
				return;
			case "fetch":
				this.#effects.push({ type: "fetch", which: reply.which });
				this.#mode = { kind: "await-tree", then: reply.then };
				return;
			case "collect":
				this.#send({ type: "collect" });
				this.#mode = { kind: "expect-text", then: reply.then, parts: [], length: 0 };
				return;
			case "read-file":
				this.#send({ type: "read-file", file: reply.file });
				this.#mode = { kind: "expect-text", then: reply.then, parts: [], length: 0 };
				return;
			case "write-file":
				return this.#writeFile(reply.file, reply.text, reply.then);
			case "follow":
				this.#effects.push({ type: "follow", file: reply.file });
				return this.#finish(true, now);
			case "unfollow":
				this.#effects.push({ type: "unfollow", file: reply.file });
				return this.#finish(true, now);
			case "end":
				return this.#end("", true);
		}
	}

	#print(text: string, isOk: boolean): void {
		this.#hasPrinted ||= text !== "";
		this.#effects.push({ type: "print", text });
		this.#mode = { kind: "await-printed", isOk };
	}

	#writeFile(file: string, text: string, then: () => Reply): void {
		const parts = [...textParts(text)];
		for (const [index, part] of parts.entries()) {
			const isLast = index === parts.length - 1;
			this.#send({ type: "write-file", file, text: part, isFirst: index === 0, isLast });
		}
		this.#mode = { kind: "expect-written", then };
	}

	#handled(complaint: string, then: (() => Reply) | undefined, now: number): void {
		this.#hasPrinted = true;
		if (complaint === "" && then !== undefined) return this.#reply(then(), now);
		if (complaint !== "")
			this.#send({ type: "complaint", text: complaint.endsWith("\n") ? complaint : `${complaint}\n` });
		this.#finish(complaint === "", now);
	}

	#text(text: string, isLast: boolean, now: number): void {
		const mode = this.#mode;
		if (mode.kind !== "expect-text") return;
		mode.length += text.length;
		// What is too much is counted and forgotten; the answer comes at the end of it.
		if (mode.length > maxTextLength) mode.parts = [];
		else mode.parts.push(text);
		if (!isLast) return;
		const tooLong = `error: ${mode.length} characters; at most ${maxTextLength} are accepted`;
		this.#reply(mode.length > maxTextLength ? failure(tooLong) : mode.then(mode.parts.join("")), now);
	}

	#interrupted(now: number): void {
		switch (this.#mode.kind) {
			case "await-handler":
				this.#mode = { kind: "await-handler", then: undefined };
				this.#effects.push({ type: "stop-handler" });
				return;
			case "await-printed":
				this.#effects.push({ type: "stop-handler" });
				return;
			case "await-commit":
				return this.#send({ type: "complaint", text: "warning: the commit goes on; show system commit tells of it\n" });
			case "expect-answer":
			case "expect-text":
				return this.#finish(false, now);
			default:
				return;
		}
	}

	#greet(): void {
		const text = this.#identity.isInteractive ? this.#ports.greeting() : "";
		if (text !== "") this.#send({ type: "notice", text });
	}

	/** The command is over. */
	#finish(isOk: boolean, now: number): void {
		this.#send({ type: "finish", isOk });
		this.#prompt(now);
	}

	#prompt(now: number): void {
		const { settings } = this.#operational;
		if (this.#operational.takeSettingsChange()) {
			const { screenLength, screenWidth, completesOnSpace } = settings;
			this.#send({ type: "settings", settings: { screenLength, screenWidth, completesOnSpace } });
		}
		this.#mode = { kind: "expect-line" };
		const isEditing = this.#configuration.isOpen;
		const history = isEditing ? "configuration" : "operational";
		const banner = isEditing ? this.#configuration.banner(now) : this.#hasPrinted ? "\n" : "";
		this.#send({ type: "prompt", banner, prompt: this.#promptText(), history });
	}

	#promptText(): string {
		const { prompt } = this.#operational.settings;
		if (prompt !== undefined && !this.#configuration.isOpen) return prompt;
		return `${this.#identity.user}@${this.#ports.hostName()}${this.#configuration.isOpen ? "#" : ">"} `;
	}

	#complaintText(complaint: Complaint, line: string): string {
		const prompt = this.#identity.isInteractive ? this.#promptText() : undefined;
		return formatComplaint(complaint, { line, prompt, columns: this.#columns });
	}

	#end(text: string, isOk: boolean): void {
		this.#configuration.close();
		this.#send({ type: "end", text, isOk });
		this.#effects.push({ type: "close" });
		this.#mode = { kind: "closed" };
	}

	#send(message: ToTerminal): void {
		this.#effects.push({ type: "send", message });
	}
}
