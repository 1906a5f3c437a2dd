import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { CandidateEvent } from "#config/candidate-machine.ts";
import { check } from "#config/check.ts";
import { printText } from "#config/print-text.ts";
import { parseText } from "#config/text.ts";
import { Conversation, superUser, wordsOf } from "../../test/support/config-editors.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

test("the same events give the same states and answers", () => {
	const run = () => {
		const play = new Conversation("system { host-name a; }");
		const said = [
			play.open("alice"),
			play.line("alice", "set system root-authentication secret abc"),
			play.line("alice", "bogus"),
		];
		return { said, text: play.text("alice") };
	};
	assert.deepEqual(run(), run());
});

test("an event of somebody who does not edit is refused", () => {
	const play = new Conversation();
	assert.deepEqual(play.line("ghost", "set system host-name x"), ["error: not in configuration mode"]);
});

test("whatever several editors do, candidates stay configurations and every event is answered once", () => {
	const editor = fc.constantFrom("alice", "bob", "carol");
	const line = fc.constantFrom(
		"set system host-name x",
		"delete system",
		"set security ike policy p mode main",
		"deactivate system",
		"protect security ike policy p",
		"rename security ike policy p to policy q",
		"set interfaces ge-0/0/0 unit 0",
		"unprotect security ike policy p",
		'annotate system "note"',
		"set groups g system host-name y",
		"set apply-groups g",
		"bogus",
	);
	const mode = fc.constantFrom("shared" as const, "private" as const, "exclusive" as const);
	const entered = fc
		.tuple(editor, line)
		.map(([name, words]) => ({ type: "line-entered" as const, editor: name, items: wordsOf(words) }));
	const event: fc.Arbitrary<CandidateEvent | "commit"> = fc.oneof(
		{ weight: 12, arbitrary: entered },
		fc.tuple(editor, mode).map(([name, how]) => ({
			type: "editor-opened" as const,
			editor: name,
			user: name,
			terminal: "p",
			pid: 1,
			mode: how,
			access: superUser,
		})),
		editor.map((name) => ({ type: "editor-closed" as const, editor: name })),
		editor.map((name) => ({ type: "update-requested" as const, editor: name })),
		editor.map((name) => ({
			type: "tree-loaded" as const,
			editor: name,
			tree: treeOf("system { host-name earlier; }"),
		})),
		{ weight: 2, arbitrary: fc.constant("commit" as const) },
	);
	fc.assert(
		fc.property(mode, fc.array(fc.tuple(event, editor), { maxLength: 40, size: "max" }), (first, events) => {
			const play = new Conversation();
			play.open("alice", first);
			play.open("bob", first);
			for (const [one, name] of events) {
				if (one === "commit") {
					if (play.state.editors.has(name)) play.commit(name);
					continue;
				}
				assert.ok(play.event(one) !== undefined);
				for (const tree of [
					play.state.shared,
					play.state.active,
					...[...play.state.editors.values()].map((each) => each.own?.tree ?? play.state.shared),
				]) {
					const text = printText(sampleRoot, tree);
					assert.deepEqual(parseText(sampleRoot, text).errors, []);
					check(sampleRoot, tree);
				}
				assert.ok([...play.state.editors.values()].filter(({ mode }) => mode === "exclusive").length <= 1);
			}
		}),
		{ numRuns: 150 },
	);
});
