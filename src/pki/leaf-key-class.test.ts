import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { DerReader } from "#pki/der.ts";
import { isRsaClass, leafKeyClasses } from "#pki/leaf-key-class.ts";
import { type PublicKeyInfo, readPublicKeyInfo } from "#pki/public-key.ts";
import { makeKeyPair } from "../../test/support/make-certificate.ts";

const rsa = (bits: number): PublicKeyInfo => ({ ...infoOf(makeKeyPair("rsa2048").publicKey), bits });
const ec = (namedCurve: string): PublicKeyInfo => infoOf(generateKeyPairSync("ec", { namedCurve }).publicKey);

function infoOf(key: { export(options: { type: "spki"; format: "der" }): Buffer }): PublicKeyInfo {
	const faults: string[] = [];
	const info = readPublicKeyInfo(new DerReader(key.export({ type: "spki", format: "der" })), faults);
	assert.deepEqual(faults, []);
	return info;
}

for (const [says, key, first] of [
	["P-256", ec("prime256v1"), "p256"],
	["P-384", ec("secp384r1"), "p384"],
	["P-521", ec("secp521r1"), "p384"],
	["secp256k1", ec("secp256k1"), "p256"],
	["Ed25519", infoOf(generateKeyPairSync("ed25519").publicKey), "p256"],
	["Ed448", infoOf(generateKeyPairSync("ed448").publicKey), "p384"],
	["ML-DSA-44", infoOf(generateKeyPairSync("ml-dsa-44").publicKey), "p256"],
	["ML-DSA-65", infoOf(generateKeyPairSync("ml-dsa-65").publicKey), "p384"],
	["RSA 2048", rsa(2_048), "rsa2048"],
	["RSA 3071", rsa(3_071), "rsa2048"],
	["RSA 3072", rsa(3_072), "rsa3072"],
	["RSA 4096", rsa(4_096), "rsa3072"],
	["RSA 16384", rsa(16_384), "rsa3072"],
] as const) {
	test(`M8: after a server key of ${says} the leaf has one of class ${first}`, () => {
		const classes = leafKeyClasses(key);
		assert.equal(classes[0], first);
		assert.ok(classes.some(isRsaClass) && !classes.every(isRsaClass), "clients of either algorithm get a leaf");
	});
}

test("M8: no leaf is stronger than its server as long as the client takes a weaker or equal one", () => {
	const strength = { rsa2048: 112, rsa3072: 128, p256: 128, p384: 192 };
	for (const [key, bits] of [
		[ec("prime256v1"), 128],
		[ec("secp384r1"), 192],
		[rsa(2_048), 112],
		[rsa(3_072), 128],
	] as const) {
		const strengths = leafKeyClasses(key).map((keyClass) => strength[keyClass]);
		const firstStronger = strengths.findIndex((value) => value > bits);
		const rest = firstStronger === -1 ? [] : strengths.slice(firstStronger);
		assert.ok(rest.every((value) => value > bits));
	}
});

test("M8: a key that anybody can break gets no leaf, and one that no client takes gets the smallest that is taken", () => {
	assert.deepEqual(leafKeyClasses(rsa(768)), []);
	assert.equal(leafKeyClasses(rsa(1_024))[0], "rsa2048");
	assert.deepEqual(leafKeyClasses({ ...ec("prime256v1"), bits: 192, curve: "P-192" }), []);
	assert.equal(leafKeyClasses(ec("secp224r1"))[0], "p256");
	assert.deepEqual(leafKeyClasses({ ...ec("prime256v1"), kind: "dsa" }), []);
	assert.deepEqual(leafKeyClasses({ ...ec("prime256v1"), kind: "unknown" }), []);
});
