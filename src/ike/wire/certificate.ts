/**
 * The CERT and CERTREQ payloads.
 *
 *     | encoding (1) | certificate, or 20 octets for each authority that is accepted ... |
 *
 * Source: RFC 7296 §3.6, §3.7.
 */
import { type Decoded, done, malformed, Writer } from "#base/bytes.ts";

/** Certificate encodings. */
export const certificateEncoding = { pkcs7: 1, x509Signature: 4, crl: 7, hashAndUrl: 12 } as const;

export interface CertificateBody {
	readonly encoding: number;
	readonly data: Uint8Array;
}

export interface CertificateRequestBody {
	readonly encoding: number;
	/** SHA-1 of the SubjectPublicKeyInfo of each authority, 20 octets each. */
	readonly authorities: Uint8Array;
}

/** Decodes the body of CERT. Faults: nothing behind the encoding. */
export function decodeCertificateBody(body: Uint8Array): Decoded<CertificateBody> {
	if (body.length < 2) return malformed("CERT has no certificate");
	return done({ encoding: body[0] as number, data: body.subarray(1) }, body.length);
}

/** Decodes the body of CERTREQ. Faults: no encoding; for X.509, octets that are not whole hashes. */
export function decodeCertificateRequest(body: Uint8Array): Decoded<CertificateRequestBody> {
	if (body.length < 1) return malformed("CERTREQ has no encoding");
	const encoding = body[0] as number;
	const authorities = body.subarray(1);
	if (encoding === certificateEncoding.x509Signature && authorities.length % authorityHashOctets !== 0)
		return malformed(`CERTREQ has ${authorities.length} octets of authorities; expected ${authorityHashOctets} each`);
	return done({ encoding, authorities }, body.length);
}

/** Encodes either body. */
export function encodeCertificateBody(encoding: number, data: Uint8Array): Uint8Array {
	return new Writer(data.length + 1).u8(encoding).bytes(data).finish();
}

/** Octets of the hash that names an authority. */
const authorityHashOctets = 20;
