import assert from "node:assert/strict";
import { createCipheriv, createHmac, randomFillSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { espRefusal, InboundAssociation } from "#esp/inbound-association.ts";
import { OutboundAssociation } from "#esp/outbound-association.ts";
import type { EspProtection } from "#esp/protection.ts";

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
	const fillRandom = (filled: Uint8Array) => void randomFillSync(filled);
	const outbound = new OutboundAssociation({ spi: 4_711, protection, keys, fillRandom, sequence });
	const inbound = new InboundAssociation({ spi: 4_711, protection, keys, replayWindow });
	const seal = (inner: Uint8Array, nextHeader = 4) => {
		const out = new Uint8Array(outbound.sealedOctets(inner.length));
		assert.equal(outbound.seal(inner, nextHeader, out), out.length);
		return out;
	};
	return { seal, inbound };
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
	const inbound = new InboundAssociation({ spi: 0x4a2cbfe3, protection, keys, replayWindow: 64 });
	const out = new Uint8Array(100);
	assert.equal(inbound.open(known.packet, out), 48);
	assert.equal(Buffer.from(out.subarray(0, 48)).toString("hex"), known.inner);
	assert.equal(inbound.nextHeader, 1);
	assert.equal(inbound.open(known.packet, out), espRefusal.replayed);
});

test("B37: what one end seals the other opens, every algorithm, any length, IPv4 and IPv6", () => {
	for (const protection of protections) {
		const { seal, inbound } = pairOf(protection);
		const out = new Uint8Array(2_000);
		for (const [length, nextHeader] of [
			[20, 4],
			[21, 4],
			[40, 41],
			[1_400, 4],
			[1_501, 41],
		] as const) {
			const inner = randomFillSync(new Uint8Array(length));
			assert.equal(inbound.open(seal(inner, nextHeader), out), length, protection.cipher.engine);
			assert.deepEqual(out.subarray(0, length), inner);
			assert.equal(inbound.nextHeader, nextHeader);
		}
		assert.deepEqual([...inbound.refused], [0, 0, 0, 0, 0]);
	}
});

test("B44: repeated packets and those behind the window are refused and counted; without the window accepted", () => {
	const [protection] = protections as [EspProtection];
	const { seal, inbound } = pairOf(protection, 32);
	const out = new Uint8Array(100);
	const packets = Array.from({ length: 40 }, () => seal(new Uint8Array(20)));
	assert.equal(inbound.open(packets[39] as Uint8Array, out), 20);
	assert.equal(inbound.open(packets[39] as Uint8Array, out), espRefusal.replayed);
	assert.equal(inbound.open(packets[8] as Uint8Array, out), 20);
	assert.equal(inbound.open(packets[7] as Uint8Array, out), espRefusal.replayed);
	assert.equal(inbound.refused[2], 2);
	const open = pairOf(protection, 0);
	const twice = open.seal(new Uint8Array(20));
	assert.deepEqual([open.inbound.open(twice, out), open.inbound.open(twice, out)], [20, 20]);
});

test("B76: changed packets are refused and counted, and do not move the window", () => {
	fc.assert(
		fc.property(fc.constantFrom(...protections), fc.nat(), fc.nat(7), (protection, place, bit) => {
			const { seal, inbound } = pairOf(protection);
			const packet = seal(new Uint8Array(60));
			const changed = Uint8Array.from(packet);
			// The SPI chose the association; a changed one is another packet's.
			const at = 4 + (place % (packet.length - 4));
			changed[at] = (changed[at] as number) ^ (1 << bit);
			const out = new Uint8Array(100);
			assert.ok(inbound.open(changed, out) < 0);
			assert.equal(inbound.open(packet, out), 60);
		}),
	);
});

test("no octets make it throw, and nothing of them is opened", () => {
	fc.assert(
		fc.property(fc.constantFrom(...protections), fc.uint8Array({ maxLength: 120 }), (protection, packet) => {
			const { inbound } = pairOf(protection);
			assert.ok(inbound.open(packet, new Uint8Array(200)) < 0);
			assert.ok(inbound.open(packet, new Uint8Array(0)) < 0);
		}),
	);
});

test("extended numbers go on past 2^32, and a packet of before is still known", () => {
	for (const protection of protections.filter(({ hasExtendedSequenceNumbers }) => hasExtendedSequenceNumbers)) {
		const { seal, inbound } = pairOf(protection, 64, 2 ** 32 - 40);
		const out = new Uint8Array(100);
		const packets = Array.from({ length: 80 }, () => seal(new Uint8Array(20)));
		// The receiver comes near the end by a packet of its own upper half.
		assert.equal(inbound.open(packets[0] as Uint8Array, out), 20);
		for (const index of [10, 39, 45, 30, 60, 79])
			assert.equal(inbound.open(packets[index] as Uint8Array, out), 20, `${index}`);
		assert.equal(inbound.open(packets[45] as Uint8Array, out), espRefusal.replayed);
		assert.equal(inbound.open(packets[10] as Uint8Array, out), espRefusal.notAuthentic);
	}
});

test("B78: an authentic packet with padding other than 1, 2, 3 is refused and counted", () => {
	const protection = { cipher: cbc("aes-128-cbc", 16, 16), integrity: sha1, hasExtendedSequenceNumbers: false };
	const keys = { encryption: new Uint8Array(16).fill(1), integrity: new Uint8Array(20).fill(2) };
	const inbound = new InboundAssociation({ spi: 300, protection, keys, replayWindow: 64 });
	const packetOf = (number: number, plain: readonly number[]) => {
		const header = Uint8Array.of(0, 0, 1, 44, 0, 0, 0, number);
		const iv = new Uint8Array(16);
		const engine = createCipheriv("aes-128-cbc", keys.encryption, iv).setAutoPadding(false);
		const body = Buffer.concat([header, iv, engine.update(Uint8Array.from(plain)), engine.final()]);
		return Buffer.concat([body, createHmac("sha1", keys.integrity).update(body).digest().subarray(0, 12)]);
	};
	const inner = new Array(10).fill(7);
	const out = new Uint8Array(64);
	assert.equal(inbound.open(packetOf(1, [...inner, 1, 2, 3, 4, 4, 4]), out), 10);
	assert.equal(inbound.open(packetOf(2, [...inner, 1, 2, 9, 4, 4, 4]), out), espRefusal.badPadding);
	assert.equal(inbound.open(packetOf(3, [...inner, 1, 2, 3, 4, 200, 4]), out), espRefusal.badPadding);
	assert.equal(inbound.refused[4], 2);
});
