/**
 * The configuration of the running gateway: the engine of candidates and commits with its store, and the file from which
 * the gateway starts.
 *
 * What is committed lies in the state directory's `configuration/`. `sallyport.conf` beside it is a copy of what is in
 * force, for reading and for editing by hand: one that is neither the commit that it says it is nor what was last taken
 * from it was edited, and becomes a new commit at the next start or reload. It stays as it was written until another
 * commit replaces it. A file given by `--config` is taken the same way.
 */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FaultError, fault } from "#base/fault.ts";
import type { CommitOrder } from "#cli/reply.ts";
import type { CandidateAnswer } from "#config/candidate.ts";
import type { CandidateEvent } from "#config/candidate-machine.ts";
import type { CommitRecord } from "#config/commit.ts";
import { parseCommitHeader } from "#config/commit-header.ts";
import type { AnyCapability } from "#config/commit-plan.ts";
import { compareTrees } from "#config/compare.ts";
import { type CommitAnswer, ConfigurationEngine, type EnginePorts } from "#config/engine-shell.ts";
import { printText } from "#config/print-text.ts";
import { ConfigurationStore } from "#config/store-shell.ts";
import { parseText } from "#config/text.ts";
import { type Branch, equalSlots } from "#config/tree.ts";
import { parseConfiguration } from "#daemon/load-configuration.ts";
import type { CertificateFacts } from "#product/certificate-uses.ts";
import { type ConfigurationFacts, type RootConfig, rootSchema, verifyConfiguration } from "#product/root-schema.ts";
import type { ListNames } from "#proxy/verify-domain-lists.ts";

export interface ConfigurationServiceOptions {
	/** Where commits are kept. */
	readonly directory: string;
	/** `sallyport.conf` of the state directory. */
	readonly copy: string;
	/** A file that is to be run instead; undefined without `--config`. */
	readonly file: string | undefined;
	readonly factoryText: string;
	/** Names of the signing certificates that a configuration may use. */
	readonly caIds: () => ReadonlySet<string>;
	/** Names of authorities whose certificates are stored. */
	readonly trustNames: () => ReadonlySet<string>;
	/** The gateway's own certificates; without it nobody asks whether those that are named are there. */
	readonly certificates?: () => ReadonlyMap<string, CertificateFacts>;
	/** Names of the lists of domains that were imported. */
	readonly listNames: () => ListNames;
	/**
	 * Puts a text in force at every worker; rejects when the one before stays. `change` is its difference from the one
	 * before, as `show | compare` tells it, `tree` the text as it is read.
	 */
	readonly apply: (text: string, change: string, tree: Branch) => Promise<void>;
	readonly broadcast: (text: string) => void;
	readonly report: (severity: "info" | "error", text: string) => void;
}

/** Every method may be called once the constructor has returned; commits only after `start`. */
export class ConfigurationService {
	/** The file that the gateway was told to run. */
	readonly file: string;
	/** What the import of an edited file gave cause to say. */
	readonly notes: readonly string[];
	readonly #options: ConfigurationServiceOptions;
	readonly #store: ConfigurationStore;
	readonly #engine: ConfigurationEngine;
	#isStarting = false;
	/** The commit comes from the copy itself. */
	#comesFromCopy = false;

	/** Takes up what was edited by hand. Throws `FaultError` that names line and column, or the path of the statement. */
	constructor(options: ConfigurationServiceOptions) {
		this.#options = options;
		this.file = options.file ?? options.copy;
		this.#store = new ConfigurationStore(options.directory);
		this.notes = this.#import();
		this.#engine = openEngine(options.directory, {
			root: rootSchema,
			capabilities: [gateway],
			store: this.#store,
			factoryText: options.factoryText,
			salt,
			now: Date.now,
			readFacts: async () => new Map([[gateway.id, factsOf(options)]]),
			perform: async (_, __, tree) => {
				// At the start the workers have it already.
				if (this.#isStarting) return;
				const change = compareTrees(rootSchema, this.#engine.candidates.active, tree);
				await options.apply(this.#engine.textOf(tree), change, tree);
			},
			activated: () => {
				if (!this.#isStarting && !this.#comesFromCopy) this.#writeCopy();
			},
			broadcast: options.broadcast,
			report: options.report,
		});
		if (!this.#isCopyTrue()) this.#writeCopy();
	}

	/** The text in force. */
	get text(): string {
		return this.#engine.textOf(this.#engine.candidates.active);
	}

	/** The configuration in force; undefined before `start`. */
	get config(): RootConfig | undefined {
		return this.#engine.snapshot as RootConfig | undefined;
	}

	get record(): CommitRecord {
		return this.#engine.record;
	}

	get candidates() {
		return this.#engine.candidates;
	}

	get pendingLine(): string | undefined {
		return this.#engine.pendingLine;
	}

	/** Begins to take commits; the workers run with `text` by then. */
	async start(): Promise<void> {
		this.#isStarting = true;
		const isInForce = await this.#engine.start();
		this.#isStarting = false;
		if (!isInForce)
			throw new FaultError(fault("CONFIG_INVALID", `configuration ${this.file} cannot be brought into force`));
	}

	async stop(): Promise<void> {
		await this.#engine.stop();
	}

	edit(event: CandidateEvent): CandidateAnswer {
		return this.#engine.edit(event) ?? { type: "answer", editor: "", ok: true, lines: [] };
	}

	commit(editor: string, order: CommitOrder): Promise<CommitAnswer> {
		return this.#engine.commit(editor, order);
	}

	clearSchedule(): Promise<readonly string[]> {
		return this.#engine.clearSchedule();
	}

	/** Undefined when there is none. */
	stored(which: number | "rescue" | "factory"): Branch | undefined {
		return this.#engine.storedTree(which);
	}

	saveRescue(): void {
		this.#engine.saveRescue();
	}

	deleteRescue(): void {
		this.#engine.deleteRescue();
	}

	get hasRescue(): boolean {
		return this.#store.rescue() !== undefined;
	}

	/** The lines of `show system commit`. */
	history(): readonly string[] {
		return this.#engine.history();
	}

	/**
	 * Commits what the file holds now, as an editor of its own. Rejects with a `FaultError` when it is refused; then
	 * nothing has changed.
	 */
	async reload(): Promise<void> {
		const text = readStartFile(this.file);
		const tree = this.#parsed(text);
		const id = "reload";
		const access = { mayView: () => true, mayChange: () => true, maySeeSecrets: true };
		const opened = this.edit({
			type: "editor-opened",
			editor: id,
			user: "root",
			terminal: "reload",
			pid: process.pid,
			mode: "private",
			access,
		});
		try {
			const loaded = opened.ok ? this.edit({ type: "tree-loaded", editor: id, tree }) : opened;
			if (!loaded.ok) throw refusedBecause(this.file, loaded.lines);
			this.#comesFromCopy = this.#options.file === undefined;
			const isEdited = !equalSlots(tree, this.candidates.active);
			const comment = isEdited ? `${this.file} was edited` : `${this.file} was read again`;
			const { ok, lines } = await this.commit(id, { via: "other", comment });
			if (!ok) throw refusedBecause(this.file, lines);
			this.#remember(text);
		} finally {
			this.#comesFromCopy = false;
			this.edit({ type: "editor-closed", editor: id });
		}
	}

	/** Stores what was edited by hand as a new commit; answers what is to be said about it. */
	#import(): readonly string[] {
		const { file, copy } = this.#options;
		if (file === undefined && !existsSync(copy)) return [];
		const text = readStartFile(this.file);
		if (this.#isKnown(text)) return [];
		const tree = this.#parsed(text);
		const active = this.#store.active();
		if (active === undefined || !equalSlots(parseText(rootSchema, active.text, { salt }).tree, tree)) {
			const serial = active === undefined ? 0 : active.record.serial + 1;
			const comment = active === undefined ? `taken from ${this.file}` : `${this.file} was edited`;
			this.#store.commit(printText(rootSchema, tree), {
				serial,
				time: Date.now(),
				user: "root",
				via: "other",
				comment,
			});
		}
		this.#remember(text);
		const header = parseCommitHeader(firstLine(text));
		if (active === undefined || header === undefined || header.serial >= active.record.serial) return [];
		return [
			`warning: ${this.file} was edited from commit ${header.serial}; commit ${active.record.serial} is now rollback 1`,
		];
	}

	/** The text is a commit as it was stored, or was taken before: commits made since then stand. */
	#isKnown(text: string): boolean {
		const header = parseCommitHeader(firstLine(text));
		const claimed = header === undefined ? undefined : this.#store.bySerial(header.serial);
		if (claimed !== undefined && withoutHeader(claimed) === withoutHeader(text)) return true;
		return this.#store.active() !== undefined && readIfThere(this.#takenFile) === digest(text);
	}

	#remember(text: string): void {
		writeFileSync(this.#takenFile, digest(text), { mode: 0o600 });
	}

	/** Holds the digest of what was last taken from the file. */
	get #takenFile(): string {
		return join(this.#options.directory, this.#options.file === undefined ? "copy.sha256" : "file.sha256");
	}

	/** The copy says what is in force, in whatever words. */
	#isCopyTrue(): boolean {
		const text = readIfThere(this.#options.copy);
		if (text === undefined) return false;
		const { tree, errors } = parseText(rootSchema, text, { salt });
		return errors.length === 0 && equalSlots(tree, this.#engine.candidates.active);
	}

	/** The tree of a text that may be run. */
	#parsed(text: string): Branch {
		const { caIds, trustNames, certificates } = factsOf(this.#options);
		parseConfiguration(text, this.file, caIds, trustNames, certificates);
		return parseText(rootSchema, text, { salt }).tree;
	}

	/** The copy of what is in force. That it cannot be written is no reason to refuse a commit. */
	#writeCopy(): void {
		const { copy, report } = this.#options;
		try {
			this.#store.copyActive(copy);
		} catch (cause) {
			const reason = cause instanceof Error ? cause.message : String(cause);
			report("error", `${copy}, the copy of the configuration in force, cannot be written: ${reason}`);
		}
	}
}

/** The whole product as one part of a commit: its checks, and the one step that hands the configuration to the workers. */
const gateway: AnyCapability = {
	id: "gateway",
	schema: rootSchema,
	verify: (config, facts) => verifyConfiguration(config as RootConfig, facts as ConfigurationFacts),
	plan: () => [{ says: "new sessions follow the new configuration", apply: "after", undo: "before" }],
};

function factsOf(options: ConfigurationServiceOptions): ConfigurationFacts {
	const { caIds, trustNames, certificates, listNames } = options;
	return { caIds: caIds(), trustNames: trustNames(), certificates: certificates?.(), listNames: listNames() };
}

/** A stored configuration that cannot be read is told with the place where it lies. */
function openEngine(directory: string, ports: EnginePorts): ConfigurationEngine {
	try {
		return new ConfigurationEngine(ports);
	} catch (error) {
		const cause = error instanceof Error ? error.message : String(error);
		throw new FaultError(fault("CONFIG_SYNTAX", `${directory}: ${cause}\ncorrect it and start again`));
	}
}

function readStartFile(file: string): string {
	try {
		return readFileSync(file, "utf8");
	} catch (error) {
		const cause = error instanceof Error ? error.message : String(error);
		throw new FaultError(fault("CONFIG_INVALID", `configuration ${file} cannot be read: ${cause}`, { cause }));
	}
}

function readIfThere(file: string): string | undefined {
	return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function digest(text: string): string {
	return createHash("sha256").update(text).digest("hex");
}

function refusedBecause(file: string, lines: readonly string[]): FaultError {
	return new FaultError(fault("CONFIG_INVALID", `${file}: ${lines.join("\n")}`));
}

function firstLine(text: string): string {
	return text.split("\n", 1)[0] as string;
}

function withoutHeader(text: string): string {
	return parseCommitHeader(firstLine(text)) === undefined ? text : text.slice(text.indexOf("\n") + 1);
}

function salt(count: number): Uint8Array {
	return randomBytes(count);
}
