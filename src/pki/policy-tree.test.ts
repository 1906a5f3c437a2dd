import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Certificate } from "#pki/certificate.ts";
import { contextTag, derInteger, derOid, derSequence } from "#pki/der.ts";
import { anyPolicyOid, extensionOid } from "#pki/oids.ts";
import { anyPolicyAcceptable, type PolicyFailure, type PolicyQuestion, PolicyTree } from "#pki/policy-tree.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

interface Policies {
	readonly policies?: readonly string[];
	readonly mappings?: readonly (readonly [string, string])[];
	readonly requireExplicit?: number;
	readonly inhibitMapping?: number;
	readonly inhibitAny?: number;
	readonly isSelfIssued?: boolean;
}

function certificate(request: Policies): Certificate {
	const extensions = [];
	if (request.policies !== undefined) {
		const value = derSequence(...request.policies.map((policy) => derSequence(derOid(policy))));
		extensions.push({ oid: extensionOid.certificatePolicies, value });
	}
	if (request.mappings !== undefined) {
		const value = derSequence(...request.mappings.map(([from, to]) => derSequence(derOid(from), derOid(to))));
		extensions.push({ oid: extensionOid.policyMappings, value });
	}
	if (request.requireExplicit !== undefined || request.inhibitMapping !== undefined) {
		const skip = (tag: number, value: number | undefined) =>
			value === undefined ? [] : [derInteger(value, contextTag(tag))];
		const value = derSequence(...skip(0, request.requireExplicit), ...skip(1, request.inhibitMapping));
		extensions.push({ oid: extensionOid.policyConstraints, critical: true, value });
	}
	if (request.inhibitAny !== undefined)
		extensions.push({ oid: extensionOid.inhibitAnyPolicy, critical: true, value: derInteger(request.inhibitAny) });
	return makeCertificate({ isCa: true, issuerName: request.isSelfIssued === true ? "CN=test" : "CN=other", extensions })
		.certificate;
}

/** Visits the certificates from the anchor's side; the last is the leaf. */
function run(requests: readonly Policies[], question: Partial<PolicyQuestion> = {}): string[] | PolicyFailure {
	const tree = new PolicyTree({ ...anyPolicyAcceptable, ...question }, requests.length);
	for (const [index, request] of requests.entries()) {
		const failure = tree.visit(certificate(request), index === requests.length - 1);
		if (failure !== undefined) return failure;
	}
	return tree.validPolicies() ?? "no-valid-policy";
}

const [p1, p2, p3, p4] = ["1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4"];
const explicit = { mustBeExplicit: true };

describe("PolicyTree (V13)", () => {
	it("keeps policies that every certificate has", () => {
		assert.deepEqual(run([{ policies: [p1, p2] }, { policies: [p1] }]), [p1]);
		assert.deepEqual(run([{ policies: [p1] }, { policies: [p2] }]), []);
		assert.equal(run([{ policies: [p1] }, { policies: [p2] }], explicit), "no-valid-policy");
		assert.deepEqual(run([{}, { policies: [p1] }]), []);
		assert.equal(run([{}, { policies: [p1] }], explicit), "no-valid-policy");
	});

	it("accepts only the caller's policies when they must be explicit", () => {
		const chain = [{ policies: [p1, p2] }, { policies: [p1, p2] }];
		assert.deepEqual(run(chain, { ...explicit, acceptable: new Set([p2]) }), [p2]);
		assert.equal(run(chain, { ...explicit, acceptable: new Set([p3]) }), "no-valid-policy");
	});

	it("lets anyPolicy stand for every policy unless it is inhibited", () => {
		assert.deepEqual(run([{ policies: [anyPolicyOid] }, { policies: [p1] }], explicit), [p1]);
		assert.deepEqual(run([{ policies: [p1] }, { policies: [anyPolicyOid] }], explicit), [p1]);
		const anyEverywhere = [{ policies: [anyPolicyOid] }, { policies: [anyPolicyOid] }];
		assert.deepEqual(run(anyEverywhere, { ...explicit, acceptable: new Set([p1]) }), [p1]);
		assert.equal(run(anyEverywhere, { ...explicit, isAnyInhibited: true }), "no-valid-policy");
		const inhibited = [{ policies: [p1], inhibitAny: 0 }, { policies: [anyPolicyOid] }];
		assert.equal(run(inhibited, explicit), "no-valid-policy");
		const rollover = [
			{ policies: [anyPolicyOid], inhibitAny: 0 },
			{ policies: [anyPolicyOid], isSelfIssued: true },
			{ policies: [p1] },
		];
		assert.deepEqual(run(rollover, explicit), [p1]);
	});

	it("maps policies and answers in the anchor's terms", () => {
		const mapped = [{ policies: [p1], mappings: [[p1, p2]] as const }, { policies: [p2] }];
		assert.deepEqual(run(mapped, explicit), [p1]);
		assert.equal(run(mapped, { ...explicit, acceptable: new Set([p2]) }), "no-valid-policy");
		assert.equal(run(mapped, { ...explicit, isMappingInhibited: true }), "no-valid-policy");
		assert.equal(run([{ policies: [p1], mappings: [[p1, p2]] }, { policies: [p1] }], explicit), "no-valid-policy");
		assert.deepEqual(run([{ policies: [anyPolicyOid], mappings: [[p1, p2]] }, { policies: [p2] }], explicit), [p1]);
		const several = [
			{
				policies: [p1, p3],
				mappings: [
					[p1, p2],
					[p3, p2],
					[p1, p4],
				] as const,
			},
			{ policies: [p2] },
		];
		assert.deepEqual(new Set(run(several, explicit)), new Set([p1, p3]));
		assert.equal(run([{ policies: [p1], mappings: [[anyPolicyOid, p1]] }, { policies: [p1] }]), "policy-mapping-any");
		assert.equal(run([{ policies: [p1], mappings: [[p1, anyPolicyOid]] }, { policies: [p1] }]), "policy-mapping-any");
	});

	it("counts requireExplicitPolicy and inhibitPolicyMapping down over certificates that are not self-issued", () => {
		assert.equal(run([{ requireExplicit: 0 }, {}]), "no-valid-policy");
		assert.deepEqual(run([{ requireExplicit: 2 }, {}]), []);
		assert.equal(run([{ requireExplicit: 1 }, {}, {}]), "no-valid-policy");
		assert.deepEqual(run([{ requireExplicit: 2 }, { isSelfIssued: true }, {}]), []);
		assert.equal(run([{}, { requireExplicit: 0 }]), "no-valid-policy");
		const inhibited = [
			{ policies: [p1], inhibitMapping: 0 },
			{ policies: [p1], mappings: [[p1, p2]] as const },
			{ policies: [p2] },
		];
		assert.equal(run(inhibited, explicit), "no-valid-policy");
	});

	it("V16: refuses more policies or mappings than it processes, and stays small at that number", () => {
		const policies = Array.from({ length: 128 }, (_, index) => `1.2.4.${index}`);
		assert.equal(run([{ policies: [...policies, p1] }]), "too-much-work");
		const crossed = policies.map((policy, index) => [policy, policies[(index + 1) % 128] as string] as const);
		const levels = Array.from({ length: 8 }, () => ({
			policies: [...policies.slice(1), anyPolicyOid],
			mappings: crossed,
		}));
		const start = performance.now();
		run([...levels, { policies }], explicit);
		assert.ok(performance.now() - start < 1000);
	});
});
