import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ChapPacket, decodeChapPacket, encodeChapPacket } from "#ike/eap/chap-packet.ts";

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const id = fc.nat(255);
const text = fc.stringMatching(/^[ -~]{0,60}$/);
const packets: fc.Arbitrary<ChapPacket> = fc.oneof(
	fc.record({ kind: fc.constant("challenge" as const), id, challenge: octets(16), name: text }),
	fc.record({
		kind: fc.constant("response" as const),
		id,
		peerChallenge: octets(16),
		ntResponse: octets(24),
		name: text,
	}),
	fc.record({ kind: fc.constantFrom("success" as const, "failure" as const), id, text }),
	fc.constantFrom<ChapPacket>({ kind: "heard-success" }, { kind: "heard-failure" }),
);

test("what encodeChapPacket writes, decodeChapPacket reads", () => {
	fc.assert(
		fc.property(packets, (packet) => {
			const decoded = decodeChapPacket(encodeChapPacket(packet));
			assert.ok(decoded.kind === "done");
			assert.deepEqual({ ...decoded.value }, { ...packet });
		}),
	);
});

test("a challenge is written as the draft draws it", () => {
	const packet = { kind: "challenge", id: 7, challenge: new Uint8Array(16).fill(9), name: "gw" } as const;
	assert.equal(
		Buffer.from(encodeChapPacket(packet)).toString("hex"),
		`01070017 10 ${"09".repeat(16)} 6777`.replace(/ /g, ""),
	);
});

test("no octets make it throw; cut and longer ones are malformed, names of more than 256 octets too", () => {
	fc.assert(fc.property(fc.uint8Array({ maxLength: 90 }), (any) => void decodeChapPacket(any)));
	fc.assert(
		fc.property(packets, fc.nat(80), (packet, at) => {
			const whole = encodeChapPacket(packet);
			if (whole.length < 5) return;
			const cut = whole.subarray(0, Math.min(at, whole.length - 1));
			assert.ok(cut.length === 1 || decodeChapPacket(cut).kind === "malformed");
			assert.equal(decodeChapPacket(Uint8Array.of(...whole, 0)).kind, "malformed");
		}),
	);
	const long = { kind: "challenge", id: 1, challenge: new Uint8Array(16), name: "x".repeat(257) } as const;
	assert.equal(decodeChapPacket(encodeChapPacket(long)).kind, "malformed");
});
