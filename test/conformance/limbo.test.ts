/** x509-limbo: 207 chains of every sort, each with the verdict that a correct validator gives. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { newWorkBudget } from "#pki/build-path.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { decodeCrl } from "#pki/crl.ts";
import { crlStatus } from "#pki/crl-status.ts";
import { purposeOid } from "#pki/oids.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { type ProfileName, validationProfiles } from "#pki/validation-profile.ts";
import { verifyChain } from "#pki/verify-chain.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { readSkips } from "../support/conformance-skips.ts";

interface LimboCase {
	readonly id: string;
	readonly features: readonly string[];
	readonly validation_kind: "SERVER" | "CLIENT";
	readonly trusted_certs: readonly string[];
	readonly untrusted_intermediates: readonly string[];
	readonly peer_certificate: string;
	readonly validation_time: string | null;
	readonly expected_result: "SUCCESS" | "FAILURE";
	readonly expected_peer_name: { readonly kind: string; readonly value: string } | null;
	readonly expected_peer_names: readonly { readonly kind: string; readonly value: string }[];
	readonly max_chain_depth: number | null;
	readonly crls: readonly string[];
}

const data = gunzipSync(readFileSync(new URL("../data/limbo/limbo.json.gz", import.meta.url)));
const cases = (JSON.parse(data.toString("utf8")) as { testcases: LimboCase[] }).testcases;
/** The day on which the cases were made: for those that name no time. */
const defaultTime = Date.UTC(2026, 10, 20);

function certificates(pems: readonly string[]): Certificate[] {
	return pems.flatMap((pem) => {
		const decoded = decodeCertificate(octetsOf(pem));
		return decoded.kind === "done" ? [decoded.value] : [];
	});
}

function octetsOf(pem: string): Uint8Array {
	return Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
}

function timeOf(limbo: LimboCase): number {
	return limbo.validation_time === null ? defaultTime : Date.parse(limbo.validation_time);
}

/** True, or the reason of the refusal. */
function verdictOf(limbo: LimboCase, profile: ProfileName): true | string {
	const [leaf] = certificates([limbo.peer_certificate]);
	if (leaf === undefined) return "malformed";
	const isServer = limbo.validation_kind === "SERVER";
	const verdict = verifyChain({
		leaf,
		intermediates: certificates(limbo.untrusted_intermediates),
		anchors: new TrustAnchors(certificates(limbo.trusted_certs)),
		now: timeOf(limbo),
		host: isServer ? limbo.expected_peer_name?.value : undefined,
		purpose: isServer ? purposeOid.serverAuth : purposeOid.clientAuth,
		profile: validationProfiles[profile],
		maxIntermediates: limbo.features.includes("max-chain-depth") ? (limbo.max_chain_depth ?? 0) : undefined,
	});
	if (verdict.kind === "untrusted") return verdict.reason.code;
	const mailboxes = (leaf.typed.subjectAltName ?? []).flatMap((name) => (name.kind === "email" ? [name.text] : []));
	if (!isServer && !limbo.expected_peer_names.every(({ value }) => mailboxes.includes(value))) return "peer names";
	return limbo.crls.length === 0 ? true : revocationOf(limbo, verdict.path, profile);
}

/** With CRLs at hand, every certificate of the path must be good. */
function revocationOf(limbo: LimboCase, path: readonly Certificate[], name: ProfileName): true | string {
	const crls = limbo.crls.flatMap((pem) => {
		const decoded = decodeCrl(octetsOf(pem));
		return decoded.kind === "done" ? [decoded.value] : [];
	});
	const anchors = new TrustAnchors(certificates(limbo.trusted_certs));
	const common = { crls, anchors, issuers: [], cache: new SignatureCache(64), now: timeOf(limbo) };
	const budget = newWorkBudget();
	for (let depth = path.length - 2; depth >= 0; depth--) {
		const status = crlStatus({ ...common, path, depth, budget, profile: validationProfiles[name] });
		if (status.kind !== "good") return `certificate ${depth} is ${status.kind}`;
	}
	return true;
}

function wrong(
	profile: ProfileName,
	expected: "SUCCESS" | "FAILURE",
	isCounted: (limbo: LimboCase) => boolean,
): string[] {
	const skips = readSkips(`limbo/${profile}`);
	const found: string[] = [];
	for (const limbo of cases) {
		if (limbo.expected_result !== expected || !isCounted(limbo)) continue;
		const verdict = verdictOf(limbo, profile);
		const isWrong = (verdict === true) !== (expected === "SUCCESS");
		if (isWrong && !skips.has(limbo.id)) found.push(`${limbo.id}: ${verdict}`);
		if (!isWrong && skips.has(limbo.id)) found.push(`${limbo.id}: stands in skips.json and is right`);
	}
	return found;
}

function isCore({ features }: LimboCase): boolean {
	return !features.some((feature) => feature.startsWith("pedantic-"));
}

describe("x509-limbo", () => {
	it("brings its 207 cases", () => {
		assert.equal(cases.length, 207);
		assert.equal(cases.filter((limbo) => isCore(limbo) && limbo.expected_result === "FAILURE").length, 129);
	});

	it("has a sentence of a standard as the reason of each deviation", () => {
		for (const profile of ["web-pki", "strict"] as const)
			for (const [id, reason] of readSkips(`limbo/${profile}`))
				assert.match(reason, /^(?:RFC \d+ §[\d.]+|BR [\d.]+): ".+"/, id);
	});

	it("V1-V20: web-pki accepts no core case that must be refused", () => {
		assert.deepEqual(wrong("web-pki", "FAILURE", isCore), []);
	});

	it("V1-V20: web-pki refuses no case that must be accepted", () => {
		assert.deepEqual(
			wrong("web-pki", "SUCCESS", () => true),
			[],
		);
	});

	it("V1-V20: strict accepts no case that must be refused, pedantic ones among them", () => {
		assert.deepEqual(
			wrong("strict", "FAILURE", () => true),
			[],
		);
	});
});
