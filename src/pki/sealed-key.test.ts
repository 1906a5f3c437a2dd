import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { openSealed, passphraseCost, passphraseKey, seal, takeStoreKey } from "#pki/sealed-key.ts";

const key = takeStoreKey(Buffer.alloc(32, 7));
const label = { id: "corp", version: 3, isExportable: false };
const nonce = Buffer.alloc(12, 1);

test("K3: a sealed key opens with its key and label, and with no other", () => {
	const clear = Buffer.from("private key");
	const sealed = seal(key, label, nonce, clear);
	assert.equal(sealed.length, 12 + clear.length + 16);
	assert.ok(!Buffer.from(sealed).includes(clear));
	assert.deepEqual(Buffer.from(openSealed(key, label, sealed) ?? []), clear);
	assert.equal(openSealed(takeStoreKey(Buffer.alloc(32, 8)), label, sealed), undefined);
	for (const other of [{ id: "other" }, { version: 2 }, { version: 4 }, { isExportable: true }])
		assert.equal(openSealed(key, { ...label, ...other }, sealed), undefined, JSON.stringify(other));
});

test("K3: whatever octet is changed or cut off, it does not open", () => {
	const sealed = seal(key, label, nonce, Buffer.from("private key"));
	fc.assert(
		fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
			const other = Uint8Array.from(sealed);
			other[at] = (other[at] as number) ^ change;
			assert.equal(openSealed(key, label, other), undefined);
			assert.equal(openSealed(key, label, sealed.subarray(0, at)), undefined);
		}),
	);
});

test("octets that became a key are zeros afterwards", () => {
	const octets = Buffer.alloc(32, 9);
	takeStoreKey(octets);
	assert.deepEqual(octets, Buffer.alloc(32));
});

test("K3: a passphrase gives a key of 256 bits, another for another passphrase or salt", () => {
	const cost = { ...passphraseCost, memoryKib: 1_024, salt: Buffer.alloc(16, 2) };
	const make = (passphrase: string, more = {}) => passphraseKey(Buffer.from(passphrase), { ...cost, ...more }).export();
	assert.equal(make("secret").length, 32);
	assert.deepEqual(make("secret"), make("secret"));
	for (const other of [make("Secret"), make("secret", { salt: Buffer.alloc(16, 3) }), make("secret", { passes: 4 })])
		assert.notDeepEqual(other, make("secret"));
	assert.ok(passphraseCost.memoryKib >= 65_536 && passphraseCost.passes >= 3);
});
