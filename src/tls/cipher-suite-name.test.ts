import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cipherSuiteName, cipherSuiteNamed } from "#tls/cipher-suite-name.ts";
import { cipherSuiteRows } from "#tls/cipher-suite-table.ts";
import { gradeRules } from "#tls/grade.ts";

const read = (typed: string) => {
	const result = cipherSuiteName().parse(typed);
	return result.ok ? result.value : `! ${result.message}`;
};

test("a suite is called as Junos, IANA or OpenSSL call it, in either case", () => {
	for (const typed of [
		"ecdhe-rsa-with-aes-256-gcm-sha384",
		"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
		"ECDHE-RSA-AES256-GCM-SHA384",
		"Ecdhe-Rsa-With-Aes-256-Gcm-Sha384",
	])
		assert.equal(read(typed), "ecdhe-rsa-with-aes-256-gcm-sha384");
	assert.equal(read("TLS_AES_128_GCM_SHA256"), "tls13-with-aes-128-gcm-sha256");
	assert.equal(read("tls13-with-aes-128-gcm-sha256"), "tls13-with-aes-128-gcm-sha256");
	assert.equal(read("rsa-with-3des-ede-cbc-sha"), "rsa-with-3des-ede-cbc-sha");
	assert.equal(read("rsa-export1024-with-rc4-56-md5"), "rsa-export1024-with-rc4-56-md5");
	assert.equal(read("aes"), "! unknown cipher suite: 'aes'");
});

test("every suite of the table has a name of its own that leads back to it", () => {
	const names = new Set<string>();
	for (const [code, name] of cipherSuiteRows) {
		const configured = read(name);
		assert.equal(cipherSuiteNamed(configured)?.code, code, name);
		names.add(configured);
	}
	assert.equal(names.size, cipherSuiteRows.length);
});

test("completion offers what some grade has", () => {
	const offered = Object.keys(cipherSuiteName().words ?? {});
	assert.equal(offered.length, gradeRules("legacy").suites.length);
	for (const name of offered) assert.equal(read(name), name);
});

test("any other text is refused", () => {
	fc.assert(
		fc.property(fc.string(), (typed) => read(typed).startsWith("!") || cipherSuiteNamed(read(typed)) !== undefined),
	);
});
