import assert from "node:assert/strict";
import { test } from "node:test";
import { splitLine } from "#cli/parse-line.ts";
import { parsePipes } from "#cli/pipes.ts";
import { displayForm, showDifference, showStatement } from "#cli/show-configuration.ts";
import { topLevel } from "#config/level.ts";
import { readLine } from "#config/line.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

const tree =
	treeOf(`groups { common { system { location everywhere; } security { ike { policy <*> { mode aggressive; } } } } }
apply-groups common;
system { host-name gw; }
security { ike { inactive: policy p1 { pre-shared-key ascii-text k; } policy p2; } }`);
const context = { root: sampleRoot, tree, level: topLevel(sampleRoot), hidesSecrets: false };

function form(line: string) {
	const split = splitLine(`show ${line}`);
	assert.ok(split.ok);
	const pipes = parsePipes(split.parts.slice(1));
	assert.ok(pipes.ok);
	return displayForm(pipes.pipes);
}

function show(words: string, display = ""): string {
	const read = readLine(words);
	assert.ok(read.ok);
	const shown = showStatement(context, read.items, form(display));
	return shown.ok ? shown.text : `${shown.at} ${shown.message}`;
}

test("a branch is shown by what is in it, a leaf by its line, a list without a name by its entries", () => {
	assert.equal(show("system"), "host-name gw;\n");
	assert.equal(show("system host-name"), "host-name gw;\n");
	assert.equal(show("security ike policy p2"), "");
	assert.match(show("security ike policy"), /^inactive: policy p1 \{\n.*\}\npolicy p2;\n$/s);
	assert.equal(show("system location"), "");
	assert.equal(show("system bogus"), "1 syntax error: bogus");
	assert.match(show("security ike policy p1 pre-shared-key ascii-text"), /SECRET-DATA\n$/);
});

test("every form shows the same statements, with the path where the form has one", () => {
	assert.equal(show("system", "| display set"), "set system host-name gw\n");
	assert.match(
		show("security ike policy p1", "| display set"),
		/set security ike policy p1 pre-shared-key ascii-text "\$9\$/,
	);
	const json = JSON.parse(show("security ike policy p2", "| display json"));
	assert.deepEqual(json, { configuration: { security: { ike: { policy: [{ name: "p2" }] } } } });
	assert.match(show("security ike policy", "| display xml"), /<policy inactive="inactive">\s*<name>p1<\/name>/);
});

test("what groups give is shown with a remark, a short one, or none", () => {
	assert.equal(
		show("system", "| display inheritance"),
		"host-name gw;\n##\n## 'location' was inherited from group 'common'\n##\nlocation everywhere;\n",
	);
	assert.match(show("security ike policy p2", "| display inheritance brief"), /inherited from 'common'/);
	assert.equal(show("system", "| display inheritance no-comments"), "host-name gw;\nlocation everywhere;\n");
	assert.match(show("system", "| display inheritance | display set"), /set system location everywhere\n/);
});

test("secrets are hidden in every form", () => {
	const hidden = { ...context, hidesSecrets: true };
	for (const display of ["", "| display set", "| display json", "| display xml", "| display inheritance"]) {
		const shown = showStatement(hidden, [], form(display));
		assert.ok(shown.ok && !shown.text.includes("$9$") && shown.text.includes("SECRET-DATA"), display);
	}
});

test("the difference is shown below the level, as text or as commands", () => {
	const before = treeOf("system { host-name old; }");
	const now = { ...context, tree: treeOf("system { host-name new; }") };
	assert.equal(showDifference(now, before, form("")), "[edit system]\n-  host-name old;\n+  host-name new;\n");
	assert.equal(showDifference(now, before, form("| display set")), "set system host-name new\n");
	assert.equal(showDifference(now, now.tree, form("")), "");
});
