import assert from "node:assert/strict";
import { test } from "node:test";
import { gradeRules } from "#tls/grade.ts";
import { groupOf } from "#tls/key-exchange-groups.ts";
import { signatureSchemeOf } from "#tls/signature-schemes.ts";

const grades = ["strict", "compatible", "legacy"] as const;

test("strict is TLS 1.2 and 1.3 with forward secrecy and AEAD only (F1, F7)", () => {
	const { versions, suites } = gradeRules("strict");
	assert.deepEqual(versions, [0x0303, 0x0304]);
	assert.equal(suites.length, 9);
	assert.ok(suites.every((suite) => suite.isAead && suite.hasForwardSecrecy));
});

test("compatible adds CBC with forward secrecy and no version", () => {
	const { versions, suites } = gradeRules("compatible");
	assert.deepEqual(versions, [0x0303, 0x0304]);
	assert.ok(suites.every((suite) => suite.hasForwardSecrecy));
	assert.equal(suites.filter((suite) => !suite.isAead).length, 8);
});

test("legacy is TLS 1.0 to 1.3, ECDHE and RSA key exchange, AES 128 and 256, SHA-1 to SHA-384 (R158, R163 to R166)", () => {
	const { versions, suites } = gradeRules("legacy");
	assert.deepEqual(versions, [0x0301, 0x0302, 0x0303, 0x0304]);
	assert.deepEqual(new Set(suites.map(({ keyExchange }) => keyExchange)), new Set(["any", "ECDHE", "RSA"]));
	assert.deepEqual(new Set(suites.map(({ mac }) => mac)), new Set(["AEAD", "SHA1", "SHA256", "SHA384"]));
	for (const bulk of ["AES_128_GCM", "AES_256_GCM", "AES_128_CBC", "AES_256_CBC", "CHACHA20_POLY1305"]) {
		assert.ok(
			suites.some((suite) => suite.bulk === bulk && suite.authentication === "RSA"),
			bulk,
		);
	}
});

test("each grade holds the one before it, without null, anonymous, export, DES or RC4 suites", () => {
	const codes = grades.map((grade) => gradeRules(grade).suites.map(({ code }) => code));
	assert.deepEqual(codes[1]?.slice(0, codes[0]?.length), codes[0]);
	assert.deepEqual(codes[2]?.slice(0, codes[1]?.length), codes[1]);
	for (const suite of gradeRules("legacy").suites) {
		assert.doesNotMatch(suite.name, /NULL|anon|EXPORT|DES|RC4|RC2|IDEA|PSK|SRP|MD5/);
		assert.notEqual(suite.opensslName, undefined);
	}
});

test("X25519MLKEM768 comes first and P-384 is there in every grade (R161 beaten)", () => {
	for (const grade of grades) {
		const { groups } = gradeRules(grade);
		assert.equal(groups[0], 0x11ec);
		for (const code of [0x001d, 0x0017, 0x0018]) assert.ok(groups.includes(code));
		assert.ok(groups.every((code) => groupOf(code)?.opensslName !== undefined));
	}
});

test("SHA-1 signatures are in legacy alone, MD5 and DSA in none", () => {
	for (const grade of grades) {
		const schemes = gradeRules(grade).schemes.map((code) => signatureSchemeOf(code));
		assert.equal(
			schemes.some((scheme) => scheme?.hash === "SHA1"),
			grade === "legacy",
		);
		assert.ok(schemes.every((scheme) => scheme !== undefined && scheme.hash !== "MD5" && scheme.key !== "DSA"));
	}
});
