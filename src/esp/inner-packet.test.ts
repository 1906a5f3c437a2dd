import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { InnerPacket } from "#esp/inner-packet.ts";

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex"));
/** 192.168.1.2:2718 to 147.137.21.94:139, TCP. */
const tcp4 = octets(
	"45000030 69a64000 80062690 c0a80102 9389155e 0a9e008b 2dc57ee0 00000000 70024000 20bf0000 020405b4 01010402",
);
const tcp6 = octets(`60000000 0014 06 40 20010db8000000000000000000000001 20010db8000000000000000000000002
	0050 1f90 00000000 00000000 50020000 00000000`);

/** Read with other octets before and behind. */
function tryRead(packet: Uint8Array) {
	const memory = new Uint8Array(packet.length + 40).fill(0xaa);
	memory.set(packet, 20);
	const inner = new InnerPacket();
	const isRead = inner.read(memory, 20, packet.length);
	return { inner, isRead, source: [...memory.subarray(inner.sourceAt, inner.sourceAt + inner.addressOctets)] };
}

const read = (packet: Uint8Array) => {
	const { inner, isRead, source } = tryRead(packet);
	assert.ok(isRead);
	return { ...inner, source, payloadAt: inner.payloadAt - 20 };
};

test("addresses, protocol and ports of IPv4 and IPv6 are read", () => {
	const four = read(tcp4);
	assert.deepEqual(
		[four.source, four.protocol, four.sourcePort, four.destinationPort],
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
	assert.deepEqual([read(later).sourcePort, read(later).protocol, read(later).isFragment], [0, 6, true]);
});

test("B41: extension headers of IPv6 are passed over to the protocol behind them", () => {
	const behind = octets(`60000000 0010 00 40 20010db8000000000000000000000001 20010db8000000000000000000000002
		11000000 00000000 0035 0036 00080000`);
	assert.deepEqual([read(behind).protocol, read(behind).sourcePort], [17, 0x35]);
	const endless = new Uint8Array(200);
	endless.set(behind.subarray(0, 40));
	endless[5] = 160;
	assert.ok(!tryRead(endless).isRead);
});

test("another version and lengths that do not fit are malformed; no octets make it throw", () => {
	for (let end = 0; end < 48; end++) assert.ok(!tryRead(tcp4.subarray(0, end)).isRead);
	assert.ok(!tryRead(octets("55000014")).isRead);
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(0x45, 0x4f, 0x60), (packet, first) => {
			if (packet.length > 0) packet[0] = first;
			const { inner, isRead } = tryRead(packet);
			if (isRead) assert.ok(inner.octets <= packet.length && inner.payloadAt <= 20 + packet.length + 2_048);
		}),
	);
});

test("where the payload begins, and what goes to a group or to all", () => {
	assert.deepEqual([read(tcp4).payloadAt, read(tcp6).payloadAt, read(tcp4).isFragment], [20, 40, false]);
	const isToGroup = (packet: Uint8Array) => {
		const inner = new InnerPacket();
		assert.ok(inner.read(packet, 0, packet.length));
		return inner.isToGroup(packet);
	};
	const [four, six] = [Uint8Array.from(tcp4), Uint8Array.from(tcp6)];
	four[16] = 224;
	six[24] = 0xff;
	assert.deepEqual([tcp4, four, tcp6, six].map(isToGroup), [false, true, false, true]);
});
