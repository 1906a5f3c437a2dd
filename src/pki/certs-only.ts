/**
 * The certificates at the address of an issuer: one certificate, or a CMS message that holds nothing but certificates
 * (RFC 5280 §4.2.2.1, RFC 5652 §5.1).
 *
 *     ContentInfo = SEQUENCE { contentType OID, [0] SignedData }
 *     SignedData  = SEQUENCE { version, digestAlgorithms SET, encapContentInfo, [0] certificates, [1] crls, signerInfos }
 */
import { Buffer } from "node:buffer";
import { type Decoded, done, malformed } from "#base/bytes.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { DerReader, derTag } from "#pki/der.ts";
import { isPem, readPemCertificates } from "#pki/pem.ts";

/**
 * Decodes what a server sent as an issuer's certificate, DER or PEM. The signatures of the message are not looked at:
 * what the certificates are worth is found out by building a path.
 *
 * Bounds: at most 64 KiB and 16 certificates; those that cannot be read are left out.
 */
export function decodeIssuerCertificates(octets: Uint8Array): Decoded<readonly Certificate[]> {
	if (octets.length > maxOctets) return malformed(`issuer certificates: more than ${maxOctets} octets`);
	if (isPem(octets)) return decodePem(octets);
	if (octets[firstInner(octets)] !== derTag.oid) {
		const decoded = decodeCertificate(octets);
		return decoded.kind === "done" ? done([decoded.value], octets.length) : malformed(reasonOf(decoded));
	}
	return decodeMessage(octets);
}

function decodePem(octets: Uint8Array): Decoded<readonly Certificate[]> {
	const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1");
	const certificates = readPemCertificates(text).slice(0, maxCertificates);
	return certificates.length > 0 ? done(certificates, octets.length) : malformed("PEM without a certificate");
}

function decodeMessage(octets: Uint8Array): Decoded<readonly Certificate[]> {
	const reader = new DerReader(octets);
	const outer = reader.open(derTag.sequence, "CMS message");
	reader.close("CMS message");
	if (outer.oid("contentType") !== signedDataOid) outer.fail("CMS message: expected signed data");
	const explicit = outer.open(0xa0, "content");
	outer.close("CMS message");
	const data = explicit.open(derTag.sequence, "signedData");
	explicit.close("content");
	data.integer("version");
	data.element("digestAlgorithms");
	data.element("encapContentInfo");
	const certificates: Certificate[] = [];
	if (data.peek() === 0xa0) {
		const list = data.open(0xa0, "certificates");
		for (let count = 0; !list.isAtEnd; count++) {
			if (count === maxCertificates) list.fail(`certificates: more than ${maxCertificates}`);
			const decoded = decodeCertificate(list.element("certificates"));
			if (decoded.kind === "done") certificates.push(decoded.value);
		}
	}
	if (reader.reason !== undefined) return malformed(reader.reason);
	if (certificates.length === 0) return malformed("CMS message: no certificate that can be read");
	return done(certificates, octets.length);
}

/** Where the first element inside the outer one begins. */
function firstInner(octets: Uint8Array): number {
	const length = octets[1] ?? 0;
	return length < 0x80 ? 2 : 2 + (length & 0x7f);
}

function reasonOf(decoded: Exclude<Decoded<Certificate>, { readonly kind: "done" }>): string {
	return decoded.kind === "malformed" ? decoded.reason : "it is cut short";
}

const signedDataOid = "1.2.840.113549.1.7.2";
const maxOctets = 65_536;
const maxCertificates = 16;
