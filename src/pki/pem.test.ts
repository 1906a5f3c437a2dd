import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { certificatePem, pemCertificates } from "#pki/pem.ts";

test("what is written as PEM reads back, several in one text and text between them", () => {
	fc.assert(
		fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 4 }), (all) => {
			const text = all.map((der) => `some text\n${certificatePem(der)}`).join("");
			assert.deepEqual(
				pemCertificates(text).map((der) => [...der]),
				all.map((der) => [...der]),
			);
		}),
	);
});

test("lines have at most 64 characters", () => {
	for (const line of certificatePem(new Uint8Array(500)).split("\n")) assert.ok(line.length <= 64);
});

test("keys, broken marks and other text give no certificate", () => {
	for (const text of [
		"",
		"-----BEGIN CERTIFICATE-----",
		"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----",
	]) {
		assert.deepEqual(pemCertificates(text), []);
	}
});
