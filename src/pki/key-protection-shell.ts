/**
 * Where the key comes from that private keys are encrypted under at rest: a passphrase (a file, or a credential of
 * systemd), or a generated key in a file beside the store.
 */
import { createHmac, type KeyObject, randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { readBoundedFile } from "#base/bounded-file-shell.ts";
import { FaultError, fault } from "#base/fault.ts";
import type { DurableFiles } from "#config/durable-files-shell.ts";
import type { StoredProtection } from "#pki/key-store-file.ts";
import { type PassphraseCost, passphraseKey, storeKeyOctets, takeStoreKey } from "#pki/sealed-key.ts";

/** `security pki`, as far as it is about keys at rest. */
export interface KeyStoreSettings {
	/** False: keys are in memory only, until the process ends. */
	readonly isPersistent: boolean;
	/** Absolute. */
	readonly passphraseFile: string | undefined;
}

/** What the settings come to. `source` is the file with the passphrase. */
export type KeyProtection =
	| { readonly kind: "memory" }
	| { readonly kind: "key-file" }
	| { readonly kind: "passphrase"; readonly source: string };

/** A protection in use. */
export interface HeldProtection {
	readonly stored: StoredProtection;
	/** Undefined when no key is written. */
	readonly storeKey: KeyObject | undefined;
	/** Tells another passphrase from the same without keeping it. */
	readonly passphraseMark: string | undefined;
}

/**
 * The protection that the settings ask for. A credential of systemd counts when no file is configured; one that is in use
 * still counts when its file has gone.
 */
export function wantedProtection(settings: KeyStoreSettings, held?: HeldProtection): KeyProtection {
	if (!settings.isPersistent) return { kind: "memory" };
	const source = settings.passphraseFile ?? credentialFile(held?.stored);
	return source === undefined ? { kind: "key-file" } : { kind: "passphrase", source };
}

/** A protection made anew: another salt, another key. A master key that is there without a store is used again. */
export function makeProtection(
	files: DurableFiles,
	wanted: KeyProtection,
	isFirst: boolean,
	costs: Omit<PassphraseCost, "salt">,
): HeldProtection {
	if (wanted.kind === "memory") return { stored: wanted, storeKey: undefined, passphraseMark: undefined };
	if (wanted.kind === "key-file") {
		if (!isFirst || files.read(masterKeyName) === undefined) {
			const octets = randomBytes(storeKeyOctets);
			files.replace(masterKeyName, `${octets.toString("base64")}\n`);
			octets.fill(0);
		}
		return { stored: wanted, storeKey: readMasterKey(files), passphraseMark: undefined };
	}
	const cost = { salt: randomBytes(saltOctets), ...costs };
	const passphrase = readPassphrase(wanted.source);
	const storeKey = passphraseKey(passphrase, cost);
	const passphraseMark = markOf(passphrase);
	passphrase.fill(0);
	return { stored: { kind: "passphrase", source: wanted.source, cost }, storeKey, passphraseMark };
}

/**
 * The key of a store that is there. `opens` tells whether a key is the right one.
 *
 * Faults: throws `FaultError` KEY_STORE_BROKEN that names the file with the passphrase, or the master key's.
 */
export function openProtection(
	files: DurableFiles,
	stored: StoredProtection,
	wanted: KeyProtection,
	opens: (key: KeyObject) => boolean,
): HeldProtection {
	if (stored.kind === "memory") return { stored, storeKey: undefined, passphraseMark: undefined };
	if (stored.kind === "key-file") {
		const storeKey = readMasterKey(files);
		if (!opens(storeKey)) throw wrongMasterKey(files);
		return { stored, storeKey, passphraseMark: undefined };
	}
	const first = wanted.kind === "passphrase" ? wanted.source : stored.source;
	const sources = new Set([first, stored.source].filter((file) => file === first || existsSync(file)));
	for (const source of sources) {
		const passphrase = readPassphrase(source);
		const storeKey = passphraseKey(passphrase, stored.cost);
		const passphraseMark = markOf(passphrase);
		passphrase.fill(0);
		if (opens(storeKey)) return { stored: { ...stored, source }, storeKey, passphraseMark };
	}
	throw keyStoreFault(
		first,
		`its passphrase is not the one that ${join(files.directory, keyStoreName)} was encrypted with`,
		"put the earlier passphrase back",
	);
}

/** True when the protection in use is the one that the settings ask for, passphrase included. */
export function isInUse(held: HeldProtection, wanted: KeyProtection): boolean {
	if (wanted.kind !== "passphrase" || held.stored.kind !== "passphrase") return wanted.kind === held.stored.kind;
	if (wanted.source !== held.stored.source) return false;
	// Some put the file in its place for the start only.
	if (!existsSync(wanted.source)) return true;
	const passphrase = readPassphrase(wanted.source);
	const isSame = markOf(passphrase) === held.passphraseMark;
	passphrase.fill(0);
	return isSame;
}

/** What is to be said about the file: who else may read it. */
export function readableByOthers(file: string): boolean {
	const found = statSync(file, { throwIfNoEntry: false });
	return found !== undefined && (found.mode & 0o077) !== 0;
}

/** One line that names the file and the remedy. */
export function keyStoreFault(file: string, why: string, remedy: string): FaultError {
	return new FaultError(fault("KEY_STORE_BROKEN", `${file} cannot be used: ${why}; ${remedy}`, { cause: why }));
}

/** systemd's LoadCredential= or SetCredential= with the name `sallyport-passphrase`. */
function credentialFile(stored: StoredProtection | undefined): string | undefined {
	const directory = process.env.CREDENTIALS_DIRECTORY;
	if (directory === undefined || directory === "") return undefined;
	const file = join(directory, credentialName);
	const isHeld = stored?.kind === "passphrase" && stored.source === file;
	return isHeld || existsSync(file) ? file : undefined;
}

/** The octets of the file without the line's end. */
function readPassphrase(file: string): Buffer {
	let octets: Buffer;
	try {
		octets = readBoundedFile(file, maxPassphraseFileOctets);
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error);
		throw keyStoreFault(file, `the passphrase cannot be read: ${why}`, "put the file back, readable by this user only");
	}
	let end = octets.length;
	while (end > 0 && (octets[end - 1] === 0x0a || octets[end - 1] === 0x0d)) end--;
	if (end >= 1 && end <= maxPassphraseOctets) return octets.subarray(0, end);
	octets.fill(0);
	throw keyStoreFault(
		file,
		`it holds ${end} octets; expected a passphrase of 1 to ${maxPassphraseOctets} octets on one line`,
		"write one into it",
	);
}

function readMasterKey(files: DurableFiles): KeyObject {
	const text = files.read(masterKeyName);
	if (text === undefined) throw wrongMasterKey(files, "it is not there");
	const octets = Buffer.from(text.trim(), "base64");
	if (octets.length !== storeKeyOctets) throw wrongMasterKey(files, "it is cut short or damaged");
	return takeStoreKey(octets);
}

function wrongMasterKey(
	files: DurableFiles,
	why = "it is not the one that the stored keys were encrypted with",
): Error {
	const store = join(files.directory, keyStoreName);
	const remedy = `restore it from a backup, or move ${store} away to begin with new CAs`;
	return keyStoreFault(join(files.directory, masterKeyName), why, remedy);
}

function markOf(passphrase: Uint8Array): string {
	return createHmac("sha256", markKey).update(passphrase).digest("hex");
}

export const keyStoreName = "key-store.json";
export const masterKeyName = "master-key";
const credentialName = "sallyport-passphrase";
const saltOctets = 16;
const maxPassphraseOctets = 1_024;
const maxPassphraseFileOctets = 65_536;
const markKey = randomBytes(32);
