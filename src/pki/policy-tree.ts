/**
 * Certificate policies along a path (RFC 5280 §6.1, in the form of RFC 9618, whose size cannot explode).
 *
 * One level of nodes at a time. A node remembers the policies of the trust anchor's domain that it stands for (`roots`),
 * so the levels above need not be kept, and pruning is an empty level.
 */

import type { Certificate } from "#pki/certificate.ts";
import { anyPolicyOid } from "#pki/oids.ts";

/** What the caller asks of policies. The default asks nothing. */
export interface PolicyQuestion {
	/** user-initial-policy-set; anyPolicy stands for every policy. */
	readonly acceptable: ReadonlySet<string>;
	readonly mustBeExplicit: boolean;
	readonly isMappingInhibited: boolean;
	readonly isAnyInhibited: boolean;
}

export const anyPolicyAcceptable: PolicyQuestion = {
	acceptable: new Set([anyPolicyOid]),
	mustBeExplicit: false,
	isMappingInhibited: false,
	isAnyInhibited: false,
};

export type PolicyFailure = "no-valid-policy" | "policy-mapping-any" | "too-much-work";

interface PolicyNode {
	readonly expected: ReadonlySet<string>;
	readonly roots: ReadonlySet<string>;
}

/**
 * Walks from the certificate below the trust anchor down to the leaf: `visit` each, then ask `validPolicies`.
 *
 * Bounds: a certificate with more than 128 policies or mappings is refused, so a level stays small.
 */
export class PolicyTree {
	readonly #question: PolicyQuestion;
	/** undefined is the NULL tree of RFC 5280. */
	#level: Map<string, PolicyNode> | undefined = new Map([
		[anyPolicyOid, { expected: new Set([anyPolicyOid]), roots: new Set() }],
	]);
	#explicitPolicy: number;
	#policyMapping: number;
	#inhibitAnyPolicy: number;

	constructor(question: PolicyQuestion, pathLength: number) {
		this.#question = question;
		this.#explicitPolicy = question.mustBeExplicit ? 0 : pathLength + 1;
		this.#policyMapping = question.isMappingInhibited ? 0 : pathLength + 1;
		this.#inhibitAnyPolicy = question.isAnyInhibited ? 0 : pathLength + 1;
	}

	/** Processes one certificate (§6.1.3 (d)-(f), then §6.1.4 or §6.1.5 for the leaf). */
	visit(certificate: Certificate, isLeaf: boolean): PolicyFailure | undefined {
		const { certificatePolicies, policyMappings } = certificate.typed;
		if ((certificatePolicies?.length ?? 0) > maxPolicies || (policyMappings?.length ?? 0) > maxPolicies)
			return "too-much-work";
		this.#level =
			certificatePolicies === undefined ? undefined : this.#nextLevel(certificate, certificatePolicies, isLeaf);
		if (this.#explicitPolicy === 0 && this.#level === undefined) return "no-valid-policy";
		if (isLeaf) {
			if (this.#explicitPolicy > 0) this.#explicitPolicy--;
			if (certificate.typed.policyConstraints?.requireExplicitPolicy === 0) this.#explicitPolicy = 0;
			return undefined;
		}
		for (const mapping of policyMappings ?? []) {
			if (mapping.issuerDomain === anyPolicyOid || mapping.subjectDomain === anyPolicyOid) return "policy-mapping-any";
		}
		this.#map(certificate);
		this.#count(certificate);
		return undefined;
	}

	/** The user-constrained policy set; undefined when a policy is required and none is valid (§6.1.5 (g)). */
	validPolicies(): string[] | undefined {
		const valid = new Set<string>();
		const { acceptable } = this.#question;
		const isAnyAcceptable = acceptable.has(anyPolicyOid);
		for (const [policy, node] of this.#level ?? []) {
			if (policy === anyPolicyOid) for (const name of acceptable) valid.add(name);
			for (const root of node.roots) if (isAnyAcceptable || acceptable.has(root)) valid.add(root);
		}
		return valid.size === 0 && this.#explicitPolicy === 0 ? undefined : [...valid];
	}

	#nextLevel(
		certificate: Certificate,
		policies: readonly string[],
		isLeaf: boolean,
	): Map<string, PolicyNode> | undefined {
		const previous = this.#level;
		if (previous === undefined) return undefined;
		const next = new Map<string, PolicyNode>();
		const rootsOfExpected = this.#rootsOfExpected(previous);
		const isAnyThere = previous.has(anyPolicyOid);
		for (const policy of policies) {
			if (policy === anyPolicyOid) continue;
			const roots = rootsOfExpected.get(policy);
			if (roots !== undefined) next.set(policy, { expected: new Set([policy]), roots });
			else if (isAnyThere) next.set(policy, { expected: new Set([policy]), roots: new Set([policy]) });
		}
		const mayUseAny = this.#inhibitAnyPolicy > 0 || (!isLeaf && certificate.isSelfIssued);
		if (policies.includes(anyPolicyOid) && mayUseAny) {
			for (const [policy, roots] of rootsOfExpected) {
				if (!next.has(policy)) next.set(policy, { expected: new Set([policy]), roots });
			}
		}
		return next.size === 0 ? undefined : next;
	}

	/** For each policy that some node expects, the roots of all nodes that expect it. */
	#rootsOfExpected(level: ReadonlyMap<string, PolicyNode>): Map<string, Set<string>> {
		const found = new Map<string, Set<string>>();
		for (const node of level.values()) {
			for (const expected of node.expected) {
				const roots = found.get(expected) ?? new Set<string>();
				for (const root of node.roots) roots.add(root);
				found.set(expected, roots);
			}
		}
		return found;
	}

	/** §6.1.4 (b). */
	#map(certificate: Certificate): void {
		const mappings = certificate.typed.policyMappings;
		const level = this.#level;
		if (mappings === undefined || level === undefined) return;
		const subjects = new Map<string, Set<string>>();
		for (const { issuerDomain, subjectDomain } of mappings) {
			const mapped = subjects.get(issuerDomain) ?? new Set<string>();
			subjects.set(issuerDomain, mapped.add(subjectDomain));
		}
		for (const [policy, expected] of subjects) {
			const node = level.get(policy);
			if (this.#policyMapping === 0) level.delete(policy);
			else if (node !== undefined) level.set(policy, { expected, roots: node.roots });
			else if (level.has(anyPolicyOid)) level.set(policy, { expected, roots: new Set([policy]) });
		}
		if (level.size === 0) this.#level = undefined;
	}

	/** §6.1.4 (h)-(j). */
	#count(certificate: Certificate): void {
		if (!certificate.isSelfIssued) {
			if (this.#explicitPolicy > 0) this.#explicitPolicy--;
			if (this.#policyMapping > 0) this.#policyMapping--;
			if (this.#inhibitAnyPolicy > 0) this.#inhibitAnyPolicy--;
		}
		const { policyConstraints, inhibitAnyPolicy } = certificate.typed;
		this.#explicitPolicy = Math.min(this.#explicitPolicy, policyConstraints?.requireExplicitPolicy ?? Number.MAX_VALUE);
		this.#policyMapping = Math.min(this.#policyMapping, policyConstraints?.inhibitPolicyMapping ?? Number.MAX_VALUE);
		this.#inhibitAnyPolicy = Math.min(this.#inhibitAnyPolicy, inhibitAnyPolicy ?? Number.MAX_VALUE);
	}
}

const maxPolicies = 128;
