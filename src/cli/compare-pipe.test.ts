import assert from "node:assert/strict";
import { test } from "node:test";
import { compareTree } from "#cli/compare-pipe.ts";
import type { Pipe } from "#cli/pipes.ts";
import type { Reply } from "#cli/reply.ts";
import { type Branch, emptyTree } from "#config/tree.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

const base = treeOf("system { host-name base; }");
const active = treeOf("system { host-name active; }");
const context = { root: sampleRoot, base, active, salt: (count: number) => new Uint8Array(count) };

function compare(words: readonly string[], values: Readonly<Record<string, string>>): { reply: Reply; got: Branch[] } {
	const pipe: Pipe = { kind: "compare", words, values, start: 0 };
	const got: Branch[] = [];
	const reply = compareTree(pipe, context, (tree) => {
		got.push(tree);
		return { kind: "text", text: "" };
	});
	return { reply, got };
}

test("without a name the base is compared, rollback 0 is the one in force", () => {
	assert.equal(compare([], {}).got[0], base);
	assert.equal(compare(["rollback"], { rollback: "0" }).got[0], active);
});

test("an earlier and the rescue configuration are fetched", () => {
	const earlier = compare(["rollback"], { rollback: "3" }).reply;
	assert.ok(earlier.kind === "fetch" && earlier.which === 3);
	const rescue = compare(["rescue"], {}).reply;
	assert.ok(rescue.kind === "fetch" && rescue.which === "rescue");
});

test("a file is read by the terminal and parsed; what is wrong with it is told", () => {
	const { reply, got } = compare([], { file: "old.conf" });
	assert.ok(reply.kind === "read-file" && reply.file === "old.conf");
	reply.then("system { host-name file; }");
	assert.notEqual(got[0], emptyTree);
	const wrong = reply.then("system {\n bogus;\n}");
	assert.ok(wrong.kind === "lines" && !wrong.isOk && wrong.lines[0]?.startsWith("old.conf:2:(2) syntax error: bogus"));
});
