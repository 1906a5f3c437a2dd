import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { quicVersion } from "#tls/quic-packet.ts";
import { clientInitialKeys, unprotectInitial } from "#tls/quic-protection.ts";
import { exampleFrame, protectedV1, protectedV2 } from "../../test/captures/quic-initial/vectors.ts";
import { buildInitial, exampleId } from "../../test/support/quic-initial.ts";

const hex = (octets: Uint8Array) => Buffer.from(octets).toString("hex");

for (const [name, version, keys, packet] of [
	[
		"RFC 9001 A.1 and A.2",
		quicVersion.v1,
		["1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2"],
		protectedV1,
	],
	[
		"RFC 9369 A.1 and A.2",
		quicVersion.v2,
		["8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9"],
		protectedV2,
	],
] as const) {
	test(`${name}: the keys, the packet opened and the packet made anew`, () => {
		const made = clientInitialKeys(version, exampleId) ?? assert.fail();
		assert.deepEqual([hex(made.key), hex(made.iv), hex(made.headerProtection)], keys);
		const plain = unprotectInitial(packet, 18, made, -1) ?? assert.fail("it does not open");
		assert.equal(plain.number, 2);
		assert.equal(plain.payload.length, 1162);
		assert.equal(hex(plain.payload.subarray(0, exampleFrame.length)), hex(exampleFrame));
		assert.ok(plain.payload.subarray(exampleFrame.length).every((octet) => octet === 0));
		assert.equal(hex(buildInitial({ version, frames: exampleFrame })), hex(packet));
	});
}

test("one changed octet, another ID and a short packet do not open", () => {
	const keys = clientInitialKeys(quicVersion.v1, exampleId) ?? assert.fail();
	for (let at = 0; at < protectedV1.length; at += 13) {
		const changed = Uint8Array.from(protectedV1);
		changed[at] = (changed[at] as number) ^ 1;
		assert.equal(unprotectInitial(changed, 18, keys, -1), undefined, `octet ${at}`);
	}
	const others = clientInitialKeys(quicVersion.v1, Uint8Array.of(1)) ?? assert.fail();
	assert.equal(unprotectInitial(protectedV1, 18, others, -1), undefined);
	assert.equal(unprotectInitial(protectedV1.subarray(0, 37), 18, keys, -1), undefined);
	assert.equal(clientInitialKeys(0xff00_001d, exampleId), undefined);
});

test("packet numbers up to the fifth octet open when the one before is known", () => {
	const keys = clientInitialKeys(quicVersion.v1, exampleId) ?? assert.fail();
	for (const number of [0, 1, 255, 65_536, 2 ** 32 - 1]) {
		const packet = buildInitial({ number, frames: exampleFrame });
		assert.equal(unprotectInitial(packet, 18, keys, number - 1)?.number, number);
	}
});

test("no octets make it throw", () => {
	const keys = clientInitialKeys(quicVersion.v1, exampleId) ?? assert.fail();
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (packet, at) => {
			assert.equal(unprotectInitial(packet, at, keys, -1), undefined);
		}),
	);
});
