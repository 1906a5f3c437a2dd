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
