/**
 * The configuration of a running product: candidates, commits and the store put together, with the clock and the timer.
 * Decisions are the machines'; this file performs what they ask for.
 */
import {
	type CandidateAnswer,
	type CandidateState,
	candidateOf,
	deniedChange,
	lockedLines,
	lockHolder,
} from "#config/candidate.ts";
import { type CandidateEvent, initialCandidates, stepCandidates } from "#config/candidate-machine.ts";
import { type CommitRecord, type CommitRequest, historyLines } from "#config/commit.ts";
import { commitDeadline, initialCommitState, pendingLine, stepCommit } from "#config/commit-machine.ts";
import type { AnyCapability, Facts } from "#config/commit-plan.ts";
import type { CommitEffect, CommitEvent, CommitState, Fallback } from "#config/commit-state.ts";
import type { Editor, EditorId } from "#config/editor.ts";
import { printText } from "#config/print-text.ts";
import type { ContainerNode } from "#config/schema.ts";
import type { SaltSource } from "#config/secret-codec.ts";
import type { ConfigurationStore } from "#config/store-shell.ts";
import { formatTextError, maxTextLength, parseText } from "#config/text.ts";
import type { Branch } from "#config/tree.ts";

/** What the engine needs from the product around it. */
export interface EnginePorts {
	readonly root: ContainerNode;
	readonly capabilities: readonly AnyCapability[];
	readonly store: ConfigurationStore;
	/** The configuration of a first start, as text. */
	readonly factoryText: string;
	readonly salt: SaltSource;
	/** Milliseconds since 1970. */
	readonly now: () => number;
	/** Reads what the capabilities' checks need to know. */
	readonly readFacts: () => Promise<Facts>;
	/** Performs one step of a commit, towards the tree; throws when it cannot be done. */
	readonly perform: (capability: string, effect: unknown, tree: Branch) => Promise<void>;
	/** From now on this snapshot is in force. */
	readonly activated: (snapshot: unknown, record: CommitRecord) => void;
	/** Tells every terminal. */
	readonly broadcast: (text: string) => void;
	readonly report: (severity: "info" | "error", text: string) => void;
}

export interface CommitAnswer {
	readonly ok: boolean;
	readonly lines: readonly string[];
}

export class ConfigurationEngine {
	readonly #ports: EnginePorts;
	#candidates: CandidateState;
	#commits: CommitState;
	/** What was printed last: a commit asks for its text more than once. */
	#printed: { readonly tree: Branch; readonly text: string } | undefined;
	#timer: NodeJS.Timeout | undefined;
	/** Answers that somebody waits for, by editor. */
	readonly #waiting = new Map<EditorId, (answer: CommitAnswer) => void>();
	/** Events are taken one after the other, whatever they wait for. */
	#work: Promise<void> = Promise.resolve();

	/** Reads the store. Throws with line and column when the stored configuration cannot be read. */
	constructor(ports: EnginePorts) {
		this.#ports = ports;
		const { root, capabilities, store } = ports;
		const stored = store.active();
		const tree = this.#parse(
			stored?.text ?? ports.factoryText,
			stored === undefined ? "factory configuration" : "active.conf",
		);
		const record: CommitRecord = stored?.record ?? { serial: 0, time: ports.now(), user: "root", via: "other" };
		if (stored === undefined) store.commit(this.#text(tree), record);
		this.#candidates = initialCandidates(root, tree, ports.salt);
		this.#commits = initialCommitState({
			root,
			capabilities,
			tree,
			record,
			fallback: this.#storedFallback(record),
			scheduled: this.#storedSchedule(),
		});
	}

	/** Brings what is stored into force; false when that cannot be done (why was reported). */
	async start(): Promise<boolean> {
		await this.#take({ type: "started" });
		return this.snapshot !== undefined;
	}

	/** Stops the timer and waits for what is on its way. */
	async stop(): Promise<void> {
		clearTimeout(this.#timer);
		await this.#work;
		clearTimeout(this.#timer);
	}

	get candidates(): CandidateState {
		return this.#candidates;
	}

	/** The snapshot in force; undefined before `start`. */
	get snapshot(): unknown {
		return this.#commits.active.snapshot;
	}

	/** The commit in force. */
	get record(): CommitRecord {
		return this.#commits.active.record;
	}

	/** `# commit confirmed will be rolled back in 9 minutes`, while one waits. */
	get pendingLine(): string | undefined {
		return pendingLine(this.#commits, this.#ports.now());
	}

	textOf(tree: Branch): string {
		if (this.#printed?.tree !== tree) this.#printed = { tree, text: printText(this.#ports.root, tree) };
		return this.#printed.text;
	}

	/** One event of an editor; answered at once. */
	edit(event: CandidateEvent): CandidateAnswer | undefined {
		const { next, effects } = stepCandidates(this.#candidates, event, this.#ports.now());
		this.#candidates = next;
		return effects[0];
	}

	/** Commits the candidate of an editor. */
	async commit(id: EditorId, request: Omit<CommitRequest, "editor" | "user" | "tree">): Promise<CommitAnswer> {
		const editor = this.#candidates.editors.get(id);
		if (editor === undefined) return { ok: false, lines: ["error: not in configuration mode"] };
		const refused = this.#refusal(editor);
		if (refused !== undefined) return { ok: false, lines: refused };
		if (this.#commits.tag !== "idle" || this.#waiting.has(id))
			return { ok: false, lines: ["error: another commit is in progress"] };
		const tree = candidateOf(this.#candidates, editor);
		const answer = new Promise<CommitAnswer>((resolve) => this.#waiting.set(id, resolve));
		try {
			await this.#take({ type: "commit-requested", request: { ...request, editor: id, user: editor.user, tree } });
			return await answer;
		} finally {
			this.#waiting.delete(id);
		}
	}

	/** The tree of `rollback n`, `rollback rescue` or the factory configuration; undefined when there is none. */
	storedTree(which: number | "rescue" | "factory"): Branch | undefined {
		const { store, factoryText } = this.#ports;
		const text = which === "factory" ? factoryText : which === "rescue" ? store.rescue() : store.rollback(which);
		return text === undefined ? undefined : this.#parse(text, String(which));
	}

	/** `request system configuration rescue save`: what is in force becomes the rescue configuration. */
	saveRescue(): void {
		const { tree, record } = this.#commits.active;
		this.#ports.store.saveRescue(this.#text(tree), record);
	}

	deleteRescue(): void {
		this.#ports.store.deleteRescue();
	}

	/** The lines of `show system commit`. */
	history(): string[] {
		const { store } = this.#ports;
		return historyLines(store.history(), this.#commits.scheduled?.commit, store.rescue() !== undefined);
	}

	/** `clear system commit`. */
	async clearSchedule(): Promise<readonly string[]> {
		const had = this.#commits.scheduled !== undefined;
		await this.#take({ type: "schedule-cleared", editor: undefined });
		return [had ? "Pending commit cleared" : "No commit scheduled."];
	}

	/** Looks whether a deadline has passed; the timer does it by itself. */
	async lookAtClock(): Promise<void> {
		await this.#take({ type: "time-passed" });
	}

	#refusal(editor: Editor): readonly string[] | undefined {
		const holder = editor.own === undefined ? lockHolder(this.#candidates, editor.id) : lockHolder(this.#candidates);
		if (holder !== undefined) return lockedLines(holder, this.#ports.now());
		if (editor.own !== undefined && editor.own.base !== this.#candidates.active)
			return ["error: the configuration was changed by another commit", "error: use 'update' and commit again"];
		if (editor.mode === "shared") return undefined;
		const denied = deniedChange(
			this.#candidates,
			editor,
			this.#candidates.active,
			candidateOf(this.#candidates, editor),
		);
		return denied === undefined ? undefined : [denied];
	}

	/** Takes an event and everything that follows from it. */
	#take(event: CommitEvent): Promise<void> {
		const done = this.#work.then(() => this.#run(event));
		this.#work = done.catch(() => {});
		return done;
	}

	async #run(first: CommitEvent): Promise<void> {
		const events: CommitEvent[] = [first];
		for (let event = events.shift(); event !== undefined; event = events.shift()) {
			const { next, effects } = stepCommit(this.#commits, event, this.#ports.now());
			this.#commits = next;
			for (const effect of effects) {
				const follows = await this.#perform(effect);
				if (follows !== undefined) events.push(follows);
			}
		}
		this.#armTimer();
	}

	async #perform(effect: CommitEffect): Promise<CommitEvent | undefined> {
		const { store } = this.#ports;
		switch (effect.type) {
			case "read-facts":
				return { type: "facts-read", facts: await this.#facts() };
			case "perform":
				try {
					await this.#ports.perform(effect.capability, effect.effect, this.#target);
					return { type: "step-done" };
				} catch (cause) {
					return { type: "step-failed", message: messageOf(cause) };
				}
			case "store":
				return stored(() => store.commit(this.#text(effect.tree), effect.record));
			case "store-record":
				return stored(() => store.rewriteRecord(effect.record));
			case "store-schedule":
				return stored(() => store.schedule(this.#text(effect.tree), effect.commit));
			case "clear-schedule":
				stored(() => store.clearSchedule());
				return undefined;
			case "activated":
				this.#candidates = stepCandidates(
					this.#candidates,
					committed(effect.tree, effect.editor),
					this.#ports.now(),
				).next;
				this.#ports.activated(effect.snapshot, effect.record);
				return undefined;
			case "answer":
				this.#waiting.get(effect.editor)?.({ ok: effect.ok, lines: effect.lines });
				this.#waiting.delete(effect.editor);
				return undefined;
			case "broadcast":
				this.#ports.broadcast(effect.text);
				return undefined;
			case "report":
				this.#ports.report(effect.severity, effect.text);
				return undefined;
		}
	}

	/** The tree towards which a step leads: that of the commit, or the one in force while it is undone. */
	get #target(): Branch {
		const state = this.#commits;
		return state.tag === "await-apply" ? state.work.request.tree : state.active.tree;
	}

	async #facts(): Promise<Facts> {
		try {
			return await this.#ports.readFacts();
		} catch (cause) {
			this.#ports.report("error", `facts for the commit could not be read: ${messageOf(cause)}`);
			return new Map();
		}
	}

	/** The clock may be set while a timer runs: it is looked at once a minute. */
	#armTimer(): void {
		clearTimeout(this.#timer);
		const deadline = commitDeadline(this.#commits);
		if (deadline === undefined) return;
		const wait = Math.min(Math.max(deadline - this.#ports.now(), 0), 60_000);
		this.#timer = setTimeout(() => {
			this.lookAtClock().catch((cause: unknown) => this.#ports.report("error", messageOf(cause)));
		}, wait);
		this.#timer.unref();
	}

	#storedFallback({ confirm }: CommitRecord): Fallback | undefined {
		if (confirm === undefined) return undefined;
		const { by, fallback: serial } = confirm;
		const tree = this.#readable(this.#ports.store.bySerial(serial), `commit ${serial}`);
		if (tree !== undefined) return { tree, serial, by };
		this.#ports.report("error", `commit ${serial} is missing: the unconfirmed commit cannot be rolled back`);
		return undefined;
	}

	#storedSchedule(): CommitState["scheduled"] {
		const found = this.#ports.store.scheduled();
		const tree = this.#readable(found?.text, "scheduled.conf");
		return found === undefined || tree === undefined ? undefined : { commit: found.commit, tree };
	}

	/** Undefined, with a report, for a stored text that this version cannot read. */
	#readable(text: string | undefined, source: string): Branch | undefined {
		try {
			return text === undefined ? undefined : this.#parse(text, source);
		} catch (cause) {
			this.#ports.report("error", messageOf(cause));
			return undefined;
		}
	}

	/** What is stored. Throws when it would be too long to be read back: the next start would fail. */
	#text(tree: Branch): string {
		const text = this.textOf(tree);
		if (text.length <= maxTextLength - headerLength) return text;
		throw new Error(`configuration of ${text.length} characters; at most ${maxTextLength - headerLength} are accepted`);
	}

	#parse(text: string, source: string): Branch {
		const { tree, errors } = parseText(this.#ports.root, text, { salt: this.#ports.salt });
		if (errors.length === 0) return tree;
		throw new Error(errors.map((error) => formatTextError(source, error)).join("\n"));
	}
}

function committed(tree: Branch, editor: EditorId | undefined): CandidateEvent {
	return { type: "committed", tree, ...(editor === undefined ? {} : { editor }) };
}

function stored(act: () => void): CommitEvent {
	try {
		act();
		return { type: "stored" };
	} catch (cause) {
		return { type: "store-failed", message: messageOf(cause) };
	}
}

function messageOf(cause: unknown): string {
	return cause instanceof Error ? cause.message : String(cause);
}

/** Left for the line that says which commit a stored text is. */
const headerLength = 8_192;
