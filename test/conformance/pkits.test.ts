/** NIST PKITS: 249 tests of path validation, policies and CRLs (Debian: python3-cryptography-vectors). */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { type Crl, decodeCrl } from "#pki/crl.ts";
import { crlStatus } from "#pki/crl-status.ts";
import { anyPolicyOid, purposeOid } from "#pki/oids.ts";
import type { PolicyQuestion } from "#pki/policy-tree.ts";
import type { KeyKind } from "#pki/public-key.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { type ValidationProfile, validationProfiles } from "#pki/validation-profile.ts";
import { verifyChain } from "#pki/verify-chain.ts";
import { SignatureCache } from "#pki/verify-signature.ts";

const folder = "/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data";

interface PkitsTest {
	readonly name: string;
	/** File name of the end entity's certificate, without ending. */
	readonly target: string;
	readonly isValid: boolean;
	readonly policies: PolicyQuestion;
}

/** What the tests ask besides the defaults of PKITS §3: `explicit`, `no-mapping`, `no-any`, and policies by number. */
type Settings = readonly ("explicit" | "no-mapping" | "no-any" | number)[];

/** Tests with settings of their own, or whose file does not tell the result: [test, file, valid, settings]. */
const settled: readonly (readonly [string, string, boolean, Settings])[] = [
	["4.8.1.1", "ValidCertificatePathTest1EE", true, ["explicit"]],
	["4.8.1.2", "ValidCertificatePathTest1EE", true, ["explicit", 1]],
	["4.8.1.3", "ValidCertificatePathTest1EE", false, ["explicit", 2]],
	["4.8.1.4", "ValidCertificatePathTest1EE", true, ["explicit", 1, 2]],
	["4.8.2.1", "AllCertificatesNoPoliciesTest2EE", true, []],
	["4.8.2.2", "AllCertificatesNoPoliciesTest2EE", false, ["explicit"]],
	["4.8.3.1", "DifferentPoliciesTest3EE", true, []],
	["4.8.3.2", "DifferentPoliciesTest3EE", false, ["explicit"]],
	["4.8.3.3", "DifferentPoliciesTest3EE", false, ["explicit", 1, 2]],
	["4.8.4", "DifferentPoliciesTest4EE", false, []],
	["4.8.5", "DifferentPoliciesTest5EE", false, []],
	["4.8.6.1", "OverlappingPoliciesTest6EE", true, []],
	["4.8.6.2", "OverlappingPoliciesTest6EE", true, [1]],
	["4.8.6.3", "OverlappingPoliciesTest6EE", false, [2]],
	["4.8.7", "DifferentPoliciesTest7EE", false, []],
	["4.8.8", "DifferentPoliciesTest8EE", false, []],
	["4.8.9", "DifferentPoliciesTest9EE", false, []],
	["4.8.10.1", "AllCertificatesSamePoliciesTest10EE", true, []],
	["4.8.10.2", "AllCertificatesSamePoliciesTest10EE", true, [1]],
	["4.8.10.3", "AllCertificatesSamePoliciesTest10EE", true, [2]],
	["4.8.11.1", "AllCertificatesanyPolicyTest11EE", true, []],
	["4.8.11.2", "AllCertificatesanyPolicyTest11EE", true, [1]],
	["4.8.12", "DifferentPoliciesTest12EE", false, []],
	["4.8.13.1", "AllCertificatesSamePoliciesTest13EE", true, [1]],
	["4.8.13.2", "AllCertificatesSamePoliciesTest13EE", true, [2]],
	["4.8.13.3", "AllCertificatesSamePoliciesTest13EE", true, [3]],
	["4.8.14.1", "AnyPolicyTest14EE", true, [1]],
	["4.8.14.2", "AnyPolicyTest14EE", false, [2]],
	["4.8.15", "UserNoticeQualifierTest15EE", true, []],
	["4.8.16", "UserNoticeQualifierTest16EE", true, []],
	["4.8.17", "UserNoticeQualifierTest17EE", true, []],
	["4.8.18.1", "UserNoticeQualifierTest18EE", true, [1]],
	["4.8.18.2", "UserNoticeQualifierTest18EE", true, [2]],
	["4.8.19", "UserNoticeQualifierTest19EE", true, []],
	["4.8.20", "CPSPointerQualifierTest20EE", true, []],
	["4.10.1.1", "ValidPolicyMappingTest1EE", true, [1]],
	["4.10.1.2", "ValidPolicyMappingTest1EE", false, [2]],
	["4.10.1.3", "ValidPolicyMappingTest1EE", false, ["no-mapping"]],
	["4.10.2.1", "InvalidPolicyMappingTest2EE", false, []],
	["4.10.2.2", "InvalidPolicyMappingTest2EE", false, ["no-mapping"]],
	["4.10.3.1", "ValidPolicyMappingTest3EE", false, [1]],
	["4.10.3.2", "ValidPolicyMappingTest3EE", true, [2]],
	["4.10.5.1", "ValidPolicyMappingTest5EE", true, [1]],
	["4.10.5.2", "ValidPolicyMappingTest5EE", false, [6]],
	["4.10.6.1", "ValidPolicyMappingTest6EE", true, [1]],
	["4.10.6.2", "ValidPolicyMappingTest6EE", false, [6]],
	["4.10.12.1", "ValidPolicyMappingTest12EE", true, [1]],
	["4.10.12.2", "ValidPolicyMappingTest12EE", true, [2]],
	["4.10.13.1", "ValidPolicyMappingTest13EE", true, []],
	["4.10.13.2", "ValidPolicyMappingTest13EE", true, [1]],
	["4.10.13.3", "ValidPolicyMappingTest13EE", false, [2]],
	["4.12.3.1", "inhibitAnyPolicyTest3EE", true, []],
	["4.12.3.2", "inhibitAnyPolicyTest3EE", false, ["no-any"]],
];

/** RFC 5280 alone, with the algorithms of the tests: DSA is in them, and SHA-1 with it. */
const profile: ValidationProfile = {
	...validationProfiles.lenient,
	name: "pkits",
	keyKinds: new Set<KeyKind>([...validationProfiles.lenient.keyKinds, "dsa"]),
	hashes: new Set(["sha1", "sha256"]),
};

/** Inside the validity of all certificates that are meant to be valid (2010 to 2030). */
const now = Date.UTC(2025, 0, 1);
const budget = { signatureChecks: 1000, candidates: 10_000, paths: 100, nameComparisons: 100_000 };

function policyQuestion(settings: Settings): PolicyQuestion {
	const numbers = settings.filter((setting) => typeof setting === "number");
	return {
		acceptable: new Set(
			numbers.length === 0 ? [anyPolicyOid] : numbers.map((number) => `2.16.840.1.101.3.2.1.48.${number}`),
		),
		mustBeExplicit: settings.includes("explicit"),
		isMappingInhibited: settings.includes("no-mapping"),
		isAnyInhibited: settings.includes("no-any"),
	};
}

class Pkits {
	readonly certificates = new Map<string, Certificate>();
	readonly crls: Crl[] = [];
	readonly tests: PkitsTest[] = [];
	readonly #others: Certificate[] = [];
	readonly #cache = new SignatureCache();

	constructor() {
		for (const file of readdirSync(`${folder}/certs`)) {
			const decoded = decodeCertificate(readFileSync(`${folder}/certs/${file}`));
			const name = file.replace(/\.crt$/, "");
			if (decoded.kind === "done") this.certificates.set(name, decoded.value);
			if (decoded.kind === "done" && !name.endsWith("EE")) this.#others.push(decoded.value);
			const isSettled = settled.some(([, target]) => target === name);
			const isPathTest = name === "ValidCertificatePathTest1EE";
			if (name.endsWith("EE") && (!isSettled || isPathTest))
				this.tests.push({ name, target: name, isValid: name.startsWith("Valid"), policies: policyQuestion([]) });
		}
		for (const file of readdirSync(`${folder}/crls`)) {
			const decoded = decodeCrl(readFileSync(`${folder}/crls/${file}`));
			if (decoded.kind === "done") this.crls.push(decoded.value);
		}
		for (const [name, target, isValid, settings] of settled)
			this.tests.push({ name: `${name} ${target}`, target, isValid, policies: policyQuestion(settings) });
	}

	/** Why the target is refused; undefined when it is accepted. */
	refusal({ target, policies }: PkitsTest): string | undefined {
		const leaf = this.certificates.get(target);
		const root = this.certificates.get("TrustAnchorRootCertificate");
		if (leaf === undefined || root === undefined) return "malformed";
		const anchors = new TrustAnchors([root]);
		const issuers = this.#others;
		const common = { anchors, now, profile, budget, cache: this.#cache };
		const verdict = verifyChain({ ...common, leaf, intermediates: issuers, purpose: purposeOid.any, policies });
		if (verdict.kind === "untrusted") return verdict.reason.sentence;
		for (let depth = verdict.path.length - 2; depth >= 0; depth--) {
			const status = crlStatus({ ...common, path: verdict.path, depth, crls: this.crls, issuers });
			if (status.kind !== "good") return `certificate ${depth} is ${status.kind}`;
		}
		return undefined;
	}
}

describe("NIST PKITS", () => {
	it("V3-V13: gives the right answer to 249 of 249", (t) => {
		if (!existsSync(folder)) {
			const message = `missing ${folder} (Debian: python3-cryptography-vectors)`;
			if (process.env.CI === "true") throw new Error(message);
			t.skip(message);
			return;
		}
		const pkits = new Pkits();
		const wrong = pkits.tests.flatMap((test) => {
			const refusal = pkits.refusal(test);
			return (refusal === undefined) === test.isValid ? [] : [`${test.name}: ${refusal ?? "accepted"}`];
		});
		assert.deepEqual(wrong, []);
		assert.equal(pkits.tests.length, 249);
	});
});
