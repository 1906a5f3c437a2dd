import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf, printedForm } from "../../test/support/config-text.ts";

test("interfaces come before routes and routing instances", () => {
	const text = printedForm(
		"routing-instances { VR1 { instance-type virtual-router; } } routing-options { router-id 192.0.2.1; } interfaces { lo0; }",
	);
	const places = ["interfaces", "routing-options", "routing-instances"].map((word) => text.indexOf(word));
	assert.deepEqual(
		places,
		places.toSorted((a, b) => a - b),
	);
});

test("interfaces and routes are verified", () => {
	assert.equal(findingsOf("interfaces { eth0 { unit 0 { multipoint; } } }").length, 1);
	assert.equal(findingsOf("routing-options { static { route 10.0.0.0/8 next-hop ::1; } }").length, 1);
});
