import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { test } from "node:test";
import { cipherKey, extendedHeader, OutboundAssociation, upperHalf } from "#esp/outbound-association.ts";

const gcm = { engine: "aes-128-gcm", keyOctets: 16, saltOctets: 4, ivOctets: 8, blockOctets: 1, tagOctets: 16 };
const cbc = { engine: "aes-128-cbc", keyOctets: 16, saltOctets: 0, ivOctets: 16, blockOctets: 16, tagOctets: 0 };
const sha256 = { hash: "sha256", tagOctets: 16 };
const fillRandom = (octets: Uint8Array) => void randomFillSync(octets);

function outbound(hasExtendedSequenceNumbers = false) {
	const keys = { encryption: new Uint8Array(20).fill(1), integrity: new Uint8Array(0) };
	return new OutboundAssociation({
		spi: 0x01020304,
		protection: { cipher: gcm, hasExtendedSequenceNumbers },
		keys,
		fillRandom,
	});
}

test("B38: SPI, sequence number from 1 and IV stand before the ciphertext", () => {
	const association = outbound();
	const out = new Uint8Array(200);
	for (const [number, iv] of [
		["00000001", "0000000000000001"],
		["00000002", "0000000000000002"],
	]) {
		const octets = association.seal(new Uint8Array(60).fill(0x45), 4, out);
		assert.equal(octets, association.sealedOctets(60));
		assert.equal(Buffer.from(out.subarray(0, 16)).toString("hex"), `01020304${number}${iv}`);
	}
	assert.equal(association.sequence, 2);
});

test("B38: the whole is padded to words, or to the cipher's blocks", () => {
	const keys = { encryption: new Uint8Array(16), integrity: new Uint8Array(32) };
	const protection = { cipher: cbc, integrity: sha256, hasExtendedSequenceNumbers: false };
	const blocks = new OutboundAssociation({ spi: 300, protection, keys, fillRandom });
	const words = outbound();
	for (let octets = 20; octets < 90; octets++) {
		assert.equal((words.sealedOctets(octets) - 8 - 8 - 16) % 4, 0);
		assert.equal((blocks.sealedOctets(octets) - 8 - 16 - 16) % 16, 0);
		assert.equal(blocks.seal(new Uint8Array(octets), 4, new Uint8Array(200)), blocks.sealedOctets(octets));
	}
});

test("the largest inner packet that a size has room for, and not one octet more", () => {
	const keys = { encryption: new Uint8Array(16), integrity: new Uint8Array(32) };
	const protection = { cipher: cbc, integrity: sha256, hasExtendedSequenceNumbers: false };
	for (const one of [outbound(), new OutboundAssociation({ spi: 300, protection, keys, fillRandom })]) {
		for (let limit = 100; limit < 200; limit++) {
			const octets = one.innerOctets(limit);
			assert.ok(one.sealedOctets(octets) <= limit && one.sealedOctets(octets + 1) > limit, `${limit}: ${octets}`);
		}
		assert.equal(one.innerOctets(30), 0);
	}
});

test("IVs of CBC are random and never come twice", () => {
	const keys = { encryption: new Uint8Array(16), integrity: new Uint8Array(32) };
	const protection = { cipher: cbc, integrity: sha256, hasExtendedSequenceNumbers: false };
	const association = new OutboundAssociation({ spi: 300, protection, keys, fillRandom });
	const seen = new Set<string>();
	const out = new Uint8Array(200);
	for (let index = 0; index < 5_000; index++) {
		association.seal(new Uint8Array(20), 4, out);
		seen.add(Buffer.from(out.subarray(8, 24)).toString("hex"));
	}
	assert.equal(seen.size, 5_000);
});

test("a number is never used again: at the end nothing is sealed, and before it new keys are asked for", () => {
	const keys = { encryption: new Uint8Array(20), integrity: new Uint8Array(0) };
	const protection = { cipher: gcm, hasExtendedSequenceNumbers: false };
	const association = new OutboundAssociation({ spi: 300, protection, keys, fillRandom, sequence: 0xffff_fffd });
	const seal = () => association.seal(new Uint8Array(20), 4, new Uint8Array(100));
	assert.ok(seal() > 0 && seal() > 0);
	assert.equal(association.sequence, 0xffff_ffff);
	assert.equal(seal(), 0);
	assert.equal(association.sequence, 0xffff_ffff);
	assert.ok(association.isWearingOut && !outbound().isWearingOut);
});

test("extended numbers are 64 bits for the cipher, of which 32 are sent", () => {
	const header = Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 9);
	assert.equal(Buffer.from(extendedHeader(header, 2 ** 32 + 9)).toString("hex"), "010203040000000100000009");
	assert.deepEqual([...upperHalf(3 * 2 ** 32 + 1)], [0, 0, 0, 3]);
	assert.ok(outbound(true).seal(new Uint8Array(20), 4, new Uint8Array(100)) > 0);
});

test("single DES is three times the same key", () => {
	assert.deepEqual([...cipherKey(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 8)].length, 24);
	assert.equal(cipherKey(new Uint8Array(36), 32).length, 32);
});
