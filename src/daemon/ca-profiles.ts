/** CA profiles from files: `trust/NAME.pem` in the state directory holds the certificates of CA profile NAME. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FaultError, fault } from "#base/fault.ts";
import { decodeCertificate } from "#pki/certificate.ts";
import { certificatePem, pemCertificates } from "#pki/pem.ts";

/**
 * The PEM certificates of every profile. No directory, no profiles.
 *
 * Faults: throws `FaultError` KEY_STORE_BROKEN that names the file when it holds no certificate or a broken one.
 */
export function loadCaProfiles(directory: string): ReadonlyMap<string, readonly string[]> {
	const profiles = new Map<string, readonly string[]>();
	for (const file of pemFiles(directory)) {
		const path = join(directory, file);
		const certificates = pemCertificates(readFileSync(path, "utf8"));
		if (certificates.length === 0) throw broken(path, "it holds no PEM certificate");
		for (const der of certificates) {
			const decoded = decodeCertificate(der);
			if (decoded.kind === "malformed") throw broken(path, decoded.reason);
		}
		profiles.set(file.slice(0, -".pem".length), certificates.map(certificatePem));
	}
	return profiles;
}

function pemFiles(directory: string): string[] {
	try {
		return readdirSync(directory)
			.filter((file) => file.endsWith(".pem"))
			.sort();
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
		throw error;
	}
}

function broken(path: string, why: string): FaultError {
	return new FaultError(fault("KEY_STORE_BROKEN", `${path} cannot be used: ${why}; correct or remove the file`));
}
