/**
 * Plans a self-signed certificate: a signing CA or one for an end of TLS, with everything that an operator may say.
 *
 * Source: RFC 5280 §4.1, §4.2.
 */
import { Buffer } from "node:buffer";
import {
	derBoolean,
	derConstructed,
	derElement,
	derInteger,
	derNamedBits,
	derOctetString,
	derOid,
	derSequence,
	derTime,
} from "#pki/der.ts";
import { keyUsageBit } from "#pki/extensions.ts";
import { keyIdentifier, type SignatureScheme, signatureAlgorithms } from "#pki/mint.ts";
import { extensionOid, purposeOid } from "#pki/oids.ts";

export interface SelfSignedPlan {
	/** Name, DER. */
	readonly subject: Uint8Array;
	/** SubjectPublicKeyInfo, DER. */
	readonly publicKeyInfo: Uint8Array;
	/** The value of the subjectAltName extension, DER. */
	readonly subjectAltName: Uint8Array | undefined;
	/** A signing CA, which signs end-entity certificates and revocation lists only. */
	readonly isCa: boolean;
	/** Milliseconds since 1970. */
	readonly notBefore: number;
	readonly notAfter: number;
	readonly scheme: SignatureScheme;
	/** At least 9 random octets. */
	readonly serial: Uint8Array;
}

/** The to-be-signed part, DER. */
export function planSelfSigned(plan: SelfSignedPlan): Uint8Array {
	const { subject, publicKeyInfo, subjectAltName, isCa, scheme } = plan;
	const identifier = keyIdentifier(publicKeyInfo);
	const extensions = [
		...(isCa ? authorityExtensions : endExtensions(scheme)),
		extension(extensionOid.subjectKeyIdentifier, false, derOctetString(identifier)),
		extension(extensionOid.authorityKeyIdentifier, false, derSequence(derElement(0x80, identifier))),
	];
	if (subjectAltName !== undefined)
		extensions.push(extension(extensionOid.subjectAltName, subject.length <= 2, subjectAltName));
	return derSequence(
		version3,
		derInteger(positive(plan.serial)),
		signatureAlgorithms[scheme],
		subject,
		derSequence(derTime(plan.notBefore), derTime(plan.notAfter)),
		subject,
		publicKeyInfo,
		derConstructed(3, derSequence(...extensions)),
	);
}

/** It may be either end: a server, and a client that a server asks for a certificate. */
function endExtensions(scheme: SignatureScheme): Uint8Array[] {
	const { digitalSignature, keyEncipherment } = keyUsageBit;
	const bits = scheme === "rsa-sha256" ? digitalSignature | keyEncipherment : digitalSignature;
	return [
		extension(extensionOid.basicConstraints, true, derSequence()),
		extension(extensionOid.keyUsage, true, derNamedBits(bits)),
		extension(
			extensionOid.extendedKeyUsage,
			false,
			derSequence(derOid(purposeOid.serverAuth), derOid(purposeOid.clientAuth)),
		),
	];
}

function extension(oid: string, isCritical: boolean, value: Uint8Array): Uint8Array {
	return derSequence(derOid(oid), ...(isCritical ? [derBoolean(true)] : []), derOctetString(value));
}

/** First bit clear so that the number is positive, second set so that its length is constant. */
function positive(random: Uint8Array): Uint8Array {
	const serial = Buffer.from(random);
	serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
	return serial;
}

const version3 = derConstructed(0, derInteger(2));
const authorityExtensions = [
	extension(extensionOid.basicConstraints, true, derSequence(derBoolean(true), derInteger(0))),
	extension(extensionOid.keyUsage, true, derNamedBits(keyUsageBit.keyCertSign | keyUsageBit.cRLSign)),
];
