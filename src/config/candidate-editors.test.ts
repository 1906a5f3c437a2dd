import assert from "node:assert/strict";
import { test } from "node:test";
import { maxEditors } from "#config/candidate-editors.ts";
import { Conversation } from "../../test/support/config-editors.ts";

test("who enters sees who edits and whether something is not committed", () => {
	const play = new Conversation();
	assert.deepEqual(play.open("alice"), ["Entering configuration mode"]);
	play.line("alice", "set system host-name gw");
	assert.deepEqual(play.open("bob"), [
		"Entering configuration mode",
		"Users currently editing the configuration:",
		"  alice terminal p0 (pid 7) on since 2026-11-20 12:00:00 UTC, idle 00:00:01",
		"      [edit]",
		"The configuration has been changed but not committed",
	]);
	assert.match(play.text("bob"), /host-name gw/, "the candidate is shared");
});

test("an exclusive editor keeps others out and loses what he does not commit", () => {
	const play = new Conversation("system { host-name a; }");
	assert.deepEqual(play.open("alice", "exclusive"), [
		"warning: uncommitted changes will be discarded on exit",
		"Entering configuration mode",
	]);
	play.line("alice", "set system host-name b");
	assert.equal(play.open("bob", "exclusive")[0], "error: configuration database locked by:");
	assert.equal(play.open("bob", "private")[0], "error: configuration database locked by:");
	play.open("bob");
	assert.equal(play.line("bob", "set system location x")[0], "error: configuration database locked by:");
	assert.deepEqual(play.event({ type: "editor-closed", editor: "alice" })?.lines, [
		"warning: discarding uncommitted changes",
		"Exiting configuration mode",
	]);
	assert.match(play.text("bob"), /host-name a;/);
	assert.deepEqual(play.line("bob", "set system location x"), []);
});

test("private and shared changes are kept apart from the start", () => {
	const play = new Conversation();
	play.open("alice");
	play.line("alice", "set system host-name a");
	assert.equal(play.open("bob", "private")[0], "error: shared configuration database modified");
	play.commit("alice");
	assert.equal(play.open("bob", "private")[1], "Entering configuration mode");
	assert.match(play.open("carol")[0] ?? "", /^error: private edits in use/);
});

test("update brings what was committed below the own changes, and says when they clash", () => {
	const play = new Conversation("system { host-name a; location x; }");
	play.open("alice", "private");
	play.open("bob", "private");
	play.line("alice", "set system host-name b");
	play.line("bob", "set system location y");
	play.commit("alice");
	assert.deepEqual(play.event({ type: "update-requested", editor: "bob" })?.lines, []);
	assert.match(play.text("bob"), /host-name b;\n\s+location y;/);
	play.line("alice", "set system location z");
	play.commit("alice");
	const answer = play.event({ type: "update-requested", editor: "bob" });
	assert.equal(answer?.ok, false);
	assert.match(answer?.lines.at(-1) ?? "", /clash/);
	assert.match(play.text("bob"), /location y;/);
});

test("a private commit goes below what others changed in the shared candidate", () => {
	const play = new Conversation("system { host-name a; }");
	play.open("alice", "private");
	play.line("alice", "set system location x");
	const shared = { ...play.state, shared: play.candidate("alice") };
	assert.ok(shared.shared !== play.state.active);
	play.commit("alice");
	assert.equal(play.state.shared, play.state.active);
	assert.match(play.text("nobody"), /location x;/);
});

test("what an editor changed while a commit ran stays in the candidate", () => {
	const play = new Conversation("system { host-name a; }");
	play.open("alice");
	play.line("alice", "set system host-name b");
	const committed = play.candidate("alice");
	play.line("alice", "set system location later");
	play.event({ type: "committed", tree: committed, editor: "alice" });
	assert.match(play.text("alice"), /location later/);
	assert.notEqual(play.state.shared, play.state.active);
});

test("the number of editors is bounded, and nobody enters twice", () => {
	const play = new Conversation();
	for (let index = 0; index < maxEditors; index++) play.open(`user${index}`);
	assert.match(play.open("one-more")[0] ?? "", /at most 64/);
	const other = new Conversation();
	other.open("alice");
	assert.deepEqual(other.open("alice"), ["error: already in configuration mode"]);
	assert.deepEqual(other.event({ type: "editor-closed", editor: "nobody" })?.lines, [
		"error: not in configuration mode",
	]);
});
