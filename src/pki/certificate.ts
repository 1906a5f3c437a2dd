/**
 * The X.509 certificate, decoded once and read by validation, revocation, minting and the console.
 *
 *     Certificate = SEQUENCE { tbsCertificate, signatureAlgorithm, signature BIT STRING }
 *     tbs = SEQUENCE { [0] version, serial, signature, issuer, validity, subject, spki, [1] [2] uids, [3] extensions }
 *
 * Source: RFC 5280 §4.1.
 */

import { hash } from "node:crypto";
import { type Decoded, done, equalBytes, malformed } from "#base/bytes.ts";
import { DerReader, derTag } from "#pki/der.ts";
import {
	decodeExtension,
	type Extension,
	noExtensions,
	readExtensions,
	type TypedExtensions,
} from "#pki/extensions.ts";
import { type DistinguishedName, readName } from "#pki/name.ts";
import { type PublicKeyInfo, readPublicKeyInfo } from "#pki/public-key.ts";

/** An algorithm and its parameters. `raw` is the whole AlgorithmIdentifier. */
export interface AlgorithmIdentifier {
	readonly oid: string;
	/** The parameter element whole; undefined when absent. */
	readonly parameters: Uint8Array | undefined;
	readonly raw: Uint8Array;
}

interface CertificateFields {
	/** The whole certificate. */
	readonly der: Uint8Array;
	/** The part that is signed. */
	readonly tbs: Uint8Array;
	readonly version: 1 | 2 | 3;
	/** Content octets of the INTEGER, two's complement. */
	readonly serial: Uint8Array;
	readonly signatureAlgorithm: AlgorithmIdentifier;
	readonly issuer: DistinguishedName;
	/** First and last millisecond of validity, since 1970; a certificate is valid through the second `notAfter`. */
	readonly notBefore: number;
	readonly notAfter: number;
	readonly subject: DistinguishedName;
	readonly publicKey: PublicKeyInfo;
	readonly extensions: readonly Extension[];
	readonly signature: Uint8Array;
	/**
	 * What is wrong in a part that could still be passed over: a repeated or unreadable extension, text that does not fit
	 * its type, a key that is no key; the first 16. A certificate with faults can be shown but never trusted.
	 */
	readonly faults: readonly string[];
	/** The decoded extensions. */
	readonly typed: Readonly<TypedExtensions>;
}

/** A decoded certificate. Views into the octets given to `decodeCertificate`, which must not change afterwards. */
export class Certificate implements CertificateFields {
	readonly der: Uint8Array;
	readonly tbs: Uint8Array;
	readonly version: 1 | 2 | 3;
	readonly serial: Uint8Array;
	readonly signatureAlgorithm: AlgorithmIdentifier;
	readonly issuer: DistinguishedName;
	readonly notBefore: number;
	readonly notAfter: number;
	readonly subject: DistinguishedName;
	readonly publicKey: PublicKeyInfo;
	readonly extensions: readonly Extension[];
	readonly signature: Uint8Array;
	readonly faults: readonly string[];
	readonly typed: Readonly<TypedExtensions>;
	#fingerprint: string | undefined;
	#isSelfIssued: boolean | undefined;

	constructor(fields: CertificateFields) {
		this.der = fields.der;
		this.tbs = fields.tbs;
		this.version = fields.version;
		this.serial = fields.serial;
		this.signatureAlgorithm = fields.signatureAlgorithm;
		this.issuer = fields.issuer;
		this.notBefore = fields.notBefore;
		this.notAfter = fields.notAfter;
		this.subject = fields.subject;
		this.publicKey = fields.publicKey;
		this.extensions = fields.extensions;
		this.signature = fields.signature;
		this.faults = fields.faults;
		this.typed = fields.typed;
	}

	/** SHA-256 over the whole certificate, lower-case hexadecimal. */
	get fingerprint(): string {
		this.#fingerprint ??= hash("sha256", this.der, "hex");
		return this.#fingerprint;
	}

	/** Issuer and subject are the same name (RFC 5280 §6.1): a root, or a CA that changes its key. */
	get isSelfIssued(): boolean {
		this.#isSelfIssued ??= this.issuer.equals(this.subject);
		return this.#isSelfIssued;
	}

	/** The serial's octets in hexadecimal, without the sign octet that a number with its top bit set needs. */
	get serialText(): string {
		const isPadded = this.serial.length > 1 && this.serial[0] === 0;
		return Buffer.from(isPadded ? this.serial.subarray(1) : this.serial)
			.toString("hex")
			.toUpperCase();
	}

	extension(oid: string): Extension | undefined {
		return this.extensions.find((extension) => extension.oid === oid);
	}
}

/**
 * Decodes one certificate. The octets are one complete frame: cut-short input is malformed, not need-more.
 *
 * Bounds: refuses more than 1 MiB; time and memory linear in the octets.
 */
export function decodeCertificate(der: Uint8Array): Decoded<Certificate> {
	if (der.length > maxCertificateOctets)
		return malformed(`certificate: ${der.length} octets, at most ${maxCertificateOctets} are read`);
	const reader = new DerReader(der);
	const faults: string[] = [];
	const certificate = reader.open(derTag.sequence, "certificate");
	reader.close("certificate");
	const tbsStart = certificate.position;
	const tbs = certificate.open(derTag.sequence, "tbsCertificate");
	const tbsEnd = certificate.position;
	const fields = readTbs(tbs, faults);
	const signatureAlgorithm = readAlgorithmIdentifier(certificate, "signatureAlgorithm");
	const signature = certificate.wholeBitString("signature");
	certificate.close("certificate");
	if (reader.reason !== undefined) return malformed(reader.reason);
	if (!equalBytes(signatureAlgorithm.raw, fields.innerAlgorithm.raw))
		faults.push("the signature algorithm inside the signed part differs from the one outside");
	const typed = noExtensions();
	for (const extension of fields.extensions) decodeExtension(extension, typed, faults);
	const { innerAlgorithm: _, ...rest } = fields;
	return done(
		new Certificate({
			...rest,
			der,
			tbs: der.subarray(tbsStart, tbsEnd),
			signatureAlgorithm,
			signature,
			faults: faults.slice(0, maxFaults),
			typed,
		}),
		der.length,
	);
}

/** Reads an AlgorithmIdentifier; at most one parameter element. */
export function readAlgorithmIdentifier(reader: DerReader, what: string): AlgorithmIdentifier {
	const start = reader.position;
	const sequence = reader.open(derTag.sequence, what);
	const oid = sequence.oid(what);
	const parameters = sequence.isAtEnd ? undefined : sequence.element(what);
	sequence.close(what);
	return { oid, parameters, raw: reader.octets.subarray(start, reader.position) };
}

function readTbs(tbs: DerReader, faults: string[]) {
	const version = tbs.peek() === 0xa0 ? readVersion(tbs) : 1;
	const serial = tbs.integer("serialNumber");
	const innerAlgorithm = readAlgorithmIdentifier(tbs, "signature");
	const issuer = readName(tbs, "issuer", faults);
	const validity = tbs.open(derTag.sequence, "validity");
	const notBefore = validity.time("notBefore");
	const notAfter = validity.time("notAfter");
	validity.close("validity");
	const subject = readName(tbs, "subject", faults);
	const publicKey = readPublicKeyInfo(tbs, faults);
	for (const tag of uniqueIdentifierTags) {
		if (tbs.peek() !== tag) continue;
		tbs.element("unique identifier");
		if (version === 1) faults.push("unique identifiers in a version 1 certificate");
	}
	let extensions: Extension[] = [];
	if (tbs.peek() === 0xa3) {
		const explicit = tbs.open(0xa3, "extensions");
		extensions = readExtensions(explicit, "extensions", faults);
		explicit.close("extensions");
		if (version !== 3) faults.push(`extensions in a version ${version} certificate`);
	}
	tbs.close("tbsCertificate");
	return { version, serial, innerAlgorithm, issuer, notBefore, notAfter, subject, publicKey, extensions };
}

function readVersion(tbs: DerReader): 1 | 2 | 3 {
	const explicit = tbs.open(0xa0, "version");
	const number = explicit.smallInteger("version", 2);
	explicit.close("version");
	return (number + 1) as 1 | 2 | 3;
}

/** Far above any certificate in use; the TLS stack below refuses chains above 100 KB unless told otherwise. */
const maxCertificateOctets = 1_048_576;
const maxFaults = 16;
const uniqueIdentifierTags = [0x81, 0x82];
