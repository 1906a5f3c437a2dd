import assert from "node:assert/strict";
import { test } from "node:test";
import { levelBelow, topLevel } from "#config/level.ts";
import { type LoadHow, type LoadRequest, loadInto } from "#config/load.ts";
import { printText } from "#config/print-text.ts";
import { itemOf, resolveWords } from "#config/resolve.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

const options = { salt: (count: number) => new Uint8Array(count) };
const tree = treeOf("system { host-name a; ports [ 1 2 ]; } security { ike { policy p { mode main; proposals x; } } }");

function load(how: LoadHow, text: string, more: Partial<LoadRequest> & { level?: string } = {}): string {
	const words = resolveWords(
		sampleRoot,
		(more.level ?? "")
			.split(" ")
			.filter((word) => word !== "")
			.map(itemOf),
		options,
	);
	assert.ok(words.ok);
	const request: LoadRequest = { how, text, format: "text", isRelative: false, source: "terminal", ...more };
	const loaded = loadInto(tree, levelBelow(topLevel(sampleRoot), words), request, options);
	return loaded.ok ? printText(sampleRoot, loaded.tree) : loaded.errors.join("\n");
}

test("merge adds, override replaces everything, replace what is tagged", () => {
	const text = "system { ports 3; } security { ike { replace: policy p { proposals y; } } }";
	assert.match(load("merge", text), /ports \[ 1 2 3 \];[\s\S]*mode main;\n\s+proposals \[ x y \];/);
	assert.match(load("replace", text), /ports \[ 1 2 3 \];[\s\S]*policy p \{\n\s+proposals y;/);
	assert.equal(load("override", "system { location here; }"), "system {\n    location here;\n}\n");
	assert.equal(load("update", "system { location here; }"), "system {\n    location here;\n}\n");
	assert.ok(!load("merge", "system { delete: ports; }").includes("ports"));
});

test("a relative text begins at the level, another at the top", () => {
	assert.match(
		load("merge", "mode aggressive;", { isRelative: true, level: "security ike policy p" }),
		/mode aggressive;/,
	);
	assert.match(
		load("merge", "mode aggressive;", { level: "security ike policy p" }),
		/terminal:1:\(1\) syntax error: mode/,
	);
	assert.match(
		load("set", "set mode aggressive", { isRelative: true, level: "security ike policy p" }),
		/mode aggressive;/,
	);
});

test("set lines, patches and JSON are loaded", () => {
	assert.match(load("set", "set system host-name b\ndelete system ports 1"), /host-name b;\n\s+ports 2;/);
	assert.match(load("patch", "[edit system]\n- host-name a;\n+ host-name b;\n"), /host-name b;/);
	assert.match(load("merge", '{ "system": { "host-name": "b" } }', { format: "json" }), /host-name b;/);
});

test("with an error nothing is loaded", () => {
	assert.equal(
		load("set", "set system host-name b\nset nowhere"),
		"terminal:2:(5) syntax error: nowhere\n  [edit]\n    expected groups, system, security, interfaces, routing-options",
	);
	assert.match(load("merge", '{ "nowhere": 1 }', { format: "json" }), /^terminal:1:\(14\) 'nowhere': syntax error/);
	assert.match(load("override", "system {", {}), /missing '\}'/);
});
