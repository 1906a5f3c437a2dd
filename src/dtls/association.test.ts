import assert from "node:assert/strict";
import { test } from "node:test";
import { Association, type DtlsEnd } from "#dtls/association.ts";
import type { HandshakeMessage } from "#dtls/handshake.ts";
import { decodeDtlsRecords } from "#dtls/record.ts";
import { RecordProtection } from "#dtls/record-protection.ts";
import { type DtlsSuite, dtlsSuiteOf } from "#dtls/suite.ts";

const suite = dtlsSuiteOf(0xc02b) as DtlsSuite;
const keys = (fill: number) => ({ key: new Uint8Array(16).fill(fill), iv: new Uint8Array(4).fill(fill) });
const sealing = (fill: number) => new RecordProtection(suite, keys(fill));

function one(maxDatagram = 200) {
	const seen = {
		sent: [] as Uint8Array[],
		messages: [] as HandshakeMessage[],
		data: [] as string[],
		end: undefined as DtlsEnd | undefined,
	};
	const association = new Association(
		{
			send: (datagram) => void seen.sent.push(datagram),
			message: (message) => void seen.messages.push(message),
			data: (octets) => void seen.data.push(Buffer.from(octets).toString()),
			ended: (end) => {
				seen.end = end;
			},
		},
		maxDatagram,
	);
	return { association, seen };
}

/** Two ends that have finished: the first one's flight was the last. */
function established() {
	const [a, b] = [one(), one()];
	a.association.protect(sealing(1), sealing(2));
	b.association.protect(sealing(2), sealing(1));
	for (const { association } of [b, a]) {
		association.say(20, new Uint8Array(12), 1);
		association.sendFlight(0, association === a.association);
	}
	for (const datagram of a.seen.sent) b.association.receive(datagram, 1);
	for (const datagram of b.seen.sent) a.association.receive(datagram, 1);
	a.association.establish();
	b.association.establish();
	return { a, b };
}

test("a long message goes out in fragments that fit the path, and comes in whole", () => {
	const [from, to] = [one(), one()];
	from.association.say(11, new Uint8Array(1_000).fill(7));
	from.association.say(14, new Uint8Array(0));
	from.association.sendFlight(0, false);
	assert.ok(from.seen.sent.length > 5 && from.seen.sent.every(({ length }) => length <= 200));
	for (const datagram of from.seen.sent.toReversed()) to.association.receive(datagram, 1);
	assert.deepEqual(
		to.seen.messages.map(({ type, body }) => [type, body.length]),
		[
			[11, 1_000],
			[14, 0],
		],
	);
});

test("a flight is sent again under new numbers, later each time, until it is answered", () => {
	const { association, seen } = one();
	association.say(1, new Uint8Array(20));
	association.sendFlight(0, false);
	association.tick(999);
	assert.equal(seen.sent.length, 1);
	association.tick(1_000);
	assert.equal(association.deadline, 3_000);
	const numbers = seen.sent.flatMap((datagram) => decodeDtlsRecords(datagram).map(({ sequence }) => sequence));
	assert.deepEqual(numbers, [0, 1]);
	association.answered();
	association.tick(9_000);
	assert.equal(seen.sent.length, 2);
});

test("the end whose flight was the last says it again when asked; the other stays silent, or both would send for ever", () => {
	const { a, b } = established();
	const [aSent, bSent] = [a.seen.sent.length, b.seen.sent.length];
	const again = new Association({ send: (d) => a.association.receive(d, 2), message() {}, data() {}, ended() {} }, 200);
	again.numberAs(0, 0);
	again.protect(sealing(2), sealing(1));
	again.say(20, new Uint8Array(12), 1);
	again.sendFlight(0, false);
	assert.equal(a.seen.sent.length, aSent, "the same record number is a replay");
	again.tick(1_000);
	assert.equal(a.seen.sent.length, aSent + 1);
	b.association.receive(a.seen.sent.at(-1) as Uint8Array, 3);
	assert.equal(b.seen.sent.length, bSent);
});

test("in clear nothing counts once the handshake is over: no data, no alert, no message", () => {
	const { a } = established();
	const { association, seen } = one();
	association.fail("handshake_failure", "made for this test", 0);
	a.association.receive(seen.sent[0] as Uint8Array, 2);
	assert.equal(a.seen.end, undefined);
});

test("data passes both ways; what is too long, too early or too late does not", () => {
	const { a, b } = established();
	assert.equal(a.association.write(Buffer.from("hello")), true);
	b.association.receive(a.seen.sent.at(-1) as Uint8Array, 2);
	assert.deepEqual(b.seen.data, ["hello"]);
	assert.equal(a.association.write(new Uint8Array(16_385)), false);
	assert.equal(one().association.write(Buffer.from("early")), false);
	a.association.close(3);
	assert.equal(a.association.write(Buffer.from("late")), false);
	b.association.receive(a.seen.sent.at(-1) as Uint8Array, 4);
	assert.deepEqual([a.seen.end?.kind, b.seen.end?.kind], ["closed", "closed-by-peer"]);
});

test("F2: a new handshake on a connection is refused once, and the connection goes on", () => {
	const { a, b } = established();
	const before = a.seen.sent.length;
	for (const sequence of [7, 8]) {
		const message = Uint8Array.of(1, 0, 0, 0, 0, sequence, 0, 0, 0, 0, 0, 0);
		const number = 40 + sequence;
		const fragment = sealing(2).seal(22, 1, number, message);
		a.association.receive(
			Uint8Array.of(22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, number, 0, fragment.length, ...fragment),
			2,
		);
	}
	assert.equal(a.seen.sent.length, before + 1);
	b.association.receive(a.seen.sent.at(-1) as Uint8Array, 3);
	assert.equal(b.seen.end, undefined);
});

test("an alert ends both ends with its name", () => {
	const [a, b] = [one(), one()];
	a.association.fail("handshake_failure", "no common suite", 0);
	b.association.receive(a.seen.sent[0] as Uint8Array, 1);
	assert.deepEqual([a.seen.end?.kind, a.seen.end?.alert, b.seen.end?.kind], ["alert-sent", 40, "alert-received"]);
	assert.match(b.seen.end?.reason ?? "", /handshake_failure \(40\)/);
});
