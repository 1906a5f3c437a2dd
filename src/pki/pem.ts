/** Certificates as text (RFC 7468). */
import { Buffer } from "node:buffer";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";

/** PEM of a DER certificate. */
export function certificatePem(der: Uint8Array): string {
	const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString("base64");
	const lines = base64.match(/.{1,64}/g) ?? [];
	return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** The DER of every certificate in the text, in order; what stands around them is passed over. */
export function pemCertificates(text: string): Uint8Array[] {
	return [...text.matchAll(certificateBlock)].map((match) => Buffer.from(match[1] as string, "base64"));
}

/** The certificates of the text that can be decoded, in order. */
export function readPemCertificates(text: string): Certificate[] {
	return pemCertificates(text).flatMap((der) => {
		const decoded = decodeCertificate(der);
		return decoded.kind === "done" ? [decoded.value] : [];
	});
}

const certificateBlock = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;
