/** What an operator's files come to: certificates with their private keys and chains, by the names that they are to get. */
import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject } from "node:crypto";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { readCertificateFile } from "#pki/certificate-file.ts";
import { aliasId } from "#pki/certificate-id.ts";
import { orderChain } from "#pki/order-chain.ts";
import { isPem } from "#pki/pem.ts";
import { readPkcs12 } from "#pki/pkcs12.ts";
import { readPrivateKey } from "#pki/private-key-file.ts";

/** The octets of the files. */
export interface ImportFiles {
	readonly certificates: Uint8Array;
	/** The file with the key; absent when there is none, or when it is in the other file. */
	readonly key: Uint8Array | undefined;
	readonly passphrase: string | undefined;
}

/** A key that the gateway holds already and that waits for its certificate. */
export interface WaitingKey {
	readonly id: string;
	readonly key: KeyObject;
}

export interface ImportedCertificate {
	readonly id: string;
	readonly certificate: Certificate;
	readonly chain: readonly Certificate[];
	readonly key: KeyObject;
	/** The entry that the key comes from; undefined when the files brought it. */
	readonly joined: string | undefined;
}

export type Import =
	| {
			readonly kind: "imported";
			readonly imported: readonly ImportedCertificate[];
			/** A sentence for each certificate or key that was left out. */
			readonly passedOver: readonly string[];
	  }
	| { readonly kind: "needs-passphrase" }
	| { readonly kind: "refused"; readonly reason: string };

/**
 * Reads PEM, DER, PKCS#7 or PKCS#12 and joins each certificate with its key: that of the files, or one of those waiting
 * (R73, R78). Several out of one file are named after `base` and their alias (R75).
 *
 * Faults: none; never throws. `reason` says what is wrong with the file, not which file it is.
 */
export function importCertificates(base: string, files: ImportFiles, waiting: readonly WaitingKey[]): Import {
	const read = readFiles(files);
	if (read.kind !== "read") return read;
	const certificates: Certificate[] = [];
	for (const der of read.certificates) {
		const decoded = decodeCertificate(der);
		if (decoded.kind === "done") certificates.push(decoded.value);
	}
	const pairs = certificates.flatMap((certificate, index) => {
		const waits = waiting.find(({ key }) => isKeyOf(certificate, key));
		const brought = read.keys.find(({ key }) => isKeyOf(certificate, key));
		const key = waits?.key ?? brought?.key;
		const alias = brought?.alias ?? read.aliases[index] ?? waits?.id;
		return key === undefined ? [] : [{ certificate, key, alias, joined: waits?.id }];
	});
	if (pairs.length === 0) return refused(noKey(certificates, read.keys.length));
	const bad = pairs.map(({ certificate }) => unfit(certificate)).find((reason) => reason !== undefined);
	if (bad !== undefined) return refused(bad);
	const taken = new Set<string>();
	const imported = pairs.map(({ certificate, key, alias, joined }): ImportedCertificate => {
		const id = pairs.length === 1 ? base : aliasId(base, alias ?? "", (one) => taken.has(one));
		taken.add(id);
		return { id, certificate, chain: orderChain(certificate, certificates), key, joined };
	});
	return { kind: "imported", imported, passedOver: [...leftOut(certificates, imported), ...read.refusedKeys] };
}

/** True when the certificate is for the public key of this private key. */
export function isKeyOf(certificate: Certificate, key: KeyObject): boolean {
	return Buffer.compare(createPublicKey(key).export({ type: "spki", format: "der" }), certificate.publicKey.raw) === 0;
}

interface ReadFiles {
	readonly kind: "read";
	readonly certificates: readonly Uint8Array[];
	/** By the place of the certificate. */
	readonly aliases: readonly (string | undefined)[];
	readonly keys: readonly { readonly key: KeyObject; readonly alias: string | undefined }[];
	readonly refusedKeys: readonly string[];
}

type Unread = Exclude<Import, { readonly kind: "imported" }>;

function readFiles({ certificates: octets, key: keyOctets, passphrase }: ImportFiles): ReadFiles | Unread {
	if (isPkcs12(octets)) {
		if (passphrase === undefined) return { kind: "needs-passphrase" };
		if (keyOctets !== undefined) return refused("a PKCS#12 file brings its key itself; give no other file for it");
		const read = readPkcs12(octets, passphrase);
		if (read.kind === "refused") return read;
		const keys = read.keys.map(({ key, friendlyName: alias }) => ({ key, alias }));
		return {
			kind: "read",
			certificates: read.certificates.map(({ der }) => der),
			aliases: read.certificates.map(({ friendlyName }) => friendlyName),
			keys,
			refusedKeys: read.refusedKeys,
		};
	}
	const read = readCertificateFile(octets);
	if (read.kind === "refused") return read;
	const file = { kind: "read", certificates: read.certificates, aliases: [], keys: [], refusedKeys: [] } as const;
	const source = keyOctets ?? (holdsKey(octets) ? octets : undefined);
	if (source === undefined) return file;
	const key = readPrivateKey(source, passphrase);
	if (key.kind === "needs-passphrase") return key;
	if (key.kind === "refused") return refused(`the private key: ${key.reason}`);
	return { ...file, keys: [{ key: key.key, alias: undefined }] };
}

/** SEQUENCE { INTEGER 3, ... }: nothing else that is loaded begins so. */
function isPkcs12(octets: Uint8Array): boolean {
	if (octets[0] !== 0x30) return false;
	const length = octets[1] ?? 0;
	const at = length < 0x80 || length === 0x80 ? 2 : 2 + (length & 0x7f);
	return octets[at] === 2 && octets[at + 1] === 1 && octets[at + 2] === 3;
}

function holdsKey(octets: Uint8Array): boolean {
	return isPem(octets) && Buffer.from(octets).includes("PRIVATE KEY-----");
}

function unfit(certificate: Certificate): string | undefined {
	const name = certificate.subject.text;
	// Others cannot say what they may be used for (R54).
	if (certificate.version !== 3) return `certificate ${name} is of version ${certificate.version}; expected 3`;
	return certificate.faults[0] === undefined ? undefined : `certificate ${name}: ${certificate.faults[0]}`;
}

function noKey(certificates: readonly Certificate[], keyCount: number): string {
	const [first, second] = certificates;
	const what =
		second === undefined ? `certificate ${first?.subject.text}` : `any of the ${certificates.length} certificates`;
	if (keyCount > 0) return `the private key does not belong to ${what}`;
	return `there is no private key for ${what}: give its file with key, or load the answer to a request that was made here; certificates of other CAs are loaded with ca-certificate load`;
}

function leftOut(certificates: readonly Certificate[], imported: readonly ImportedCertificate[]): string[] {
	const used = new Set(imported.flatMap(({ certificate, chain }) => [certificate, ...chain]));
	return certificates
		.filter((one) => !used.has(one))
		.map(
			({ subject }) =>
				`certificate ${subject.text} has no key here and is in no chain; load it with ca-certificate load`,
		);
}

function refused(reason: string): Unread {
	return { kind: "refused", reason };
}
