/**
 * Whether certificates that a peer sent speak for the identity that it claims: the path by the validator of `#pki`, the
 * identity by the names in the certificate (RFC 4945 §3.1, RFC 7296 §3.5).
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { equalBytes } from "#base/bytes.ts";
import { type Identity, identityText } from "#ike/auth/identity.ts";
import { isName } from "#ike/auth/name-pattern.ts";
import { identityType } from "#ike/wire/identification.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import type { TrustAnchors } from "#pki/trust-anchors.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { verifyChain } from "#pki/verify-chain.ts";

/** What the peer showed. */
export interface PeerClaim {
	readonly identity: Identity;
	/** DER, the peer's own first. */
	readonly certificates: readonly Uint8Array[];
	/** Milliseconds since 1970. */
	readonly now: number;
}

export type PeerJudgement =
	/** `path` is validated, leaf first, anchor last. */
	| { readonly kind: "trusted"; readonly publicKey: KeyObject; readonly path: readonly Certificate[] }
	| { readonly kind: "untrusted"; readonly reason: string };

/** The port that the engine asks about certificates. */
export type JudgePeer = (claim: PeerClaim) => PeerJudgement;

/** A judge that trusts these anchors. Bounds: those of `verifyChain`; at most 10 certificates of the peer are read. */
export function peerJudge(anchors: TrustAnchors): JudgePeer {
	return ({ identity, certificates, now }) => {
		const chain: Certificate[] = [];
		for (const der of certificates.slice(0, maxCertificates)) {
			const decoded = decodeCertificate(der);
			if (decoded.kind !== "done") return untrusted("its certificate cannot be read");
			chain.push(decoded.value);
		}
		const [leaf, ...intermediates] = chain;
		if (leaf === undefined) return untrusted("it sent no certificate");
		if (!speaksFor(leaf, identity)) return untrusted(`its certificate does not name ${identityText(identity)}`);
		const profile = validationProfiles.lenient;
		const verdict = verifyChain({ leaf, intermediates, anchors, now, purpose: "any", profile });
		if (verdict.kind === "untrusted") return untrusted(verdict.reason.sentence);
		return {
			kind: "trusted",
			publicKey: createPublicKey({ key: Buffer.from(leaf.publicKey.raw), format: "der", type: "spki" }),
			path: verdict.path,
		};
	};
}

/** True when the certificate has the identity: as a subjectAltName, or as its subject. */
function speaksFor({ subject, typed }: Certificate, { idType, data }: Identity): boolean {
	const text = Buffer.from(data).toString("latin1").toLowerCase();
	const names = typed.subjectAltName ?? [];
	switch (idType) {
		case identityType.fqdn:
			return names.some((name) => name.kind === "dns" && name.text.toLowerCase() === text);
		case identityType.email:
			return names.some((name) => name.kind === "email" && name.text.toLowerCase() === text);
		case identityType.ipv4:
		case identityType.ipv6:
			return names.some((name) => name.kind === "ip" && equalBytes(name.octets, data));
		case identityType.distinguishedName:
			return isName(subject, data);
		default:
			return false;
	}
}

function untrusted(reason: string): PeerJudgement {
	return { kind: "untrusted", reason };
}

const maxCertificates = 10;
