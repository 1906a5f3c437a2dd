import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { patternPlaces, patternService } from "#inspect/pattern-service.ts";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";

test("eicar is the test file of the anti-virus industry, octet for octet", () => {
	const eicar = shippedPatterns.get("eicar") ?? new Uint8Array();
	assert.equal(eicar.length, 68);
	const sha256 = createHash("sha256").update(eicar).digest("hex");
	assert.equal(sha256, "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f");
});

test("every shipped pattern can be compiled and finds itself", () => {
	for (const [name, octets] of shippedPatterns) {
		const rule = { name, octets, ignoresCase: false, places: patternPlaces, verdict: "block" } as const;
		assert.equal(patternService([rule]).open().octets("response-body", octets)?.name, name);
	}
});
