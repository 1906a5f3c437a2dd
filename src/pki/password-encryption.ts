/**
 * Encryption under a passphrase, as encrypted PKCS#8 keys and PKCS#12 files have it: PBES2 with PBKDF2 or scrypt, and the
 * older scheme of PKCS#12 with triple DES.
 *
 * Source: RFC 8018 §6.2, appendix A; RFC 7914 §7; RFC 7292 appendices B and C.
 */

import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, pbkdf2Sync, scryptSync } from "node:crypto";
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from "#pki/certificate.ts";
import { DerReader, derInteger, derNull, derOctetString, derOid, derSequence, derTag } from "#pki/der.ts";
import { pkcs12Key, pkcs12Password } from "#pki/pkcs12-key.ts";

/** How a part is encrypted, read and found to be computable. */
export interface PasswordScheme {
	/** Of the key derivation, in iterations of PBKDF2 with HMAC-SHA-256: a million take about 0.2 s of one core. */
	readonly cost: number;
	/** The plaintext; undefined when its padding is wrong: another passphrase, or damage. */
	decrypt(ciphertext: Uint8Array, passphrase: string): Uint8Array | undefined;
}

export type ReadPasswordScheme =
	| { readonly kind: "scheme"; readonly scheme: PasswordScheme }
	| { readonly kind: "refused"; readonly reason: string };

/**
 * Reads the AlgorithmIdentifier of an encrypted part.
 *
 * Bounds: whoever made the file chose the iterations, so a cost above 2,500,000 is refused before anything is computed.
 */
export function readPasswordScheme(algorithm: AlgorithmIdentifier): ReadPasswordScheme {
	if (algorithm.oid === pbes2Oid) return readPbes2(algorithm.parameters ?? empty);
	if (algorithm.oid === pkcs12TripleDesOid) return readPkcs12TripleDes(algorithm.parameters ?? empty);
	const legacy = legacyNames[algorithm.oid];
	if (legacy === undefined) return refused(`encryption ${algorithm.oid} is not known`);
	return refused(`it is encrypted with ${legacy}, a broken scheme that is not read; ${conversion}`);
}

/** A key that is derived from a passphrase. */
export interface DerivedKey {
	readonly cost: number;
	derive(passphrase: string): Uint8Array;
}

/** The derivation in a MAC's AlgorithmIdentifier when it is PBMAC1 (RFC 9579), or why it is not computed. */
export function readMacDerivation(
	algorithm: AlgorithmIdentifier,
): DerivedKey | { readonly reason: string } | undefined {
	if (algorithm.oid !== pbmac1Oid) return undefined;
	const reader = new DerReader(algorithm.parameters ?? empty);
	const fields = reader.open(derTag.sequence, "PBMAC1");
	const derivation = readAlgorithmIdentifier(fields, "PBMAC1: key derivation");
	const mac = hmacNames[readAlgorithmIdentifier(fields, "PBMAC1: MAC").oid];
	fields.close("PBMAC1");
	if (reader.reason !== undefined || mac === undefined) return { reason: reader.reason ?? "PBMAC1: MAC is not known" };
	return readKeyDerivation(derivation, mac.octets);
}

/** PBES2 with AES-256-CBC and PBKDF2 with HMAC-SHA-256: AlgorithmIdentifier and ciphertext. */
export function encryptPbes2(
	plaintext: Uint8Array,
	passphrase: string,
	salt: Uint8Array,
	iv: Uint8Array,
	iterations: number,
): { readonly algorithm: Uint8Array; readonly ciphertext: Uint8Array } {
	const key = pbkdf2Sync(passphrase, salt, iterations, 32, "sha256");
	const cipher = createCipheriv("aes-256-cbc", key, iv);
	const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
	key.fill(0);
	const prf = derSequence(derOid(hmacSha256Oid), derNull());
	const derivation = derSequence(
		derOid(pbkdf2Oid),
		derSequence(derOctetString(salt), derInteger(iterations), derInteger(32), prf),
	);
	const encryption = derSequence(derOid(aes256CbcOid), derOctetString(iv));
	return { algorithm: derSequence(derOid(pbes2Oid), derSequence(derivation, encryption)), ciphertext };
}

function readPbes2(parameters: Uint8Array): ReadPasswordScheme {
	const reader = new DerReader(parameters);
	const fields = reader.open(derTag.sequence, "PBES2");
	reader.close("PBES2");
	const derivation = readAlgorithmIdentifier(fields, "PBES2: key derivation");
	const encryption = readAlgorithmIdentifier(fields, "PBES2: encryption");
	fields.close("PBES2");
	if (reader.reason !== undefined) return refused(reader.reason);
	const cipher = ciphers[encryption.oid];
	if (cipher === undefined) return refused(`PBES2 with cipher ${encryption.oid} is not read; ${conversion}`);
	const ivReader = new DerReader(encryption.parameters ?? empty);
	const iv = ivReader.octetString("PBES2: initialization vector");
	if (ivReader.reason !== undefined || iv.length !== cipher.ivOctets)
		return refused(`PBES2: expected an initialization vector of ${cipher.ivOctets} octets`);
	const key = readKeyDerivation(derivation, cipher.keyOctets);
	if ("reason" in key) return refused(key.reason);
	const decrypt = (ciphertext: Uint8Array, passphrase: string) =>
		decipher(cipher.name, key.derive(passphrase), iv, ciphertext);
	return { kind: "scheme", scheme: { cost: key.cost, decrypt } };
}

/** Reads PBKDF2 or scrypt with their parameters. `keyOctets` is what the cipher or MAC needs. */
function readKeyDerivation(
	algorithm: AlgorithmIdentifier,
	keyOctets: number,
): DerivedKey | { readonly reason: string } {
	const reader = new DerReader(algorithm.parameters ?? empty);
	const fields = reader.open(derTag.sequence, "key derivation");
	reader.close("key derivation");
	if (algorithm.oid === pbkdf2Oid) return readPbkdf2(fields, keyOctets);
	if (algorithm.oid === scryptOid) return readScrypt(fields, keyOctets);
	return { reason: `key derivation ${algorithm.oid} is not known` };
}

function readPbkdf2(fields: DerReader, keyOctets: number): DerivedKey | { readonly reason: string } {
	const salt = fields.octetString("PBKDF2: salt");
	const iterations = fields.smallInteger("PBKDF2: iterations");
	if (fields.peek() === derTag.integer && fields.smallInteger("PBKDF2: key length") !== keyOctets)
		fields.fail(`PBKDF2: expected a key length of ${keyOctets} octets`);
	const prf = fields.isAtEnd ? hmacSha1Oid : readAlgorithmIdentifier(fields, "PBKDF2: pseudorandom function").oid;
	fields.close("PBKDF2");
	if (fields.reason !== undefined) return { reason: fields.reason };
	const digest = hmacNames[prf];
	if (digest === undefined) return { reason: `PBKDF2 with function ${prf} is not known` };
	const bound = checkIterations("PBKDF2", iterations, digest.weight);
	if (bound !== undefined) return { reason: bound };
	return {
		cost: iterations * digest.weight,
		derive: (passphrase) => pbkdf2Sync(passphrase, salt, iterations, keyOctets, digest.name),
	};
}

function readScrypt(fields: DerReader, keyOctets: number): DerivedKey | { readonly reason: string } {
	const salt = fields.octetString("scrypt: salt");
	const cost = fields.smallInteger("scrypt: cost");
	const blockSize = fields.smallInteger("scrypt: block size", 1024);
	const parallelization = fields.smallInteger("scrypt: parallelization", 1024);
	if (!fields.isAtEnd && fields.smallInteger("scrypt: key length") !== keyOctets)
		fields.fail(`scrypt: expected a key length of ${keyOctets} octets`);
	fields.close("scrypt");
	if (fields.reason !== undefined) return { reason: fields.reason };
	const octets = 128 * cost * blockSize;
	if (cost < 2 || (cost & (cost - 1)) !== 0 || blockSize === 0 || parallelization === 0)
		return { reason: "scrypt: the cost must be a power of two, block size and parallelization above 0" };
	if (octets > maxScryptOctets)
		return { reason: `scrypt takes ${octets} octets of memory; at most ${maxScryptOctets}` };
	const weight = blockSize * parallelization * scryptWeight;
	const bound = checkIterations("scrypt", cost, weight);
	if (bound !== undefined) return { reason: bound };
	const options = { N: cost, r: blockSize, p: parallelization, maxmem: 2 * maxScryptOctets };
	return {
		cost: cost * weight,
		derive: (passphrase) => scryptSync(passphrase, salt, keyOctets, options),
	};
}

/** pbeWithSHAAnd3-KeyTripleDES-CBC (RFC 7292 appendix C). */
function readPkcs12TripleDes(parameters: Uint8Array): ReadPasswordScheme {
	const reader = new DerReader(parameters);
	const fields = reader.open(derTag.sequence, "PKCS#12 encryption");
	reader.close("PKCS#12 encryption");
	const salt = fields.octetString("PKCS#12 encryption: salt");
	const iterations = fields.smallInteger("PKCS#12 encryption: iterations");
	fields.close("PKCS#12 encryption");
	if (reader.reason !== undefined) return refused(reader.reason);
	// Three blocks of SHA-1: two for the key, one for the vector.
	const weight = 3 * pkcs12KeyWeight;
	const bound = checkIterations("PKCS#12 key derivation", iterations, weight);
	if (bound !== undefined) return refused(bound);
	const decryptWith = (password: Uint8Array, ciphertext: Uint8Array) => {
		const key = pkcs12Key("sha1", "key", password, salt, iterations, 24);
		const iv = pkcs12Key("sha1", "vector", password, salt, iterations, 8);
		return decipher("des-ede3-cbc", key, iv, ciphertext);
	};
	const decrypt = (ciphertext: Uint8Array, passphrase: string) => {
		const plaintext = decryptWith(pkcs12Password(passphrase), ciphertext);
		// No passphrase is written in two ways: an empty string with its end, and no octets at all.
		return plaintext === undefined && passphrase === "" ? decryptWith(empty, ciphertext) : plaintext;
	};
	return { kind: "scheme", scheme: { cost: weight * iterations, decrypt } };
}

function decipher(name: string, key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
	try {
		const cipher = createDecipheriv(name, key, iv);
		return Buffer.concat([cipher.update(ciphertext), cipher.final()]);
	} catch {
		return undefined;
	} finally {
		key.fill(0);
	}
}

/** Why so many iterations, each of this weight, are not computed; undefined when they are. */
export function checkIterations(what: string, iterations: number, weight: number): string | undefined {
	if (iterations === 0) return `${what}: expected at least one iteration`;
	const most = Math.floor(maxCost / weight);
	return iterations <= most ? undefined : `${what} with ${iterations} iterations is not computed; at most ${most} are`;
}

function refused(reason: string): ReadPasswordScheme {
	return { kind: "refused", reason };
}

/** One hash by a call of node:crypto, against an iteration inside PBKDF2. */
const pkcs12KeyWeight = 10;
/** About half a second of one core. */
const maxCost = 2_500_000;
const scryptWeight = 6;
const maxScryptOctets = 67_108_864;
const conversion =
	"convert it: openssl pkcs12 -legacy -in OLD -nodes -out ALL.pem && openssl pkcs12 -export -in ALL.pem -out NEW";
const empty = new Uint8Array(0);

const pbes2Oid = "1.2.840.113549.1.5.13";
const pbmac1Oid = "1.2.840.113549.1.5.14";
const pbkdf2Oid = "1.2.840.113549.1.5.12";
const scryptOid = "1.3.6.1.4.1.11591.4.11";
const hmacSha1Oid = "1.2.840.113549.2.7";
const hmacSha256Oid = "1.2.840.113549.2.9";
const aes256CbcOid = "2.16.840.1.101.3.4.1.42";
const pkcs12TripleDesOid = "1.2.840.113549.1.12.1.3";

interface HmacRow {
	/** For node:crypto. */
	readonly name: string;
	readonly octets: number;
	/** The time of an iteration against that of SHA-256. */
	readonly weight: number;
}

const hmacNames: Readonly<Record<string, HmacRow>> = {
	[hmacSha1Oid]: { name: "sha1", octets: 20, weight: 2 },
	"1.2.840.113549.2.8": { name: "sha224", octets: 28, weight: 2 },
	[hmacSha256Oid]: { name: "sha256", octets: 32, weight: 1 },
	"1.2.840.113549.2.10": { name: "sha384", octets: 48, weight: 3 },
	"1.2.840.113549.2.11": { name: "sha512", octets: 64, weight: 3 },
};

const ciphers: Readonly<
	Record<string, { readonly name: string; readonly keyOctets: number; readonly ivOctets: number }>
> = {
	"2.16.840.1.101.3.4.1.2": { name: "aes-128-cbc", keyOctets: 16, ivOctets: 16 },
	"2.16.840.1.101.3.4.1.22": { name: "aes-192-cbc", keyOctets: 24, ivOctets: 16 },
	[aes256CbcOid]: { name: "aes-256-cbc", keyOctets: 32, ivOctets: 16 },
	"1.2.840.113549.3.7": { name: "des-ede3-cbc", keyOctets: 24, ivOctets: 8 },
};

const legacyNames: Readonly<Record<string, string>> = {
	"1.2.840.113549.1.12.1.1": "128-bit RC4",
	"1.2.840.113549.1.12.1.2": "40-bit RC4",
	"1.2.840.113549.1.12.1.4": "two-key triple DES",
	"1.2.840.113549.1.12.1.5": "128-bit RC2",
	"1.2.840.113549.1.12.1.6": "40-bit RC2",
	"1.2.840.113549.1.5.1": "MD2 and DES",
	"1.2.840.113549.1.5.3": "MD5 and DES",
	"1.2.840.113549.1.5.4": "MD2 and RC2",
	"1.2.840.113549.1.5.6": "MD5 and RC2",
	"1.2.840.113549.1.5.10": "SHA-1 and DES",
	"1.2.840.113549.1.5.11": "SHA-1 and RC2",
};
