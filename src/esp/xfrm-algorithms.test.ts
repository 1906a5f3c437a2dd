import assert from "node:assert/strict";
import { test } from "node:test";
import { algorithmAttribute, encodeAlgorithm, xfrmAlgorithms } from "#esp/xfrm-algorithms.ts";

const keysOf = (encryption: number, integrity = 0) => ({
	encryption: new Uint8Array(encryption).fill(7),
	integrity: new Uint8Array(integrity).fill(9),
});
const cbc = (engine: string, keyOctets: number, blockOctets = 16) => ({
	engine,
	keyOctets,
	saltOctets: 0,
	ivOctets: blockOctets,
	blockOctets,
	tagOctets: 0,
});
const aead = (engine: string, keyOctets: number) => ({
	engine,
	keyOctets,
	saltOctets: 4,
	ivOctets: 8,
	blockOctets: 1,
	tagOctets: 16,
});
const names = (cipher: ReturnType<typeof cbc>, integrity?: { hash: string; tagOctets: number }) =>
	xfrmAlgorithms(
		{ cipher, hasExtendedSequenceNumbers: false, ...(integrity && { integrity }) },
		keysOf(cipher.keyOctets, 32),
	)?.map(({ name, checkBits }) => (checkBits === undefined ? name : `${name} ${checkBits}`));

test("B38: every cipher has its name in the kernel, DES apart from 3DES", () => {
	const sha = { hash: "sha256", tagOctets: 16 };
	assert.deepEqual(names(cbc("des-ede3-cbc", 8, 8), sha)?.[0], "cbc(des)");
	assert.deepEqual(names(cbc("des-ede3-cbc", 24, 8), sha)?.[0], "cbc(des3_ede)");
	for (const bits of [128, 192, 256]) {
		assert.deepEqual(names(cbc(`aes-${bits}-cbc`, bits / 8), sha)?.[0], "cbc(aes)");
		assert.deepEqual(names(aead(`aes-${bits}-gcm`, bits / 8)), ["rfc4106(gcm(aes)) 128"]);
	}
	assert.deepEqual(names(aead("chacha20-poly1305", 32)), ["rfc7539esp(chacha20,poly1305) 128"]);
	assert.equal(names(cbc("camellia-128-cbc", 16), sha), undefined);
});

test("check values are as long as was agreed, never as the kernel is used to", () => {
	for (const [hash, tagOctets, expected] of [
		["md5", 12, "hmac(md5) 96"],
		["sha1", 12, "hmac(sha1) 96"],
		["sha256", 16, "hmac(sha256) 128"],
		["sha384", 24, "hmac(sha384) 192"],
		["sha512", 32, "hmac(sha512) 256"],
	] as const)
		assert.deepEqual(names(cbc("aes-128-cbc", 16), { hash, tagOctets }), ["cbc(aes)", expected]);
	assert.equal(names(cbc("aes-128-cbc", 16), { hash: "whirlpool", tagOctets: 16 }), undefined);
	assert.equal(names(cbc("aes-128-cbc", 16)), undefined);
});

test("an algorithm is its name, the bits of its key, those of its check value where it has one, and the key", () => {
	const key = Uint8Array.of(1, 2);
	const attribute = algorithmAttribute.cipher;
	const plain = Buffer.from(encodeAlgorithm({ attribute, name: "cbc(aes)", key }, true)).toString("hex");
	assert.equal(plain, `${Buffer.from("cbc(aes)").toString("hex").padEnd(128, "0")}100000000102`);
	const checked = encodeAlgorithm({ attribute, name: "x".repeat(80), key, checkBits: 96 }, false);
	assert.deepEqual([...checked.subarray(62)], [120, 0, 0, 0, 0, 16, 0, 0, 0, 96, 1, 2]);
});
