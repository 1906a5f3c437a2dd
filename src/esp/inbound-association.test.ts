import assert from "node:assert/strict";
import { createCipheriv, createHmac, randomFillSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { espRefusal } from "#esp/inbound-association.ts";
import type { EspProtection } from "#esp/protection.ts";
import { opener, sealer } from "../../test/support/esp-packets.ts";

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex"));
const aead = (engine: string, keyOctets: number) => ({
	engine,
	keyOctets,
	saltOctets: 4,
	ivOctets: 8,
	blockOctets: 1,
	tagOctets: 16,
});
const cbc = (engine: string, keyOctets: number, blockOctets: number) => ({
	engine,
	keyOctets,
	saltOctets: 0,
	ivOctets: blockOctets,
	blockOctets,
	tagOctets: 0,
});
const sha256 = { hash: "sha256", tagOctets: 16 };
const sha1 = { hash: "sha1", tagOctets: 12 };

const protections: readonly EspProtection[] = [
	{ cipher: aead("aes-128-gcm", 16), hasExtendedSequenceNumbers: false },
	{ cipher: aead("aes-256-gcm", 32), hasExtendedSequenceNumbers: true },
	{ cipher: aead("chacha20-poly1305", 32), hasExtendedSequenceNumbers: false },
	{ cipher: cbc("aes-256-cbc", 32, 16), integrity: sha256, hasExtendedSequenceNumbers: true },
	{ cipher: cbc("aes-128-cbc", 16, 16), integrity: sha1, hasExtendedSequenceNumbers: false },
	{ cipher: cbc("des-ede3-cbc", 24, 8), integrity: sha1, hasExtendedSequenceNumbers: false },
	{ cipher: cbc("des-ede3-cbc", 8, 8), integrity: sha1, hasExtendedSequenceNumbers: false },
];

function pairOf(protection: EspProtection, replayWindow = 64, sequence = 0) {
	const { cipher, integrity } = protection;
	const keys = {
		encryption: randomFillSync(new Uint8Array(cipher.keyOctets + cipher.saltOctets)),
		integrity: randomFillSync(new Uint8Array(integrity === undefined ? 0 : 32)),
	};
	const { seal } = sealer({ spi: 4_711, protection, keys, sequence });
	return { seal, ...opener({ spi: 4_711, protection, keys, replayWindow }) };
}

/** A whole packet of ESP of draft-mcgrew-gcm-test-01: AES-256, padding and next header as they stand there. */
const known = {
	encryption: octets("abbccddef00112233445566778899aababbccddef00112233445566778899aab 11223344"),
	packet: octets(`4a2cbfe3 00000002 0102030405060708
		ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99def842d8eb335f4ee
		cfdbf831824b4c4915956c96`),
	inner: "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b401010402",
};

test("B38: the known packet of AES-GCM is opened, and only once", () => {
	const protection = { cipher: aead("aes-256-gcm", 32), hasExtendedSequenceNumbers: false };
	const keys = { encryption: known.encryption, integrity: new Uint8Array(0) };
	const { inbound, open, last } = opener({ spi: 0x4a2cbfe3, protection, keys, replayWindow: 64 });
	assert.equal(open(known.packet), 48);
	assert.equal(Buffer.from(last()).toString("hex"), known.inner);
	assert.equal(inbound.nextHeader, 1);
	assert.equal(open(known.packet), espRefusal.replayed);
});

test("B37: what one end seals the other opens, every algorithm, any length, IPv4 and IPv6", () => {
	for (const protection of protections) {
		const { seal, inbound, open, last } = pairOf(protection);
		for (const [length, nextHeader] of [
			[20, 4],
			[21, 4],
			[40, 41],
			[1_400, 4],
			[1_501, 41],
		] as const) {
			const inner = randomFillSync(new Uint8Array(length));
			assert.equal(open(seal(inner, nextHeader)), length, protection.cipher.engine);
			assert.deepEqual(last(), inner);
			assert.equal(inbound.nextHeader, nextHeader);
		}
		assert.deepEqual([...inbound.refused], [0, 0, 0, 0, 0]);
	}
});

test("B44: repeated packets and those behind the window are refused and counted; without the window accepted", () => {
	const [protection] = protections as [EspProtection];
	const { seal, inbound, open } = pairOf(protection, 32);
	const packets = Array.from({ length: 40 }, () => seal(new Uint8Array(20)));
	assert.equal(open(packets[39] as Uint8Array), 20);
	assert.equal(open(packets[39] as Uint8Array), espRefusal.replayed);
	assert.equal(open(packets[8] as Uint8Array), 20);
	assert.equal(open(packets[7] as Uint8Array), espRefusal.replayed);
	assert.equal(inbound.refused[2], 2);
	const free = pairOf(protection, 0);
	const twice = free.seal(new Uint8Array(20));
	assert.deepEqual([free.open(twice), free.open(twice)], [20, 20]);
});

test("B76: changed packets are refused and counted, and do not move the window", () => {
	fc.assert(
		fc.property(fc.constantFrom(...protections), fc.nat(), fc.nat(7), (protection, place, bit) => {
			const { seal, open } = pairOf(protection);
			const packet = seal(new Uint8Array(60));
			const changed = Uint8Array.from(packet);
			// The SPI chose the association; a changed one is another packet's.
			const at = 4 + (place % (packet.length - 4));
			changed[at] = (changed[at] as number) ^ (1 << bit);
			assert.ok(open(changed) < 0);
			assert.equal(open(packet), 60);
		}),
	);
});

test("no octets make it throw, and nothing of them is opened", () => {
	fc.assert(
		fc.property(fc.constantFrom(...protections), fc.uint8Array({ maxLength: 120 }), (protection, packet) => {
			assert.ok(pairOf(protection).open(packet) < 0);
		}),
	);
});

test("extended numbers go on past 2^32, and a packet of before is still known", () => {
	for (const protection of protections.filter(({ hasExtendedSequenceNumbers }) => hasExtendedSequenceNumbers)) {
		const { seal, open } = pairOf(protection, 64, 2 ** 32 - 40);
		const packets = Array.from({ length: 80 }, () => seal(new Uint8Array(20)));
		// The receiver comes near the end by a packet of its own upper half.
		assert.equal(open(packets[0] as Uint8Array), 20);
		for (const index of [10, 39, 45, 30, 60, 79]) assert.equal(open(packets[index] as Uint8Array), 20, `${index}`);
		assert.equal(open(packets[45] as Uint8Array), espRefusal.replayed);
		assert.equal(open(packets[10] as Uint8Array), espRefusal.notAuthentic);
	}
});

test("B78: an authentic packet with padding other than 1, 2, 3 is refused and counted", () => {
	const protection = { cipher: cbc("aes-128-cbc", 16, 16), integrity: sha1, hasExtendedSequenceNumbers: false };
	const keys = { encryption: new Uint8Array(16).fill(1), integrity: new Uint8Array(20).fill(2) };
	const { inbound, open } = opener({ spi: 300, protection, keys, replayWindow: 64 });
	const packetOf = (number: number, plain: readonly number[]) => {
		const header = Uint8Array.of(0, 0, 1, 44, 0, 0, 0, number);
		const iv = new Uint8Array(16);
		const engine = createCipheriv("aes-128-cbc", keys.encryption, iv).setAutoPadding(false);
		const body = Buffer.concat([header, iv, engine.update(Uint8Array.from(plain)), engine.final()]);
		return Buffer.concat([body, createHmac("sha1", keys.integrity).update(body).digest().subarray(0, 12)]);
	};
	const inner = new Array(10).fill(7);
	assert.equal(open(packetOf(1, [...inner, 1, 2, 3, 4, 4, 4])), 10);
	assert.equal(open(packetOf(2, [...inner, 1, 2, 9, 4, 4, 4])), espRefusal.badPadding);
	assert.equal(open(packetOf(3, [...inner, 1, 2, 3, 4, 200, 4])), espRefusal.badPadding);
	assert.equal(inbound.refused[4], 2);
});
