/** What a worker staples to the certificates of its own: put together out of its configuration. */
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import type { RevocationConfiguration } from "#pki/revocation-shell.ts";
import { type StapleSubject, stapleSubject } from "#pki/staple.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import type { OwnCertificates } from "#proxy/own-certificates.ts";

/** The subjects of these names; those whose certificate is not there or cannot be read are left out. */
export function stapleSubjects(
	ids: readonly string[],
	own: OwnCertificates,
	{ authorities, crlIssuers }: Pick<RevocationConfiguration, "authorities" | "crlIssuers">,
): readonly StapleSubject[] {
	const cache = new SignatureCache(cacheSize);
	return ids.flatMap((id): StapleSubject[] => {
		const chain = (own.entry(id)?.certificates ?? []).map(decoded);
		const [leaf, ...above] = chain;
		if (leaf === undefined) return [];
		const readable = [leaf, ...above.filter((one) => one !== undefined)];
		const subject = stapleSubject(id, readable, crlIssuers, authorities, cache);
		return subject === undefined ? [] : [subject];
	});
}

function decoded(der: Uint8Array): Certificate | undefined {
	const read = decodeCertificate(der);
	return read.kind === "done" ? read.value : undefined;
}

const cacheSize = 1_024;
