import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../test/support/config-text.ts";

const says = (listener: string, interfaces = "") =>
	findingsOf(`
		services { gateway { ${listener} } }
		interfaces { ${interfaces} }
		security {
			zones { security-zone a; security-zone b { interfaces { eth2.0; } } }
			policies { from-zone a to-zone b {
				policy p { match { source-address any; destination-address any; application any; } then { permit; } }
			} }
		}`).filter((line) => line.includes("leads to zone"));
const proxy = "explicit-proxy p { listen 127.0.0.1:8080; }";
const path =
	"warning security policies from-zone a to-zone b: no interface with an address and no static route leads to";

test("zones that cannot be told of a proxied connection are named, with what would tell them", () => {
	const found = says(proxy);
	assert.deepEqual(
		found.map((line) => line.startsWith(path)),
		[true, true],
	);
	assert.match(found[0] ?? "", /zone a, so no client .* or set 'from-zone' of the explicit proxy$/);
	assert.match(found[1] ?? "", /zone b, so no server .* those that block match$/);
});

test("the zone of the listener, and an interface with an address, are enough", () => {
	const eth2 = "eth2 { unit 0 { family { inet { address 192.0.2.1/24; } } } }";
	assert.deepEqual(says("explicit-proxy p { listen 127.0.0.1:8080; from-zone a; }", eth2), []);
	assert.deepEqual(says(""), []);
});
