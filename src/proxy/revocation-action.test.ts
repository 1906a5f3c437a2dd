import assert from "node:assert/strict";
import { test } from "node:test";
import type { RevocationAnswer, RevocationVerdict } from "#pki/revocation.ts";
import { revocationAction } from "#proxy/revocation-action.ts";

const verdict = (answer: RevocationAnswer): RevocationVerdict => ({
	answer,
	depth: 0,
	source: "ocsp",
	sentence: "",
	until: undefined,
	revokedAt: undefined,
	reason: undefined,
});
const actionsOf = (dropsUnavailable: boolean) =>
	(["good", "revoked", "unknown", "staple-missing", "unavailable"] as const).map((answer) => {
		const action = revocationAction(verdict(answer), { dropsUnavailable });
		return `${answer}: ${action.kind}`;
	});

test("V12: each answer has its own action, and only the lack of one follows the profile (N4)", () => {
	const settled = ["good: accept", "revoked: distrust", "unknown: distrust", "staple-missing: distrust"];
	assert.deepEqual(actionsOf(false), [...settled, "unavailable: accept"]);
	assert.deepEqual(actionsOf(true), [...settled, "unavailable: drop"]);
});

test("what is revoked and what is not vouched for are different faults", () => {
	const codes = (["revoked", "unknown", "staple-missing"] as const).map((answer) => {
		const action = revocationAction(verdict(answer), { dropsUnavailable: false });
		return action.kind === "distrust" && action.code;
	});
	assert.deepEqual(codes, ["SERVER_CERTIFICATE_REVOKED", "SERVER_STATUS_REFUSED", "SERVER_STATUS_REFUSED"]);
});
