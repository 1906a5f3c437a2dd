/**
 * Plans the leaf certificate that stands for a server towards the client, and the gateway's own signing CAs.
 *
 * What is copied from the validated server certificate: subject, subjectAltName and, never widened, the dates. What is
 * never copied: key, issuer, serial, CRL and OCSP pointers, every other extension. The key is the gateway's own leaf
 * key, never the CA's.
 * Source: RFC 5280 §4.1, §4.2; security checklist M1-M8, N2, N7.
 */
import { createHash } from "node:crypto";
import {
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

/** How a CA signs. The name is also the key's type. */
export type SignatureScheme = "ecdsa-p256" | "ecdsa-p384" | "rsa-sha256" | "ed25519";

/** The public part of a signing CA: what a leaf copies from it. */
export interface SigningCa {
	readonly id: string;
	/** The CA certificate, DER. */
	readonly certificate: Uint8Array;
	/** Subject name, DER. */
	readonly subject: Uint8Array;
	readonly subjectKeyIdentifier: Uint8Array;
	/** Milliseconds since 1970. */
	readonly notBefore: number;
	readonly notAfter: number;
	readonly scheme: SignatureScheme;
	/** False for a certificate whose key usage lacks cRLSign: there is no revocation list of it. */
	readonly maySignCrls: boolean;
}

/** What of the server's certificate goes into the leaf. */
export interface MintedIdentity {
	/** Subject name, DER. */
	readonly subject: Uint8Array;
	/** The value of the subjectAltName extension, DER; absent when the server's certificate has none. */
	readonly subjectAltName?: Uint8Array | undefined;
	/** Milliseconds since 1970. */
	readonly notBefore: number;
	readonly notAfter: number;
}

/** A key of the gateway that leaves certify. */
export interface LeafKey {
	/** SubjectPublicKeyInfo, DER. */
	readonly publicKeyInfo: Uint8Array;
	readonly keyIdentifier: Uint8Array;
	readonly keyType: "ec" | "rsa";
}

/**
 * The to-be-signed part of a leaf.
 *
 * Shape:  TBSCertificate, DER. `serial` is at least 9 random octets (M7); its first bit is cleared.
 * Source: RFC 5280 §4.1.2.
 */
export function planLeaf(identity: MintedIdentity, ca: SigningCa, key: LeafKey, serial: Uint8Array): Uint8Array {
	const { notBefore, notAfter } = leafDates(identity, ca);
	const isSubjectEmpty = identity.subject.length <= 2;
	const extensions = [
		extension("2.5.29.19", true, derSequence()),
		extension(
			"2.5.29.15",
			true,
			derNamedBits(key.keyType === "rsa" ? digitalSignature | keyEncipherment : digitalSignature),
		),
		extension("2.5.29.37", false, derSequence(derOid("1.3.6.1.5.5.7.3.1"))),
		extension("2.5.29.35", false, derSequence(derElement(0x80, ca.subjectKeyIdentifier))),
		extension("2.5.29.14", false, derOctetString(key.keyIdentifier)),
	];
	if (identity.subjectAltName !== undefined) {
		extensions.push(extension("2.5.29.17", isSubjectEmpty, identity.subjectAltName));
	}
	return toBeSigned(
		ca.scheme,
		serial,
		ca.subject,
		notBefore,
		notAfter,
		identity.subject,
		key.publicKeyInfo,
		extensions,
	);
}

/** A self-signed signing CA's TBSCertificate: pathLen 0, signs certificates and CRLs only (checklist K2). */
export function planAuthority(plan: {
	readonly commonName: string;
	readonly organization: string;
	readonly notBefore: number;
	readonly notAfter: number;
	readonly key: Omit<LeafKey, "keyType">;
	readonly scheme: SignatureScheme;
	readonly serial: Uint8Array;
}): Uint8Array {
	const name = derSequence(attribute("2.5.4.10", plan.organization), attribute("2.5.4.3", plan.commonName));
	const extensions = [
		extension("2.5.29.19", true, derSequence(derBoolean(true), derInteger(0))),
		extension("2.5.29.15", true, derNamedBits(keyCertSign | crlSign)),
		extension("2.5.29.14", false, derOctetString(plan.key.keyIdentifier)),
		extension("2.5.29.35", false, derSequence(derElement(0x80, plan.key.keyIdentifier))),
	];
	const { scheme, serial, notBefore, notAfter, key } = plan;
	return toBeSigned(scheme, serial, name, notBefore, notAfter, name, key.publicKeyInfo, extensions);
}

/** The certificate: to-be-signed part, algorithm and signature. */
export function assembleCertificate(
	toBeSignedPart: Uint8Array,
	scheme: SignatureScheme,
	signature: Uint8Array,
): Uint8Array {
	return derSequence(toBeSignedPart, signatureAlgorithms[scheme], derBitString(signature));
}

/**
 * The leaf's dates: the server's, cut to the CA's. Never wider than either (M2). A server whose certificate had expired
 * before the CA existed gets an instant in its own time: still expired, still inside the server's dates.
 */
export function leafDates(identity: MintedIdentity, ca: SigningCa): { notBefore: number; notAfter: number } {
	const notAfter = Math.min(identity.notAfter, ca.notAfter);
	const notBefore = Math.min(Math.max(identity.notBefore, ca.notBefore), notAfter);
	return { notBefore, notAfter };
}

/** The key identifier of a SubjectPublicKeyInfo: the first 160 bits of its SHA-256 (RFC 7093 §2, method 4). */
export function keyIdentifier(publicKeyInfo: Uint8Array): Uint8Array {
	return createHash("sha256").update(publicKeyInfo).digest().subarray(0, 20);
}

function toBeSigned(
	scheme: SignatureScheme,
	serial: Uint8Array,
	issuer: Uint8Array,
	notBefore: number,
	notAfter: number,
	subject: Uint8Array,
	publicKeyInfo: Uint8Array,
	extensions: readonly Uint8Array[],
): Uint8Array {
	return derSequence(
		version3,
		derInteger(positiveSerial(serial)),
		signatureAlgorithms[scheme],
		issuer,
		derSequence(derTime(notBefore), derTime(notAfter)),
		subject,
		publicKeyInfo,
		derConstructed(3, derSequence(...extensions)),
	);
}

/** First bit clear so that the number is positive, second set so that its length is constant. */
function positiveSerial(random: Uint8Array): Uint8Array {
	const serial = Uint8Array.from(random);
	serial[0] = ((serial[0] as number) & 0x3f) | 0x40;
	return serial;
}

function extension(oid: string, isCritical: boolean, value: Uint8Array): Uint8Array {
	return isCritical
		? derSequence(derOid(oid), derBoolean(true), derOctetString(value))
		: derSequence(derOid(oid), derOctetString(value));
}

function attribute(oid: string, text: string): Uint8Array {
	return derSetOf(derSequence(derOid(oid), derUtf8String(text)));
}

const version3 = derConstructed(0, derInteger(2));
/** The AlgorithmIdentifier of each scheme, DER. */
export const signatureAlgorithms: Readonly<Record<SignatureScheme, Uint8Array>> = {
	"ecdsa-p256": derSequence(derOid("1.2.840.10045.4.3.2")),
	"ecdsa-p384": derSequence(derOid("1.2.840.10045.4.3.3")),
	"rsa-sha256": derSequence(derOid("1.2.840.113549.1.1.11"), derNull()),
	ed25519: derSequence(derOid("1.3.101.112")),
};
const digitalSignature = 1 << 0;
const keyEncipherment = 1 << 2;
const keyCertSign = 1 << 5;
const crlSign = 1 << 6;
