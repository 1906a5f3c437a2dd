import assert from "node:assert/strict";
import { test } from "node:test";
import { check, snapshotOf } from "#config/check.ts";
import { formatFinding } from "#config/finding.ts";
import { type Branch, changeBranch, leafOf, withSlot } from "#config/tree.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

function errors(source: string): string[] {
	return check(sampleRoot, treeOf(source)).errors.map(formatFinding);
}

function at(tree: Branch, ...names: string[]): Branch {
	return changeBranch(
		tree,
		names.map((name) => ({ name, keys: [], holds: "container" as const })),
		(branch) => withSlot(branch, "host-name", leafOf("two words")),
	);
}

test("an empty configuration has its defaults", () => {
	const { snapshot, warnings } = check(sampleRoot, treeOf(""));
	assert.deepEqual(warnings, []);
	assert.deepEqual(snapshot?.system.ports, []);
	assert.equal(snapshot?.security.policies.policyRematch, false);
	assert.equal(snapshot?.security.ike.respondBadSpi, undefined);
	assert.equal(snapshot?.security.ike.policy.size, 0);
});

test("a bare leaf has its bare value, a presence container its defaults", () => {
	const { snapshot } = check(
		sampleRoot,
		treeOf("security { ike { respond-bad-spi; policy p; gateway g { ike-policy p; dead-peer-detection; } } }"),
	);
	assert.equal(snapshot?.security.ike.respondBadSpi, 5);
	assert.equal(snapshot?.security.ike.gateway.get("g")?.deadPeerDetection?.interval, 10);
});

test("entries of a list with two keys are found under both", () => {
	const { snapshot } = check(sampleRoot, treeOf("security { policies { from-zone a to-zone b; } }"));
	const pair = snapshot?.security.policies.fromZone.get("a b");
	assert.equal(pair?.fromZoneName, "a");
	assert.equal(pair?.toZoneName, "b");
});

test("missing, exclusive, too many and invalid statements are errors with their path", () => {
	assert.deepEqual(
		errors("security { policies { from-zone a to-zone b { policy p { match { source-address any; } } } } }"),
		[
			"[edit security policies from-zone a to-zone b policy p match]\n  missing mandatory statement: 'destination-address'",
			"[edit security policies from-zone a to-zone b policy p then]\n  missing mandatory statement: one of 'permit', 'deny', 'reject'",
		],
	);
	assert.deepEqual(errors("security { ike { policy p { proposals [ a b c d e ]; proposal-set basic; } } }"), [
		"[edit security ike policy p]\n  'proposals'\n    5 values; at most 4 are accepted",
		"[edit security ike policy p]\n  'proposals'\n    'proposals' and 'proposal-set' exclude each other",
	]);
	assert.deepEqual(check(sampleRoot, at(treeOf(""), "system")).errors.length, 1);
});

test("inactive statements neither count nor clash", () => {
	assert.deepEqual(
		errors("security { ike { inactive: gateway g; policy p { proposals a; inactive: proposal-set basic; } } }"),
		[],
	);
});

test("a statement without its engine warns once, however often it stands there", () => {
	const { warnings } = check(
		sampleRoot,
		treeOf(
			"security { ike { policy p; gateway g { ike-policy p; general-ikeid; } gateway h { ike-policy p; general-ikeid; } } }",
		),
	);
	assert.deepEqual(warnings.map(formatFinding), [
		"[edit security ike gateway g]\n  'general-ikeid'\n    warning: the statement is accepted, but nothing acts on it in this version",
	]);
});

test("groups are not checked as configuration of their own", () => {
	assert.deepEqual(errors("groups { g { security { ike { gateway <*> { allowlist 10.0.0.0/8; } } } } }"), []);
});

test("after an edit what did not change is taken over, and the snapshot is not shared in what did", () => {
	const before = treeOf("system { host-name a; } security { ike { policy p; } }");
	const one = check(sampleRoot, before).snapshot;
	const after = changeBranch(before, [{ name: "system", keys: [], holds: "container" }], (branch) =>
		withSlot(branch, "host-name", leafOf("b")),
	);
	const two = check(sampleRoot, after).snapshot;
	assert.equal(one?.security, two?.security);
	assert.equal(one?.system.hostName, "a");
	assert.equal(two?.system.hostName, "b");
	assert.throws(() => Object.assign(two?.system ?? {}, { hostName: "c" }), TypeError);
});

test("the snapshot has the types of the schema", () => {
	const { snapshot } = check(sampleRoot, treeOf("security { ike { policy p { mode aggressive; } } }"));
	const mode = snapshot?.security.ike.policy.get("p")?.mode;
	assert.ok(mode === "aggressive" || mode === undefined);
	// @ts-expect-error: no such value exists
	assert.ok(mode !== "quick");
	// @ts-expect-error: no such statement exists
	assert.equal(snapshot?.security.ike.nothing, undefined);
});

test("the snapshot of a tree that was checked is the one that the check made", () => {
	const tree = treeOf("groups { g { system { host-name a; } } } apply-groups g; security { ike { policy p; } }");
	assert.deepEqual(snapshotOf(sampleRoot, tree), check(sampleRoot, tree).snapshot);
});

test("the same tree is checked once", () => {
	const tree = treeOf("system { host-name a; }");
	assert.equal(check(sampleRoot, tree), check(sampleRoot, tree));
});
