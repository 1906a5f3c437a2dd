import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import { byTime, readLimbo } from "./cases.ts";

const { cases, leftOut } = readLimbo();

test("each case of the suite is served or left out with a reason, and each bad core case that is left out is counted", () => {
	const count = Object.values(leftOut).reduce((sum, each) => sum + each, 0);
	assert.equal(cases.length + count, 207);
	assert.ok(cases.length >= 140, `only ${cases.length} can be served`);
	assert.equal(new Set(cases.map(({ id }) => id)).size, cases.length);
});

test("a case has a name, a chain, roots and a key; an address is one of this machine", () => {
	for (const { host, chain, roots, key } of cases) {
		assert.ok(isIP(host) === 0 || host === "::1" || host.startsWith("127."));
		for (const text of [chain, roots]) assert.match(text, /^-----BEGIN CERTIFICATE-----/);
		assert.match(key, /PRIVATE KEY-----/);
	}
});

test("most cases are asked today, the others at a second of their own", () => {
	const groups = byTime(cases);
	assert.ok((groups.get(undefined)?.length ?? 0) > 100);
	for (const time of groups.keys()) if (time !== undefined) assert.match(time, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
});
