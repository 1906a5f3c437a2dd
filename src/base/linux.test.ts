import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { espSteering, readPeerCredentials, tunRequest } from "#base/linux.ts";

test("credentials are read in either order of octets", () => {
	const little = Uint8Array.of(0x24, 0x3a, 0, 0, 0xe8, 3, 0, 0, 0xfe, 0xff, 0xff, 0xff);
	assert.deepEqual(readPeerCredentials(little, true), { processId: 14_884, userId: 1_000, groupId: 4_294_967_294 });
	const big = Uint8Array.of(0, 0, 0x3a, 0x24, 0, 0, 3, 0xe8, 0, 0, 0, 100);
	assert.deepEqual(readPeerCredentials(big, false), { processId: 14_884, userId: 1_000, groupId: 100 });
});

test("whatever the octets, there are credentials or none", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 20 }), fc.boolean(), (octets, isLittleEndian) => {
			assert.equal(readPeerCredentials(octets, isLittleEndian) === undefined, octets.length < 12);
		}),
	);
});

test("a request for a device of packets holds its name and its flags, in either order of octets", () => {
	const little = tunRequest("st0.1", true);
	assert.equal(little?.length, 40);
	assert.equal(Buffer.from(little ?? []).toString("latin1", 0, 6), "st0.1\0");
	assert.deepEqual([little?.[16], little?.[17]], [0x01, 0x50]);
	assert.deepEqual([...(tunRequest("st0.1", false)?.subarray(16, 18) ?? [])], [0x50, 0x01]);
	for (const name of ["", "a-name-of-16-oct", "st0/1", "0st", "a b", "ü"])
		assert.equal(tunRequest(name, true), undefined);
});

test("B45: four zeros go to the first socket of port 4500, else to the second: four instructions, in either order of octets", () => {
	const little = "2000000000000000 1500000100000000 0600000000000000 0600000001000000";
	assert.equal(Buffer.from(espSteering(true)).toString("hex"), little.replaceAll(" ", ""));
	const big = "0020000000000000 0015000100000000 0006000000000000 0006000000000001";
	assert.equal(Buffer.from(espSteering(false)).toString("hex"), big.replaceAll(" ", ""));
});
