import assert from "node:assert/strict";
import { test } from "node:test";
import { brokenProtection, lockedAt, lockedBelow } from "#config/protection.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

const before = treeOf(
	"system { protect: host-name a; ports 1; } security { ike { protect: policy p { mode main; } policy q; } }",
);

test("a change below or of a protected statement is found, another is not", () => {
	const same = "security { ike { protect: policy p { mode main; } } }";
	assert.equal(brokenProtection(sampleRoot, before, treeOf(`system { protect: host-name a; } ${same}`)), undefined);
	assert.equal(
		brokenProtection(sampleRoot, before, treeOf(`system { protect: host-name b; } ${same}`)),
		"[edit system]\n  'host-name'\n    statement is protected, 'host-name' cannot be changed",
	);
	assert.equal(
		brokenProtection(sampleRoot, before, treeOf("system { protect: host-name a; }")),
		"[edit security ike]\n  'policy p'\n    statement is protected, 'policy p' cannot be deleted",
	);
});

test("what lies on or below a protected path is locked", () => {
	const policy = [
		{ name: "security", keys: [], holds: "container" as const },
		{ name: "ike", keys: [], holds: "container" as const },
		{ name: "policy", keys: ["p"], holds: "sorted" as const },
	];
	assert.match(lockedAt(sampleRoot, before, policy, "mode") ?? "", /'policy p' cannot be changed/);
	assert.equal(lockedAt(sampleRoot, before, policy.slice(0, 2)), undefined);
	assert.match(
		lockedAt(sampleRoot, before, [{ name: "system", keys: [], holds: "container" }], "host-name") ?? "",
		/'host-name'/,
	);
	assert.match(lockedBelow(sampleRoot, before, []) ?? "", /cannot be deleted/);
});
