import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { credentialsOf, readBasicCredentials } from "#proxy/proxy-authorization.ts";

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
const shown = (value: string) => {
	const read = readBasicCredentials(value);
	return read && [read.user, read.password.danger_reveal()];
};

test("user and password are read at the first colon, in UTF-8, whatever the case of the scheme", () => {
	assert.deepEqual(shown(basic("alice:pa:ss")), ["alice", "pa:ss"]);
	assert.deepEqual(shown(` ${basic("älice:pässword").replace("Basic", "bAsIc")} `), ["älice", "pässword"]);
	assert.deepEqual(shown(basic(":")), ["", ""]);
});

test("another scheme, no colon, control characters and what is too long are none", () => {
	for (const value of [
		"",
		"Basic",
		"Basic !!!",
		"Bearer YTpi",
		basic("alice"),
		basic("a\n:b"),
		basic(`a:${"x".repeat(2_000)}`),
	])
		assert.equal(readBasicCredentials(value), undefined, value);
});

test("of a head the one field counts; two of them are none", () => {
	const line = `proxy-AUTHORIZATION: ${basic("a:b")}`;
	assert.equal(credentialsOf(["Host: x", line])?.user, "a");
	assert.equal(credentialsOf([line, line]), undefined);
	assert.equal(credentialsOf([`Authorization: ${basic("a:b")}`]), undefined);
});

test("whatever comes is read or is none, and a password never shows itself", () => {
	fc.assert(
		fc.property(fc.string(), fc.string(), (user, password) => {
			const read = readBasicCredentials(basic(`${user}:${password}`));
			if (read !== undefined) assert.equal(JSON.stringify(read.password), '"<secret>"');
			readBasicCredentials(user);
		}),
	);
});
