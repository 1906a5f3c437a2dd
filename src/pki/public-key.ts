/** SubjectPublicKeyInfo: which algorithm, how strong, and the numbers that a weak key betrays (RFC 5280 §4.1.2.7). */

import { DerReader, derTag } from "#pki/der.ts";
import { curves, keyAlgorithmOid } from "#pki/oids.ts";

export type KeyKind =
	| "rsa"
	| "rsa-pss"
	| "ec"
	| "dsa"
	| "ed25519"
	| "ed448"
	| "ml-dsa-44"
	| "ml-dsa-65"
	| "ml-dsa-87"
	| "unknown";

export interface PublicKeyInfo {
	/** The whole SubjectPublicKeyInfo. */
	readonly raw: Uint8Array;
	readonly kind: KeyKind;
	/** The algorithm in dotted form. */
	readonly algorithm: string;
	/** Length of the modulus, prime or field; 0 when the algorithm is unknown. */
	readonly bits: number;
	/** Name of the curve of an EC key, `explicit` when it is spelled out, or the dotted form of one we do not know. */
	readonly curve: string | undefined;
	/** RSA only: big-endian, without leading zeros. */
	readonly modulus: Uint8Array | undefined;
	readonly exponent: Uint8Array | undefined;
	/** True for a DSA or EC key that takes its parameters from its issuer (RFC 3279 §2.3.2). */
	readonly hasInheritedParameters: boolean;
	/** The content of the BIT STRING: what key identifiers and OCSP hash. */
	readonly keyOctets: Uint8Array;
}

/** Reads a SubjectPublicKeyInfo; `faults` takes what is wrong inside the key itself. */
export function readPublicKeyInfo(reader: DerReader, faults: string[]): PublicKeyInfo {
	const what = "subjectPublicKeyInfo";
	const start = reader.position;
	const sequence = reader.open(derTag.sequence, what);
	const identifier = sequence.open(derTag.sequence, `${what}: algorithm`);
	const algorithm = identifier.oid(`${what}: algorithm`);
	const parameterTag = identifier.peek();
	const parameters = identifier.isAtEnd ? empty : identifier.element(`${what}: parameters`);
	identifier.close(`${what}: algorithm`);
	const keyOctets = sequence.wholeBitString(what);
	sequence.close(what);
	const raw = reader.octets.subarray(start, reader.position);
	const kind = kinds[algorithm] ?? "unknown";
	const base = { raw, kind, algorithm, keyOctets, curve: undefined, modulus: undefined, exponent: undefined };
	if (reader.reason !== undefined) return { ...base, bits: 0, hasInheritedParameters: false };
	switch (kind) {
		case "rsa":
		case "rsa-pss":
			return { ...base, ...rsaKey(keyOctets, faults), hasInheritedParameters: false };
		case "ec": {
			const isInherited = parameterTag === -1 || parameterTag === derTag.null;
			return { ...base, ...ecKey(parameterTag, parameters), hasInheritedParameters: isInherited };
		}
		case "dsa":
			return { ...base, bits: dsaBits(parameters), hasInheritedParameters: parameterTag !== derTag.sequence };
		default:
			return { ...base, bits: fixedBits[kind] ?? 0, hasInheritedParameters: false };
	}
}

function rsaKey(octets: Uint8Array, faults: string[]) {
	const reader = new DerReader(octets);
	const sequence = reader.open(derTag.sequence, "RSA public key");
	const modulus = magnitude(sequence, "RSA modulus");
	const exponent = magnitude(sequence, "RSA exponent");
	sequence.close("RSA public key");
	reader.close("RSA public key");
	if (reader.reason !== undefined) faults.push(`subjectPublicKeyInfo: ${reader.reason}`);
	return { modulus, exponent, bits: bitLength(modulus) };
}

function ecKey(tag: number, parameters: Uint8Array): { curve: string; bits: number } {
	if (tag !== derTag.oid) return { curve: tag === derTag.sequence ? "explicit" : "inherited", bits: 0 };
	const oid = new DerReader(parameters).oid("curve");
	const known = curves[oid];
	return known === undefined ? { curve: oid, bits: 0 } : { curve: known.name, bits: known.bits };
}

function dsaBits(parameters: Uint8Array): number {
	const reader = new DerReader(parameters);
	return bitLength(magnitude(reader.open(derTag.sequence, "DSA parameters"), "DSA prime"));
}

/** A positive INTEGER without its sign octet. */
function magnitude(reader: DerReader, what: string): Uint8Array {
	const octets = reader.integer(what);
	if (reader.reason !== undefined) return empty;
	if ((octets[0] as number) >= 0x80) reader.fail(`${what}: negative`);
	return octets[0] === 0 ? octets.subarray(1) : octets;
}

function bitLength(octets: Uint8Array): number {
	return octets.length === 0 ? 0 : octets.length * 8 - (Math.clz32(octets[0] as number) - 24);
}

const empty = new Uint8Array(0);
const kinds: Readonly<Record<string, KeyKind>> = {
	[keyAlgorithmOid.rsa]: "rsa",
	[keyAlgorithmOid.rsaPss]: "rsa-pss",
	[keyAlgorithmOid.ec]: "ec",
	[keyAlgorithmOid.dsa]: "dsa",
	[keyAlgorithmOid.ed25519]: "ed25519",
	[keyAlgorithmOid.ed448]: "ed448",
	[keyAlgorithmOid.mlDsa44]: "ml-dsa-44",
	[keyAlgorithmOid.mlDsa65]: "ml-dsa-65",
	[keyAlgorithmOid.mlDsa87]: "ml-dsa-87",
};
const fixedBits: Partial<Record<KeyKind, number>> = {
	ed25519: 256,
	ed448: 448,
	"ml-dsa-44": 1312 * 8,
	"ml-dsa-65": 1952 * 8,
	"ml-dsa-87": 2592 * 8,
};
