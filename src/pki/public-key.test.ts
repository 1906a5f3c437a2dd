import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DerReader, derBitString, derInteger, derNull, derOid, derSequence } from "#pki/der.ts";
import { keyAlgorithmOid } from "#pki/oids.ts";
import { type PublicKeyInfo, readPublicKeyInfo } from "#pki/public-key.ts";

function read(der: Uint8Array, faults: string[] = []): PublicKeyInfo {
	const reader = new DerReader(der);
	const info = readPublicKeyInfo(reader, faults);
	assert.equal(reader.reason, undefined);
	return info;
}

function spki(key: KeyObject): Uint8Array {
	return key.export({ type: "spki", format: "der" });
}

function rsaInfo(modulus: bigint, exponent: bigint): Uint8Array {
	const key = derSequence(derInteger(modulus), derInteger(exponent));
	return derSequence(derSequence(derOid(keyAlgorithmOid.rsa), derNull()), derBitString(key));
}

describe("readPublicKeyInfo", () => {
	it("tells the kind, the size and the curve of every key type", () => {
		const rsa = read(spki(generateKeyPairSync("rsa", { modulusLength: 1032 }).publicKey));
		assert.deepEqual([rsa.kind, rsa.bits, [...(rsa.exponent ?? [])]], ["rsa", 1032, [1, 0, 1]]);
		for (const [curve, bits] of [
			["P-256", 256],
			["P-384", 384],
			["P-521", 521],
		] as const) {
			const key = read(spki(generateKeyPairSync("ec", { namedCurve: curve }).publicKey));
			assert.deepEqual([key.kind, key.curve, key.bits], ["ec", curve, bits]);
		}
		assert.equal(read(spki(generateKeyPairSync("ec", { namedCurve: "sect283k1" }).publicKey)).curve, "1.3.132.0.16");
		assert.equal(read(spki(generateKeyPairSync("ed25519").publicKey)).kind, "ed25519");
		assert.equal(read(spki(generateKeyPairSync("ed448").publicKey)).kind, "ed448");
		const mlDsa = read(spki(generateKeyPairSync("ml-dsa-65").publicKey));
		assert.deepEqual([mlDsa.kind, mlDsa.keyOctets.length * 8], ["ml-dsa-65", mlDsa.bits]);
		const dsa = read(spki(generateKeyPairSync("dsa", { modulusLength: 1024, divisorLength: 160 }).publicKey));
		assert.deepEqual([dsa.kind, dsa.bits], ["dsa", 1024]);
		const pss = read(spki(generateKeyPairSync("rsa-pss", { modulusLength: 1024 }).publicKey));
		assert.deepEqual([pss.kind, pss.bits], ["rsa-pss", 1024]);
	});

	it("V11: tells a curve that is spelled out", () => {
		const key = generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" }).publicKey;
		assert.equal(read(spki(key)).curve, "explicit");
	});

	it("tells parameters that are inherited from the issuer", () => {
		const inherited = derSequence(derSequence(derOid(keyAlgorithmOid.dsa)), derBitString(derInteger(5)));
		assert.deepEqual([read(inherited).bits, read(inherited).hasInheritedParameters], [0, true]);
		const ec = derSequence(derSequence(derOid(keyAlgorithmOid.ec), derNull()), derBitString(Uint8Array.of(4)));
		assert.equal(read(ec).hasInheritedParameters, true);
	});

	it("counts the bits of a modulus exactly, and states a fault for a key that is no key", () => {
		assert.equal(read(rsaInfo(2n ** 2047n + 1n, 3n)).bits, 2048);
		assert.equal(read(rsaInfo(2n ** 2051n + 1n, 3n)).bits, 2052);
		const faults: string[] = [];
		read(rsaInfo(-5n, 3n), faults);
		assert.deepEqual(faults, ["subjectPublicKeyInfo: RSA modulus: negative"]);
		const unknown = read(derSequence(derSequence(derOid("1.2.3")), derBitString(Uint8Array.of(1))));
		assert.deepEqual([unknown.kind, unknown.bits], ["unknown", 0]);
	});

	it("never throws on changed keys", () => {
		const originals = [
			spki(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey),
			spki(generateKeyPairSync("ed25519").publicKey),
			rsaInfo(2n ** 2047n + 1n, 65_537n),
		];
		fc.assert(
			fc.property(fc.nat(2), fc.nat(40), fc.nat(255), (index, at, value) => {
				const octets = Uint8Array.from(originals[index] as Uint8Array);
				octets[at] = value;
				readPublicKeyInfo(new DerReader(octets), []);
			}),
		);
	});
});
