/** The certificates above one, in the order in which TLS sends them. */
import type { Certificate } from "#pki/certificate.ts";
import { importKey, signatureScheme, verifySignature } from "#pki/verify-signature.ts";

/**
 * The chain of `own` out of `others`: its issuer, that one's issuer, and so on; what does not belong to it is left out.
 *
 * Bounds: at most `maxChain` certificates; a signature is verified for each that names the right issuer.
 */
export function orderChain(own: Certificate, others: readonly Certificate[]): readonly Certificate[] {
	const chain: Certificate[] = [];
	let last = own;
	while (!last.isSelfIssued && chain.length < maxChain) {
		const below = last;
		const issuer = others.find(
			(one) => !chain.includes(one) && below.issuer.equals(one.subject) && isSigner(below, one),
		);
		if (issuer === undefined) break;
		chain.push(issuer);
		last = issuer;
	}
	return chain;
}

function isSigner(certificate: Certificate, issuer: Certificate): boolean {
	const scheme = signatureScheme(certificate.signatureAlgorithm);
	const key = importKey(issuer.publicKey.raw);
	return (
		scheme !== undefined && key !== undefined && verifySignature(scheme, key, certificate.tbs, certificate.signature)
	);
}

const maxChain = 15;
