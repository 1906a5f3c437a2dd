/** The CA certificates of a file that somebody brings. Private keys in it are passed over. */
import { Buffer } from "node:buffer";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { pemCertificates } from "#pki/pem.ts";
import { isRoot } from "#pki/trust-selection.ts";

/** What a file came to. `passedOver` tells of each certificate that was left out, and why. */
export interface AuthorityFile {
	readonly certificates: readonly Certificate[];
	readonly passedOver: readonly string[];
}

/**
 * Reads the octets of a file. Each certificate once; those that cannot be decoded or belong to no CA are passed over.
 *
 * Bounds: at most `maxCertificates` certificates; the others are passed over.
 */
export function readAuthorityFile(octets: Uint8Array): AuthorityFile {
	const certificates = new Map<string, Certificate>();
	const passedOver: string[] = [];
	for (const [index, der] of certificatesIn(octets).entries()) {
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

function certificatesIn(octets: Uint8Array): readonly Uint8Array[] {
	const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
	const pem = pemCertificates(buffer.toString("latin1"));
	return pem.length > 0 || octets[0] !== 0x30 ? pem : [octets];
}

const maxCertificates = 2_000;
