/**
 * The CA certificates of a file that somebody brings: PEM with one or a bundle, DER, PKCS #7, PKCS #12. Private keys in it
 * are passed over.
 */
import { Buffer } from "node:buffer";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { readCertificateFile } from "#pki/certificate-file.ts";
import { pemCertificates } from "#pki/pem.ts";
import { readPkcs12 } from "#pki/pkcs12.ts";
import { isRoot } from "#pki/trust-selection.ts";

/** What a file came to. `passedOver` tells of each certificate that was left out, and why. */
export interface AuthorityFile {
	readonly certificates: readonly Certificate[];
	readonly passedOver: readonly string[];
	/** Why nothing could be read at all. */
	readonly refused?: string;
}

/**
 * Reads the octets of a file. Each certificate once; those that cannot be decoded or belong to no CA are passed over.
 * `passphrase` opens PKCS #12.
 *
 * Bounds: at most `maxCertificates` certificates; the others are passed over. Opening PKCS #12 takes up to a second.
 * Faults: none; never throws.
 */
export function readAuthorityFile(octets: Uint8Array, passphrase = ""): AuthorityFile {
	const certificates = new Map<string, Certificate>();
	const passedOver: string[] = [];
	const found = certificatesIn(octets, passphrase);
	if (typeof found === "string") return { certificates: [], passedOver: [], refused: found };
	for (const [index, der] of found.entries()) {
		const number = index + 1;
		if (number > maxCertificates) {
			passedOver.push(`certificate ${number} and those behind it: at most ${maxCertificates} are read`);
			break;
		}
		const decoded = decodeCertificate(der);
		if (decoded.kind !== "done") {
			passedOver.push(`certificate ${number}: ${decoded.kind === "malformed" ? decoded.reason : "it is cut short"}`);
			continue;
		}
		const certificate = decoded.value;
		const why = unfit(certificate, certificates);
		if (why === undefined) certificates.set(certificate.fingerprint, certificate);
		else passedOver.push(`certificate ${number} (${certificate.subject.shortText}): ${why}`);
	}
	return { certificates: [...certificates.values()], passedOver };
}

/** True for a certificate that may sign others; roots of version 1 cannot say so. */
export function isAuthority(certificate: Certificate): boolean {
	return certificate.typed.basicConstraints?.isCa ?? (certificate.version < 3 && isRoot(certificate));
}

function unfit(certificate: Certificate, known: ReadonlyMap<string, Certificate>): string | undefined {
	if (known.has(certificate.fingerprint)) return "it is there twice";
	if (!isAuthority(certificate)) return "it is not the certificate of a CA";
	return certificate.faults[0];
}

/** DER of each certificate, or why there is none. A bundle's bad certificates are for the caller to pass over. */
function certificatesIn(octets: Uint8Array, passphrase: string): readonly Uint8Array[] | string {
	const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
	const pem = pemCertificates(buffer.toString("latin1"));
	if (pem.length > 0) return pem;
	const file = readCertificateFile(octets);
	if (file.kind === "certificates") return file.certificates;
	if (octets[0] !== sequenceTag || !file.reason.includes("PKCS#12")) return file.reason;
	const opened = readPkcs12(octets, passphrase);
	if (opened.kind === "refused") return opened.reason;
	return opened.certificates.length === 0
		? "the PKCS#12 file holds no certificate"
		: opened.certificates.map(({ der }) => der);
}

const sequenceTag = 0x30;
const maxCertificates = 2_000;
