import assert from "node:assert/strict";
import { test } from "node:test";
import { candidateOf, isModified, lockHolder } from "#config/candidate.ts";
import { Conversation } from "../../test/support/config-editors.ts";

test("a private editor has a candidate of his own, the others share one", () => {
	const play = new Conversation("system { host-name a; }");
	play.open("alice", "private");
	play.line("alice", "set system host-name b");
	const alice = play.state.editors.get("alice");
	assert.ok(alice !== undefined);
	assert.notEqual(candidateOf(play.state, alice), play.state.shared);
	assert.ok(isModified(play.state, alice));
	assert.equal(play.state.shared, play.state.active);
	assert.equal(lockHolder(play.state), undefined);
});

test("setting back what was changed is no change", () => {
	const play = new Conversation("system { host-name a; }");
	play.open("alice");
	play.line("alice", "set system host-name b");
	play.line("alice", "set system host-name a");
	const alice = play.state.editors.get("alice");
	assert.ok(alice !== undefined && !isModified(play.state, alice));
});

test("a private candidate that was set to what another committed since has nothing to lose", () => {
	const play = new Conversation("system { host-name a; }");
	play.open("alice", "private");
	play.open("bob", "private");
	play.line("bob", "set system host-name b");
	play.commit("bob");
	play.event({ type: "tree-loaded", editor: "alice", tree: play.state.active });
	const alice = play.state.editors.get("alice");
	assert.ok(alice !== undefined && !isModified(play.state, alice));
});
