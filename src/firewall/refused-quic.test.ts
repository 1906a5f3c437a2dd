import assert from "node:assert/strict";
import { test } from "node:test";
import { Writer } from "#base/bytes.ts";
import { RefusedQuic, refusalPrefix } from "#firewall/refused-quic.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { quicVersion } from "#tls/quic-packet.ts";
import { quicFirstFlight } from "../../test/support/quic-initial.ts";

/** A datagram from 10.1.0.HOST to 192.0.2.10:443, from its IP header on. */
function packet(payload: Uint8Array, host = 2, port = 50_000): Uint8Array {
	const length = 28 + payload.length;
	const header = new Writer().u8(0x45).u8(0).u16(length).u32(0).u8(64).u8(17).u16(0);
	header.bytes(Uint8Array.of(10, 1, 0, host)).bytes(Uint8Array.of(192, 0, 2, 10));
	return header
		.u16(port)
		.u16(443)
		.u16(8 + payload.length)
		.u16(0)
		.bytes(payload)
		.finish();
}

const lan = refusalPrefix({ kind: "listener", name: "lan" });

function heard() {
	let ids = 0;
	const quic = new RefusedQuic(() => String(++ids).padStart(16, "0"));
	return (datagrams: readonly Uint8Array[], now: number, host = 2, prefix = lan): readonly SessionRecord[] =>
		datagrams.flatMap((datagram) => quic.packet(prefix, packet(datagram, host), now) ?? []);
}

test("the record names client, server and the name it asked for, and the rule that refused", () => {
	const [record, ...more] = heard()(quicFirstFlight("shop.example", 1), 1_000);
	assert.deepEqual(more, []);
	assert.ok(record !== undefined);
	assert.deepEqual(
		[record.sni, record.client, record.server],
		["shop.example", { address: "10.1.0.2", port: 50_000 }, { host: "shop.example", port: 443, address: "192.0.2.10" }],
	);
	assert.deepEqual([record.decision, record.listener, record.rule], ["block", "transparent lan", "transparent lan"]);
	assert.match(record.ja4 ?? "", /^q12d/);
	const key = refusalPrefix({ kind: "policy", key: "web" });
	const [forwarded] = heard()(quicFirstFlight("shop.example", 1), 1_000, 2, key);
	assert.deepEqual([forwarded?.listener, forwarded?.rule], ["forwarded", "web"]);
});

test("a hello in several datagrams, in any order, and of version 2, is read as well", () => {
	const three = quicFirstFlight("large.example", 3);
	assert.deepEqual(
		heard()([...three].reverse(), 0).map(({ sni }) => sni),
		["large.example"],
	);
	assert.deepEqual(
		heard()(quicFirstFlight("two.example", 2, quicVersion.v2), 0).map(({ sni }) => sni),
		["two.example"],
	);
	assert.deepEqual(heard()(three.slice(0, 2), 0), []);
});

test("N4: the same again makes no record for a while, a flood of names only so many a second", () => {
	const hear = heard();
	const flight = quicFirstFlight("shop.example", 1);
	assert.equal(hear(flight, 0).length, 1);
	assert.equal(hear(flight, 29_999).length, 0);
	assert.equal(hear(flight, 29_999, 3).length, 1, "another client");
	assert.equal(hear(flight, 30_000).length, 1);
	const flood = Array.from({ length: 100 }, (_, at) => quicFirstFlight(`n${at}.example`, 1)).flat();
	assert.equal(hear(flood, 60_000).length, 20);
	assert.equal(hear(flood, 61_000).length, 20);
});

test("what is no QUIC, no UDP or damaged makes no record", () => {
	const quic = new RefusedQuic(() => "0");
	for (const octets of [
		new Uint8Array(0),
		Uint8Array.of(0x45),
		packet(new Uint8Array(1_200)),
		packet(new Uint8Array(3)),
	])
		assert.equal(quic.packet(lan, octets, 0), undefined);
});

test("a prefix fits into what the packet filter takes", () => {
	const prefix = refusalPrefix({ kind: "policy", key: "from-zone é".repeat(40) });
	assert.ok(Buffer.byteLength(prefix) <= 127, prefix);
});
