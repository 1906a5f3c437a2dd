/** The keys that no server may show: those of the gateway's own signing CAs. */
import { hash } from "node:crypto";
import { decodeCertificate } from "#pki/certificate.ts";

/** SHA-256 of the public keys of the signing CAs: a server that shows one of them is an impostor (V23). */
export function ownAuthorityKeys(certificates: Iterable<{ readonly certificate: Uint8Array }>): ReadonlySet<string> {
	const keys = new Set<string>();
	for (const { certificate } of certificates) {
		const decoded = decodeCertificate(certificate);
		if (decoded.kind === "done") keys.add(hash("sha256", decoded.value.publicKey.raw, "hex"));
	}
	return keys;
}
