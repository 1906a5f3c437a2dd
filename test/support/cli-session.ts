/** Sessions of the command line on real candidates and commits, everything in memory: lines in, text out. */
import { type Access, accessOfClass, type LoginClass, predefinedClasses } from "#cli/access.ts";
import type { StoredConfiguration } from "#cli/reply.ts";
import { type SessionEffect, type SessionEvent, SessionMachine } from "#cli/session-machine.ts";
import type { SessionIdentity } from "#cli/session-ports.ts";
import type { FromTerminal, ToTerminal } from "#cli/socket-protocol.ts";
import { type CandidateState, candidateOf } from "#config/candidate.ts";
import { type CandidateEvent, initialCandidates, stepCandidates } from "#config/candidate-machine.ts";
import type { CommitRecord } from "#config/commit.ts";
import { initialCommitState, pendingLine, stepCommit } from "#config/commit-machine.ts";
import type { CommitEvent, CommitState } from "#config/commit-state.ts";
import type { ContainerNode } from "#config/schema.ts";
import type { Branch } from "#config/tree.ts";
import { sampleRoot, treeOf } from "./config-sample.ts";

export interface SystemOptions {
	readonly root?: ContainerNode;
	readonly configuration?: string;
	/** Files of the terminal, by path. */
	readonly files?: Readonly<Record<string, string>>;
	/** What system handlers say. */
	readonly handlers?: Readonly<Record<string, (values: Readonly<Record<string, string>>, isJson: boolean) => string>>;
}

export interface LoginOptions {
	readonly user?: string;
	/** A predefined class, or one of its own. */
	readonly loginClass?: string | LoginClass;
	readonly isInteractive?: boolean;
	readonly columns?: number;
	/** A terminal that gets the messages; without it they are collected here. */
	readonly deliver?: (message: ToTerminal) => void;
}

/** One system with its configuration, to which several users may come. */
export class CliSystem {
	now = Date.UTC(2026, 9, 30, 19, 47, 58);
	candidates: CandidateState;
	commits: CommitState;
	/** The configurations before the one in force, the newest first. */
	readonly earlier: Branch[] = [];
	readonly files: Map<string, string>;
	readonly handlers: NonNullable<SystemOptions["handlers"]>;
	rescue: Branch | undefined;
	/** What comes before the first prompt. */
	greeting = "";
	readonly sessions: CliUser[] = [];

	constructor(options: SystemOptions = {}) {
		const root = options.root ?? sampleRoot;
		const tree = treeOf(options.configuration ?? "system { host-name gw; }");
		const salt = (count: number) => new Uint8Array(count);
		const record: CommitRecord = { serial: 0, time: this.now - 60_000, user: "root", via: "other" };
		this.candidates = initialCandidates(root, tree, salt);
		this.commits = initialCommitState({
			root,
			capabilities: [],
			tree,
			record,
			fallback: undefined,
			scheduled: undefined,
		});
		this.files = new Map(Object.entries(options.files ?? {}));
		this.handlers = options.handlers ?? {};
		this.commit({ type: "started" });
	}

	/** A user on a terminal. */
	login(options: LoginOptions = {}): CliUser {
		const { user = "admin", loginClass = "super-user", isInteractive = true, columns = 80, deliver } = options;
		const access =
			typeof loginClass === "string"
				? accessOfClass(loginClass, predefinedClasses[loginClass] as LoginClass)
				: accessOfClass("own", loginClass);
		const session = new CliUser(this, this.sessions.length, user, access, isInteractive, deliver);
		this.sessions.push(session);
		session.step({ type: "opened", columns, rows: 24 });
		return session;
	}

	/** Lets time pass. */
	wait(milliseconds: number): void {
		this.now += milliseconds;
		this.commit({ type: "time-passed" });
		for (const session of this.sessions) session.step({ type: "time-passed" });
	}

	edit(event: CandidateEvent) {
		const { next, effects } = stepCandidates(this.candidates, event, this.now);
		this.candidates = next;
		return effects[0] ?? { type: "answer" as const, editor: "", ok: true, lines: [] };
	}

	/** One event of the commit machine and all that follows from it; the answer, when there is one. */
	commit(first: CommitEvent): { readonly ok: boolean; readonly lines: readonly string[] } | undefined {
		const events = [first];
		let answer: { ok: boolean; lines: readonly string[] } | undefined;
		for (let event = events.shift(); event !== undefined; event = events.shift()) {
			const { next, effects } = stepCommit(this.commits, event, this.now);
			this.commits = next;
			for (const effect of effects) {
				if (effect.type === "read-facts") events.push({ type: "facts-read", facts: new Map() });
				else if (effect.type === "perform") events.push({ type: "step-done" });
				else if (effect.type === "store" || effect.type === "store-record" || effect.type === "store-schedule") {
					if (effect.type === "store") this.earlier.unshift(this.candidates.active);
					events.push({ type: "stored" });
				} else if (effect.type === "activated") {
					const by = effect.editor === undefined ? {} : { editor: effect.editor };
					this.edit({ type: "committed", tree: effect.tree, ...by });
				} else if (effect.type === "answer") answer = effect;
				else if (effect.type === "broadcast")
					for (const session of this.sessions) session.step({ type: "noticed", text: `${effect.text}\n` });
			}
		}
		return answer;
	}
}

/** One user: what was printed since the last question, and the prompt that stands there. */
export class CliUser {
	readonly machine: SessionMachine;
	readonly system: CliSystem;
	readonly #identity: SessionIdentity;
	readonly #deliver: ((message: ToTerminal) => void) | undefined;
	access: Access;
	/** Text on the screen since the last `enter`. */
	printed = "";
	complaints = "";
	prompt = "";
	question: string | undefined;
	isOk = true;
	hasEnded = false;
	isCollecting = false;
	readonly sent: ToTerminal[] = [];
	readonly asked: SessionEffect[] = [];
	completed: (ToTerminal & { readonly type: "completed" }) | undefined;

	constructor(
		system: CliSystem,
		number: number,
		user: string,
		access: Access,
		isInteractive: boolean,
		deliver?: (message: ToTerminal) => void,
	) {
		this.#deliver = deliver;
		this.system = system;
		this.access = access;
		this.#identity = { id: `s${number}`, user, terminal: `p${number}`, processId: 1_088 + number, isInteractive };
		this.machine = new SessionMachine(this.#identity, {
			configuration: {
				candidates: () => system.candidates,
				change: (event) => system.edit(event),
				pendingLine: (now) => pendingLine(system.commits, now),
				lastCommit: () => system.commits.active.record,
			},
			access: () => this.access,
			hostName: () => "gw",
			greeting: () => this.system.greeting,
			names: (source, prefix) => (systemNames[source] ?? []).filter((name) => name.startsWith(prefix)),
		});
	}

	/** Enters a line; answers everything that was printed, complaints too, up to the next prompt. */
	enter(line: string): string {
		this.printed = "";
		this.complaints = "";
		this.step({ type: "message", message: { type: "line", text: line } });
		return this.printed;
	}

	/** Enters several lines; the answer of the last. */
	enterAll(...lines: readonly string[]): string {
		let last = "";
		for (const line of lines) last = this.enter(line);
		return last;
	}

	answer(text: string): string {
		this.printed = "";
		this.question = undefined;
		this.step({ type: "message", message: { type: "answer", text } });
		return this.printed;
	}

	/** Types text for `load ... terminal`. */
	type(text: string): string {
		this.printed = "";
		this.step({ type: "message", message: { type: "text", text, isLast: false } });
		this.step({ type: "message", message: { type: "text", text: "", isLast: true } });
		return this.printed;
	}

	/** `?`, SPACE or TAB behind a text: the line afterwards and what is listed. */
	press(
		key: "help" | "space" | "tab",
		line: string,
		isRepeat = false,
	): { readonly line: string; readonly shows: string } {
		this.step({ type: "message", message: { type: "complete", key, line, isRepeat } });
		const { line: after = "", shows = "" } = this.completed ?? {};
		return { line: after, shows };
	}

	/** The names that `?` lists behind a text, with their marks. */
	help(line: string): string[] {
		return this.press("help", line)
			.shows.split("\n")
			.slice(1, -1)
			.map((row) => row.slice(0, 2).trim() + row.slice(2).split(/ {2,}| (?=\S+ \S)/)[0]);
	}

	message(message: FromTerminal): void {
		this.step({ type: "message", message });
	}

	step(event: SessionEvent): void {
		for (const effect of this.machine.step(event, this.system.now)) this.#perform(effect);
	}

	#perform(effect: SessionEffect): void {
		this.asked.push(effect);
		switch (effect.type) {
			case "send":
				return this.#sent(effect.message);
			case "print":
				this.#output(effect.text);
				return this.step({ type: "printed" });
			case "commit": {
				const editor = this.system.candidates.editors.get(this.#identity.id);
				if (editor === undefined) throw new Error("a commit without an editor");
				const tree = candidateOf(this.system.candidates, editor);
				const request = { ...effect.order, editor: editor.id, user: editor.user, tree };
				const answer = this.system.commit({ type: "commit-requested", request });
				return this.step({ type: "commit-answered", isOk: answer?.ok === true, lines: answer?.lines ?? [] });
			}
			case "clear-scheduled-commit": {
				const answer = this.system.commit({ type: "schedule-cleared", editor: this.#identity.id });
				return this.step({ type: "commit-answered", isOk: answer?.ok === true, lines: answer?.lines ?? [] });
			}
			case "fetch": {
				const tree = this.#stored(effect.which);
				return this.step({ type: "fetched", tree, problem: "error: no such configuration" });
			}
			case "handle": {
				const handler = this.system.handlers[effect.handler];
				let complaint = handler === undefined ? "error: no handler" : "";
				try {
					this.#output(handler?.(effect.values, effect.isJson) ?? "");
				} catch (error) {
					complaint = `error: ${(error as Error).message}`;
				}
				return this.step({ type: "handled", complaint });
			}
			case "stop-handler":
			case "follow":
			case "unfollow":
				return;
			case "close":
				this.hasEnded = true;
		}
	}

	#stored(which: StoredConfiguration): Branch | undefined {
		if (which === "rescue") return this.system.rescue;
		return which === "factory" ? treeOf("system { host-name factory; }") : this.system.earlier[which - 1];
	}

	#output(text: string): void {
		this.printed += text;
		if (text !== "") this.#deliver?.({ type: "output", text });
	}

	#sent(message: ToTerminal): void {
		this.sent.push(message);
		if (this.#deliver !== undefined) return this.#deliver(message);
		switch (message.type) {
			case "output":
			case "notice":
				this.printed += message.text;
				return;
			case "complaint":
				this.printed += message.text;
				this.complaints += message.text;
				return;
			case "finish":
				this.isOk = message.isOk;
				return;
			case "prompt":
				this.prompt = message.banner + message.prompt;
				return;
			case "ask":
				this.question = message.question;
				return;
			case "completed":
				this.completed = message;
				return;
			case "collect":
				this.isCollecting = true;
				return;
			case "read-file": {
				const text = this.system.files.get(message.file);
				if (text === undefined) return this.message({ type: "failed", message: `${message.file}: no such file` });
				this.message({ type: "text", text, isLast: true });
				return;
			}
			case "write-file": {
				const before = message.isFirst ? "" : (this.system.files.get(message.file) ?? "");
				this.system.files.set(message.file, before + message.text);
				if (message.isLast) this.message({ type: "done" });
				return;
			}
			case "end":
				this.printed += message.text;
		}
	}
}

const systemNames: Readonly<Record<string, readonly string[]>> = {
	"local-certificates": ["corp", "corp two"],
	"log-files": ["messages", "sallyport.log"],
};
