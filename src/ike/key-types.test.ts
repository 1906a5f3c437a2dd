import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeSecret } from "#config/secret-codec.ts";
import { hexadecimalKey, proxyService } from "#ike/key-types.ts";

const salt = (count: number) => new Uint8Array(count);

test("a key in hexadecimal is an even number of digits, in clear or in its $9$ form", () => {
	for (const good of ["00", "0xABCD", "ff".repeat(32)]) {
		for (const typed of [good, encodeSecret(good, salt)]) {
			const result = hexadecimalKey(64).parse(typed);
			assert.equal(result.ok && result.value.danger_reveal(), good);
		}
	}
	for (const bad of ["0", "0x", "zz", "00 11", encodeSecret("abc", salt), "$9$damaged", ""])
		assert.equal(hexadecimalKey(64).parse(bad).ok, false, bad);
	assert.equal(hexadecimalKey(4).parse("00".repeat(6)).ok, false);
});

test("the service of a proxy identity is any, for which all is accepted, or an application", () => {
	const read = (typed: string) => {
		const result = proxyService().parse(typed);
		return result.ok ? result.value : undefined;
	};
	assert.equal(read("all"), "any");
	assert.equal(read("any"), "any");
	assert.equal(read("junos-https"), "junos-https");
	assert.equal(proxyService().canonical?.("all"), "any");
});
