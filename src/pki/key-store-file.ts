/**
 * The text of the key store's file: one JSON document, so that one rename changes the whole store.
 *
 *     { format: 1, protection: { kind, ... }, check: sealed, entries: [ { id, version, ..., certificates, request, key } ] }
 *
 * Octets are base64. `check` is sealed like a key: it tells a wrong passphrase from a damaged entry.
 */
import { Buffer } from "node:buffer";
import { type Decoded, done, malformed } from "#base/bytes.ts";
import type { PassphraseCost } from "#pki/sealed-key.ts";

/** Where the key comes from that the private keys are encrypted under. */
export type StoredProtection =
	/** `master-key` beside the store. */
	| { readonly kind: "key-file" }
	/** `source` is the file that held the passphrase. */
	| { readonly kind: "passphrase"; readonly source: string; readonly cost: PassphraseCost }
	/** No private key is written. */
	| { readonly kind: "memory" };

export interface StoredEntry {
	readonly id: string;
	readonly version: number;
	/** Milliseconds since 1970. */
	readonly created: number;
	readonly isExportable: boolean;
	/** DER: the entry's own certificate, then those above it. Empty for a key pair that has none yet. */
	readonly certificates: readonly Uint8Array[];
	/** The certificate request that was made for the key, DER. */
	readonly request: Uint8Array | undefined;
	/** Sealed octets; "not-kept" when the key was in memory only; undefined when there never was one. */
	readonly key: Uint8Array | "not-kept" | undefined;
}

export interface KeyStoreFile {
	readonly protection: StoredProtection;
	/** Empty without a key to check. */
	readonly check: Uint8Array;
	readonly entries: readonly StoredEntry[];
}

/** The file's text. */
export function encodeKeyStoreFile({ protection, check, entries }: KeyStoreFile): string {
	const document = {
		format: 1,
		protection: encodeProtection(protection),
		check: base64(check),
		entries: entries.map(({ certificates, request, key, ...rest }) => ({
			...rest,
			certificates: certificates.map(base64),
			...(request === undefined ? {} : { request: base64(request) }),
			...(key === undefined ? {} : { key: key === "not-kept" ? key : base64(key) }),
		})),
	};
	return `${JSON.stringify(document, undefined, "\t")}\n`;
}

/**
 * Reads the file's text.
 *
 * Bounds: at most `maxEntries` entries; a cost of the passphrase that would take all memory or minutes is malformed.
 */
export function decodeKeyStoreFile(text: string): Decoded<KeyStoreFile> {
	let document: unknown;
	try {
		document = JSON.parse(text);
	} catch {
		return malformed("it is cut short or no JSON");
	}
	if (!isObject(document)) return malformed("it holds no object");
	if (document.format !== 1)
		return malformed(`its format is ${String(document.format).slice(0, 16)}; this version reads 1`);
	const protection = decodeProtection(document.protection);
	if (protection === undefined) return malformed("its field 'protection' is damaged");
	const check = octetsOf(document.check);
	if (check === undefined) return malformed("its field 'check' is damaged");
	if (!Array.isArray(document.entries) || document.entries.length > maxEntries)
		return malformed(`its field 'entries' is no list of at most ${maxEntries}`);
	const entries: StoredEntry[] = [];
	const ids = new Set<string>();
	for (const [index, value] of document.entries.entries()) {
		const entry = decodeEntry(value);
		if (entry === undefined || ids.has(entry.id)) return malformed(`entry ${index + 1} is damaged`);
		ids.add(entry.id);
		entries.push(entry);
	}
	return done({ protection, check, entries }, text.length);
}

function encodeProtection(protection: StoredProtection): object {
	if (protection.kind !== "passphrase") return protection;
	const { kind, source, cost } = protection;
	return { kind, source, function: "argon2id", ...cost, salt: base64(cost.salt) };
}

function decodeProtection(value: unknown): StoredProtection | undefined {
	if (!isObject(value)) return undefined;
	if (value.kind === "key-file" || value.kind === "memory") return { kind: value.kind };
	const { source, memoryKib, passes, parallelism } = value;
	const salt = octetsOf(value.salt);
	if (value.kind !== "passphrase" || value.function !== "argon2id" || typeof source !== "string") return undefined;
	if (salt === undefined || salt.length < 16 || salt.length > 64) return undefined;
	if (!isCount(memoryKib, 1_048_576) || !isCount(passes, 64) || !isCount(parallelism, 16)) return undefined;
	if (passes === 0 || parallelism === 0 || memoryKib < 8 * parallelism) return undefined;
	return { kind: "passphrase", source, cost: { salt, memoryKib, passes, parallelism } };
}

function decodeEntry(value: unknown): StoredEntry | undefined {
	if (!isObject(value)) return undefined;
	const { id, version, created, isExportable } = value;
	if (typeof id !== "string" || id === "" || id.length > 255 || !isCount(version) || !isCount(created))
		return undefined;
	if (typeof isExportable !== "boolean" || !Array.isArray(value.certificates)) return undefined;
	const certificates = value.certificates.slice(0, maxCertificates + 1).map(octetsOf);
	if (certificates.length > maxCertificates || !certificates.every((one) => one !== undefined)) return undefined;
	const request = value.request === undefined ? undefined : octetsOf(value.request);
	if (value.request !== undefined && request === undefined) return undefined;
	// A key that is no base64 is a broken key, not a broken store.
	const key = value.key === undefined || value.key === "not-kept" ? value.key : (octetsOf(value.key) ?? none);
	return { id, version, created, isExportable, certificates, request, key };
}

function octetsOf(value: unknown): Uint8Array | undefined {
	if (typeof value !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return undefined;
	return new Uint8Array(Buffer.from(value, "base64"));
}

function base64(octets: Uint8Array): string {
	return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("base64");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown, most = Number.MAX_SAFE_INTEGER): value is number {
	return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= most;
}

/** A profile has up to 1,000 server certificates; as many again for those that were replaced. */
export const maxEntries = 2_048;
/** Of one entry: the chain that is sent with it. */
export const maxCertificates = 16;
const none = new Uint8Array(0);
