/**
 * Pairs of files as earlier versions kept them, and as an administrator may still put them: `NAME.key` (PKCS #8, PEM,
 * not encrypted) and `NAME.crt` (certificates, PEM). They are taken into the key store and then removed.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import {
	closeSync,
	existsSync,
	fsyncSync,
	openSync,
	readdirSync,
	readFileSync,
	statSync,
	unlinkSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { decodeCertificate } from "#pki/certificate.ts";
import { keyStoreFault } from "#pki/key-protection-shell.ts";
import { pemCertificates } from "#pki/pem.ts";

export interface PlainPair {
	readonly id: string;
	readonly keyFile: string;
	readonly certificateFile: string;
	readonly key: KeyObject;
	/** DER. */
	readonly certificates: readonly Uint8Array[];
}

/** The names of the pairs. No directory, no pairs. */
export function plainPairIds(directory: string): string[] {
	if (!existsSync(directory)) return [];
	return readdirSync(directory)
		.filter((file) => file.endsWith(".key"))
		.map((file) => file.slice(0, -".key".length));
}

/**
 * Reads a pair.
 *
 * Faults: throws `FaultError` KEY_STORE_BROKEN that names the file and the remedy.
 */
export function readPlainPair(directory: string, id: string): PlainPair {
	const keyFile = join(directory, `${id}.key`);
	const certificateFile = join(directory, `${id}.crt`);
	const key = readPart(keyFile, createPrivateKey);
	const certificates = readPart(certificateFile, pemCertificates);
	if (certificates.length === 0) throw broken(certificateFile, "it holds no PEM certificate");
	const [own] = certificates.map(decodeCertificate);
	if (own?.kind !== "done") throw broken(certificateFile, "it is not a certificate");
	const publicKeyInfo = createPublicKey(key).export({ type: "spki", format: "der" });
	if (Buffer.compare(publicKeyInfo, own.value.publicKey.raw) !== 0)
		throw broken(keyFile, `it is not the key of ${certificateFile}`);
	return { id, keyFile, certificateFile, key, certificates };
}

/** Overwrites the key's file and removes both. */
export function removePlainPair({ keyFile, certificateFile }: PlainPair): void {
	overwrite(keyFile);
	unlinkSync(keyFile);
	unlinkSync(certificateFile);
}

/** A disk that writes in place forgets the key; others may keep the old octets until they are used again. */
function overwrite(path: string): void {
	const file = openSync(path, "r+");
	try {
		writeSync(file, new Uint8Array(statSync(path).size), 0);
		fsyncSync(file);
	} finally {
		closeSync(file);
	}
}

function readPart<T>(file: string, read: (text: string) => T): T {
	try {
		return read(readFileSync(file, "utf8"));
	} catch (error) {
		throw broken(file, error instanceof Error ? error.message : String(error));
	}
}

function broken(file: string, why: string): Error {
	const remedy = "restore it from a backup, or move the .key and .crt of this name away to have a new CA made";
	return keyStoreFault(file, why, remedy);
}
