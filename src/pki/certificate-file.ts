/**
 * Certificates as files bring them: PEM with one or several, DER, and PKCS#7 (`.p7b`) without signatures that matter.
 *
 *     ContentInfo = SEQUENCE { signedData, [0] SignedData }
 *     SignedData  = SEQUENCE { version, digestAlgorithms SET, content SEQUENCE, certificates [0], crls [1], signers SET }
 *
 * Source: RFC 7468 §5, §8, §9; RFC 5652 §5.1.
 */

import { Buffer } from "node:buffer";
import { normalizeBer } from "#pki/ber.ts";
import { decodeCertificate } from "#pki/certificate.ts";
import { decodeCertificateRequest } from "#pki/certificate-request.ts";
import { DerReader, derTag } from "#pki/der.ts";
import { pkcs7Oid } from "#pki/oids.ts";
import { isPem, readPemBlocks } from "#pki/pem.ts";

export type CertificateFile =
	| { readonly kind: "certificates"; readonly certificates: readonly Uint8Array[] }
	| { readonly kind: "refused"; readonly reason: string };

/**
 * Reads every certificate of a file in its order; one that occurs again is left out (R85). Keys and text beside them
 * are passed over.
 *
 * Shape:  each answer is DER that `decodeCertificate` takes; it may still have faults and is not yet trusted.
 * Bounds: 4 MiB; a certificate has at most 1 MiB.
 * Faults: none; never throws. One bad certificate refuses the file, with its number in the reason.
 */
export function readCertificateFile(octets: Uint8Array): CertificateFile {
	if (octets.length === 0) return refused("the file is empty");
	if (octets.length > maxFileOctets)
		return refused(`${octets.length} octets; a certificate file has at most ${maxFileOctets}`);
	const found = isPem(octets) ? readPem(octets) : readContent(octets);
	return Array.isArray(found) ? checkEach(found) : refused(found as string);
}

/** Decodes each certificate and leaves repeated ones out. */
export function checkEach(found: readonly Uint8Array[]): CertificateFile {
	const certificates = new Map<string, Uint8Array>();
	for (const [index, der] of found.entries()) {
		const decoded = decodeCertificate(der);
		const number = found.length === 1 ? "" : `certificate ${index + 1} of ${found.length}: `;
		if (decoded.kind === "malformed") return refused(number + (describeRequest(der) ?? decoded.reason));
		if (decoded.kind === "done" && !certificates.has(decoded.value.fingerprint))
			certificates.set(decoded.value.fingerprint, der);
	}
	return { kind: "certificates", certificates: [...certificates.values()] };
}

function readPem(octets: Uint8Array): Uint8Array[] | string {
	const read = readPemBlocks(Buffer.from(octets).toString("latin1"));
	if (read.kind === "refused") return read.reason;
	const found: Uint8Array[] = [];
	for (const { label, der } of read.blocks) {
		if (!certificateLabels.has(label)) continue;
		const content = readContent(der);
		if (typeof content === "string") return content;
		found.push(...content);
	}
	if (found.length > 0) return found;
	const labels = new Set(read.blocks.map(({ label }) => label));
	return `the file holds no certificate, but ${[...labels].join(", ")}`;
}

/** The certificates of one binary value: some authorities put PKCS#7 under the label CERTIFICATE. */
function readContent(der: Uint8Array): Uint8Array[] | string {
	// SEQUENCE { tbsCertificate SEQUENCE, ... } with definite lengths is no PKCS#7.
	const reader = new DerReader(der);
	const first = reader.open(derTag.sequence, "certificate").peek();
	if (reader.reason === undefined && first === derTag.sequence) return [der];
	if (first === derTag.integer) return describeInteger(der);
	const normal = normalizeBer(der);
	if (normal.kind !== "done") return [der];
	return readPkcs7(normal.value);
}

function readPkcs7(der: Uint8Array): Uint8Array[] | string {
	const reader = new DerReader(der);
	const info = reader.open(derTag.sequence, "file");
	if (info.peek() === derTag.integer) return describeInteger(der);
	const type = info.oid("PKCS#7: content type");
	if (reader.reason === undefined && type !== pkcs7Oid.signedData)
		return `PKCS#7 of content type ${type}; expected signedData with certificates`;
	const signed = info.open(0xa0, "PKCS#7: content").open(derTag.sequence, "PKCS#7: signedData");
	signed.integer("PKCS#7: version");
	signed.element("PKCS#7: digestAlgorithms");
	signed.element("PKCS#7: content");
	const found: Uint8Array[] = [];
	if (signed.peek() === 0xa0) {
		const set = signed.open(0xa0, "PKCS#7: certificates");
		while (!set.isAtEnd) {
			const isCertificate = set.peek() === derTag.sequence;
			const element = set.element("PKCS#7: certificate");
			if (isCertificate) found.push(element);
		}
	}
	if (reader.reason !== undefined) return reader.reason;
	return found.length === 0 ? "the PKCS#7 file holds no certificate" : found;
}

/** A request looks like a certificate from outside. */
function describeRequest(der: Uint8Array): string | undefined {
	if (decodeCertificateRequest(der).kind !== "done") return undefined;
	return "this is a certificate request; load the certificate that the CA made of it";
}

/** Keys and PKCS#12 files begin with a version number. */
function describeInteger(der: Uint8Array): string {
	const normal = normalizeBer(der);
	const reader = new DerReader(normal.kind === "done" ? normal.value : der);
	const fields = reader.open(derTag.sequence, "file");
	const version = fields.smallInteger("version");
	if (version === 3 && fields.peek() === derTag.sequence)
		return "this is a PKCS#12 file (.p12, .pfx); load it as one, with its passphrase";
	return "this is a private key or another file that begins with a number; expected a certificate";
}

function refused(reason: string): CertificateFile {
	return { kind: "refused", reason };
}

const certificateLabels = new Set(["CERTIFICATE", "X509 CERTIFICATE", "PKCS7", "CMS"]);
const maxFileOctets = 4_194_304;
