import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestName } from "#config/advice.ts";

test("a name with one or two slips is recognised", () => {
	assert.equal(nearestName("polices", ["policies", "policy", "zones"]), "policies");
	assert.equal(nearestName("adress", ["address", "dress"]), "address");
	assert.equal(nearestName("hots-name", ["host-name"]), "host-name");
});

test("a name too far away, too short or too long gets no advice", () => {
	assert.equal(nearestName("banana", ["policies"]), undefined);
	assert.equal(nearestName("x", ["y"]), undefined);
	assert.equal(nearestName("a".repeat(70), ["a".repeat(69)]), undefined);
	assert.equal(nearestName("abcd", ["abxy"]), undefined);
});
