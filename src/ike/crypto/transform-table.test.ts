import assert from "node:assert/strict";
import { getCiphers, getCurves, getHashes } from "node:crypto";
import { test } from "node:test";
import {
	cipherNamed,
	ciphers,
	groupNamed,
	groupOfId,
	groups,
	integrityAlgorithms,
	integrityNamed,
	prfNamed,
	prfs,
} from "#ike/crypto/transform-table.ts";
import { ciphers as cipherWords, groups as groupWords } from "#ike/ike-schema.ts";

test("B17: every group and every cipher that the configuration names is there", () => {
	for (const word of Object.keys(groupWords.words ?? {})) assert.equal(groupNamed(word).name, word);
	for (const word of Object.keys(cipherWords.words ?? {})) assert.equal(cipherNamed(word).name, word);
	assert.ok(Object.keys(groupWords.words ?? {}).length >= 10);
});

test("each algorithm is one that the cryptographic library has", () => {
	for (const { engine } of ciphers) assert.ok(getCiphers().includes(engine), engine);
	for (const { hash } of [...integrityAlgorithms, ...prfs]) assert.ok(getHashes().includes(hash), hash);
	for (const { kind, engine } of groups) if (kind === "ecp") assert.ok(getCurves().includes(engine), engine);
});

test("no two rows of a kind are the same on the wire", () => {
	const wireOf = (rows: readonly { id: number; keyBits?: number }[]) =>
		rows.map(({ id, keyBits }) => `${id}/${keyBits}`);
	for (const rows of [ciphers, integrityAlgorithms, prfs, groups]) {
		const wire = wireOf(rows);
		assert.equal(new Set(wire).size, wire.length);
	}
});

test("B40: HMAC-MD5 has keys of 16 octets, HMAC-SHA-1 of 20, both cut to 96 bits", () => {
	const { keyOctets, tagOctets } = integrityNamed("hmac-md5-96");
	assert.deepEqual([keyOctets, tagOctets], [16, 12]);
	assert.deepEqual([integrityNamed("hmac-sha1-96").keyOctets, integrityNamed("hmac-sha1-96").tagOctets], [20, 12]);
});

test("what is weak is marked: DES, 3DES, MD5, SHA-1, groups 1, 2 and 24", () => {
	const marked = [...ciphers, ...integrityAlgorithms, ...prfs, ...groups].filter(({ danger }) => danger !== undefined);
	assert.deepEqual(
		marked.map(({ name }) => name),
		["des-cbc", "3des-cbc", "hmac-md5-96", "hmac-sha1-96", "hmac-md5", "hmac-sha1", "group1", "group2", "group24"],
	);
});

test("a name without a row is a mistake of the caller; an unknown number of the peer is not", () => {
	assert.throws(() => cipherNamed("rot13"), RangeError);
	assert.throws(() => prfNamed("rot13"), RangeError);
	assert.equal(groupOfId(19)?.name, "group19");
	assert.equal(groupOfId(999), undefined);
});
