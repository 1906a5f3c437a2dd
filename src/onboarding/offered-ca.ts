/**
 * Which certificates clients are asked to trust: those of the signing CAs in use for trusted servers, or, when such a CA
 * is not self-signed, the root of its chain. Never the untrusted CA.
 */
import { createHash } from "node:crypto";
import { isSignedBy } from "#pki/build-path.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import type { SigningCa } from "#pki/mint.ts";
import { commonNames } from "#pki/name.ts";
import { keyDistance } from "#pki/trust-anchors.ts";
import { SignatureCache } from "#pki/verify-signature.ts";

/** A certificate to be trusted. */
export interface OfferedCa {
	/** The name of the signing CA in the configuration. */
	readonly id: string;
	/** The common name, else the whole name. */
	readonly name: string;
	/** DER. */
	readonly certificate: Uint8Array;
	/** Of the DER, lower-case hexadecimal. */
	readonly sha256: string;
	readonly sha1: string;
	/** Milliseconds since 1970. */
	readonly notAfter: number;
	/** True when it is the root above the signing CA, not the signing CA itself. */
	readonly isAboveSigner: boolean;
}

/**
 * What is offered for these signing CAs.
 *
 * The issuers of an intermediate signing CA are looked for among the certificates that came with it and `others`; each
 * signature on the way up is verified. A CA whose root is not among them is not offered: most clients would not accept its leaves.
 * Bounds: at most 8 steps up a chain and about 64 signature checks.
 */
export function offeredCas(signers: readonly SigningCa[], others: readonly Uint8Array[]): OfferedCa[] {
	const candidates = [...others, ...signers.flatMap(({ chain, root }) => (root ? [...chain, root] : chain))].flatMap(
		decoded,
	);
	const offered = new Map<string, OfferedCa>();
	for (const { id, certificate } of signers) {
		const own = decoded(certificate)[0];
		const root = own === undefined ? undefined : rootAbove(own, candidates);
		if (own === undefined || root === undefined || offered.has(root.fingerprint)) continue;
		offered.set(root.fingerprint, {
			id,
			name: commonNames(root.subject)[0] ?? root.subject.text,
			certificate: root.der,
			sha256: root.fingerprint,
			sha1: createHash("sha1").update(root.der).digest("hex"),
			notAfter: root.notAfter,
			isAboveSigner: root !== own,
		});
	}
	return [...offered.values()];
}

/** Upper-case hexadecimal with colons, as certificate dialogues show it. */
export function fingerprintText(hex: string): string {
	return (hex.toUpperCase().match(/../g) ?? []).join(":");
}

function rootAbove(certificate: Certificate, candidates: readonly Certificate[]): Certificate | undefined {
	const cache = new SignatureCache(maxChecks);
	const budget = { signatureChecks: maxChecks };
	let at = certificate;
	for (let steps = 0; steps < maxSteps; steps++) {
		const below = at;
		if (below.isSelfIssued && isSignedBy(below, below.publicKey, cache, budget) === true) return below;
		const issuer = candidates
			.filter(({ subject, typed }) => subject.equals(below.issuer) && typed.basicConstraints?.isCa === true)
			.sort((a, b) => keyDistance(below, a) - keyDistance(below, b))
			.find((candidate) => isSignedBy(below, candidate.publicKey, cache, budget) === true);
		if (issuer === undefined) return undefined;
		at = issuer;
	}
	return undefined;
}

function decoded(der: Uint8Array): Certificate[] {
	const result = decodeCertificate(der);
	return result.kind === "done" ? [result.value] : [];
}

const maxSteps = 8;
const maxChecks = 64;
