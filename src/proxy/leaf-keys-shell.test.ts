import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { test } from "node:test";
import { keyIdentifier } from "#pki/mint.ts";
import { LeafKeys } from "#proxy/leaf-keys-shell.ts";

const day = 86_400_000;

test("M8: the key of each class is what the class says, and belongs to its certificate part", async () => {
	const keys = new LeafKeys();
	for (const [keyClass, type, detail] of [
		["p256", "ec", "prime256v1"],
		["p384", "ec", "secp384r1"],
		["rsa2048", "rsa", 2_048],
		["rsa3072", "rsa", 3_072],
	] as const) {
		const { key, leafKey } = await keys.get(keyClass);
		const publicKey = createPublicKey(createPrivateKey(key));
		const { namedCurve, modulusLength } = publicKey.asymmetricKeyDetails ?? {};
		assert.deepEqual([publicKey.asymmetricKeyType, namedCurve ?? modulusLength, leafKey.keyType], [type, detail, type]);
		const spki = publicKey.export({ type: "spki", format: "der" });
		assert.deepEqual(Buffer.from(leafKey.publicKeyInfo), spki);
		assert.deepEqual(leafKey.keyIdentifier, keyIdentifier(spki));
	}
});

test("N2: one key of a class serves every leaf for a day, then another does", () => {
	let now = 0;
	const keys = new LeafKeys(() => now);
	const first = keys.get("p256");
	now = day - 1;
	assert.equal(keys.get("p256"), first);
	now = day;
	const second = keys.get("p256");
	assert.notEqual(second, first);
	assert.equal(keys.get("p256"), second);
});

test("N2: an RSA key is made once for all who wait, and serves on while its successor is made", async () => {
	let now = 0;
	const keys = new LeafKeys(() => now);
	const [first, same] = await Promise.all([keys.get("rsa2048"), keys.get("rsa2048")]);
	assert.equal(first, same);
	now = day;
	assert.equal(keys.get("rsa2048"), first, "nobody waits for the successor");
	while (keys.get("rsa2048") === first) await new Promise((resolve) => setTimeout(resolve, 10));
	const second = keys.get("rsa2048");
	assert.ok(!(second instanceof Promise) && second.madeAt === day);
});
