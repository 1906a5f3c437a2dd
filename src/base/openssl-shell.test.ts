import assert from "node:assert/strict";
import { test } from "node:test";
import { openOpenSsl } from "#base/openssl-shell.ts";

test("the OpenSSL within Node knows ciphers by name, and says when there is none", async () => {
	const openSsl = await openOpenSsl();
	assert.ok(openSsl.fetchCipher("aes-128-gcm") > 0 && openSsl.fetchHmac() > 0);
	assert.equal(openSsl.fetchCipher("rot13"), 0);
	const context = openSsl.newContext();
	assert.ok(Number.isSafeInteger(context) && context > 0);
	openSsl.freeContext(context);
});
