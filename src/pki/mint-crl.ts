/**
 * The revocation list of a signing CA of this gateway: complete and empty, since a leaf is forgotten rather than revoked.
 * Clients that insist on a list find it where the leaf says.
 *
 * Source: RFC 5280 §5.1, §5.2.
 */
import { derConstructed, derElement, derInteger, derOctetString, derOid, derSequence, derTime } from "#pki/der.ts";
import { type SigningCa, signatureAlgorithms } from "#pki/mint.ts";
import { extensionOid } from "#pki/oids.ts";

/** What a list says besides its issuer. Times in milliseconds since 1970. */
export interface CrlPlan {
	readonly thisUpdate: number;
	readonly nextUpdate: number;
	/** Greater than that of every list before it. */
	readonly number: number;
}

/** The to-be-signed part of an empty list: TBSCertList, version 2, DER. */
export function planCrl(ca: SigningCa, { thisUpdate, nextUpdate, number }: CrlPlan): Uint8Array {
	const extensions = derSequence(
		extension(extensionOid.authorityKeyIdentifier, derSequence(derElement(0x80, ca.subjectKeyIdentifier))),
		extension(extensionOid.crlNumber, derInteger(BigInt(number))),
	);
	return derSequence(
		derInteger(1),
		signatureAlgorithms[ca.scheme],
		ca.subject,
		derTime(thisUpdate),
		derTime(nextUpdate),
		derConstructed(0, extensions),
	);
}

function extension(oid: string, value: Uint8Array): Uint8Array {
	return derSequence(derOid(oid), derOctetString(value));
}
