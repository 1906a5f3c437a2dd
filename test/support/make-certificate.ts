/**
 * Certificates for tests: any field right or wrong on purpose. Written with the product's DER writer and node:crypto, so
 * that a test can say in one call what is special about its certificate.
 */

import { createHash, generateKeyPairSync, type KeyObject, type SigningOptions, sign } from "node:crypto";
import { parseAddress } from "#base/address.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import {
	contextTag,
	derBitString,
	derBoolean,
	derConstructed,
	derElement,
	derInteger,
	derNamedBits,
	derNull,
	derOctetString,
	derOid,
	derSequence,
	derSetOf,
	derTime,
	derUtf8String,
} from "#pki/der.ts";
import { keyUsageBit } from "#pki/extensions.ts";
import { attributeShortName, extensionOid, purposeOid } from "#pki/oids.ts";

export interface KeyPair {
	readonly privateKey: KeyObject;
	readonly publicKey: KeyObject;
}

export type KeyName = "p256" | "p384" | "p521" | "rsa1024" | "rsa2048" | "rsa3072" | "rsa4096" | "ed25519";
export type HashName = "md5" | "sha1" | "sha256" | "sha384" | "sha512";
export type KeyUsageName = keyof typeof keyUsageBit;

export interface TestExtension {
	readonly oid: string;
	readonly critical?: boolean;
	readonly value: Uint8Array;
}

export interface CertificateRequest {
	/** `CN=a,O=b` from general to special, or a whole Name in DER. Default `CN=test`. Empty text is an empty name. */
	readonly subject?: string | Uint8Array;
	/** The made certificate that signs; absent means self-signed. */
	readonly issuer?: Made;
	/** Writes another issuer name than the signer's subject. */
	readonly issuerName?: string | Uint8Array;
	/** A fresh P-256 pair when absent. RSA pairs by name are made once in a process and shared. */
	readonly key?: KeyName | KeyPair;
	readonly notBefore?: Date | number;
	readonly notAfter?: Date | number;
	readonly serial?: bigint;
	readonly version?: 1 | 2 | 3;
	/** A CA certificate: basicConstraints, keyCertSign and cRLSign. Default false. */
	readonly isCa?: boolean;
	readonly pathLength?: number;
	readonly keyUsage?: readonly KeyUsageName[];
	/** Purposes in dotted form. Default serverAuth for a leaf and none for a CA; `[]` leaves the extension out. */
	readonly extendedKeyUsage?: readonly string[];
	/** DNS names, wildcards and IP addresses for subjectAltName. Default `["test.example"]` for a leaf. */
	readonly names?: readonly string[];
	/** Added, or put in the place of a default extension with the same identifier. */
	readonly extensions?: readonly TestExtension[];
	/** Extensions (dotted) to leave out. */
	readonly without?: readonly string[];
	readonly hash?: HashName;
	/** RSASSA-PSS in place of PKCS#1 v1.5. */
	readonly isPss?: boolean;
	readonly hasBrokenSignature?: boolean;
}

/** A made certificate with its key. */
export interface Made extends KeyPair {
	readonly der: Uint8Array;
	readonly pem: string;
	readonly certificate: Certificate;
	/** The private key, PKCS#8 PEM, as `tls.createServer({ key })` takes it. */
	readonly keyPem: string;
}

export interface MadeChain {
	readonly root: Made;
	readonly intermediate: Made;
	readonly leaf: Made;
}

/** Makes one certificate. With no argument: a self-signed P-256 server certificate for test.example, valid today. */
export function makeCertificate(request: CertificateRequest = {}): Made {
	const pair = typeof request.key === "object" ? request.key : makeKeyPair(request.key ?? "p256");
	const der = makeDer(request, pair);
	const decoded = decodeCertificate(der);
	if (decoded.kind !== "done") throw new Error(`the test certificate cannot be decoded: ${JSON.stringify(decoded)}`);
	const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(der)
		.toString("base64")
		.replaceAll(/(.{64})/g, "$1\n")
		.trimEnd()}\n-----END CERTIFICATE-----\n`;
	return { ...pair, der, pem, certificate: decoded.value, keyPem: exportKey(pair.privateKey) };
}

/** A nameConstraints extension; names as `makeGeneralName` takes them. */
export function limitNames(names: {
	readonly permitted?: readonly string[];
	readonly excluded?: readonly string[];
}): TestExtension {
	const subtrees = (number: number, bases: readonly string[] = []) =>
		bases.length === 0 ? [] : [derConstructed(number, ...bases.map((base) => derSequence(makeGeneralName(base))))];
	const value = derSequence(...subtrees(0, names.permitted), ...subtrees(1, names.excluded));
	return { oid: extensionOid.nameConstraints, critical: true, value };
}

/** A root, an intermediate below it and a server certificate for the names, each overridable. */
export function makeChain(
	names: readonly string[] = ["test.example"],
	overrides: {
		readonly root?: CertificateRequest;
		readonly intermediate?: CertificateRequest;
		readonly leaf?: CertificateRequest;
	} = {},
): MadeChain {
	const root = makeCertificate({ subject: "O=Sallyport Test,CN=Test Root", isCa: true, ...overrides.root });
	const intermediate = makeCertificate({
		subject: "O=Sallyport Test,CN=Test Intermediate",
		isCa: true,
		pathLength: 0,
		issuer: root,
		...overrides.intermediate,
	});
	const leaf = makeCertificate({ subject: `CN=${names[0]}`, names, issuer: intermediate, ...overrides.leaf });
	return { root, intermediate, leaf };
}

/** A key pair by name; RSA pairs are made once in a process, because they take long. */
export function makeKeyPair(name: KeyName): KeyPair {
	switch (name) {
		case "p256":
		case "p384":
		case "p521":
			return generateKeyPairSync("ec", { namedCurve: `P-${name.slice(1)}` });
		case "ed25519":
			return generateKeyPairSync("ed25519");
		default: {
			const known = rsaPairs.get(name);
			if (known !== undefined) return known;
			const pair = generateKeyPairSync("rsa", { modulusLength: Number(name.slice(3)) });
			rsaPairs.set(name, pair);
			return pair;
		}
	}
}

/** A Name in DER from `O=a,CN=b`; a comma inside a value is written as `\,`. */
export function makeName(text: string): Uint8Array {
	if (text === "") return derSequence();
	return derSequence(
		...text.split(/(?<!\\),/).map((part) => {
			const [label = "", ...value] = part.split("=");
			const oid = Object.entries(attributeShortName).find(([, short]) => short === label)?.[0] ?? label;
			return derSetOf(derSequence(derOid(oid), derUtf8String(value.join("=").replaceAll("\\,", ","))));
		}),
	);
}

/** A GeneralName in DER: `dns:x`, `email:x`, `uri:x`, `ip:192.0.2.1`, `dn:CN=x`; without prefix DNS or IP. */
export function makeGeneralName(text: string): Uint8Array {
	const [, kind, value = ""] = /^(?:(dns|email|uri|ip|dn):)?(.*)$/s.exec(text) ?? [];
	const address = kind === undefined || kind === "ip" ? parseAddress(value) : undefined;
	if (address !== undefined) return derElement(contextTag(7), address.octets);
	if (kind === "dn") return derConstructed(4, makeName(value));
	const tags: Record<string, number> = { dns: 2, email: 1, uri: 6 };
	return derElement(contextTag(tags[kind ?? "dns"] ?? 2), Buffer.from(value, "latin1"));
}

/** Signs octets as certificates, CRLs and OCSP responses do: the AlgorithmIdentifier and the signature. */
export function signOctets(
	octets: Uint8Array,
	key: KeyObject,
	hash: HashName = "sha256",
	isPss = false,
): { readonly algorithm: Uint8Array; readonly signature: Uint8Array } {
	const type = key.asymmetricKeyType ?? "";
	if (type === "ed25519")
		return { algorithm: signatureAlgorithm(type, hash, isPss), signature: sign(null, octets, key) };
	const options: KeyObject | (SigningOptions & { key: KeyObject }) = isPss
		? { key, padding: 6, saltLength: hashLengths[hash] }
		: key;
	return { algorithm: signatureAlgorithm(type, hash, isPss), signature: sign(hash, octets, options) };
}

function makeDer(request: CertificateRequest, pair: KeyPair): Uint8Array {
	const signer = request.issuer?.privateKey ?? pair.privateKey;
	const { algorithm } = signOctets(new Uint8Array(1), signer, request.hash, request.isPss);
	const subject = nameOf(request.subject ?? "CN=test");
	const issuer = request.issuerName ?? request.issuer?.certificate.subject.raw ?? subject;
	const version = request.version ?? 3;
	const tbs = derSequence(
		...(version === 1 ? [] : [derConstructed(0, derInteger(version - 1))]),
		derInteger(request.serial ?? nextSerial()),
		algorithm,
		nameOf(issuer),
		derSequence(
			derTime(milliseconds(request.notBefore, Date.now() - day)),
			derTime(milliseconds(request.notAfter, Date.now() + 90 * day)),
		),
		subject,
		pair.publicKey.export({ type: "spki", format: "der" }),
		...extensionsField(request, pair),
	);
	const { signature } = signOctets(tbs, signer, request.hash, request.isPss);
	const last = signature.length - 1;
	if (request.hasBrokenSignature === true) signature[last] = (signature[last] as number) ^ 1;
	return derSequence(tbs, algorithm, derBitString(signature));
}

function extensionsField(request: CertificateRequest, pair: KeyPair): Uint8Array[] {
	const left = new Set(request.without);
	const added = request.extensions ?? [];
	const replaced = new Set(added.map((extension) => extension.oid));
	const extensions = [
		...defaultExtensions(request, pair).filter(({ oid }) => !left.has(oid) && !replaced.has(oid)),
		...added,
	];
	if (extensions.length === 0) return [];
	const encoded = extensions.map(({ oid, critical, value }) =>
		derSequence(derOid(oid), ...(critical === true ? [derBoolean(true)] : []), derOctetString(value)),
	);
	return [derConstructed(3, derSequence(...encoded))];
}

function defaultExtensions(request: CertificateRequest, pair: KeyPair): TestExtension[] {
	const isCa = request.isCa ?? false;
	const extensions: TestExtension[] = [
		{ oid: extensionOid.basicConstraints, critical: true, value: basicConstraints(isCa, request.pathLength) },
		{
			oid: extensionOid.keyUsage,
			critical: true,
			value: keyUsage(request.keyUsage ?? (isCa ? ["keyCertSign", "cRLSign"] : ["digitalSignature"])),
		},
		{ oid: extensionOid.subjectKeyIdentifier, value: derOctetString(keyIdentifier(pair.publicKey)) },
	];
	if (request.issuer !== undefined) {
		const identifier = keyIdentifier(request.issuer.publicKey);
		const value = derSequence(derElement(contextTag(0), identifier));
		extensions.push({ oid: extensionOid.authorityKeyIdentifier, value });
	}
	const purposes = request.extendedKeyUsage ?? (isCa ? [] : [purposeOid.serverAuth]);
	if (purposes.length > 0) {
		const value = derSequence(...purposes.map((oid) => derOid(oid)));
		extensions.push({ oid: extensionOid.extendedKeyUsage, value });
	}
	const names = request.names ?? (isCa ? [] : ["test.example"]);
	if (names.length > 0) {
		const value = derSequence(...names.map(makeGeneralName));
		extensions.push({ oid: extensionOid.subjectAltName, critical: request.subject === "", value });
	}
	return extensions;
}

function basicConstraints(isCa: boolean, pathLength: number | undefined): Uint8Array {
	if (!isCa) return derSequence();
	return derSequence(derBoolean(true), ...(pathLength === undefined ? [] : [derInteger(pathLength)]));
}

function keyUsage(names: readonly KeyUsageName[]): Uint8Array {
	return derNamedBits(names.reduce((bits, name) => bits | keyUsageBit[name], 0));
}

/** SHA-1 over the whole SubjectPublicKeyInfo: unique for each key, which is all that an identifier needs. */
function keyIdentifier(key: KeyObject): Uint8Array {
	const spki = key.export({ type: "spki", format: "der" });
	return createHash("sha1").update(spki).digest();
}

function signatureAlgorithm(type: string, hash: HashName, isPss: boolean): Uint8Array {
	if (type === "ed25519") return derSequence(derOid("1.3.101.112"));
	if (type === "ec") return derSequence(derOid(ecdsaOids[hash]));
	if (!isPss) return derSequence(derOid(rsaOids[hash]), derNull());
	const digest = derSequence(derOid(hashOids[hash]), derNull());
	return derSequence(
		derOid("1.2.840.113549.1.1.10"),
		derSequence(
			derConstructed(0, digest),
			derConstructed(1, derSequence(derOid("1.2.840.113549.1.1.8"), digest)),
			derConstructed(2, derInteger(hashLengths[hash])),
		),
	);
}

function nameOf(name: string | Uint8Array): Uint8Array {
	return typeof name === "string" ? makeName(name) : name;
}

function milliseconds(value: Date | number | undefined, otherwise: number): number {
	return value === undefined ? otherwise : Number(value);
}

/** 16 octets that begin with 0x40, so that no serial is negative or short. */
function nextSerial(): bigint {
	serials += 1n;
	return (0x40n << 120n) | serials;
}

function exportKey(key: KeyObject): string {
	return key.export({ type: "pkcs8", format: "pem" });
}

let serials = 0n;
const day = 86_400_000;
const rsaPairs = new Map<string, KeyPair>();
const hashLengths: Record<HashName, number> = { md5: 16, sha1: 20, sha256: 32, sha384: 48, sha512: 64 };
const hashOids: Record<HashName, string> = {
	md5: "1.2.840.113549.2.5",
	sha1: "1.3.14.3.2.26",
	sha256: "2.16.840.1.101.3.4.2.1",
	sha384: "2.16.840.1.101.3.4.2.2",
	sha512: "2.16.840.1.101.3.4.2.3",
};
const rsaOids: Record<HashName, string> = {
	md5: "1.2.840.113549.1.1.4",
	sha1: "1.2.840.113549.1.1.5",
	sha256: "1.2.840.113549.1.1.11",
	sha384: "1.2.840.113549.1.1.12",
	sha512: "1.2.840.113549.1.1.13",
};
const ecdsaOids: Record<HashName, string> = {
	md5: "1.2.840.10045.4.1",
	sha1: "1.2.840.10045.4.1",
	sha256: "1.2.840.10045.4.3.2",
	sha384: "1.2.840.10045.4.3.3",
	sha512: "1.2.840.10045.4.3.4",
};
