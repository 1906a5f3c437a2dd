import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeInnerPacket } from "#esp/inner-packet.ts";

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex"));
/** 192.168.1.2:2718 to 147.137.21.94:139, TCP. */
const tcp4 = octets(
	"45000030 69a64000 80062690 c0a80102 9389155e 0a9e008b 2dc57ee0 00000000 70024000 20bf0000 020405b4 01010402",
);
const tcp6 = octets(`60000000 0014 06 40 20010db8000000000000000000000001 20010db8000000000000000000000002
	0050 1f90 00000000 00000000 50020000 00000000`);

const read = (packet: Uint8Array) => {
	const decoded = decodeInnerPacket(packet);
	assert.ok(decoded.kind === "done", JSON.stringify(decoded));
	return decoded.value;
};

test("addresses, protocol and ports of IPv4 and IPv6 are read", () => {
	const four = read(tcp4);
	assert.deepEqual(
		[[...four.source], four.protocol, four.sourcePort, four.destinationPort],
		[[192, 168, 1, 2], 6, 2_718, 139],
	);
	const six = read(tcp6);
	assert.deepEqual([six.version, six.protocol, six.sourcePort, six.destinationPort, six.octets], [6, 6, 80, 8_080, 60]);
});

test("octets behind the packet are not of it", () => {
	assert.equal(read(Buffer.concat([tcp4, new Uint8Array(9)])).octets, 48);
});

test("a later fragment has no ports, in IPv4 and IPv6", () => {
	const fragment = Uint8Array.from(tcp4);
	fragment[7] = 3;
	assert.deepEqual([read(fragment).sourcePort, read(fragment).protocol], [0, 6]);
	const later = octets(`60000000 0010 2c 40 20010db8000000000000000000000001 20010db8000000000000000000000002
		06000008 00000001 0050 1f90 00000000`);
	assert.deepEqual([read(later).sourcePort, read(later).protocol], [0, 6]);
});

test("B41: extension headers of IPv6 are passed over to the protocol behind them", () => {
	const behind = octets(`60000000 0010 00 40 20010db8000000000000000000000001 20010db8000000000000000000000002
		11000000 00000000 0035 0036 00080000`);
	assert.deepEqual([read(behind).protocol, read(behind).sourcePort], [17, 0x35]);
	const endless = new Uint8Array(200);
	endless.set(behind.subarray(0, 40));
	endless[5] = 160;
	assert.equal(decodeInnerPacket(endless).kind, "malformed");
});

test("another version and lengths that do not fit are malformed; no octets make it throw", () => {
	for (let end = 0; end < 48; end++) assert.equal(decodeInnerPacket(tcp4.subarray(0, end)).kind, "malformed");
	assert.equal(decodeInnerPacket(octets("55000014")).kind, "malformed");
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(0x45, 0x4f, 0x60), (packet, first) => {
			if (packet.length > 0) packet[0] = first;
			const decoded = decodeInnerPacket(packet);
			assert.notEqual(decoded.kind, "need-more");
			if (decoded.kind === "done") assert.ok(decoded.octets <= packet.length);
		}),
	);
});
