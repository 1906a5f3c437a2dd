import assert from "node:assert/strict";
import { test } from "node:test";
import {
	branchAt,
	changeBranch,
	emptyTree,
	equalSlots,
	isVacant,
	leafListOf,
	leafOf,
	removeBranch,
	type Step,
	withMarks,
	withSlot,
} from "#config/tree.ts";

const system: Step = { name: "system", keys: [], holds: "container" };
const services: Step = { name: "services", keys: [], holds: "container" };
const peer = (key: string): Step => ({ name: "peer", keys: [key], holds: "user" });

test("an edit leaves the old tree as it was and shares what it did not touch", () => {
	const before = changeBranch(emptyTree, [system], (branch) => withSlot(branch, "host-name", leafOf("a")));
	const withPeer = changeBranch(before, [services, peer("x")], (branch) => branch);
	const after = changeBranch(withPeer, [system], (branch) => withSlot(branch, "host-name", leafOf("b")));
	assert.equal(branchAt(after, [services]), branchAt(withPeer, [services]));
	assert.deepEqual(branchAt(before, [system])?.children.get("host-name"), leafOf("a"));
	assert.deepEqual(branchAt(after, [system])?.children.get("host-name"), leafOf("b"));
	assert.equal(branchAt(before, [services]), undefined);
});

test("a change that changes nothing answers the same tree", () => {
	const tree = changeBranch(emptyTree, [services, peer("x")], (branch) => branch);
	assert.equal(
		changeBranch(tree, [services, peer("x")], (branch) => branch),
		tree,
	);
	assert.equal(removeBranch(tree, [services, peer("y")]), tree);
	assert.equal(withSlot(tree, "nothing", undefined), tree);
});

test("containers that become empty go away, list entries stay", () => {
	const tree = changeBranch(emptyTree, [system, services], (branch) => withSlot(branch, "a", leafOf("1")));
	const emptied = changeBranch(tree, [system, services], (branch) => withSlot(branch, "a", undefined));
	assert.ok(isVacant(emptied));
	const withEntry = changeBranch(emptyTree, [system, peer("x")], (branch) => branch);
	assert.ok(!isVacant(withEntry));
	assert.ok(isVacant(removeBranch(withEntry, [system, peer("x")])));
});

test("trees are equal when statements, values, marks and user order are", () => {
	const make = (...peers: string[]) =>
		peers.reduce(
			(tree, key) => changeBranch(tree, [peer(key)], (branch) => withSlot(branch, "l", leafListOf(["1", "2"]))),
			emptyTree,
		);
	assert.ok(equalSlots(make("a", "b"), make("a", "b")));
	assert.ok(!equalSlots(make("a", "b"), make("b", "a")));
	assert.ok(!equalSlots(make("a"), make("a", "b")));
	const inactive = changeBranch(make("a"), [peer("a")], (branch) => withMarks(branch, { isInactive: true }));
	assert.ok(!equalSlots(make("a"), inactive));
	const reordered = changeBranch(make("a"), [peer("a")], (branch) => withSlot(branch, "l", leafListOf(["2", "1"])));
	assert.ok(!equalSlots(make("a"), reordered));
});
