/**
 * PKCS#12 files (`.p12`, `.pfx`): certificates and private keys under one passphrase.
 *
 *     PFX      = SEQUENCE { version 3, authSafe ContentInfo(data), macData }
 *     authSafe = SEQUENCE OF ContentInfo (data | encryptedData), each with SafeContents
 *     MacData  = SEQUENCE { SEQUENCE { algorithm, digest OCTET STRING }, salt OCTET STRING, iterations INTEGER DEFAULT 1 }
 *
 * OpenSSL checks the MAC and must be able to open the file; the content is decoded here, because only so every
 * certificate keeps its alias and key identifier.
 * Source: RFC 7292 §4; RFC 5652 §4, §8; RFC 9579 for PBMAC1.
 */

import { Buffer } from "node:buffer";
import crypto, { createHash, createHmac, type KeyObject } from "node:crypto";
import { normalizeBer } from "#pki/ber.ts";
import { type AlgorithmIdentifier, decodeCertificate, readAlgorithmIdentifier } from "#pki/certificate.ts";
import {
	DerReader,
	derConstructed,
	derElement,
	derInteger,
	derNull,
	derOctetString,
	derOid,
	derSequence,
	derTag,
} from "#pki/der.ts";
import { hashName, pkcs7Oid } from "#pki/oids.ts";
import {
	checkIterations,
	encryptPbes2,
	type PasswordScheme,
	readMacDerivation,
	readPasswordScheme,
} from "#pki/password-encryption.ts";
import { pkcs12Key, pkcs12Password } from "#pki/pkcs12-key.ts";
import { type ImportedKey, importPrivateKey, openLockedKey, readLockedKey } from "#pki/private-key-file.ts";
import { type BagAttributes, decodeSafeContents, encodeSafeContents, type SafeBag } from "#pki/safe-contents.ts";

export interface Pkcs12Certificate extends BagAttributes {
	readonly der: Uint8Array;
}

export interface Pkcs12PrivateKey extends BagAttributes {
	readonly key: KeyObject;
}

export type Pkcs12File =
	| {
			readonly kind: "contents";
			/** In the file's order, each once (R85). */
			readonly certificates: readonly Pkcs12Certificate[];
			readonly keys: readonly Pkcs12PrivateKey[];
			/** Why each other key of the file is not accepted; a file is read for its certificates too. */
			readonly refusedKeys: readonly string[];
	  }
	| { readonly kind: "refused"; readonly reason: string };

/**
 * Opens a file.
 *
 * Shape:  PBES2 or PKCS#12's triple DES; a MAC must be there. RC2 and RC4 are refused with the way to convert them.
 * Bounds: 4 MiB; all key derivations together cost about a second of one core, whatever iterations the file asks for.
 * Faults: none; never throws. A wrong passphrase, a damaged file and one that nobody can open have different reasons.
 */
export function readPkcs12(octets: Uint8Array, passphrase: string): Pkcs12File {
	if (octets.length === 0) return refused("the file is empty");
	if (passphrase.includes("\u0000")) return refused("a passphrase with NUL cannot open a PKCS#12 file");
	const normal = normalizeBer(octets);
	if (normal.kind !== "done") return refused(normal.kind === "malformed" ? normal.reason : "cut short");
	const file = decodePfx(normal.value);
	if (typeof file === "string") return refused(file);
	if (file.cost > maxCost) return refused(tooLong);
	const bags = openSafes(file.safes, passphrase);
	if (typeof bags === "string") return refused(bags);
	const keys = bags.filter(({ kind }) => kind === "encrypted-key").map(({ der }) => readLockedKey(der));
	let cost = file.cost;
	for (const key of keys) {
		if (key.kind === "refused") return key;
		cost += 2 * key.scheme.cost;
	}
	if (cost > maxCost) return refused(tooLong);
	const fault = checkWithOpenSsl(normal.value, passphrase);
	if (fault === undefined) return sortBags(bags, passphrase);
	if (fault !== macFailure) return refused(`OpenSSL cannot open the file: ${fault}`);
	return refused(file.safes.some(({ scheme }) => scheme !== undefined) ? damaged : wrongPassphrase);
}

/** What goes into a file. */
export interface Pkcs12Plan {
	/** DER; the certificate of the key first. */
	readonly certificates: readonly Uint8Array[];
	readonly key?: KeyObject | undefined;
	/** The alias of the first certificate and the key. */
	readonly friendlyName: string;
	readonly passphrase: string;
	/** At least 80 random octets: three salts and two initialization vectors of 16 each. */
	readonly random: Uint8Array;
}

/**
 * Makes a file that OpenSSL 1.1, NSS, Java 8u301 and Windows 10 (1709) and their successors read.
 *
 * Shape:  PBES2 with AES-256-CBC and PBKDF2 of 100,000 iterations of HMAC-SHA-256, once for the certificates and once for
 *         the key; a MAC of HMAC-SHA-256 whose key takes 100,000 iterations of the derivation of RFC 7292 appendix B.
 *         The MAC is the cheaper thing to try passphrases on, so more iterations elsewhere would not help.
 * Bounds: about 0.3 s of one core.
 * Faults: throws on a passphrase with NUL and on too few random octets.
 */
export function encodePkcs12(plan: Pkcs12Plan): Uint8Array {
	const { certificates, key, friendlyName, passphrase, random } = plan;
	if (passphrase.includes("\u0000")) throw new Error("PKCS#12: a passphrase with NUL cannot be written");
	if (random.length < 80) throw new Error(`PKCS#12: expected 80 random octets, got ${random.length}`);
	const part = (index: number) => random.subarray(index * 16, index * 16 + 16);
	const [leaf] = certificates;
	const own: BagAttributes =
		leaf === undefined || key === undefined
			? { friendlyName }
			: { friendlyName, localKeyId: createHash("sha1").update(leaf).digest() };
	const bags = certificates.map((der, index): SafeBag => ({ kind: "certificate", der, ...(index === 0 ? own : {}) }));
	const safe = encryptPbes2(encodeSafeContents(bags), passphrase, part(0), part(1), iterations);
	const contents = [encryptedContent(safe.algorithm, safe.ciphertext)];
	if (key !== undefined) {
		const plaintext = key.export({ type: "pkcs8", format: "der" });
		const { algorithm, ciphertext } = encryptPbes2(plaintext, passphrase, part(2), part(3), iterations);
		plaintext.fill(0);
		const der = derSequence(algorithm, derOctetString(ciphertext));
		contents.push(dataContent(encodeSafeContents([{ kind: "encrypted-key", der, ...own }])));
	}
	const authSafe = derSequence(...contents);
	return derSequence(derInteger(3), dataContent(authSafe), macData(authSafe, passphrase, part(4)));
}

interface Safe {
	/** SafeContents, or their ciphertext. */
	readonly content: Uint8Array;
	readonly scheme: PasswordScheme | undefined;
}

interface Pfx {
	readonly safes: readonly Safe[];
	/** Of MAC and safes, the latter twice: OpenSSL opens them, and we do. */
	readonly cost: number;
}

function decodePfx(der: Uint8Array): Pfx | string {
	const reader = new DerReader(der);
	const pfx = reader.open(derTag.sequence, "PKCS#12");
	if (pfx.peek() !== derTag.integer) return `this is no PKCS#12 file: expected version 3 at its beginning`;
	const version = pfx.smallInteger("PKCS#12: version");
	if (reader.reason === undefined && (version !== 3 || pfx.peek() !== derTag.sequence))
		return "this is no PKCS#12 file, but may be a private key";
	const content = pfx.open(derTag.sequence, "PKCS#12: authSafe");
	const type = content.oid("PKCS#12: authSafe");
	if (reader.reason !== undefined) return reader.reason;
	if (type !== pkcs7Oid.data) return `PKCS#12 that is signed with a key (content type ${type}) is not read`;
	const authSafe = content.open(0xa0, "PKCS#12: authSafe").octetString("PKCS#12: authSafe");
	if (reader.reason === undefined && pfx.isAtEnd)
		return "the file has no integrity check (MAC), so nothing shows that it is whole; export it again with one";
	const macCost = readMacCost(pfx);
	pfx.close("PKCS#12");
	if (reader.reason !== undefined) return reader.reason;
	if (typeof macCost === "string") return macCost;
	const safes = decodeAuthSafe(authSafe);
	if (typeof safes === "string") return safes;
	const cost = safes.reduce((sum, { scheme }) => sum + 2 * (scheme?.cost ?? 0), macCost);
	return { safes, cost };
}

/** What the MAC costs, or why it is not computed. */
function readMacCost(pfx: DerReader): number | string {
	const mac = pfx.open(derTag.sequence, "PKCS#12: MAC");
	const digestInfo = mac.open(derTag.sequence, "PKCS#12: MAC");
	const algorithm = readAlgorithmIdentifier(digestInfo, "PKCS#12: MAC");
	digestInfo.octetString("PKCS#12: MAC");
	mac.octetString("PKCS#12: MAC salt");
	const count = mac.isAtEnd ? 1 : mac.smallInteger("PKCS#12: MAC iterations");
	mac.close("PKCS#12: MAC");
	if (pfx.reason !== undefined) return pfx.reason;
	const derivation = readMacDerivation(algorithm);
	if (derivation !== undefined) return "reason" in derivation ? derivation.reason : derivation.cost;
	if (hashName[algorithm.oid] === undefined) return `PKCS#12: MAC with ${algorithm.oid} is not known`;
	return checkIterations("PKCS#12 MAC", count, 2) ?? count * 2;
}

function decodeAuthSafe(octets: Uint8Array): Safe[] | string {
	const normal = normalizeBer(octets);
	if (normal.kind !== "done") return `PKCS#12: authSafe: ${normal.kind === "malformed" ? normal.reason : "cut short"}`;
	const reader = new DerReader(normal.value);
	const list = reader.open(derTag.sequence, "PKCS#12: contents");
	const safes: Safe[] = [];
	while (!list.isAtEnd) {
		const info = list.open(derTag.sequence, "PKCS#12: content");
		const type = info.oid("PKCS#12: content");
		const content = info.open(0xa0, "PKCS#12: content");
		if (reader.reason !== undefined) break;
		if (type === pkcs7Oid.data) {
			safes.push({ content: content.octetString("PKCS#12: data"), scheme: undefined });
			continue;
		}
		if (type !== pkcs7Oid.encryptedData)
			return `PKCS#12 with content of type ${type} is not read (encrypted for a public key, for example)`;
		const safe = readEncryptedData(content);
		if (typeof safe === "string") return safe;
		safes.push(safe);
	}
	return reader.reason ?? safes;
}

/** EncryptedData = SEQUENCE { version 0, SEQUENCE { type, algorithm, [0] content } } (RFC 5652 §8). */
function readEncryptedData(content: DerReader): Safe | string {
	const data = content.open(derTag.sequence, "PKCS#12: encryptedData");
	data.smallInteger("PKCS#12: encryptedData: version");
	const info = data.open(derTag.sequence, "PKCS#12: encryptedData");
	info.oid("PKCS#12: encryptedData: type");
	const algorithm: AlgorithmIdentifier = readAlgorithmIdentifier(info, "PKCS#12: encryptedData: algorithm");
	const ciphertext = readPieces(info);
	if (content.reason !== undefined) return content.reason;
	const read = readPasswordScheme(algorithm);
	return read.kind === "refused"
		? `the file cannot be opened: ${read.reason}`
		: { content: ciphertext, scheme: read.scheme };
}

/** `[0] IMPLICIT OCTET STRING`, in one piece or in several. */
function readPieces(info: DerReader): Uint8Array {
	if (info.peek() !== 0xa0) return info.octetString("PKCS#12: encryptedContent", 0x80);
	const pieces = info.open(0xa0, "PKCS#12: encryptedContent");
	const octets: Uint8Array[] = [];
	while (!pieces.isAtEnd) octets.push(pieces.octetString("PKCS#12: encryptedContent"));
	return Buffer.concat(octets);
}

/**
 * What OpenSSL has against the file; undefined when its MAC fits and it opens. It comes last: what it computes for keys
 * inside encrypted parts is bounded only once those have been read here.
 */
function checkWithOpenSsl(der: Uint8Array, passphrase: string): string | undefined {
	try {
		parsePkcs12(der, { passphrase });
		return undefined;
	} catch (error) {
		const { code, message } = error as { readonly code?: string; readonly message?: string };
		return code === macFailure ? code : (message ?? code ?? "");
	}
}

function openSafes(safes: readonly Safe[], passphrase: string): SafeBag[] | string {
	const bags: SafeBag[] = [];
	for (const { content, scheme } of safes) {
		const plaintext = scheme === undefined ? content : scheme.decrypt(content, passphrase);
		const normal = plaintext === undefined ? undefined : normalizeBer(plaintext);
		const decoded = normal?.kind === "done" ? decodeSafeContents(normal.value) : normal;
		if (decoded?.kind !== "done") return wrongPassphrase;
		bags.push(...decoded.value);
	}
	return bags;
}

function sortBags(bags: readonly SafeBag[], passphrase: string): Pkcs12File {
	const certificates = new Map<string, Pkcs12Certificate>();
	const keys: Pkcs12PrivateKey[] = [];
	const refusedKeys: string[] = [];
	for (const { kind, der, ...attributes } of bags) {
		if (kind === "certificate") {
			const decoded = decodeCertificate(der);
			if (decoded.kind === "malformed") return refused(`certificate ${certificates.size + 1}: ${decoded.reason}`);
			if (decoded.kind !== "done" || certificates.has(decoded.value.fingerprint)) continue;
			certificates.set(decoded.value.fingerprint, { der, ...attributes });
			continue;
		}
		const read = kind === "key" ? importPrivateKey(der, "pkcs8") : openKey(der, passphrase);
		if (read.kind === "key") keys.push({ key: read.key, ...attributes });
		else refusedKeys.push(read.reason);
	}
	return { kind: "contents", certificates: [...certificates.values()], keys, refusedKeys };
}

function openKey(der: Uint8Array, passphrase: string): ImportedKey {
	const locked = readLockedKey(der);
	return locked.kind === "refused" ? locked : openLockedKey(locked, passphrase);
}

function dataContent(octets: Uint8Array): Uint8Array {
	return derSequence(derOid(pkcs7Oid.data), derConstructed(0, derOctetString(octets)));
}

function encryptedContent(algorithm: Uint8Array, ciphertext: Uint8Array): Uint8Array {
	const info = derSequence(derOid(pkcs7Oid.data), algorithm, derElement(0x80, ciphertext));
	const data = derSequence(derInteger(0), info);
	return derSequence(derOid(pkcs7Oid.encryptedData), derConstructed(0, data));
}

function macData(authSafe: Uint8Array, passphrase: string, salt: Uint8Array): Uint8Array {
	const key = pkcs12Key("sha256", "mac", pkcs12Password(passphrase), salt, iterations, 32);
	const digest = createHmac("sha256", key).update(authSafe).digest();
	const algorithm = derSequence(derOid("2.16.840.1.101.3.4.2.1"), derNull());
	return derSequence(derSequence(algorithm, derOctetString(digest)), derOctetString(salt), derInteger(iterations));
}

function refused(reason: string): Pkcs12File {
	return { kind: "refused", reason };
}

/** In Node from 26.10 on; the type definitions do not have it yet. */
const { parsePKCS12: parsePkcs12 } = crypto as unknown as {
	readonly parsePKCS12: (bundle: Uint8Array, options: { readonly passphrase: string }) => unknown;
};
const iterations = 100_000;
/** About a second of one core; a file of NSS (600,000 iterations three times) costs half of it. */
const maxCost = 6_000_000;
const macFailure = "ERR_OSSL_PKCS12_MAC_VERIFY_FAILURE";
const wrongPassphrase = "the passphrase is wrong, or the file is damaged";
const damaged = "the file is damaged: the passphrase opens it, but its integrity check fails";
const tooLong = "the key derivations of this file take too long together; export it again with fewer iterations";
