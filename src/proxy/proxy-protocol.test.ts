import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "#base/address.ts";
import {
	decodeProxyHeader,
	encodeProxyHeader,
	maxProxyHeaderOctets,
	maxProxyLineOctets,
	type ProxyHeader,
	proxyTlv,
} from "#proxy/proxy-protocol.ts";
import { proxyTlvType } from "#proxy/proxy-tlv.ts";

/** A record whose objects are plain ones, as ours are. */
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { noNullPrototype: true });
const line = (text: string) => decodeProxyHeader(Buffer.from(text, "latin1"));
const signature = "0d0a0d0a000d0a515549540a";
const binary = (hex: string) => decodeProxyHeader(Buffer.from(signature + hex.replaceAll(" ", ""), "hex"));
const reasonOf = (decoded: ReturnType<typeof decodeProxyHeader>) =>
	decoded.kind === "malformed" ? decoded.reason : decoded.kind;
const ip = (source: string, destination: string, ports = [1, 2], transport: "stream" | "datagram" = "stream") =>
	({
		kind: "ip",
		transport,
		source: { host: source, port: ports[0] ?? 0 },
		destination: { host: destination, port: ports[1] ?? 0 },
	}) as const;

function headerOf(decoded: ReturnType<typeof decodeProxyHeader>): ProxyHeader {
	assert.ok(decoded.kind === "done", JSON.stringify(decoded));
	return decoded.value;
}

test("a line tells both ends, of IPv4 and of IPv6, and the stream behind it is left alone", () => {
	const text = "PROXY TCP4 192.0.2.1 192.0.2.2 40001 443\r\n";
	assert.deepEqual(line(`${text}GET /`), {
		kind: "done",
		octets: text.length,
		value: { version: 1, isLocal: false, addresses: ip("192.0.2.1", "192.0.2.2", [40_001, 443]), tlvs: [] },
	});
	const six = headerOf(line("PROXY TCP6 2001:DB8:0::1 ::1 0 65535\r\n"));
	assert.deepEqual(six.addresses, ip("2001:db8::1", "::1", [0, 65_535]));
	const mapped = headerOf(line("PROXY TCP6 ::ffff:127.0.0.1 ::1 1 2\r\n"));
	assert.deepEqual(mapped.addresses, ip("127.0.0.1", "::1"));
});

test("UNKNOWN leaves the connection its own addresses, whatever stands behind it", () => {
	for (const text of ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "PROXY UNKNOWN \0\x80\r\n"]) {
		assert.deepEqual(headerOf(line(text)).addresses, { kind: "none" }, text);
	}
});

test("the longest line that there is has 107 octets; with 108 it is refused before its end", () => {
	const fill = (length: number) => `PROXY UNKNOWN ${"x".repeat(length - 16)}\r\n`;
	assert.equal(line(fill(maxProxyLineOctets)).kind, "done");
	assert.equal(line(fill(maxProxyLineOctets + 1)).kind, "malformed");
	assert.equal(line("PROXY UNKNOWN ".padEnd(maxProxyLineOctets, "x")).kind, "malformed");
	assert.equal(line("PROXY UNKNOWN ".padEnd(maxProxyLineOctets - 1, "x")).kind, "need-more");
});

for (const text of [
	"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
	"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
	"PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n",
	"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
	"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
	"PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
	"PROXY TCP4 ::1 ::1 1 2\r\n",
	"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
	"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n\r\n",
	"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
	"PROXY UNKNOWNX\r\n",
	"proxy UNKNOWN\r\n",
	"GET / HTTP/1.1\r\n",
	"PROXYUNKNOWN\r\n",
]) {
	test(`the line ${JSON.stringify(text)} is malformed`, () => {
		assert.equal(line(text).kind, "malformed");
	});
}

test("version 2 tells every family and transport", () => {
	const unix = (path: string) => Buffer.from(path, "latin1").toString("hex").padEnd(216, "0");
	for (const [hex, addresses] of [
		["21 11 000c c0000201 c0000202 9c41 01bb", ip("192.0.2.1", "192.0.2.2", [40_001, 443])],
		["21 12 000c c0000201 c0000202 0001 0002", ip("192.0.2.1", "192.0.2.2", [1, 2], "datagram")],
		[`21 21 0024 20010db8${"0".repeat(23)}1 ${"0".repeat(31)}1 0001 0002`, ip("2001:db8::1", "::1")],
		[`21 22 0024 ${"0".repeat(31)}2 ${"0".repeat(31)}1 0001 0002`, ip("::2", "::1", [1, 2], "datagram")],
		[
			`21 31 00d8 ${unix("/run/a")} ${unix("\0abstract")}`,
			{ kind: "unix", transport: "stream", source: "/run/a", destination: "\0abstract" },
		],
		[
			`21 32 00d8 ${unix("")} ${unix("x".repeat(108))}`,
			{ kind: "unix", transport: "datagram", source: "", destination: "x".repeat(108) },
		],
		["21 00 0000", { kind: "none" }],
	] as const) {
		assert.deepEqual(headerOf(binary(hex)).addresses, addresses, hex);
	}
});

test("LOCAL discards whatever block it has: the connection is the sender's own", () => {
	for (const hex of ["20 00 0000", "20 11 000c c0000201 c0000202 0001 0002", "20 ff 0003 010203"]) {
		assert.deepEqual(headerOf(binary(hex)), { version: 2, isLocal: true, addresses: { kind: "none" }, tlvs: [] });
	}
});

test("TLVs are read behind addresses and behind UNSPEC", () => {
	const header = headerOf(binary("21 11 0019 c0000201 c0000202 0001 0002 01 0002 6832 02 0005 612e6f7267"));
	assert.equal(Buffer.from(proxyTlv(header, proxyTlvType.alpn) ?? []).toString(), "h2");
	assert.equal(Buffer.from(proxyTlv(header, proxyTlvType.authority) ?? []).toString(), "a.org");
	assert.equal(proxyTlv(header, proxyTlvType.ssl), undefined);
	assert.equal(headerOf(binary("21 00 0003 04 0000")).tlvs.length, 1);
});

test("reserved values, short blocks and lengths that disagree are malformed", () => {
	for (const [hex, says] of [
		["11 11 0000", /version 1; expected 2/],
		["22 11 0000", /command 2/],
		["21 13 000c c0000201 c0000202 0001 0002", /0x13, which are reserved/],
		["21 41 0000", /0x41, which are reserved/],
		["21 10 0000", /0x10, which are reserved/],
		["21 11 000b c0000201 c0000202 0001 00", /ends before its addresses/],
		["21 11 000f c0000201 c0000202 0001 0002 01 0001", /reaches past the end/],
		["21 11 ffff", /65551 octets; at most 16384/],
	] as const) {
		assert.match(reasonOf(binary(hex)), says, hex);
	}
	assert.match(reasonOf(decodeProxyHeader(Buffer.from("0d0a0d0a01", "hex"))), /no PROXY header/);
});

test("a checksum that is right is accepted, and every changed octet is found", () => {
	const octets = encodeProxyHeader({
		version: 2,
		isLocal: false,
		addresses: ip("192.0.2.1", "192.0.2.2"),
		tlvs: [
			{ type: proxyTlvType.authority, value: Buffer.from("a.test") },
			{ type: proxyTlvType.crc32c, value: new Uint8Array(0) },
			{ type: proxyTlvType.noop, value: new Uint8Array(3) },
		],
	});
	assert.equal(decodeProxyHeader(octets).kind, "done");
	// The octet that says that a TLV is the checksum.
	const typeAt = 16 + 12 + 3 + "a.test".length;
	for (let at = 0; at < octets.length; at++) {
		if (at === typeAt) continue;
		const changed = octets.slice();
		changed[at] = (changed[at] as number) ^ 0x40;
		assert.notEqual(decodeProxyHeader(changed).kind, "done", `octet ${at}`);
	}
	assert.match(reasonOf(binary("21 00 0006 03 0003 000000")), /3 octets; expected 4/);
	assert.match(reasonOf(binary("21 00 0007 03 0004 00000000")), /0x00000000; expected 0x/);
});

test("each prefix of a header needs more, and each header read back is the one that was written", () => {
	const port = fc.integer({ min: 0, max: 65_535 });
	const endpoint = (length: number) =>
		record({
			host: fc.uint8Array({ minLength: length, maxLength: length }).map((octets) => formatAddress({ octets })),
			port,
		});
	const transport = fc.constantFrom("stream" as const, "datagram" as const);
	const notMapped = endpoint(16).filter(({ host }) => !host.startsWith("::ffff:"));
	const addresses = fc.oneof(
		fc.constant({ kind: "none" as const }),
		record({ kind: fc.constant("ip" as const), transport, source: endpoint(4), destination: endpoint(4) }),
		record({ kind: fc.constant("ip" as const), transport, source: notMapped, destination: endpoint(4) }),
		record({ kind: fc.constant("ip" as const), transport, source: notMapped, destination: notMapped }),
		record({
			kind: fc.constant("unix" as const),
			transport,
			source: fc.stringMatching(/^[ -~]{0,108}$/),
			destination: fc.stringMatching(/^[ -~]{0,108}$/),
		}),
	);
	const tlv = record({ type: fc.integer({ min: 0xe0, max: 0xff }), value: fc.uint8Array({ maxLength: 50 }) });
	const header = fc.oneof(
		record({ version: fc.constant(2 as const), isLocal: fc.constant(false), addresses, tlvs: fc.array(tlv) }),
		record({
			version: fc.constant(1 as const),
			isLocal: fc.constant(false),
			addresses: addresses.filter((one) => one.kind === "none" || (one.kind === "ip" && one.transport === "stream")),
			tlvs: fc.constant([]),
		}),
	);
	fc.assert(
		fc.property(header, fc.uint8Array({ maxLength: 5 }), fc.nat(), (value, tail, cut) => {
			const octets = encodeProxyHeader(value);
			const decoded = decodeProxyHeader(Uint8Array.from([...octets, ...tail]));
			assert.deepEqual(decoded, { kind: "done", value, octets: octets.length });
			assert.equal(decodeProxyHeader(octets.subarray(0, cut % octets.length)).kind, "need-more");
		}),
		{ numRuns: 300 },
	);
});

test("what a version cannot say is not written", () => {
	const tcp = ip("192.0.2.1", "192.0.2.2");
	const none = { kind: "none" } as const;
	for (const header of [
		{ version: 1, isLocal: true, addresses: none, tlvs: [] },
		{ version: 1, isLocal: false, addresses: none, tlvs: [{ type: 4, value: new Uint8Array(0) }] },
		{ version: 1, isLocal: false, addresses: { ...tcp, transport: "datagram" }, tlvs: [] },
		{ version: 2, isLocal: false, addresses: { ...tcp, source: { host: "a.test", port: 1 } }, tlvs: [] },
		{
			version: 2,
			isLocal: false,
			addresses: { kind: "unix", transport: "stream", source: "x".repeat(109), destination: "" },
			tlvs: [],
		},
		{
			version: 2,
			isLocal: false,
			addresses: none,
			tlvs: [{ type: 0xe0, value: new Uint8Array(maxProxyHeaderOctets) }],
		},
	] as const) {
		assert.throws(() => encodeProxyHeader(header), RangeError);
	}
	assert.equal(encodeProxyHeader({ version: 2, isLocal: true, addresses: tcp, tlvs: [] }).length, 16);
});

test("no octets make it throw, and what is done stays within them", () => {
	const head = Buffer.from(signature, "hex");
	const octets = fc.oneof(
		fc.uint8Array({ maxLength: 300 }),
		fc.uint8Array({ maxLength: 300 }).map((tail) => Uint8Array.from([...head, ...tail])),
		fc
			.tuple(fc.constantFrom(0x11, 0x12, 0x21, 0x31, 0), fc.nat(300), fc.uint8Array({ maxLength: 300 }))
			.map(([family, length, tail]) => Uint8Array.from([...head, 0x21, family, length >> 8, length & 255, ...tail])),
		fc
			.string({ unit: fc.constantFrom(..."PROXY TCP46.:0123456789\r\n"), maxLength: 120 })
			.map((text) => Buffer.from(`PROXY TCP4 ${text}`)),
	);
	fc.assert(
		fc.property(octets, (value) => {
			const decoded = decodeProxyHeader(value);
			if (decoded.kind === "done") assert.ok(decoded.octets <= value.length);
			if (value.length > maxProxyHeaderOctets) assert.notEqual(decoded.kind, "need-more");
		}),
		{ numRuns: 2000 },
	);
});
