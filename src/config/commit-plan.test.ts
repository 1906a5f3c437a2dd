import assert from "node:assert/strict";
import { test } from "node:test";
import { type AnyCapability, planCommit, refusedLines, verifyCommit } from "#config/commit-plan.ts";
import { error, warning } from "#config/finding.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

function capability(id: string, part: Partial<AnyCapability>): AnyCapability {
	return { id, schema: sampleRoot, verify: () => [], plan: () => [], ...part };
}

test("every capability is asked with its facts, each may veto, warnings of all are kept", () => {
	const asked: unknown[] = [];
	const one = capability("one", {
		verify(_, facts) {
			asked.push(facts);
			return [warning([], "a", "mind")];
		},
	});
	const two = capability("two", { verify: () => [error(["system"], "host-name", "is taken")] });
	const facts = new Map([["one", "fact"]]);
	assert.equal(verifyCommit(sampleRoot, [one], treeOf(""), facts).errors.length, 0);
	const refused = verifyCommit(sampleRoot, [one, two], treeOf(""), facts);
	assert.deepEqual(asked, ["fact", "fact"]);
	assert.equal(refused.snapshot, undefined);
	assert.deepEqual(refusedLines(refused.errors, refused.warnings), [
		"[edit]\n  'a'\n    warning: mind",
		"[edit system]\n  'host-name'\n    is taken",
		"error: configuration check-out failed",
	]);
});

test("capabilities are not asked about a tree that the schema refuses, and one that throws refuses", () => {
	const never = capability("never", { verify: () => assert.fail("asked") });
	assert.equal(
		verifyCommit(sampleRoot, [never], treeOf("security { ike { gateway g; } }"), new Map()).errors.length,
		1,
	);
	const broken = capability("broken", {
		verify: () => {
			throw new Error("oops");
		},
	});
	assert.equal(
		verifyCommit(sampleRoot, [broken], treeOf(""), new Map()).errors[0]?.message,
		"broken: the check failed by itself: oops",
	);
});

test("steps stand in the order of the capabilities", () => {
	const of = (id: string) =>
		capability(id, { plan: (before, after) => [{ says: `${String(before)} to ${String(after)}`, apply: 1, undo: 2 }] });
	assert.deepEqual(
		planCommit([of("a"), of("b")], undefined, "x").map((step) => `${step.capability}: ${step.says}`),
		["a: undefined to x", "b: undefined to x"],
	);
});
