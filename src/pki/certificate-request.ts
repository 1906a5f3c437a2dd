/**
 * Certification requests, PKCS#10, both ways.
 *
 *     CertificationRequest = SEQUENCE { info, signatureAlgorithm, signature BIT STRING }
 *     info = SEQUENCE { version INTEGER 0, subject Name, subjectPublicKeyInfo, attributes [0] SET OF Attribute }
 *
 * The extensions that are asked for stand in the attribute extensionRequest (RFC 2985 §5.4.2).
 * Source: RFC 2986 §4.
 */

import { type Decoded, done, malformed } from "#base/bytes.ts";
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from "#pki/certificate.ts";
import {
	DerReader,
	derBitString,
	derBoolean,
	derConstructed,
	derElement,
	derInteger,
	derNamedBits,
	derOctetString,
	derOid,
	derSequence,
	derTag,
} from "#pki/der.ts";
import {
	decodeExtension,
	type Extension,
	keyUsageBit,
	noExtensions,
	readExtensions,
	type TypedExtensions,
} from "#pki/extensions.ts";
import { type SignatureScheme, signatureAlgorithms } from "#pki/mint.ts";
import { type DistinguishedName, readName } from "#pki/name.ts";
import { extensionOid, pkcs9Oid } from "#pki/oids.ts";
import { type PublicKeyInfo, readPublicKeyInfo } from "#pki/public-key.ts";
import { importKey, signatureScheme, verifySignature } from "#pki/verify-signature.ts";

/** What a request asks for. */
export interface CertificateRequestPlan {
	/** Name, DER. */
	readonly subject: Uint8Array;
	/** SubjectPublicKeyInfo, DER. */
	readonly publicKeyInfo: Uint8Array;
	/** The value of the subjectAltName extension, DER. */
	readonly subjectAltName?: Uint8Array | undefined;
	/** Asks for a CA certificate that may sign leaves only (pathLen 0). Default false: a certificate for an end of TLS. */
	readonly isSigning?: boolean | undefined;
}

/**
 * The CertificationRequestInfo, DER, to be signed with the subject's own key.
 *
 * Shape:  extensionRequest with basicConstraints and keyUsage for a signing CA, with keyUsage for a leaf, and the
 *         subjectAltName, which is critical where the subject is empty (RFC 5280 §4.2.1.6).
 */
export function planCertificateRequest(plan: CertificateRequestPlan): Uint8Array {
	const extensions = plan.isSigning === true ? signingExtensions : [leafKeyUsage(plan.publicKeyInfo)];
	const { subjectAltName, subject } = plan;
	const isSubjectEmpty = subject.length <= 2;
	const names =
		subjectAltName === undefined ? [] : [extension(extensionOid.subjectAltName, isSubjectEmpty, subjectAltName)];
	const requested = derSequence(...extensions, ...names);
	const attribute = derSequence(derOid(pkcs9Oid.extensionRequest), derElement(derTag.set, requested));
	return derSequence(derInteger(0), subject, plan.publicKeyInfo, derConstructed(0, attribute));
}

/** The request: info, algorithm and signature over the info. */
export function assembleCertificateRequest(
	info: Uint8Array,
	scheme: SignatureScheme,
	signature: Uint8Array,
): Uint8Array {
	return derSequence(info, signatureAlgorithms[scheme], derBitString(signature));
}

interface CertificateRequestFields {
	readonly der: Uint8Array;
	/** The part that is signed. */
	readonly info: Uint8Array;
	readonly subject: DistinguishedName;
	readonly publicKey: PublicKeyInfo;
	/** The extensions that are asked for, and the same decoded. */
	readonly extensions: readonly Extension[];
	readonly typed: Readonly<TypedExtensions>;
	readonly signatureAlgorithm: AlgorithmIdentifier;
	readonly signature: Uint8Array;
	/** What is wrong in a part that could be passed over; the first 16. Nothing should be issued for such a request. */
	readonly faults: readonly string[];
}

/** A decoded request. Views into the octets given to `decodeCertificateRequest`, which must not change afterwards. */
export class CertificateRequest implements CertificateRequestFields {
	readonly der: Uint8Array;
	readonly info: Uint8Array;
	readonly subject: DistinguishedName;
	readonly publicKey: PublicKeyInfo;
	readonly extensions: readonly Extension[];
	readonly typed: Readonly<TypedExtensions>;
	readonly signatureAlgorithm: AlgorithmIdentifier;
	readonly signature: Uint8Array;
	readonly faults: readonly string[];

	constructor(fields: CertificateRequestFields) {
		this.der = fields.der;
		this.info = fields.info;
		this.subject = fields.subject;
		this.publicKey = fields.publicKey;
		this.extensions = fields.extensions;
		this.typed = fields.typed;
		this.signatureAlgorithm = fields.signatureAlgorithm;
		this.signature = fields.signature;
		this.faults = fields.faults;
	}

	/** True when the signature is by the request's own key: whoever made it holds the private key. Never throws. */
	verify(): boolean {
		const scheme = signatureScheme(this.signatureAlgorithm);
		if (scheme === undefined || !scheme.keyKinds.includes(this.publicKey.kind)) return false;
		const key = importKey(this.publicKey.raw);
		return key !== undefined && verifySignature(scheme, key, this.info, this.signature);
	}
}

/**
 * Decodes one request. The octets are one complete frame: cut-short input is malformed, not need-more.
 *
 * Bounds: refuses more than 1 MiB; time and memory linear in the octets. The signature is not verified here.
 */
export function decodeCertificateRequest(der: Uint8Array): Decoded<CertificateRequest> {
	if (der.length > maxRequestOctets)
		return malformed(`certificate request: ${der.length} octets, at most ${maxRequestOctets} are read`);
	const reader = new DerReader(der);
	const faults: string[] = [];
	const request = reader.open(derTag.sequence, "certificate request");
	reader.close("certificate request");
	const infoStart = request.position;
	const info = request.open(derTag.sequence, "certificationRequestInfo");
	const infoEnd = request.position;
	info.smallInteger("version", 0);
	const subject = readName(info, "subject", faults);
	const publicKey = readPublicKeyInfo(info, faults);
	const extensions = readAttributes(info, faults);
	info.close("certificationRequestInfo");
	const signatureAlgorithm = readAlgorithmIdentifier(request, "signatureAlgorithm");
	const signature = request.wholeBitString("signature");
	request.close("certificate request");
	if (reader.reason !== undefined) return malformed(reader.reason);
	const typed = noExtensions();
	for (const one of extensions) decodeExtension(one, typed, faults);
	const fields = { der, subject, publicKey, extensions, typed, signatureAlgorithm, signature };
	return done(
		new CertificateRequest({ ...fields, info: der.subarray(infoStart, infoEnd), faults: faults.slice(0, maxFaults) }),
		der.length,
	);
}

/** The requested extensions. Other attributes (a challenge password, for example) are passed over. */
function readAttributes(info: DerReader, faults: string[]): Extension[] {
	// "attributes [0]" is not optional, but requests without it are in use.
	if (info.isAtEnd) return [];
	const attributes = info.open(0xa0, "attributes");
	let extensions: Extension[] | undefined;
	while (!attributes.isAtEnd) {
		const attribute = attributes.open(derTag.sequence, "attribute");
		const type = attribute.oid("attribute");
		const values = attribute.open(derTag.set, "attribute");
		attribute.close("attribute");
		if (type !== pkcs9Oid.extensionRequest) continue;
		if (extensions !== undefined) faults.push("extensionRequest occurs more than once");
		const read = readExtensions(values, "extensionRequest", faults);
		values.close("extensionRequest");
		extensions ??= read;
	}
	return extensions ?? [];
}

function leafKeyUsage(publicKeyInfo: Uint8Array): Uint8Array {
	const key = readPublicKeyInfo(new DerReader(publicKeyInfo), []);
	const { digitalSignature, keyEncipherment } = keyUsageBit;
	const bits = key.kind === "rsa" ? digitalSignature | keyEncipherment : digitalSignature;
	return extension(extensionOid.keyUsage, true, derNamedBits(bits));
}

function extension(oid: string, isCritical: boolean, value: Uint8Array): Uint8Array {
	const critical = isCritical ? [derBoolean(true)] : [];
	return derSequence(derOid(oid), ...critical, derOctetString(value));
}

const signingExtensions = [
	extension(extensionOid.basicConstraints, true, derSequence(derBoolean(true), derInteger(0))),
	extension(extensionOid.keyUsage, true, derNamedBits(keyUsageBit.keyCertSign | keyUsageBit.cRLSign)),
];
const maxRequestOctets = 1_048_576;
const maxFaults = 16;
