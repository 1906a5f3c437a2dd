import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { classifyPort4500, keepalivePacket, markIke } from "#ike/udp-encapsulation.ts";

test("B45: port 4500 carries IKE behind four zeros, ESP, and keepalives", () => {
	const message = new Uint8Array(28).fill(7);
	assert.deepEqual(classifyPort4500(markIke(message)), { kind: "ike", datagram: message });
	assert.deepEqual(classifyPort4500(keepalivePacket), { kind: "keepalive" });
	const packet = Uint8Array.of(0, 0, 1, 0, 0, 0, 0, 1, 9);
	assert.deepEqual(classifyPort4500(packet), { kind: "esp", packet });
	assert.deepEqual(classifyPort4500(Uint8Array.of(0xff, 0xff)), { kind: "noise" });
});

test("what is marked is read back, and any octets are something", () => {
	fc.assert(
		fc.property(fc.uint8Array({ minLength: 4, maxLength: 60 }), (octets) => {
			const read = classifyPort4500(markIke(octets));
			assert.ok(read.kind === "ike");
			assert.deepEqual(Uint8Array.from(read.datagram), octets);
			assert.ok(["esp", "ike", "keepalive", "noise"].includes(classifyPort4500(octets).kind));
		}),
	);
});
