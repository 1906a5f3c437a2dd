import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { deriveChildKeys, deriveIkeKeys, firstKeySeed, nextKeySeed } from "#ike/crypto/derive-keys.ts";
import { cipherNamed, integrityNamed, prfNamed } from "#ike/crypto/transform-table.ts";

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex"));
const hexOf = (value: Uint8Array) => Buffer.from(value).toString("hex");

/** CAVP, "IKEv2 key derivation with HMAC-SHA1". */
const cavp = {
	inputs: {
		initiatorNonce: octets("32b50d5f4a3763f3"),
		responderNonce: octets("9206a04b26564cb1"),
		initiatorSpi: octets("34c9e7c188868785"),
		responderSpi: octets("3ff77d760d2b2199"),
	},
	secret: octets("4b2c1f971981a8ad8d0abeafabf38cf75fc8349c148142465ed9c8b516b8be52"),
	nextSecret: octets("863f3c9d06efd39d2b907b97f8699e5dd5251ef64a2a176f36ee40c87d4f9330"),
	seed: "a9a7b222b59f8f48645f28a1db5b5f5d7479cba7",
	nextSeed: "63e81194946ebd05df7df5ebf5d8750056bf1f1d",
	material: `a14293677cc80ff8f9cc0eee30d895da9d8f405666e30ef0dfcb63c634a46002a2a63080e514a062768b76606f9fa5e9
		92204fc5a670bde3f10d6b027113936a5c55b648a194ae587b0088d52204b702c979fa280870d2ed41efa9c549fd1119
		8af1670b143d384bd275c5f594cf266b05ebadca855e4249520a441a81157435a7a56cc4`.replace(/\s/g, ""),
};
const sha1 = prfNamed("hmac-sha1");
const algorithms = { cipher: cipherNamed("aes-128-cbc"), integrity: integrityNamed("hmac-sha1-96"), prf: sha1 };

test("SKEYSEED and all keys of an association of IKE as CAVP has them", () => {
	const seed = firstKeySeed(sha1, cavp.inputs, cavp.secret);
	assert.equal(hexOf(seed), cavp.seed);
	const keys = deriveIkeKeys(algorithms, seed, cavp.inputs);
	const { initiator, responder } = keys;
	const material = [keys.derivation, initiator.integrity, responder.integrity, initiator.encryption];
	const rest = [responder.encryption, keys.initiatorIdentity, keys.responderIdentity];
	assert.equal([...material, ...rest].map(hexOf).join(""), cavp.material);
	assert.deepEqual(
		[...material, ...rest].map(({ length }) => length),
		[20, 20, 20, 16, 16, 20, 20],
	);
});

test("SKEYSEED of a rekeyed association as CAVP has it", () => {
	const { derivation } = deriveIkeKeys(algorithms, octets(cavp.seed), cavp.inputs);
	assert.equal(hexOf(nextKeySeed(sha1, derivation, cavp.inputs, cavp.nextSecret)), cavp.nextSeed);
});

test("a cipher that authenticates has no integrity keys, and its salt behind the key", () => {
	const gcm = { cipher: cipherNamed("aes-256-gcm"), prf: prfNamed("hmac-sha256") };
	const keys = deriveIkeKeys(gcm, octets(cavp.seed), cavp.inputs);
	assert.deepEqual([keys.initiator.integrity.length, keys.initiator.encryption.length], [0, 36]);
	assert.deepEqual([keys.derivation.length, keys.responderIdentity.length], [32, 32]);
});

test("B29: an exchange of its own changes the keys of a child", () => {
	const esp = { cipher: cipherNamed("aes-128-cbc"), integrity: integrityNamed("hmac-sha1-96") };
	const options = { ...esp, hasExtendedSequenceNumbers: false };
	const derivation = octets(cavp.seed);
	const plain = deriveChildKeys(sha1, derivation, options, cavp.inputs, new Uint8Array(0));
	const forward = deriveChildKeys(sha1, derivation, options, cavp.inputs, cavp.nextSecret);
	assert.notEqual(hexOf(plain.initiator.encryption), hexOf(forward.initiator.encryption));
	assert.deepEqual([plain.initiator.encryption.length, plain.initiator.integrity.length], [16, 20]);
	const all = [plain.initiator.encryption, plain.initiator.integrity, plain.responder.encryption];
	assert.equal(new Set([...all, plain.responder.integrity].map(hexOf)).size, 4);
});

test("secrets of further exchanges stand behind the nonces, in their order (RFC 9370 §2.2.4)", () => {
	const prf = (key: Uint8Array, ...data: readonly Uint8Array[]) =>
		createHmac("sha1", key).update(Buffer.concat(data)).digest();
	const { inputs, secret, nextSecret } = cavp;
	const derivation = new Uint8Array(20).fill(5);
	const more = [nextSecret, Uint8Array.of(1, 2)];
	assert.equal(
		hexOf(nextKeySeed(sha1, derivation, inputs, secret, more)),
		hexOf(prf(derivation, secret, inputs.initiatorNonce, inputs.responderNonce, ...more)),
	);
	const esp = { ...algorithms, hasExtendedSequenceNumbers: false };
	const keys = deriveChildKeys(sha1, derivation, esp, inputs, secret, more);
	const seed = [secret, inputs.initiatorNonce, inputs.responderNonce, ...more];
	assert.equal(hexOf(keys.initiator.encryption), hexOf(prf(derivation, ...seed, Uint8Array.of(1)).subarray(0, 16)));
});
