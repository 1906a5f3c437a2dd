/**
 * Private keys as files bring them: PEM or DER; PKCS#1, SEC 1, PKCS#8, encrypted PKCS#8 and the older encrypted PEM.
 *
 * Source: RFC 5208, RFC 5958 (PKCS#8), RFC 8017 appendix A.1.2, RFC 5915, RFC 7468 §10, §11, RFC 1421.
 */

import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { readAlgorithmIdentifier } from "#pki/certificate.ts";
import { DerReader, derTag } from "#pki/der.ts";
import { type PasswordScheme, readPasswordScheme } from "#pki/password-encryption.ts";
import { isPem, type PemBlock, readPemBlocks } from "#pki/pem.ts";
import { readPublicKeyInfo } from "#pki/public-key.ts";

export type PrivateKeyFile =
	| { readonly kind: "key"; readonly key: KeyObject }
	/** The key is encrypted and no passphrase was given. */
	| { readonly kind: "needs-passphrase" }
	| { readonly kind: "refused"; readonly reason: string };

/**
 * Reads the one private key of a file. Certificates beside it are passed over.
 *
 * Shape:  RSA of 2048 to 4096 bits, P-256, P-384 or Ed25519; a test signature shows that its parts belong together.
 * Bounds: 64 KiB; key derivation of about half a second of one core.
 * Faults: none; never throws. Encryption in CBC mode cannot tell a wrong passphrase from damage inside the encrypted
 *         part; the reason then says both. Damage around it has its own reason.
 */
export function readPrivateKey(octets: Uint8Array, passphrase: string | undefined): PrivateKeyFile {
	if (octets.length === 0) return refused("the file is empty");
	if (octets.length > maxFileOctets) return refused(`${octets.length} octets; a key file has at most ${maxFileOctets}`);
	if (!isPem(octets)) return readDer(octets, passphrase);
	const read = readPemBlocks(Buffer.from(octets).toString("latin1"));
	if (read.kind === "refused") return read;
	const keys = read.blocks.filter(({ label }) => label.endsWith("PRIVATE KEY"));
	const [block] = keys;
	if (block === undefined) {
		const labels = new Set(read.blocks.map(({ label }) => label));
		return refused(`the file holds no private key, but ${[...labels].join(", ")}`);
	}
	return keys.length > 1
		? refused(`the file holds ${keys.length} private keys; expected one`)
		: readBlock(block, passphrase);
}

/** An answer for a key that is no longer encrypted. */
export type ImportedKey = Exclude<PrivateKeyFile, { readonly kind: "needs-passphrase" }>;

/** The encodings of a private key that is not encrypted. */
export type KeyEncoding = "pkcs1" | "sec1" | "pkcs8";

/** Imports a key from DER and accepts it or says why not. Never throws. */
export function importPrivateKey(der: Uint8Array, type: KeyEncoding): ImportedKey {
	try {
		return accepted(createPrivateKey({ key: Buffer.from(der), format: "der", type }));
	} catch {
		return refused(`the key is damaged: its ${encodingNames[type]} structure cannot be read`);
	}
}

function readBlock(block: PemBlock, passphrase: string | undefined): PrivateKeyFile {
	if (block.isEncrypted) return readEncryptedPem(block, passphrase);
	if (block.label === "ENCRYPTED PRIVATE KEY") return readEncryptedPkcs8(block.der, passphrase);
	const type = encodingOfLabel[block.label];
	if (type !== undefined) return importPrivateKey(block.der, type);
	if (block.label === "OPENSSH PRIVATE KEY")
		return refused("an OpenSSH key file; convert it in place: ssh-keygen -p -m PKCS8 -f FILE");
	return refused(`PEM of ${block.label}; expected PRIVATE KEY, ENCRYPTED PRIVATE KEY, RSA or EC PRIVATE KEY`);
}

/** The content says what it is by the tags of its first fields. */
function readDer(der: Uint8Array, passphrase: string | undefined): PrivateKeyFile {
	const reader = new DerReader(der);
	const fields = reader.open(derTag.sequence, "key");
	reader.close("key");
	const first = fields.peek();
	const version = first === derTag.integer ? fields.smallInteger("key: version") : 0;
	if (first !== derTag.integer) fields.element("key");
	const second = fields.peek();
	if (reader.reason !== undefined) return refused(`neither PEM nor DER: ${reader.reason}`);
	if (first === derTag.sequence && second === derTag.octetString) return readEncryptedPkcs8(der, passphrase);
	if (first === derTag.sequence && second === derTag.sequence)
		return refused("this is a certificate or a request, not a key");
	if (first !== derTag.integer) return refused("DER of another kind; expected a private key");
	if (second === derTag.octetString) return importPrivateKey(der, "sec1");
	if (second === derTag.integer) return importPrivateKey(der, "pkcs1");
	if (second === derTag.sequence && version === 3) return refused("this is a PKCS#12 file; load it as one");
	if (second === derTag.sequence) return importPrivateKey(der, "pkcs8");
	return refused("DER of another kind; expected a private key");
}

function readEncryptedPkcs8(der: Uint8Array, passphrase: string | undefined): PrivateKeyFile {
	const locked = readLockedKey(der);
	if (locked.kind === "refused") return locked;
	return passphrase === undefined ? { kind: "needs-passphrase" } : openLockedKey(locked, passphrase);
}

/** An encrypted key that can be opened with its passphrase. */
export interface LockedKey {
	readonly kind: "locked";
	readonly scheme: PasswordScheme;
	readonly ciphertext: Uint8Array;
}

/**
 * Reads an EncryptedPrivateKeyInfo without opening it (RFC 5958 §3).
 *
 *     SEQUENCE { encryptionAlgorithm AlgorithmIdentifier, encryptedData OCTET STRING }
 */
export function readLockedKey(der: Uint8Array): LockedKey | { readonly kind: "refused"; readonly reason: string } {
	const reader = new DerReader(der);
	const fields = reader.open(derTag.sequence, "encrypted key");
	reader.close("encrypted key");
	const algorithm = readAlgorithmIdentifier(fields, "encrypted key: algorithm");
	const ciphertext = fields.octetString("encrypted key: data");
	fields.close("encrypted key");
	if (reader.reason !== undefined) return refused(`the key is damaged: ${reader.reason}`);
	const read = readPasswordScheme(algorithm);
	if (read.kind === "refused") return refused(`the key cannot be decrypted: ${read.reason}`);
	return { kind: "locked", scheme: read.scheme, ciphertext };
}

/** Decrypts and imports a key. */
export function openLockedKey(locked: LockedKey, passphrase: string): ImportedKey {
	const plaintext = locked.scheme.decrypt(locked.ciphertext, passphrase);
	if (plaintext === undefined || !isPrivateKeyInfo(plaintext)) return refused(wrongPassphrase);
	const answer = importPrivateKey(plaintext, "pkcs8");
	plaintext.fill(0);
	return answer;
}

/** SEQUENCE { version, algorithm, ... } that fills the octets: by chance one wrong passphrase in 2^40. */
function isPrivateKeyInfo(octets: Uint8Array): boolean {
	const reader = new DerReader(octets);
	const fields = reader.open(derTag.sequence, "key");
	reader.close("key");
	fields.smallInteger("version", 1);
	return fields.peek() === derTag.sequence && reader.reason === undefined;
}

/** The key of such a PEM is one MD5 over the passphrase, so there are no iterations to bound. */
function readEncryptedPem(block: PemBlock, passphrase: string | undefined): PrivateKeyFile {
	if (encodingOfLabel[block.label] === undefined) return refused(`encrypted PEM of ${block.label} is not read`);
	const cipher = /^DEK-Info: *([A-Z0-9-]+),/m.exec(block.text)?.[1];
	if (cipher === undefined) return refused("the key is damaged: encrypted PEM without DEK-Info");
	if (!pemCiphers.has(cipher))
		return refused(`encrypted PEM with ${cipher} is not read; convert it: openssl pkcs8 -topk8`);
	if (passphrase === undefined) return { kind: "needs-passphrase" };
	let key: KeyObject;
	try {
		key = createPrivateKey({ key: block.text, format: "pem", passphrase });
	} catch {
		return refused(wrongPassphrase);
	}
	return accepted(key);
}

function accepted(key: KeyObject): ImportedKey {
	const reason = unacceptable(key);
	if (reason !== undefined) return refused(`${reason}; expected RSA of 2048 to 4096 bits, P-256, P-384 or Ed25519`);
	if (!isPair(key)) return refused("the key is damaged: what it signs does not verify with its public part");
	return { kind: "key", key };
}

function unacceptable(key: KeyObject): string | undefined {
	const { asymmetricKeyType: type = "unknown", asymmetricKeyDetails: details = {} } = key;
	if (type === "ed25519") return undefined;
	if (type === "ec") {
		// OpenSSL knows a curve that is spelled out by its numbers, and would spell it out again in certificates.
		const spki = createPublicKey(key).export({ type: "spki", format: "der" });
		const { curve } = readPublicKeyInfo(new DerReader(spki), []);
		if (curve === "P-256" || curve === "P-384") return undefined;
		return `an EC key on ${curve === "explicit" ? "a curve that is spelled out" : (details.namedCurve ?? curve)}`;
	}
	const bits = details.modulusLength ?? 0;
	if (type !== "rsa") return `a key of type ${type}`;
	return bits >= 2048 && bits <= 4096 ? undefined : `an RSA key of ${bits} bits`;
}

/** A key whose parts do not belong together signs wrongly, and one wrong RSA-CRT signature betrays the key. */
function isPair(key: KeyObject): boolean {
	const digest = key.asymmetricKeyType === "ed25519" ? null : "sha256";
	try {
		return verify(digest, probe, createPublicKey(key), sign(digest, probe, key));
	} catch {
		return false;
	}
}

function refused(reason: string): { readonly kind: "refused"; readonly reason: string } {
	return { kind: "refused", reason };
}

const encodingOfLabel: Readonly<Record<string, KeyEncoding>> = {
	"PRIVATE KEY": "pkcs8",
	"RSA PRIVATE KEY": "pkcs1",
	"EC PRIVATE KEY": "sec1",
};
const encodingNames: Readonly<Record<KeyEncoding, string>> = { pkcs1: "PKCS#1", sec1: "SEC 1", pkcs8: "PKCS#8" };
const pemCiphers = new Set(["AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "DES-EDE3-CBC"]);
const wrongPassphrase = "the passphrase is wrong, or the encrypted part of the key is damaged";
const maxFileOctets = 65_536;
const probe = Buffer.from("does this key sign for its own public part?");
