/**
 * Signatures over certificates, CRLs and OCSP responses: from AlgorithmIdentifier to node:crypto, and a memory of what
 * has been verified.
 *
 * Source: RFC 3279, RFC 4055, RFC 5758, RFC 8410, RFC 9881.
 */

import { constants, createPublicKey, hash, type KeyObject, verify } from "node:crypto";
import { BoundedMap } from "#base/bounded.ts";
import type { AlgorithmIdentifier } from "#pki/certificate.ts";
import { DerReader, derSequence, derTag } from "#pki/der.ts";
import { hashName } from "#pki/oids.ts";
import type { KeyKind, PublicKeyInfo } from "#pki/public-key.ts";

/** How a signature is made. `hash` is empty where the algorithm brings its own. */
export interface SignatureScheme {
	readonly keyKinds: readonly KeyKind[];
	readonly hash: string;
	/** Salt length of RSASSA-PSS; undefined for every other scheme. */
	readonly saltLength: number | undefined;
}

/**
 * What was verified before: pairs of issuer key and signed octets, and keys that were imported. One instance lives as
 * long as a worker.
 *
 * Bounds: at most `capacity` pairs and as many keys. Only good signatures are kept, so a stranger cannot fill it with
 * forgeries.
 */
export class SignatureCache {
	readonly #verified: BoundedMap<string, true>;
	readonly #keys: BoundedMap<string, KeyObject>;
	/** Signatures that were computed and not remembered; a measure for tests and benchmarks. */
	checks = 0;

	constructor(capacity = 4096) {
		this.#verified = new BoundedMap(capacity);
		this.#keys = new BoundedMap(capacity);
	}

	/** True when this signature is remembered as good. */
	isKnown(signed: string, keyInfo: Uint8Array): boolean {
		return this.#verified.has(signed + hash("sha256", keyInfo, "base64"));
	}

	/** Verifies and remembers. `signed` names the octets, the signature and its algorithm: a hash over all of them. */
	verify(signed: string, keyInfo: Uint8Array, verifyWith: (key: KeyObject) => boolean): boolean {
		const keyHash = hash("sha256", keyInfo, "base64");
		if (this.#verified.get(signed + keyHash) === true) return true;
		this.checks++;
		const key = this.#keys.get(keyHash) ?? importKey(keyInfo);
		if (key === undefined || !verifyWith(key)) return false;
		this.#keys.set(keyHash, key);
		this.#verified.set(signed + keyHash, true);
		return true;
	}
}

/** The scheme that an AlgorithmIdentifier names; undefined when it is unknown or its parameters are not as they must be. */
export function signatureScheme(algorithm: AlgorithmIdentifier): SignatureScheme | undefined {
	const row = schemes[algorithm.oid];
	if (row === undefined) return algorithm.oid === pssOid ? pssScheme(algorithm.parameters) : undefined;
	const isNull = algorithm.parameters?.length === 2 && algorithm.parameters[0] === derTag.null;
	// RFC 3279 §2.2.1: NULL for RSA, where absence is accepted too; absent for everything else.
	if (algorithm.parameters !== undefined && !(isNull && row.keyKinds[0] === "rsa")) return undefined;
	return row;
}

/** Verifies one signature with an imported key. Never throws: a key or signature that does not fit is not good. */
export function verifySignature(
	scheme: SignatureScheme,
	key: KeyObject,
	octets: Uint8Array,
	signature: Uint8Array,
): boolean {
	const algorithm = scheme.hash === "" ? null : scheme.hash;
	try {
		if (scheme.saltLength === undefined) return verify(algorithm, octets, key, signature);
		const padding = constants.RSA_PKCS1_PSS_PADDING;
		return verify(algorithm, octets, { key, padding, saltLength: scheme.saltLength }, signature);
	} catch {
		return false;
	}
}

/** Imports a SubjectPublicKeyInfo; undefined when it is no usable key (a point off the curve, for example). */
export function importKey(keyInfo: Uint8Array): KeyObject | undefined {
	try {
		return createPublicKey({ key: Buffer.from(keyInfo), format: "der", type: "spki" });
	} catch {
		return undefined;
	}
}

/**
 * The SubjectPublicKeyInfo to verify with: a DSA or EC key without parameters takes those of the issuer's working key
 * (RFC 5280 §6.1.4 (f)). Undefined when there are none to take.
 */
export function workingKeyInfo(key: PublicKeyInfo, issuerKeyInfo: Uint8Array | undefined): Uint8Array | undefined {
	if (!key.hasInheritedParameters) return key.raw;
	if (issuerKeyInfo === undefined) return undefined;
	const algorithm = new DerReader(issuerKeyInfo).open(derTag.sequence, "key").element("algorithm");
	const own = new DerReader(key.raw).open(derTag.sequence, "key");
	const isSameAlgorithm =
		new DerReader(algorithm).open(derTag.sequence, "algorithm").oid("algorithm") === key.algorithm;
	own.element("algorithm");
	const keyBits = own.element("key");
	return isSameAlgorithm && own.reason === undefined ? derSequence(algorithm, keyBits) : undefined;
}

/** RSASSA-PSS as certificates use it: one hash for the message and the mask, trailer 1 (RFC 4055 §3.1). */
function pssScheme(parameters: Uint8Array | undefined): SignatureScheme | undefined {
	if (parameters === undefined) return undefined;
	const reader = new DerReader(parameters);
	const sequence = reader.open(derTag.sequence, "RSASSA-PSS parameters");
	const digest = sequence.peek() === 0xa0 ? readHash(sequence.open(0xa0, "hash")) : "sha1";
	let maskDigest = "sha1";
	if (sequence.peek() === 0xa1) {
		const mask = sequence.open(0xa1, "mask").open(derTag.sequence, "mask");
		if (mask.oid("mask") !== mgf1Oid) mask.fail("mask: not MGF1");
		maskDigest = readHash(mask);
		mask.close("mask");
	}
	const saltLength = sequence.peek() === 0xa2 ? sequence.open(0xa2, "salt").smallInteger("salt", 512) : 20;
	const trailer = sequence.peek() === 0xa3 ? sequence.open(0xa3, "trailer").smallInteger("trailer", 1) : 1;
	sequence.close("RSASSA-PSS parameters");
	reader.close("RSASSA-PSS parameters");
	if (reader.reason !== undefined || digest === "" || digest !== maskDigest || trailer !== 1) return undefined;
	return { keyKinds: ["rsa", "rsa-pss"], hash: digest, saltLength };
}

function readHash(reader: DerReader): string {
	const sequence = reader.open(derTag.sequence, "hash");
	const oid = sequence.oid("hash");
	if (!sequence.isAtEnd) sequence.content(derTag.null, "hash");
	sequence.close("hash");
	return hashName[oid] ?? "";
}

const pssOid = "1.2.840.113549.1.1.10";
const mgf1Oid = "1.2.840.113549.1.1.8";

const rsa = (digest: string): SignatureScheme => ({ keyKinds: ["rsa"], hash: digest, saltLength: undefined });
const ecdsa = (digest: string): SignatureScheme => ({ keyKinds: ["ec"], hash: digest, saltLength: undefined });
const dsa = (digest: string): SignatureScheme => ({ keyKinds: ["dsa"], hash: digest, saltLength: undefined });
const pure = (kind: KeyKind): SignatureScheme => ({ keyKinds: [kind], hash: "", saltLength: undefined });

const schemes: Readonly<Record<string, SignatureScheme>> = {
	"1.2.840.113549.1.1.4": rsa("md5"),
	"1.2.840.113549.1.1.5": rsa("sha1"),
	"1.2.840.113549.1.1.11": rsa("sha256"),
	"1.2.840.113549.1.1.12": rsa("sha384"),
	"1.2.840.113549.1.1.13": rsa("sha512"),
	"1.2.840.10045.4.1": ecdsa("sha1"),
	"1.2.840.10045.4.3.2": ecdsa("sha256"),
	"1.2.840.10045.4.3.3": ecdsa("sha384"),
	"1.2.840.10045.4.3.4": ecdsa("sha512"),
	"1.2.840.10040.4.3": dsa("sha1"),
	"2.16.840.1.101.3.4.3.2": dsa("sha256"),
	"1.3.101.112": pure("ed25519"),
	"1.3.101.113": pure("ed448"),
	"2.16.840.1.101.3.4.3.17": pure("ml-dsa-44"),
	"2.16.840.1.101.3.4.3.18": pure("ml-dsa-65"),
	"2.16.840.1.101.3.4.3.19": pure("ml-dsa-87"),
};
