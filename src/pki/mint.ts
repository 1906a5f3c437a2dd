/**
 * Plans the leaf certificate that stands for a server towards the client, and the gateway's own signing CAs.
 *
 * What is copied from the validated server certificate: subject, subjectAltName and, never widened, the dates. What is
 * never copied: key, issuer, serial, OCSP pointers, must-staple (nothing is stapled to a leaf), every other extension. A
 * pointer to a CRL becomes one to the signing CA's own. The key is the gateway's own leaf key, never the CA's.
 * Source: RFC 5280 §4.1, §4.2; security checklist M1-M9, N2, N7.
 */
import { Buffer } from "node:buffer";
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
	/**
	 * What is sent behind a leaf: nothing for a self-signed CA; else the CA's certificate and the intermediates above it, DER.
	 */
	readonly chain: readonly Uint8Array[];
	/** The root above an intermediate CA, DER, where it came with the CA's certificate; it is not sent. */
	readonly root?: Uint8Array | undefined;
	/** Subject name, DER. */
	readonly subject: Uint8Array;
	readonly subjectKeyIdentifier: Uint8Array;
	/** When every certificate from this CA up is valid, milliseconds since 1970. */
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
	/** The server's certificate names a revocation list. */
	readonly hasCrl: boolean;
}

/** What a leaf may be at a moment. */
export interface MintingRules {
	/** Milliseconds since 1970. */
	readonly now: number;
	/** From the leaf's begin to its end. */
	readonly maximumLifetimeMs: number;
	/** The host that serves `crlPath` of each signing CA; undefined when none does. */
	readonly crlHost: string | undefined;
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
export function planLeaf(
	identity: MintedIdentity,
	ca: SigningCa,
	key: LeafKey,
	serial: Uint8Array,
	rules: MintingRules,
): Uint8Array {
	const { notBefore, notAfter } = leafDates(identity, ca, rules);
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
	const crl = identity.hasCrl ? crlUrl(ca, rules) : undefined;
	if (crl !== undefined) extensions.push(extension("2.5.29.31", false, crlPointer(crl)));
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
 * The leaf's dates: the server's, cut to the CA's and to the longest lifetime. Never wider than any of them (M2).
 *
 * A lifetime that must be cut begins a day back, for clients whose clock is behind, but never before the server's
 * certificate. What is not valid stays so (M12): a certificate that has expired, or is not valid yet, gives a leaf that has
 * expired or is not valid yet. A server whose certificate had expired before the CA existed gets an instant in its own time.
 */
export function leafDates(
	identity: Pick<MintedIdentity, "notBefore" | "notAfter">,
	ca: Pick<SigningCa, "notBefore" | "notAfter">,
	{ now, maximumLifetimeMs: maximum }: MintingRules,
): { notBefore: number; notAfter: number } {
	const last = Math.min(identity.notAfter, ca.notAfter);
	const first = Math.min(Math.max(identity.notBefore, ca.notBefore), last);
	const wished = Math.floor((now - Math.min(backdateMs, maximum / 2)) / 1000) * 1000;
	const notBefore = Math.min(Math.max(wished, first), Math.max(first, last - maximum));
	return { notBefore, notAfter: Math.min(last, notBefore + maximum) };
}

/** Where the gateway serves the list of a CA: the path below its own name. */
export function crlPath(caId: string): string {
	return `/crl/${encodeURIComponent(caId)}.crl`;
}

/** The address of a CA's revocation list, for its leaves; undefined when there is none. */
export function crlUrl({ id, maySignCrls }: SigningCa, { crlHost }: MintingRules): string | undefined {
	return maySignCrls && crlHost !== undefined ? `http://${crlHost}${crlPath(id)}` : undefined;
}

/** The value of cRLDistributionPoints with one address (RFC 5280 §4.2.1.13). */
export function crlPointer(url: string): Uint8Array {
	const name = derElement(0x86, Buffer.from(url, "latin1"));
	return derSequence(derSequence(derConstructed(0, derConstructed(0, name))));
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

const backdateMs = 86_400_000;
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
