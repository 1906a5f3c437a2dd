import assert from "node:assert/strict";
import { test } from "node:test";
import { formatFinding } from "#config/finding.ts";
import { verifyCipherList } from "#tls/tls-statements.ts";

const says = (names: readonly string[], preferred?: string) =>
	verifyCipherList([], "custom-ciphers", names, preferred).map(formatFinding);

test("a suite that OpenSSL no longer has is accepted with a warning", () => {
	assert.deepEqual(says(["ecdhe-rsa-with-aes-128-gcm-sha256"], "custom"), []);
	assert.deepEqual(says(["rsa-with-rc4-128-md5", "rsa-export1024-with-rc4-56-md5"], "custom"), [
		"[edit]\n  'custom-ciphers'\n    warning: OpenSSL no longer has rsa-with-rc4-128-md5; it is never offered",
		"[edit]\n  'custom-ciphers'\n    warning: OpenSSL no longer has rsa-export1024-with-rc4-56-md5; it is never offered",
	]);
});

test("a list beside another choice of suites is told to be unused", () => {
	assert.deepEqual(says(["ecdhe-rsa-with-aes-128-gcm-sha256"], "strong"), [
		"[edit]\n  'custom-ciphers'\n    warning: is not used: preferred-ciphers is strong, not custom",
	]);
	assert.deepEqual(says(["ecdhe-rsa-with-aes-128-gcm-sha256"], undefined), []);
});
