/**
 * The revocation list of a signing CA of this gateway: complete and empty, since a leaf is forgotten rather than revoked.
 * Clients that insist on a list find it where the leaf says.
 *
 * Source: RFC 5280 §5.1, §5.2.
 */
import { Buffer } from "node:buffer";
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

/** Where the gateway serves the list of a CA: the path below its own name. */
export function crlPath(caId: string): string {
	return `/crl/${encodeURIComponent(caId)}.crl`;
}

/** The address of the list for a leaf's cRLDistributionPoints; `host` is the gateway's own name. */
export function crlUrl(host: string, caId: string): string {
	return `http://${host}${crlPath(caId)}`;
}

/** The value of cRLDistributionPoints with one address (RFC 5280 §4.2.1.13). */
export function crlPointer(url: string): Uint8Array {
	const name = derElement(0x86, Buffer.from(url, "latin1"));
	return derSequence(derSequence(derConstructed(0, derConstructed(0, name))));
}

function extension(oid: string, value: Uint8Array): Uint8Array {
	return derSequence(derOid(oid), derOctetString(value));
}
