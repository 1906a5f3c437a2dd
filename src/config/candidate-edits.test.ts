import assert from "node:assert/strict";
import { test } from "node:test";
import type { EditAccess } from "#config/editor.ts";
import { levelWords } from "#config/level.ts";
import { readRangeLine } from "#config/line.ts";
import type { LoadRequest } from "#config/load.ts";
import { Conversation, wordsOf } from "../../test/support/config-editors.ts";
import { treeOf } from "../../test/support/config-sample.ts";

function levelOf(play: Conversation, editor: string): string {
	const found = play.state.editors.get(editor);
	assert.ok(found !== undefined);
	return levelWords(found.level).join(" ");
}

const load = (text: string, how: LoadRequest["how"] = "merge"): LoadRequest => ({
	how,
	text,
	format: "text",
	isRelative: false,
	source: "terminal",
});

test("lines are relative to the level, verbs and statements may be abbreviated statements", () => {
	const play = new Conversation();
	play.open("alice");
	play.event({ type: "level-moved", editor: "alice", move: { kind: "edit", items: wordsOf("sec ike policy p") } });
	assert.equal(levelOf(play, "alice"), "security ike policy p");
	assert.match(play.text("alice"), /policy p;/, "an entry that is not there is made");
	assert.deepEqual(play.line("alice", "set mode main"), []);
	play.event({ type: "level-moved", editor: "alice", move: { kind: "up", count: 2 } });
	assert.equal(levelOf(play, "alice"), "security");
	play.event({ type: "level-moved", editor: "alice", move: { kind: "top" } });
	assert.equal(levelOf(play, "alice"), "");
});

test("a failure tells the word at fault and what could stand there, and the candidate is unchanged", () => {
	const play = new Conversation("system { host-name a; }");
	play.open("alice");
	const answer = play.event({ type: "line-entered", editor: "alice", items: wordsOf("set system hots-name b") });
	assert.deepEqual(
		[answer?.ok, answer?.at, answer?.lines],
		[false, 2, ["syntax error: hots-name", "did you mean 'host-name'?"]],
	);
	assert.equal(
		play.event({ type: "level-moved", editor: "alice", move: { kind: "edit", items: wordsOf("system host-name") } })
			?.ok,
		false,
	);
	assert.equal(play.state.shared, play.state.active);
});

test("a class may change what it has permission for and nothing else, whatever the way", () => {
	const access: EditAccess = {
		mayView: () => true,
		mayChange: (words, permission) => permission === "system" && words.at(-1) !== "location",
		maySeeSecrets: false,
	};
	const play = new Conversation("security { ike { policy p; } }");
	play.open("carol", "shared", access);
	assert.deepEqual(play.line("carol", "set system host-name x"), []);
	assert.deepEqual(play.line("carol", "set system location x"), ["error: permission denied: system location"]);
	assert.deepEqual(play.line("carol", "set system root-authentication secret x"), [
		"error: permission denied: system root-authentication secret",
	]);
	assert.deepEqual(play.line("carol", "delete security"), ["error: permission denied: security ike policy p"]);
	for (const request of [
		load("security { ike { policy q; } }"),
		load("set security ike policy q", "set"),
		load("system { host-name y; }", "override"),
	])
		assert.match(
			play.event({ type: "text-loaded", editor: "carol", request })?.lines[0] ?? "",
			/^error: permission denied: security/,
		);
	play.event({
		type: "level-moved",
		editor: "carol",
		move: { kind: "edit", items: wordsOf("security ike policy new") },
	});
	assert.equal(levelOf(play, "carol"), "security ike policy new");
	assert.ok(!play.text("carol").includes("new"), "going there does not make it");
	const blind = new Conversation();
	blind.open("dave", "shared", { mayView: () => false, mayChange: () => false, maySeeSecrets: false });
	assert.deepEqual(
		blind.event({ type: "level-moved", editor: "dave", move: { kind: "edit", items: wordsOf("system") } })?.lines,
		["error: permission denied"],
	);
});

test("a load is all or nothing, and protected statements stand against it", () => {
	const play = new Conversation("system { protect: host-name a; }");
	play.open("alice");
	const bad = play.event({ type: "text-loaded", editor: "alice", request: load("system { location x; nowhere; }") });
	assert.deepEqual(bad?.lines.at(-1), "load complete (1 error); the candidate is unchanged");
	assert.equal(play.state.shared, play.state.active);
	assert.deepEqual(
		play.event({ type: "text-loaded", editor: "alice", request: load("system { location x; }") })?.lines,
		["load complete"],
	);
	const broken = play.event({
		type: "text-loaded",
		editor: "alice",
		request: load("system { host-name b; }", "override"),
	});
	assert.match(broken?.lines[0] ?? "", /statement is protected/);
	assert.deepEqual(play.line("alice", "unprotect system host-name"), []);
	assert.deepEqual(
		play.event({ type: "tree-loaded", editor: "alice", tree: treeOf("system { host-name z; }") })?.lines,
		["load complete"],
	);
	assert.match(play.text("alice"), /host-name z;/);
});

test("what is in force comes back over protection that is not committed, another configuration does not", () => {
	const play = new Conversation("system { host-name a; } interfaces { protect: ge-0/0/0; }");
	play.open("alice");
	assert.deepEqual(play.line("alice", "protect system host-name"), []);
	const load = (text: string) => play.event({ type: "tree-loaded", editor: "alice", tree: treeOf(text) })?.lines;
	assert.match(load("interfaces { protect: ge-0/0/0; }")?.[0] ?? "", /'host-name' cannot be deleted/);
	assert.deepEqual(load("system { host-name a; } interfaces { protect: ge-0/0/0; }"), ["load complete"]);
	assert.doesNotMatch(play.text("alice"), /protect: host-name/);
	assert.match(load("system { host-name a; }")?.[0] ?? "", /'ge-0\/0\/0' cannot be deleted/);
});

test("replace pattern, wildcard delete and wildcard range", () => {
	const play = new Conversation("interfaces { ge-0/0/0; ge-0/0/1; } system { host-name ge; }");
	play.open("alice");
	play.event({ type: "level-moved", editor: "alice", move: { kind: "edit", items: wordsOf("interfaces") } });
	play.event({ type: "pattern-replaced", editor: "alice", pattern: "ge", replacement: "xe" });
	assert.match(play.text("alice"), /xe-0\/0\/0;\n\s+xe-0\/0\/1;/);
	assert.match(play.text("alice"), /host-name ge;/, "only below the level");
	assert.equal(play.event({ type: "pattern-replaced", editor: "alice", pattern: "(", replacement: "" })?.ok, false);
	assert.deepEqual(
		play.event({ type: "wildcard-deleted", editor: "alice", items: wordsOf("xe-.*0"), isConfirmed: false })?.lines,
		["  matched: xe-0/0/0"],
	);
	assert.match(play.text("alice"), /xe-0\/0\/0/);
	play.event({ type: "wildcard-deleted", editor: "alice", items: wordsOf("xe-.*0"), isConfirmed: true });
	assert.ok(!play.text("alice").includes("xe-0/0/0"));
	assert.equal(
		play.event({ type: "range-entered", editor: "alice", items: readRangeLine("set fe-0/0/[1-3] disable") })?.ok,
		true,
	);
	assert.equal([...play.text("alice").matchAll(/fe-0\/0\/[123] \{/g)].length, 3);
	const before = play.text("alice");
	assert.equal(
		play.event({ type: "range-entered", editor: "alice", items: readRangeLine("set fe-0/0/[5-7] nothing") })?.ok,
		false,
	);
	assert.equal(play.text("alice"), before);
});
