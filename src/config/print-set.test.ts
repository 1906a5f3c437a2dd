import assert from "node:assert/strict";
import { test } from "node:test";
import { printSetLines } from "#config/print-set.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

test("a configuration is printed as the commands that make it", () => {
	const tree = treeOf(`system { ports [ 1 2 ]; }
security { ike { inactive: policy p { mode main; pre-shared-key ascii-text "$9$xFU-b2ZUH5Qn4aQn/CB17-V"; } /* far away */ protect: gateway g; }
address-book { "address" { address a 10.0.0.0/8; } } policies { from-zone a to-zone b { policy p { description "two words"; then permit; } } } }`);
	assert.equal(
		printSetLines(sampleRoot, tree),
		`set system ports 1
set system ports 2
set security ike policy p mode main
set security ike policy p pre-shared-key ascii-text "$9$xFU-b2ZUH5Qn4aQn/CB17-V"
deactivate security ike policy p
set security ike gateway g
annotate security ike gateway g "far away"
protect security ike gateway g
set security address-book address address a 10.0.0.0/8
set security policies from-zone a to-zone b policy p description "two words"
set security policies from-zone a to-zone b policy p then permit
`,
	);
	assert.ok(!printSetLines(sampleRoot, tree, { hidesSecrets: true }).includes("$9$"));
});

test("the words of the level begin every line", () => {
	assert.equal(
		printSetLines(sampleRoot, treeOf("system { host-name gw; }"), { path: ["a b"] }),
		'set "a b" system host-name gw\n',
	);
});
