/**
 * Path validation: may this certificate speak for this host, today, under these trust anchors?
 *
 * The leaf's own defects are looked at first, then paths are searched (`build-path.ts`), then each path is validated
 * from the anchor down: constraints, policies, form. The first path that holds is the answer. A profile decides about
 * rules of form; what safety rests on is checked in all of them (`validation-profile.ts`).
 * Source: RFC 5280 §6.1 with RFC 9618 for policies; RFC 9525 for names.
 */

import { hash } from "node:crypto";
import { isSignedBy, newWorkBudget, PathFinder, type WorkBudget } from "#pki/build-path.ts";
import type { Certificate } from "#pki/certificate.ts";
import { checkCertificate } from "#pki/check-certificate.ts";
import { checkForm, type FormContext } from "#pki/check-form.ts";
import { checkNameConstraints, malformedConstraint } from "#pki/name-constraints.ts";
import { purposeOid } from "#pki/oids.ts";
import { anyPolicyAcceptable, type PolicyQuestion, PolicyTree } from "#pki/policy-tree.ts";
import type { TrustAnchors } from "#pki/trust-anchors.ts";
import { type Refusal, refusal, type ValidationProfile, validationProfiles } from "#pki/validation-profile.ts";
import { verifyName } from "#pki/verify-name.ts";
import { SignatureCache, workingKeyInfo } from "#pki/verify-signature.ts";

export interface ChainQuestion {
	readonly leaf: Certificate;
	/** What the server sent besides its certificate, and what is known otherwise; any order, strangers allowed. */
	readonly intermediates: readonly Certificate[];
	readonly anchors: TrustAnchors;
	/** Milliseconds since 1970. */
	readonly now: number;
	/** The host that the certificate must be for; undefined leaves the names unasked. */
	readonly host?: string | undefined;
	/** Default web-pki. */
	readonly profile?: ValidationProfile | undefined;
	/** Purpose in dotted form, default serverAuth; `any` accepts every purpose. */
	readonly purpose?: string | undefined;
	readonly policies?: PolicyQuestion | undefined;
	/** Tells registry suffixes for wildcards; absent means that only single labels count as such. */
	readonly isPublicSuffix?: ((name: string) => boolean) | undefined;
	/** SHA-256 (hexadecimal) of the SubjectPublicKeyInfo of the gateway's own signing CAs: never trusted from outside. */
	readonly ownAuthorities?: ReadonlySet<string> | undefined;
	readonly cache?: SignatureCache | undefined;
	readonly budget?: Partial<WorkBudget> | undefined;
	/** Intermediates on a path that are not self-issued, at most; default 10. */
	readonly maxIntermediates?: number | undefined;
}

export type ChainVerdict =
	/** `path` is leaf first, anchor last. `policies` are those valid for the whole path, `any` among them. */
	| { readonly kind: "trusted"; readonly path: readonly Certificate[]; readonly policies: readonly string[] }
	| { readonly kind: "untrusted"; readonly reason: Refusal };

/**
 * Answers the question. Never throws.
 *
 * Bounds: by default 60 signatures of usual keys, 400 candidates, 16 paths and 250,000 name comparisons; then `too-much-work`.
 */
export function verifyChain(question: ChainQuestion): ChainVerdict {
	const search = newSearch(question);
	const ownDefect = checkCertificate(question.leaf, "leaf", 0, search.context);
	if (ownDefect !== undefined) return untrusted(ownDefect);
	const { anchors, leaf } = question;
	const mayLeafBeAnchor = !search.context.profile.refuses.has("leaf-is-anchor");
	if (mayLeafBeAnchor && anchors.has(leaf))
		return verifyHost(question, search, { kind: "trusted", path: [leaf], policies: [] });
	const finder = new PathFinder(search);
	let failure: Refusal | undefined;
	for (const path of finder.paths()) {
		const verdict = --search.budget.paths < 0 ? untrusted(tooMuchWork) : verifyPath(path, question, search);
		if (verdict.kind === "trusted") return verifyHost(question, search, verdict);
		failure ??= verdict.reason;
		if (verdict.reason.code === "too-much-work") return verdict;
	}
	if (finder.isExhausted) return untrusted(tooMuchWork);
	return untrusted(failure ?? finder.failure ?? noAnchorReached(question));
}

/** Names a path and the trust that validated it: the same for the same certificates and the same key of the trust. */
export function pathKeyOf(path: readonly Certificate[], trustKey: string): string {
	return hash("sha256", `${path.map(({ fingerprint }) => fingerprint).join(" ")} ${trustKey}`, "base64url");
}

type Search = ReturnType<typeof newSearch>;

function newSearch(question: ChainQuestion) {
	const profile = question.profile ?? validationProfiles["web-pki"];
	const purpose = question.purpose ?? purposeOid.serverAuth;
	const context: FormContext = {
		profile,
		now: question.now,
		purpose: purpose === purposeOid.any ? undefined : purpose,
		isPublicSuffix: question.isPublicSuffix,
	};
	return {
		leaf: question.leaf,
		intermediates: question.intermediates,
		anchors: question.anchors,
		context,
		cache: question.cache ?? new SignatureCache(smallCache),
		budget: { ...newWorkBudget(), ...question.budget },
		maxIntermediates: question.maxIntermediates ?? defaultIntermediates,
	};
}

/** Validates one path from its anchor down (§6.1.2 to §6.1.5). */
function verifyPath(path: readonly Certificate[], question: ChainQuestion, search: Search): ChainVerdict {
	const failure =
		findOwnAuthority(path, question.ownAuthorities) ??
		findPathLength(path) ??
		findInheritedKey(path, search) ??
		findConstrainedName(path, search);
	if (failure !== undefined) return untrusted(failure);
	const policies = findPolicies(path, question.policies ?? anyPolicyAcceptable);
	if (!Array.isArray(policies)) return untrusted(policies);
	for (const [depth, certificate] of path.entries()) {
		const place = depth === 0 ? "leaf" : depth === path.length - 1 ? "anchor" : "intermediate";
		const refused = checkForm(certificate, place, depth, search.context);
		if (refused !== undefined) return untrusted(refused);
	}
	return { kind: "trusted", path, policies };
}

function findOwnAuthority(path: readonly Certificate[], own: ReadonlySet<string> | undefined): Refusal | undefined {
	if (own === undefined || own.size === 0) return undefined;
	const depth = path.findIndex(({ publicKey }, index) => index > 0 && own.has(hash("sha256", publicKey.raw, "hex")));
	if (depth === -1) return undefined;
	return refusal(
		"own-authority",
		depth,
		`certificate ${depth} is this gateway's own signing CA, which signs for no server`,
	);
}

/** §6.1.4 (l) and (m); the anchor's own pathLenConstraint counts as well. */
function findPathLength(path: readonly Certificate[]): Refusal | undefined {
	let left = Number.POSITIVE_INFINITY;
	for (let depth = path.length - 1; depth > 0; depth--) {
		const certificate = path[depth] as Certificate;
		if (depth < path.length - 1 && !certificate.isSelfIssued && left-- <= 0)
			return refusal(
				"path-too-long",
				depth,
				`certificate ${depth} (${certificate.subject.shortText}): a CA above it allows no CA here`,
			);
		left = Math.min(left, certificate.typed.basicConstraints?.pathLength ?? left);
	}
	return undefined;
}

/** Signatures by keys that inherit their parameters, which the search had to leave open. */
function findInheritedKey(path: readonly Certificate[], { cache, budget }: Search): Refusal | undefined {
	let working: Uint8Array | undefined;
	for (let depth = path.length - 1; depth > 0; depth--) {
		const { publicKey } = path[depth] as Certificate;
		working = workingKeyInfo(publicKey, working);
		if (!publicKey.hasInheritedParameters) continue;
		const child = path[depth - 1] as Certificate;
		if (working === undefined || isSignedBy(child, publicKey, cache, budget, working) !== true)
			return refusal(
				"signature-invalid",
				depth - 1,
				`certificate ${depth - 1} (${child.subject.shortText}): its signature does not verify`,
			);
	}
	return undefined;
}

/** §6.1.3 (b), (c) and §6.1.4 (g): each CA's constraints over every certificate below it. */
function findConstrainedName(path: readonly Certificate[], { budget, context }: Search): Refusal | undefined {
	const mayHaveLeadingPeriod = !context.profile.refuses.has("name-constraint-leading-period");
	for (let depth = path.length - 1; depth > 0; depth--) {
		const constraints = (path[depth] as Certificate).typed.nameConstraints;
		if (constraints === undefined) continue;
		const malformed = malformedConstraint(constraints, mayHaveLeadingPeriod);
		if (malformed !== undefined) return refusal(malformed.code, depth, `certificate ${depth}: ${malformed.sentence}`);
		for (let below = depth - 1; below >= 0; below--) {
			const certificate = path[below] as Certificate;
			// "Name constraints are not applied to self-issued certificates (unless the certificate is the final…)."
			if (below > 0 && certificate.isSelfIssued) continue;
			const failure = checkNameConstraints(constraints, certificate, budget);
			if (failure !== undefined) return refusal(failure.code, below, `certificate ${below}: ${failure.sentence}`);
		}
	}
	return undefined;
}

function findPolicies(path: readonly Certificate[], question: PolicyQuestion): string[] | Refusal {
	const tree = new PolicyTree(question, path.length - 1);
	for (let depth = path.length - 2; depth >= 0; depth--) {
		const certificate = path[depth] as Certificate;
		const failure = tree.visit(certificate, depth === 0);
		if (failure !== undefined)
			return refusal(
				failure,
				depth,
				`certificate ${depth} (${certificate.subject.shortText}): ${policySentences[failure]}`,
			);
	}
	return tree.validPolicies() ?? refusal("no-valid-policy", 0, policySentences["no-valid-policy"]);
}

function verifyHost(question: ChainQuestion, search: Search, trusted: ChainVerdict): ChainVerdict {
	if (question.host === undefined) return trusted;
	const verdict = verifyName(question.leaf.typed.subjectAltName, question.host, search.context.isPublicSuffix);
	if (verdict.kind === "match") return trusted;
	const names = verdict.presented.length === 0 ? "no host" : verdict.presented.join(", ");
	return untrusted(refusal("name-mismatch", 0, `the certificate is for ${names}; expected ${question.host}`));
}

function noAnchorReached({ leaf, anchors }: ChainQuestion): Refusal {
	const which = `certificate 0 (${leaf.subject.shortText})`;
	if (anchors.has(leaf))
		return refusal("leaf-is-anchor", 0, `${which} stands in the trust store itself; expected its issuer`);
	if (leaf.isSelfIssued) return refusal("self-signed", 0, `${which} is self-signed and no trust anchor`);
	return refusal(
		"unknown-issuer",
		0,
		`no path from ${which} to a trust anchor; its issuer is ${leaf.issuer.shortText}`,
	);
}

function untrusted(reason: Refusal): ChainVerdict {
	return { kind: "untrusted", reason };
}

const defaultIntermediates = 10;
const smallCache = 64;
const tooMuchWork = refusal("too-much-work", 0, "the search for a path ended at its work budget");
const policySentences = {
	"no-valid-policy": "a certificate policy is required and none is valid here",
	"policy-mapping-any": "a policy mapping names anyPolicy",
	"too-much-work": "more certificate policies than are processed",
} as const;
