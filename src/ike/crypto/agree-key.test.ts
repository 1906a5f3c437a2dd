import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { answerKeyExchange, beginKeyExchange } from "#ike/crypto/agree-key.ts";
import { modpParameters } from "#ike/crypto/modp-primes.ts";
import { groupNamed, groups } from "#ike/crypto/transform-table.ts";
import { seededRandom } from "../../../test/support/seeded-random.ts";

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex"));
const hexOf = (value: Uint8Array | undefined) => Buffer.from(value ?? []).toString("hex");

test("B17: both ends of every group agree on one secret, and the values have the group's length", () => {
	for (const group of groups) {
		const begun = beginKeyExchange(group, seededRandom(`i ${group.name}`));
		assert.equal(begun.publicValue.length, group.publicOctets, group.name);
		const answered = answerKeyExchange(group, begun.publicValue, seededRandom(`r ${group.name}`));
		assert.ok(answered !== undefined, group.name);
		assert.equal(hexOf(begun.finish(answered.publicValue)), hexOf(answered.secret), group.name);
		assert.ok(answered.secret.length >= 32, group.name);
	}
});

test("the P-256 exchange of RFC 5903 §8.1", () => {
	const group = groupNamed("group19");
	const i = octets("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433");
	const r = octets("c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53");
	const begun = beginKeyExchange(group, () => i);
	assert.equal(
		hexOf(begun.publicValue),
		"dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180" +
			"5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
	);
	const answered = answerKeyExchange(group, begun.publicValue, () => r);
	assert.equal(hexOf(answered?.secret), "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
});

test("the x25519 exchange of RFC 7748 §6.1", () => {
	const group = groupNamed("group31");
	const a = octets("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
	const b = octets("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
	const begun = beginKeyExchange(group, () => a);
	assert.equal(hexOf(begun.publicValue), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
	const answered = answerKeyExchange(group, begun.publicValue, () => b);
	assert.equal(hexOf(answered?.secret), "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
});

test("a number above the order of the curve is drawn again", () => {
	const draws = [new Uint8Array(32).fill(0xff), new Uint8Array(32), new Uint8Array(32).fill(5)];
	const begun = beginKeyExchange(groupNamed("group19"), () => draws.shift() as Uint8Array);
	assert.equal(begun.publicValue.length, 64);
	assert.equal(draws.length, 0);
});

test("public values that open the secret are refused: 0, 1, p-1, p, points off the curve, values of small order", () => {
	for (const name of ["group1", "group14", "group24"]) {
		const group = groupNamed(name);
		const { prime } = modpParameters(group.engine);
		const one = new Uint8Array(prime.length);
		one[prime.length - 1] = 1;
		const minusOne = Uint8Array.from(prime);
		minusOne[prime.length - 1] = (minusOne[prime.length - 1] as number) - 1;
		for (const value of [new Uint8Array(prime.length), one, minusOne, prime, new Uint8Array(prime.length).fill(255)])
			assert.equal(answerKeyExchange(group, value, seededRandom("r")), undefined, name);
	}
	const curve = groupNamed("group19");
	assert.equal(answerKeyExchange(curve, new Uint8Array(64).fill(4), seededRandom("r")), undefined);
	assert.equal(answerKeyExchange(groupNamed("group31"), new Uint8Array(32), seededRandom("r")), undefined);
});

test("a value of group 24 outside its subgroup is refused (RFC 6989 §2.2)", () => {
	const two = new Uint8Array(256);
	two[255] = 2;
	assert.equal(answerKeyExchange(groupNamed("group24"), two, seededRandom("r")), undefined);
	assert.notEqual(answerKeyExchange(groupNamed("group14"), two, seededRandom("r")), undefined);
});

test("a value of another length is refused, and never thrown at", () => {
	for (const group of groups)
		for (const length of [0, 1, group.publicOctets - 1, group.publicOctets + 1]) {
			const value = new Uint8Array(length).fill(9);
			assert.equal(answerKeyExchange(group, value, seededRandom("r")), undefined, group.name);
			assert.equal(beginKeyExchange(group, seededRandom("i")).finish(value), undefined, group.name);
		}
});

test("the same octets give the same exchange", () => {
	for (const group of groups)
		assert.equal(
			hexOf(beginKeyExchange(group, seededRandom("same")).publicValue),
			hexOf(beginKeyExchange(group, seededRandom("same")).publicValue),
		);
});

/** Made by another implementation (noble-post-quantum): seed to public value, and the secret in a ciphertext. */
const mlKemAnswers = JSON.parse(
	readFileSync(new URL("../../../test/data/ml-kem/answers.json", import.meta.url), "utf8"),
) as readonly Readonly<Record<"name" | "seed" | "publicValueSha256" | "ciphertext" | "secret", string>>[];

test("ML-KEM gives the public values and secrets that another implementation gives (FIPS 203)", () => {
	assert.deepEqual(
		mlKemAnswers.map(({ name }) => name),
		["ml-kem-512", "ml-kem-768", "ml-kem-1024"],
	);
	for (const { name, seed, publicValueSha256, ciphertext, secret } of mlKemAnswers) {
		const exchange = beginKeyExchange(groupNamed(name), () => Buffer.from(seed, "hex"));
		assert.equal(createHash("sha256").update(exchange.publicValue).digest("hex"), publicValueSha256);
		const found = exchange.finish(Buffer.from(ciphertext, "base64"));
		assert.equal(Buffer.from(found ?? []).toString("hex"), secret);
	}
});
