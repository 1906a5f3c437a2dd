import assert from "node:assert/strict";
import { test } from "node:test";
import type { OutboundAssociation } from "#esp/outbound-association.ts";
import { opener, sealer } from "../../test/support/esp-packets.ts";

const gcm = { engine: "aes-128-gcm", keyOctets: 16, saltOctets: 4, ivOctets: 8, blockOctets: 1, tagOctets: 16 };
const cbc = { engine: "aes-128-cbc", keyOctets: 16, saltOctets: 0, ivOctets: 16, blockOctets: 16, tagOctets: 0 };
const sha256 = { hash: "sha256", tagOctets: 16 };

function aead(hasExtendedSequenceNumbers = false, sequence = 0) {
	const keys = { encryption: new Uint8Array(20).fill(1), integrity: new Uint8Array(0) };
	return sealer({ spi: 0x01020304, protection: { cipher: gcm, hasExtendedSequenceNumbers }, keys, sequence });
}

function blocks() {
	const keys = { encryption: new Uint8Array(16), integrity: new Uint8Array(32) };
	const protection = { cipher: cbc, integrity: sha256, hasExtendedSequenceNumbers: false };
	return sealer({ spi: 300, protection, keys });
}

test("B38: SPI, sequence number from 1 and IV stand before the ciphertext", () => {
	const { outbound, seal } = aead();
	for (const [number, iv] of [
		["00000001", "0000000000000001"],
		["00000002", "0000000000000002"],
	]) {
		const packet = seal(new Uint8Array(60).fill(0x45));
		assert.equal(packet.length, outbound.sealedOctets(60));
		assert.equal(Buffer.from(packet.subarray(0, 16)).toString("hex"), `01020304${number}${iv}`);
	}
	assert.equal(outbound.sequence, 2);
});

test("B38: the whole is padded to words, or to the cipher's blocks", () => {
	const [words, whole] = [aead(), blocks()];
	for (let octets = 20; octets < 90; octets++) {
		assert.equal((words.outbound.sealedOctets(octets) - 8 - 8 - 16) % 4, 0);
		assert.equal((whole.outbound.sealedOctets(octets) - 8 - 16 - 16) % 16, 0);
		assert.equal(whole.seal(new Uint8Array(octets)).length, whole.outbound.sealedOctets(octets));
	}
});

test("the largest inner packet that a size has room for, and not one octet more", () => {
	for (const one of [aead().outbound, blocks().outbound] satisfies OutboundAssociation[]) {
		for (let limit = 100; limit < 200; limit++) {
			const octets = one.innerOctets(limit);
			assert.ok(one.sealedOctets(octets) <= limit && one.sealedOctets(octets + 1) > limit, `${limit}: ${octets}`);
		}
		assert.equal(one.innerOctets(30), 0);
	}
});

test("IVs of CBC are random and never come twice", () => {
	const { seal } = blocks();
	const seen = new Set<string>();
	for (let index = 0; index < 5_000; index++)
		seen.add(Buffer.from(seal(new Uint8Array(20)).subarray(8, 24)).toString("hex"));
	assert.equal(seen.size, 5_000);
});

test("a number is never used again: at the end nothing is sealed, and before it new keys are asked for", () => {
	const { outbound, seal } = aead(false, 0xffff_fffd);
	const octets = () => seal(new Uint8Array(20)).length;
	assert.ok(octets() > 0 && octets() > 0);
	assert.equal(outbound.sequence, 0xffff_ffff);
	assert.equal(octets(), 0);
	assert.equal(outbound.sequence, 0xffff_ffff);
	assert.ok(outbound.isWearingOut && !aead().outbound.isWearingOut);
});

test("extended numbers are 64 bits for the cipher, of which 32 are sent", () => {
	const keys = { encryption: new Uint8Array(20).fill(1), integrity: new Uint8Array(0) };
	const protection = { cipher: gcm, hasExtendedSequenceNumbers: true };
	const packet = aead(true, 2 ** 32 + 8).seal(new Uint8Array(20));
	assert.equal(Buffer.from(packet.subarray(4, 16)).toString("hex"), "000000090000000100000009");
	// Who takes the number for the 32 bits alone does not find it authentic.
	assert.equal(opener({ spi: 0x01020304, protection, keys, replayWindow: 0 }).open(packet), -3);
});
