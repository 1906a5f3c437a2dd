import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf } from "../../test/support/config-text.ts";

const within = (statement: string) => `security { alarms { potential-violation { ${statement} } } }`;

test("without its statement a failure raises no alarm; with it the threshold is that of the manual", () => {
	const { potentialViolation: none } = configOf("").security.alarms;
	assert.equal(none.decryptionFailures, undefined);
	const { potentialViolation } = configOf(
		within("decryption-failures; encryption-failures; ike-phase1-failures; ike-phase2-failures; replay-attacks;"),
	).security.alarms;
	assert.equal(potentialViolation.decryptionFailures?.threshold, 1_000);
	assert.equal(potentialViolation.encryptionFailures?.threshold, 1_000);
	assert.equal(potentialViolation.ikePhase1Failures?.threshold, 20);
	assert.equal(potentialViolation.ikePhase2Failures?.threshold, 20);
	assert.equal(potentialViolation.replayAttacks?.threshold, 1_000);
});

test("a threshold goes to 1000000000, from 0 or 1", () => {
	for (const [statement, min] of [
		["decryption-failures", 0],
		["replay-attacks", 0],
		["encryption-failures", 1],
		["ike-phase1-failures", 1],
		["ike-phase2-failures", 1],
	] as const) {
		assert.deepEqual(findingsOf(within(`${statement} threshold ${min};`)), []);
		assert.deepEqual(findingsOf(within(`${statement} threshold 1000000000;`)), []);
		assert.match(findingsOf(within(`${statement} threshold 1000000001;`)).join(), /not within range/);
		assert.match(findingsOf(within(`${statement} threshold ${min - 1};`)).join(), /not within range/);
	}
});
