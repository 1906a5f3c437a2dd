import assert from "node:assert/strict";
import { test } from "node:test";
import { accessOfClass, type LoginClass } from "#cli/access.ts";
import { visibleTree } from "#cli/visible-tree.ts";
import { printSetLines } from "#config/print-set.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

const tree = treeOf(`system { host-name gw; location x; root-authentication secret s; }
security { ike { policy p { mode main; } policy q; traceoptions { flag all; } } }
routing-options { static { route 10.0.0.0/8 next-hop 192.0.2.1; } }`);

function seen(loginClass: LoginClass): string {
	return printSetLines(sampleRoot, visibleTree(sampleRoot, tree, accessOfClass("c", loginClass)))
		.replace(/"\$9\$.*"/, "SECRET")
		.trimEnd();
}

test("who may see all gets the very same tree", () => {
	assert.equal(visibleTree(sampleRoot, tree, accessOfClass("c", { permissions: ["all"] })), tree);
	assert.equal(visibleTree(sampleRoot, tree, accessOfClass("c", { permissions: ["view-configuration"] })), tree);
});

test("statements whose permission is missing are left out; the permission of a branch holds below it", () => {
	assert.equal(seen({ permissions: ["system"] }), "set system host-name gw\nset system location x");
	assert.equal(seen({ permissions: ["security"] }), "set security ike policy p mode main\nset security ike policy q");
	assert.equal(seen({ permissions: ["security", "trace"] }).split("\n").length, 3);
	assert.equal(seen({ permissions: ["admin"] }), "set system root-authentication secret SECRET");
	assert.equal(seen({ permissions: ["view"] }), "");
});

test("an expression opens a part of what is closed, and closes a part of what is open", () => {
	assert.equal(
		seen({ permissions: [], allowConfiguration: "^security ike policy p" }),
		"set security ike policy p mode main",
	);
	assert.equal(seen({ permissions: ["system"], denyConfiguration: "location" }), "set system host-name gw");
	assert.equal(
		seen({ permissions: ["all"], denyConfiguration: "^(system|security)" }),
		"set routing-options static route 10.0.0.0/8 next-hop 192.0.2.1",
	);
});
