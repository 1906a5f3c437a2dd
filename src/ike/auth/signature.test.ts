import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import {
	acceptedHashes,
	chooseScheme,
	decodeHashAlgorithms,
	encodeSignature,
	isSignature,
	signWith,
} from "#ike/auth/signature.ts";

interface Pair {
	readonly publicKey: KeyObject;
	readonly privateKey: KeyObject;
}
const rsa: Pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p256: Pair = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const p384: Pair = generateKeyPairSync("ec", { namedCurve: "secp384r1" });
const p521: Pair = generateKeyPairSync("ec", { namedCurve: "secp521r1" });
const ed25519: Pair = generateKeyPairSync("ed25519");
const octets = Uint8Array.of(1, 2, 3);

function signed(pair: Pair, hashes: readonly number[] | undefined) {
	const scheme = chooseScheme(pair.publicKey, hashes);
	assert.ok(scheme !== undefined);
	return { scheme, auth: encodeSignature(scheme, signWith(scheme, pair.privateKey, octets)) };
}

test("the scheme fits the key and what the peer announced", () => {
	const nameOf = (pair: Pair, hashes?: readonly number[]) => chooseScheme(pair.publicKey, hashes)?.name;
	assert.deepEqual(
		[nameOf(rsa, [2, 3, 4]), nameOf(rsa, [4]), nameOf(rsa), nameOf(rsa, [1])],
		["rsa-pss-sha256", "rsa-pss-sha512", "rsa-sha1", undefined],
	);
	assert.deepEqual(
		[nameOf(p256, [2, 3]), nameOf(p256), nameOf(p384), nameOf(p521)],
		["ecdsa-sha256", "ecdsa-256", "ecdsa-384", "ecdsa-521"],
	);
	assert.deepEqual([nameOf(ed25519, [2, 5]), nameOf(ed25519, [2]), nameOf(ed25519)], ["ed25519", undefined, undefined]);
});

test("signatures of every kind of key verify, by the old methods and by RFC 7427", () => {
	for (const [pair, hashes] of [
		[rsa, [2]],
		[rsa, [3]],
		[rsa, [4]],
		[rsa, undefined],
		[p256, [2]],
		[p384, [3]],
		[p521, [4]],
		[p256, undefined],
		[p384, undefined],
		[p521, undefined],
		[ed25519, [5]],
	] as const) {
		const { scheme, auth } = signed(pair, hashes);
		assert.ok(isSignature(auth, pair.publicKey, octets, hashes !== undefined), scheme.name);
		assert.ok(!isSignature(auth, pair.publicKey, Uint8Array.of(1, 2, 4), false), scheme.name);
	}
});

test("a signature of another key, of another type of key or under another method is refused", () => {
	const { auth } = signed(p256, [2]);
	const other = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
	for (const key of [other.publicKey, rsa.publicKey, ed25519.publicKey])
		assert.ok(!isSignature(auth, key, octets, true));
	assert.ok(!isSignature({ ...auth, method: 9 }, p256.publicKey, octets, true));
	assert.ok(!isSignature({ ...auth, method: 2 }, p256.publicKey, octets, true));
});

test("SHA-1 is refused where both ends have announced hashes, so that nobody in between can bring it back", () => {
	const { auth } = signed(rsa, undefined);
	assert.ok(isSignature(auth, rsa.publicKey, octets, false));
	assert.ok(!isSignature(auth, rsa.publicKey, octets, true));
});

test("plain RSA under its name is accepted too", () => {
	const scheme = { ...signed(rsa, [2]).scheme };
	const algorithm = Buffer.from("300d06092a864886f70d01010b0500", "hex");
	const { options: _, ...plain } = scheme;
	const auth = encodeSignature({ ...plain, algorithm }, signWith(plain, rsa.privateKey, octets));
	assert.ok(isSignature(auth, rsa.publicKey, octets, true));
});

test("no data make verification throw", () => {
	fc.assert(
		fc.property(fc.nat(20), fc.uint8Array({ maxLength: 90 }), (method, data) => {
			for (const { publicKey } of [rsa, p256, ed25519])
				assert.ok(!isSignature({ method, data }, publicKey, octets, false));
		}),
	);
});

test("announced hashes are two octets each", () => {
	const decoded = decodeHashAlgorithms(acceptedHashes);
	assert.ok(decoded.kind === "done");
	assert.deepEqual(decoded.value, [2, 3, 4, 5]);
	assert.equal(decodeHashAlgorithms(Uint8Array.of(0)).kind, "malformed");
	assert.equal(decodeHashAlgorithms(new Uint8Array(0)).kind, "done");
});
