/**
 * The key store: certificates with their private keys, encrypted at rest. Only `managed` opens it; no key leaves it but
 * one that was made or imported as exportable.
 *
 *     keys/key-store.json   every entry (`key-store-file.ts`), replaced whole: a crash leaves the old or the new store
 *     keys/master-key       the key that private keys are encrypted under, where no passphrase is configured
 *
 * Bounds: at most `maxEntries` entries, so about 20 MB; each change writes the file anew.
 */
import { createPrivateKey, type KeyObject, randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FaultError, fault } from "#base/fault.ts";
import { type BeforeChange, DurableFiles } from "#config/durable-files-shell.ts";
import {
	type HeldProtection,
	isInUse,
	type KeyProtection,
	type KeyStoreSettings,
	keyStoreFault,
	keyStoreName,
	makeProtection,
	masterKeyName,
	openProtection,
	readableByOthers,
	wantedProtection,
} from "#pki/key-protection-shell.ts";
import {
	decodeKeyStoreFile,
	encodeKeyStoreFile,
	type KeyStoreFile,
	maxEntries,
	type StoredEntry,
} from "#pki/key-store-file.ts";
import { type PlainPair, plainPairIds, readPlainPair, removePlainPair } from "#pki/plain-key-files-shell.ts";
import { nonceOctets, openSealed, type PassphraseCost, passphraseCost, type SealLabel, seal } from "#pki/sealed-key.ts";

/** An entry to be put in: a key pair, a request or a certificate. */
export interface NewEntry {
	readonly id: string;
	/** Milliseconds since 1970. */
	readonly created: number;
	readonly isExportable: boolean;
	/** DER: the entry's own certificate, then those above it. */
	readonly certificates: readonly Uint8Array[];
	/** The certificate request that was made for the key, DER. */
	readonly request?: Uint8Array | undefined;
	readonly key: KeyObject | undefined;
}

/** An entry as it is held. */
export interface KeyStoreEntry extends NewEntry {
	readonly version: number;
	/** Why there is no key: it was in memory only, or what is stored cannot be read. */
	readonly keyProblem: "not-kept" | "damaged" | undefined;
}

/** What is put in, in the place of entries of the same name, and what is taken out before. */
export interface KeyStoreChange {
	readonly put?: readonly NewEntry[];
	readonly remove?: readonly string[];
}

/** What needs attention about the store. */
export interface KeyStoreAlarm {
	readonly level: "Major" | "Minor";
	readonly text: string;
}

export interface KeyStoreOptions {
	/** Called before each change of the disk. */
	readonly before?: BeforeChange;
	/** What it costs to guess a passphrase. */
	readonly cost?: Omit<PassphraseCost, "salt">;
}

interface HeldEntry extends KeyStoreEntry {
	readonly sealed: StoredEntry["key"];
}

/** What can be told of an entry without opening the store. */
export interface StoredCertificate {
	readonly id: string;
	/** DER; undefined for a key pair that has none yet. */
	readonly certificate: Uint8Array | undefined;
	readonly hasKey: boolean;
}

/** All entries, plain files too, without any key. For other processes as well. */
export function storedCertificates(directory: string): readonly StoredCertificate[] {
	const file = join(directory, keyStoreName);
	const entries = existsSync(file) ? readStore(file, readFileSync(file, "utf8")).entries : [];
	const stored = entries.map(({ id, certificates, key }) => ({
		id,
		certificate: certificates[0],
		hasKey: key !== undefined,
	}));
	const plain = plainPairIds(directory)
		.filter((id) => !entries.some((entry) => entry.id === id))
		.map((id) => ({ id, certificate: readPlainPair(directory, id).certificates[0], hasKey: true }));
	return [...stored, ...plain];
}

export class KeyStore {
	/** Path of the store's file. */
	readonly file: string;
	readonly #files: DurableFiles;
	readonly #cost: Omit<PassphraseCost, "salt">;
	#held: HeldProtection = { stored: { kind: "memory" }, storeKey: undefined, passphraseMark: undefined };
	#entries: ReadonlyMap<string, HeldEntry> = new Map();
	readonly #notes: KeyStoreAlarm[] = [];

	/**
	 * Opens the store, or makes it. What is protected otherwise than the settings ask for is encrypted anew; plain files of
	 * earlier versions are taken over.
	 *
	 * Faults: throws `FaultError` KEY_STORE_BROKEN that names the file and the remedy.
	 */
	constructor(directory: string, settings: KeyStoreSettings, now: number, options: KeyStoreOptions = {}) {
		this.#files = new DurableFiles(directory, options.before);
		this.#cost = options.cost ?? passphraseCost;
		this.file = join(directory, keyStoreName);
		chmodSync(directory, 0o700);
		for (const name of [keyStoreName, masterKeyName]) this.#closeToOthers(join(directory, name));
		const wanted = wantedProtection(settings);
		const text = this.#files.read(keyStoreName);
		if (text === undefined) this.#encryptAnew(wanted, true);
		else this.#open(readStore(this.file, text), wanted);
		this.#takeOver(now);
	}

	/** All entries by name. */
	get entries(): ReadonlyMap<string, KeyStoreEntry> {
		return this.#entries;
	}

	/** How keys at rest are protected. */
	get protection(): KeyProtection["kind"] {
		return this.#held.stored.kind;
	}

	entry(id: string): KeyStoreEntry | undefined {
		return this.#entries.get(id);
	}

	/**
	 * Puts entries in, in the place of those of the same name, and takes others out: all of it or nothing. Answers how to
	 * put back what was there.
	 *
	 * Faults: throws `FaultError` KEY_STORE_BROKEN when the file cannot be written; then nothing has changed.
	 */
	change({ put = [], remove = [] }: KeyStoreChange): () => void {
		const before = this.#entries;
		this.#replace((entries) => {
			for (const id of remove) entries.delete(id);
			for (const entry of put) entries.set(entry.id, this.#sealed(entry));
		});
		return () =>
			this.#replace((entries) => {
				for (const id of [...remove, ...put.map((entry) => entry.id)]) {
					const old = before.get(id);
					if (old === undefined) entries.delete(id);
					else entries.set(id, old.key === undefined ? old : this.#sealed(old));
				}
			});
	}

	/**
	 * Protects the keys as the settings ask: another passphrase, another mode. A crash leaves them protected as before or as
	 * asked.
	 *
	 * Faults: throws `FaultError` KEY_STORE_BROKEN; then they are protected as before.
	 */
	protect(settings: KeyStoreSettings): void {
		const wanted = wantedProtection(settings, this.#held);
		if (!isInUse(this.#held, wanted)) this.#encryptAnew(wanted, false);
	}

	/** What needs attention now. */
	alarms(): readonly KeyStoreAlarm[] {
		const alarms = [...this.#notes];
		const { stored } = this.#held;
		if (stored.kind === "key-file") alarms.push({ level: "Minor", text: keyFileAlarm });
		if (stored.kind === "memory") alarms.push({ level: "Minor", text: memoryAlarm });
		if (stored.kind === "passphrase" && readableByOthers(stored.source))
			alarms.push({ level: "Minor", text: `passphrase file ${stored.source} can be read by others; chmod 600 it` });
		for (const { id, keyProblem } of this.#entries.values()) {
			if (keyProblem === "damaged")
				alarms.push({ level: "Major", text: `the stored key of certificate "${id}" is damaged` });
		}
		return alarms;
	}

	#replace(edit: (entries: Map<string, HeldEntry>) => void): void {
		const entries = new Map(this.#entries);
		edit(entries);
		if (entries.size > maxEntries)
			throw keyStoreFault(this.file, `it would hold ${entries.size} entries; at most ${maxEntries}`, "remove some");
		this.#write(this.#held, entries);
		this.#entries = entries;
	}

	#open(file: KeyStoreFile, wanted: KeyProtection): void {
		this.#held = openProtection(
			this.#files,
			file.protection,
			wanted,
			(key) => openSealed(key, checkLabel, file.check) !== undefined,
		);
		this.#entries = new Map(file.entries.map((entry) => [entry.id, this.#opened(entry)]));
		if (!isInUse(this.#held, wanted)) this.#encryptAnew(wanted, false);
		else this.#dropMasterKey();
	}

	#opened(stored: StoredEntry): HeldEntry {
		const { key: sealed, ...entry } = stored;
		if (sealed === undefined) return { ...entry, sealed, key: undefined, keyProblem: undefined };
		if (sealed === "not-kept") return { ...entry, sealed, key: undefined, keyProblem: "not-kept" };
		const { storeKey } = this.#held;
		const clear = storeKey === undefined ? undefined : openSealed(storeKey, stored, sealed);
		const key = clear === undefined ? undefined : privateKeyOf(clear);
		clear?.fill(0);
		return { ...entry, sealed, key, keyProblem: key === undefined ? "damaged" : undefined };
	}

	/** With the next version, and its key sealed under the key in use. */
	#sealed(entry: NewEntry): HeldEntry {
		const { id, isExportable, key } = entry;
		const version = (this.#entries.get(id)?.version ?? 0) + 1;
		const sealed = key === undefined ? undefined : sealKey(this.#held, { id, version, isExportable }, key);
		return { ...entry, version, sealed, keyProblem: undefined };
	}

	/** The master key is there before the store needs it, and goes when the store no longer does. */
	#encryptAnew(wanted: KeyProtection, isFirst: boolean): void {
		const held = this.#writing(() => makeProtection(this.#files, wanted, isFirst, this.#cost));
		const entries = new Map<string, HeldEntry>();
		for (const [id, entry] of this.#entries) {
			const version = entry.version + 1;
			const { key, isExportable } = entry;
			const fresh = key && { version, sealed: sealKey(held, { id, version, isExportable }, key) };
			entries.set(id, { ...entry, ...fresh });
		}
		this.#write(held, entries);
		this.#held = held;
		this.#entries = entries;
		this.#dropMasterKey();
	}

	/** Removes the master key when the store is not encrypted under it. */
	#dropMasterKey(): void {
		const isUsed = this.protection === "key-file";
		if (!isUsed && this.#files.names().includes(masterKeyName)) this.#writing(() => this.#files.remove(masterKeyName));
	}

	#write({ stored, storeKey }: HeldProtection, entries: ReadonlyMap<string, HeldEntry>): void {
		const check =
			storeKey === undefined ? nothing : seal(storeKey, checkLabel, randomBytes(nonceOctets), randomBytes(16));
		const text = encodeKeyStoreFile({
			protection: stored,
			check,
			entries: [...entries.values()].map(({ id, version, created, isExportable, certificates, request, sealed }) => ({
				id,
				version,
				created,
				isExportable,
				certificates,
				request,
				key: sealed,
			})),
		});
		this.#writing(() => this.#files.replace(keyStoreName, text));
	}

	#writing<T>(write: () => T): T {
		try {
			return write();
		} catch (error) {
			if (error instanceof FaultError) throw error;
			const cause = error instanceof Error ? error.message : String(error);
			const message = `${this.file} cannot be written: ${cause}; free space on its disk or correct its permissions`;
			throw new FaultError(fault("KEY_STORE_BROKEN", message, { cause }));
		}
	}

	#takeOver(now: number): void {
		const { directory } = this.#files;
		const pairs = plainPairIds(directory).map((id) => readPlainPair(directory, id));
		const fresh = pairs.filter(({ id }) => this.#mayTakeOver(id));
		if (fresh.length > 0) this.change({ put: fresh.map((pair) => entryOf(pair, now)) });
		for (const pair of pairs) {
			if (!isSame(this.entry(pair.id), pair)) {
				const text = `${pair.keyFile} is not used: certificate "${pair.id}" is in the key store already; remove the file or give it another name`;
				this.#notes.push({ level: "Minor", text });
			} else if (this.protection === "memory") {
				// The only copy that outlives this process; whoever put it there wants it so.
				this.#notes.push({ level: "Minor", text: `${pair.keyFile} holds a private key that is not encrypted` });
			} else this.#writing(() => removePlainPair(pair));
		}
	}

	/** A certificate whose key was not kept gets another from the file. */
	#mayTakeOver(id: string): boolean {
		const entry = this.entry(id);
		return entry === undefined || entry.keyProblem === "not-kept";
	}

	#closeToOthers(file: string): void {
		if (!readableByOthers(file)) return;
		chmodSync(file, 0o600);
		const text = `${file} could be read by others until this start; its keys may be known: replace them`;
		this.#notes.push({ level: "Major", text });
	}
}

function readStore(file: string, text: string): KeyStoreFile {
	const decoded = decodeKeyStoreFile(text);
	if (decoded.kind === "done") return decoded.value;
	const why = decoded.kind === "malformed" ? decoded.reason : "it is cut short";
	throw keyStoreFault(file, why, "restore it from a backup, or move it away to begin with new CAs");
}

function sealKey({ storeKey }: HeldProtection, label: SealLabel, key: KeyObject): StoredEntry["key"] {
	if (storeKey === undefined) return "not-kept";
	const clear = key.export({ type: "pkcs8", format: "der" });
	const sealed = seal(storeKey, label, randomBytes(nonceOctets), clear);
	clear.fill(0);
	return sealed;
}

function privateKeyOf(der: Uint8Array): KeyObject | undefined {
	try {
		return createPrivateKey({ key: Buffer.from(der.buffer, der.byteOffset, der.length), format: "der", type: "pkcs8" });
	} catch {
		return undefined;
	}
}

function entryOf({ id, key, certificates }: PlainPair, now: number): NewEntry {
	return { id, created: now, isExportable: false, certificates, key };
}

function isSame(entry: KeyStoreEntry | undefined, pair: PlainPair): boolean {
	return (
		entry?.key?.equals(pair.key) === true &&
		Buffer.compare(entry.certificates[0] ?? nothing, pair.certificates[0] ?? nothing) === 0
	);
}

const nothing = new Uint8Array(0);
const checkLabel: SealLabel = { id: "", version: 0, isExportable: false };
const keyFileAlarm =
	"private keys are encrypted under keys/master-key, which lies beside them; security pki key-store passphrase-file protects them from a copy of the disk";
const memoryAlarm = "private keys are in memory only: CAs are made anew at the next start";
