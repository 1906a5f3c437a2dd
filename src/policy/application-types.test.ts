import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ipProtocol, ipProtocols, portRange } from "#policy/application-types.ts";

const range = (typed: string) => {
	const result = portRange().parse(typed);
	return result.ok ? result.value : result.message;
};

test("a port is a number, a name, or a range", () => {
	assert.deepEqual(range("443"), { from: 443, to: 443 });
	assert.deepEqual(range("https"), { from: 443, to: 443 });
	assert.deepEqual(range("0-65535"), { from: 0, to: 65_535 });
	for (const bad of ["65536", "9-8", "a", "1-", "-1", "1-2-3", ""]) {
		assert.equal(range(bad), `invalid value '${bad}' in port range: expected a port or low-high`);
	}
});

test("an IP protocol is a name or a number", () => {
	assert.deepEqual(ipProtocol().parse("tcp"), { ok: true, value: 6 });
	assert.deepEqual(ipProtocol().parse("255"), { ok: true, value: 255 });
	assert.equal(ipProtocol().parse("256").ok, false);
	assert.equal(ipProtocol().parse("x").ok, false);
	for (const [name, number] of ipProtocols) assert.equal(ipProtocol().format(number), name);
	assert.equal(ipProtocol().format(200), "200");
});

test("whatever is typed is a value or a refusal", () => {
	fc.assert(
		fc.property(fc.string(), (typed) => {
			ipProtocol().parse(typed);
			const result = portRange().parse(typed);
			if (result.ok) assert.deepEqual(range(portRange().format(result.value)), result.value);
		}),
	);
});
