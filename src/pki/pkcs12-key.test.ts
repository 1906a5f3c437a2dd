import assert from "node:assert/strict";
import { test } from "node:test";
import { type Pkcs12Digest, pkcs12Key, pkcs12Password } from "#pki/pkcs12-key.ts";

const hex = (text: string) => Buffer.from(text, "hex");

test("gives the known answers of SHA-1 for keys, vectors and MAC keys", () => {
	const known: [string, "key" | "vector" | "mac", string, number, string][] = [
		["smeg", "key", "0a58cf64530d823f", 1, "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3"],
		["smeg", "vector", "0a58cf64530d823f", 1, "79993dfe048d3b76"],
		["smeg", "mac", "3d83c0e4546ac140", 1, "8d967d88f6caa9d714800ab3d48051d63f73a312"],
		["queeg", "key", "05dec959acff72f7", 1000, "ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4"],
		["queeg", "vector", "11dedad7758d4860", 1000, "cd1b5a2ca71b222d"],
		["queeg", "mac", "263216fcc2fab31c", 1000, "5ec4c7a80df652294c3925b6489a7ab857c83476"],
	];
	for (const [passphrase, purpose, salt, iterations, expected] of known) {
		const octets = pkcs12Key("sha1", purpose, pkcs12Password(passphrase), hex(salt), iterations, expected.length / 2);
		assert.equal(Buffer.from(octets).toString("hex"), expected);
	}
});

test("gives the answers of openssl over several blocks of SHA-256 and SHA-512", () => {
	const of = (digest: Pkcs12Digest) => {
		const octets = pkcs12Key(digest, "mac", pkcs12Password("queeg"), hex("11dedad7758d4860"), 1000, 70);
		return Buffer.from(octets).toString("hex");
	};
	assert.equal(
		of("sha256"),
		"b249130b393e0b268fcb20637f7b7c9c1cbe469bdc57a1fb328a3bc2445a62dc33ad9d917cf9d1fc9e80e22c7d94a1b54fbbe056199d30e29380906c0c3189472869d3425552",
	);
	assert.equal(
		of("sha512"),
		"8fe812bfe6e39dc0b3036b7c399bbecb370f8d9a033cb141788182b4da55b73ce4e60c075c54b381b6374af96738cca744f6b5a498becd52f05cb2938a2c243f553651ebecf2",
	);
});

test("a passphrase is UTF-16 with a zero at its end", () => {
	assert.deepEqual([...pkcs12Password("aæ")], [0, 0x61, 0, 0xe6, 0, 0]);
	assert.deepEqual([...pkcs12Password("")], [0, 0]);
});

test("every digest gives as many octets as are asked for, also over several blocks and without salt", () => {
	for (const digest of ["sha1", "sha224", "sha256", "sha384", "sha512"] satisfies Pkcs12Digest[]) {
		const of = (salt: Uint8Array, octets: number) => pkcs12Key(digest, "key", pkcs12Password("x"), salt, 2, octets);
		assert.equal(of(new Uint8Array(200), 150).length, 150);
		assert.equal(of(new Uint8Array(0), 8).length, 8);
		assert.deepEqual(of(hex("01"), 150).subarray(0, 8), of(hex("01"), 8));
	}
});
