import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { open, type Protection, seal, tagOctets } from "#ike/crypto/cipher.ts";
import { cipherNamed, ciphers, integrityAlgorithms, integrityNamed } from "#ike/crypto/transform-table.ts";
import { seededRandom } from "../../../test/support/seeded-random.ts";

const random = seededRandom("cipher");

/** Every cipher that authenticates, and every other with every integrity algorithm. */
const protections: readonly Protection[] = ciphers.flatMap((cipher): Protection[] =>
	cipher.tagOctets > 0 ? [{ cipher }] : integrityAlgorithms.map((integrity) => ({ cipher, integrity })),
);

const keysFor = ({ cipher, integrity }: Protection) => ({
	encryption: random(cipher.keyOctets + cipher.saltOctets),
	integrity: random(integrity?.keyOctets ?? 0),
});

test("what is sealed is opened, with every combination of algorithms", () => {
	for (const protection of protections) {
		const keys = keysFor(protection);
		const plain = random(48);
		const sealed = seal(protection, keys, Uint8Array.of(1, 2), random(protection.cipher.ivOctets), plain);
		assert.equal(sealed.length, protection.cipher.ivOctets + 48 + tagOctets(protection));
		assert.deepEqual(Buffer.from(open(protection, keys, Uint8Array.of(1, 2), sealed) ?? []), Buffer.from(plain));
	}
});

test("one changed bit anywhere, in the prefix too, opens nothing", () => {
	fc.assert(
		fc.property(fc.constantFrom(...protections), fc.nat(), fc.nat(7), (protection, place, bit) => {
			const keys = keysFor(protection);
			const prefix = random(12);
			const sealed = seal(protection, keys, prefix, random(protection.cipher.ivOctets), random(48));
			const changed = Uint8Array.from([...prefix, ...sealed]);
			const at = place % changed.length;
			changed[at] = (changed[at] as number) ^ (1 << bit);
			assert.equal(open(protection, keys, changed.subarray(0, 12), changed.subarray(12)), undefined);
		}),
	);
});

test("no octets make open throw", () => {
	fc.assert(
		fc.property(fc.constantFrom(...protections), fc.uint8Array({ maxLength: 100 }), (protection, octets) => {
			assert.equal(open(protection, keysFor(protection), Uint8Array.of(1), octets), undefined);
		}),
	);
});

test("a cipher without authentication and without an integrity algorithm opens nothing", () => {
	const protection = { cipher: cipherNamed("aes-128-cbc") };
	const keys = keysFor(protection);
	const sealed = seal(protection, keys, new Uint8Array(0), random(16), random(16));
	assert.equal(open(protection, keys, new Uint8Array(0), sealed), undefined);
});

test("DES is DES: the known answer of FIPS 81", () => {
	const protection = { cipher: cipherNamed("des-cbc"), integrity: integrityNamed("hmac-md5-96") };
	const keys = { encryption: Buffer.from("0123456789abcdef", "hex"), integrity: new Uint8Array(16) };
	const iv = Buffer.from("1234567890abcdef", "hex");
	const sealed = seal(protection, keys, new Uint8Array(0), iv, Buffer.from("Now is the time for all ", "latin1"));
	assert.equal(Buffer.from(sealed.subarray(8, 32)).toString("hex"), "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6");
});
