import assert from "node:assert/strict";
import { test } from "node:test";
import { printJson } from "#config/print-json.ts";
import { sampleRoot, treeOf } from "../../test/support/config-sample.ts";

test("containers are objects, lists arrays with their keys, marks stand in members with @", () => {
	const tree = treeOf(
		"system { inactive: host-name gw; ports [ 1 2 ]; } security { ike { respond-bad-spi;\n/* why */ protect: policy p; } }",
	);
	assert.deepEqual(JSON.parse(printJson(sampleRoot, tree)), {
		configuration: {
			system: { "@host-name": { inactive: true }, "host-name": "gw", ports: [1, 2] },
			security: {
				ike: { "respond-bad-spi": [null], policy: [{ "@": { protect: true, comment: "/* why */" }, name: "p" }] },
			},
		},
	});
});
