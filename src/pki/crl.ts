/**
 * Certificate revocation lists, decoded once and looked up by serial number.
 *
 *     CertificateList = SEQUENCE { tbsCertList, signatureAlgorithm, signature BIT STRING }
 *     tbsCertList = SEQUENCE { version, signature, issuer, thisUpdate, nextUpdate, revokedCertificates, [0] extensions }
 *
 * Entries are not kept as objects: a list of the largest CAs has hundreds of thousands. The table holds the place of
 * each entry (4 octets) and a hash of its serial (8 octets).
 * Source: RFC 5280 §5.
 */

import { hash } from "node:crypto";
import { type Decoded, done, equalBytes, malformed } from "#base/bytes.ts";
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from "#pki/certificate.ts";
import {
	type CrlEntryValues,
	type CrlValues,
	decodeCrlEntryExtensions,
	decodeCrlExtensions,
} from "#pki/crl-extensions.ts";
import { DerReader, derTag } from "#pki/der.ts";
import { type Extension, readExtensions } from "#pki/extensions.ts";
import { type DistinguishedName, readName } from "#pki/name.ts";

/** One revoked certificate. */
export interface RevokedEntry extends CrlEntryValues {
	/** Milliseconds since 1970. */
	readonly revokedAt: number;
}

/** Who issued the certificates of the entries from `from` on (indirect CRLs name it once for many). */
interface IssuerRun {
	readonly from: number;
	readonly issuer: DistinguishedName;
}

interface CrlFields {
	/** The whole list. */
	readonly der: Uint8Array;
	readonly tbs: Uint8Array;
	readonly version: 1 | 2;
	readonly signatureAlgorithm: AlgorithmIdentifier;
	readonly issuer: DistinguishedName;
	/** Milliseconds since 1970. */
	readonly thisUpdate: number;
	readonly nextUpdate: number | undefined;
	readonly extensions: readonly Extension[];
	readonly signature: Uint8Array;
	/** What makes the list unusable although it can be read: the first 16. */
	readonly faults: readonly string[];
	readonly typed: CrlValues;
}

/** A decoded list. Views into the octets given to `decodeCrl`, which must not change afterwards. */
export class Crl {
	readonly der: Uint8Array;
	readonly tbs: Uint8Array;
	readonly version: 1 | 2;
	readonly signatureAlgorithm: AlgorithmIdentifier;
	readonly issuer: DistinguishedName;
	readonly thisUpdate: number;
	readonly nextUpdate: number | undefined;
	readonly extensions: readonly Extension[];
	readonly signature: Uint8Array;
	readonly faults: readonly string[];
	readonly typed: CrlValues;
	readonly #entries: EntryTable;
	#fingerprint: string | undefined;

	constructor(fields: CrlFields, entries: EntryTable) {
		this.der = fields.der;
		this.tbs = fields.tbs;
		this.version = fields.version;
		this.signatureAlgorithm = fields.signatureAlgorithm;
		this.issuer = fields.issuer;
		this.thisUpdate = fields.thisUpdate;
		this.nextUpdate = fields.nextUpdate;
		this.extensions = fields.extensions;
		this.signature = fields.signature;
		this.faults = fields.faults;
		this.typed = fields.typed;
		this.#entries = entries;
	}

	/** SHA-256 over the whole list, lower-case hexadecimal. */
	get fingerprint(): string {
		this.#fingerprint ??= hash("sha256", this.der, "hex");
		return this.#fingerprint;
	}

	get entryCount(): number {
		return this.#entries.count;
	}

	/** The serials (content octets) with the time of revocation in milliseconds since 1970, in the list's order. */
	entries(): Iterable<{ readonly serial: Uint8Array; readonly revokedAt: number }> {
		return this.#entries.all();
	}

	/**
	 * The entry for a certificate of this issuer with this serial (content octets of its INTEGER).
	 */
	find(issuer: DistinguishedName, serial: Uint8Array): RevokedEntry | undefined {
		return this.#entries.find(this.issuer, issuer, serial);
	}
}

/**
 * Decodes one list. The octets are one complete frame: cut-short input is malformed, not need-more.
 *
 * Bounds: refuses more than 32 MiB; time linear in the octets, also when serials were chosen to
 * fall into one place of the table; about 12 octets of memory per entry besides the input.
 */
export function decodeCrl(der: Uint8Array): Decoded<Crl> {
	const steps = decodeCrlStepwise(der);
	for (;;) {
		const step = steps.next();
		if (step.done === true) return step.value;
	}
}

/** The same, with a pause every 2,048 entries: a large list takes hundreds of milliseconds. */
export function* decodeCrlStepwise(der: Uint8Array): Generator<void, Decoded<Crl>> {
	if (der.length > maxCrlOctets) return malformed(`CRL: ${der.length} octets, at most ${maxCrlOctets} are read`);
	const reader = DerReader.unbounded(der);
	const faults: string[] = [];
	const list = reader.open(derTag.sequence, "CRL");
	reader.close("CRL");
	const tbsStart = list.position;
	const tbs = list.open(derTag.sequence, "tbsCertList");
	const tbsEnd = list.position;
	const version = tbs.peek() === derTag.integer && tbs.smallInteger("version", 1) === 1 ? 2 : 1;
	const innerAlgorithm = readAlgorithmIdentifier(tbs, "signature");
	const issuer = readName(tbs, "issuer", faults);
	const thisUpdate = tbs.time("thisUpdate");
	const hasNext = tbs.peek() === derTag.utcTime || tbs.peek() === derTag.generalizedTime;
	const nextUpdate = hasNext ? tbs.time("nextUpdate") : undefined;
	const entries = new EntryTable(der);
	if (tbs.peek() === derTag.sequence) yield* entries.read(tbs.open(derTag.sequence, "revokedCertificates"), faults);
	const extensions = readListExtensions(tbs, version, faults);
	tbs.close("tbsCertList");
	const signatureAlgorithm = readAlgorithmIdentifier(list, "signatureAlgorithm");
	const signature = list.wholeBitString("signature");
	list.close("CRL");
	if (reader.reason !== undefined) return malformed(reader.reason);
	if (!equalBytes(innerAlgorithm.raw, signatureAlgorithm.raw))
		faults.push("the signature algorithm inside the signed part differs from the one outside");
	const typed = decodeCrlExtensions(extensions, faults);
	if (!(yield* entries.index()))
		faults.push("its serial numbers are repeated, or chosen, so that none is found quickly");
	const fields = {
		der,
		tbs: der.subarray(tbsStart, tbsEnd),
		version,
		signatureAlgorithm,
		issuer,
		thisUpdate,
		nextUpdate,
		extensions,
		signature,
		faults: faults.slice(0, maxFaults),
		typed,
	} as const;
	return done(new Crl(fields, entries), der.length);
}

function readListExtensions(tbs: DerReader, version: 1 | 2, faults: string[]): Extension[] {
	if (tbs.peek() !== 0xa0) return [];
	const explicit = tbs.open(0xa0, "crlExtensions");
	const extensions = readExtensions(explicit, "crlExtensions", faults);
	explicit.close("crlExtensions");
	if (version === 1) faults.push("extensions in a version 1 CRL");
	return extensions;
}

/** The places of the entries, found again by the hash of their serial. */
class EntryTable {
	readonly #octets: Uint8Array;
	#places = new Uint32Array(64);
	#slots = new Int32Array(0);
	readonly #issuers: IssuerRun[] = [];
	count = 0;

	constructor(octets: Uint8Array) {
		this.#octets = octets;
	}

	*read(list: DerReader, faults: string[]): Generator<void, void> {
		while (!list.isAtEnd) {
			if (this.count % entriesPerStep === entriesPerStep - 1) yield;
			const place = list.position;
			const entry = list.open(derTag.sequence, "revokedCertificate");
			entry.integer("userCertificate");
			entry.time("revocationDate");
			if (!entry.isAtEnd) this.#readEntryExtensions(entry, faults);
			entry.close("revokedCertificate");
			if (list.reason !== undefined) return;
			if (this.count === this.#places.length) this.#grow();
			this.#places[this.count++] = place;
		}
	}

	find(listIssuer: DistinguishedName, issuer: DistinguishedName, serial: Uint8Array): RevokedEntry | undefined {
		if (this.count === 0) return undefined;
		const mask = this.#slots.length - 1;
		for (let slot = hashOf(serial) & mask; ; slot = (slot + 1) & mask) {
			const index = (this.#slots[slot] as number) - 1;
			if (index < 0) return undefined;
			const entry = this.#entryAt(index);
			if (!equalBytes(entry.integer("userCertificate"), serial)) continue;
			if (!this.#issuerOf(index, listIssuer).equals(issuer)) continue;
			const revokedAt = entry.time("revocationDate");
			const extensions = entry.isAtEnd ? [] : readExtensions(entry, "crlEntryExtensions", []);
			return { revokedAt, ...decodeCrlEntryExtensions(extensions, []) };
		}
	}

	/** Makes `find` quick. False when more than `maxProbes` an entry were needed: then the table is not whole. */
	*index(): Generator<void, boolean> {
		let size = 2;
		while (size < this.count * 2) size *= 2;
		this.#slots = new Int32Array(size);
		let probes = maxProbes * Math.max(this.count, entriesPerStep);
		let stepProbes = probes;
		for (let index = 0; index < this.count; index++) {
			let slot = hashOf(this.#entryAt(index).integer("userCertificate")) & (size - 1);
			for (; this.#slots[slot] !== 0; probes--) slot = (slot + 1) & (size - 1);
			if (probes < 0) return false;
			this.#slots[slot] = index + 1;
			if (index % entriesPerStep !== entriesPerStep - 1 && stepProbes - probes < probesPerStep) continue;
			stepProbes = probes;
			yield;
		}
		return true;
	}

	*all(): Generator<{ readonly serial: Uint8Array; readonly revokedAt: number }> {
		for (let index = 0; index < this.count; index++) {
			const entry = this.#entryAt(index);
			yield { serial: entry.integer("userCertificate"), revokedAt: entry.time("revocationDate") };
		}
	}

	#readEntryExtensions(entry: DerReader, faults: string[]): void {
		const extensions = readExtensions(entry, "crlEntryExtensions", faults);
		const { certificateIssuer } = decodeCrlEntryExtensions(extensions, faults);
		if (certificateIssuer !== undefined) this.#issuers.push({ from: this.count, issuer: certificateIssuer });
		// Only the first few are kept anyway.
		if (faults.length > maxFaults) faults.length = maxFaults;
	}

	#entryAt(index: number): DerReader {
		return new DerReader(this.#octets, this.#places[index]).open(derTag.sequence, "revokedCertificate");
	}

	/** "If this extension is not present on … subsequent entries…, the certificate issuer … is the same" (§5.3.3). */
	#issuerOf(index: number, listIssuer: DistinguishedName): DistinguishedName {
		const run = this.#issuers.findLast(({ from }) => from <= index);
		return run?.issuer ?? listIssuer;
	}

	#grow(): void {
		const larger = new Uint32Array(this.#places.length * 2);
		larger.set(this.#places);
		this.#places = larger;
	}
}

/** FNV-1a over the serial. */
function hashOf(serial: Uint8Array): number {
	let value = 0x811c_9dc5;
	for (const octet of serial) value = Math.imul(value ^ octet, 0x0100_0193);
	return value >>> 0;
}

const maxCrlOctets = 33_554_432;
const maxFaults = 16;
const entriesPerStep = 2_048;
/** Fair serials need about one; an indirect list repeats those of its issuers. */
const maxProbes = 64;
const probesPerStep = 1_048_576;
