import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat } from "#base/bytes.ts";
import { maxInitialPackets, QuicInitialReader, type QuicReading } from "#tls/quic-initial.ts";
import { quicVersion } from "#tls/quic-packet.ts";
import chromium from "../../test/captures/quic-initial/chromium.json" with { type: "json" };
import { protectedV1, protectedV2 } from "../../test/captures/quic-initial/vectors.ts";
import { buildInitial, cryptoFrame, exampleId } from "../../test/support/quic-initial.ts";
import { buildHello, capturedHello } from "../../test/support/tls-hello.ts";

const { message } = capturedHello("chromium-2");

function read(...datagrams: readonly Uint8Array[]): QuicReading {
	const reader = new QuicInitialReader();
	let reading: QuicReading = { kind: "need-more" };
	for (const datagram of datagrams) reading = reader.push(datagram);
	return reading;
}

const told = (reading: QuicReading) => (reading.kind === "hello" ? reading.hello.sni : reading.kind);
const reasonOf = (reading: QuicReading) => ("reason" in reading ? `${reading.kind}: ${reading.reason}` : reading.kind);

/** The message in CRYPTO frames that begin at the cuts. */
function framesOf(cuts: readonly number[], octets: Uint8Array = message): Uint8Array[] {
	const edges = [...new Set([0, ...cuts.map((cut) => cut % octets.length), octets.length])].sort((a, b) => a - b);
	return edges.slice(0, -1).map((start, index) => cryptoFrame(start, octets.subarray(start, edges[index + 1])));
}

test("the examples of RFC 9001 and RFC 9369 give their ClientHello", () => {
	for (const [packet, version] of [
		[protectedV1, quicVersion.v1],
		[protectedV2, quicVersion.v2],
	] as const) {
		const reading = read(packet);
		assert.ok(reading.kind === "hello", JSON.stringify(reading));
		assert.deepEqual([reading.hello.sni, reading.hello.alpn, reading.version], ["example.com", ["alpn"], version]);
	}
});

test("a post-quantum hello over two datagrams, in pieces of any order and twice", () => {
	const cuts = fc.array(fc.nat(), { minLength: 1, maxLength: 20 });
	const version = fc.constantFrom(quicVersion.v1, quicVersion.v2);
	fc.assert(
		fc.property(cuts, fc.array(fc.nat(), { minLength: 21 }), version, fc.nat(3), (places, order, of, repeat) => {
			const frames = framesOf(places);
			const shuffled = frames.map((frame, index) => ({ frame, key: order[index] ?? 0 })).sort((a, b) => a.key - b.key);
			const datagrams: Uint8Array[] = [];
			for (let at = 0, number = 0; at < shuffled.length; at += 3, number++) {
				const some = shuffled.slice(at, at + 3 + repeat).map(({ frame }) => frame);
				datagrams.push(buildInitial({ version: of, number, frames: concat([Uint8Array.of(1, 0), ...some]) }));
			}
			const reader = new QuicInitialReader();
			const readings = datagrams.map((datagram) => told(reader.push(datagram)));
			assert.equal(readings.at(-1), "www.example.org", JSON.stringify(readings));
			assert.equal(told(reader.push(protectedV1)), "www.example.org", "an answer is final");
		}),
		{ numRuns: 60 },
	);
});

test("several Initial packets in one datagram, and packets of other kinds behind them", () => {
	const [first, second] = framesOf([700]) as [Uint8Array, Uint8Array];
	const packets = [
		buildInitial({ number: 0, frames: first, datagramOctets: 0 }),
		buildInitial({ number: 1, frames: second, datagramOctets: 0 }),
	];
	const zeroRtt = Buffer.from("d00000000108", "hex");
	const behind = concat([zeroRtt, exampleId, Uint8Array.of(0, 2, 7, 7), new Uint8Array(40)]);
	assert.equal(told(read(concat([...packets, behind]))), "www.example.org");
});

test("behind a Retry the keys are those of the server's ID, and the hello begins again", () => {
	const server = Uint8Array.of(9, 8, 7, 6, 5);
	const [first, second] = framesOf([900]) as [Uint8Array, Uint8Array];
	const retried = { destinationId: server, token: Uint8Array.of(1, 2) };
	const all = [
		buildInitial({ number: 0, frames: first }),
		buildInitial({ ...retried, number: 1, frames: first }),
		buildInitial({ ...retried, number: 2, frames: second }),
	];
	assert.equal(told(read(...all)), "www.example.org");
});

test("what a server ignores does not count: small datagrams, wrong keys, changed octets", () => {
	const other = buildHello({ extensions: [] });
	const small = buildInitial({ frames: cryptoFrame(0, other), datagramOctets: 1199 });
	const foreign = buildInitial({ frames: cryptoFrame(0, other), keysFrom: Uint8Array.of(1) });
	const changed = Uint8Array.from(buildInitial({ frames: cryptoFrame(0, other) }));
	changed[100] = (changed[100] as number) ^ 1;
	for (const ignored of [small, foreign, changed]) {
		assert.equal(told(read(ignored)), "need-more");
		assert.equal(told(read(ignored, protectedV1)), "example.com");
	}
});

test("pieces that disagree end it: the gateway and the server might read different names", () => {
	const forged = Uint8Array.from(message.subarray(0, 300));
	forged[200] = (forged[200] as number) ^ 1;
	const reading = read(
		buildInitial({ number: 0, frames: cryptoFrame(0, forged) }),
		buildInitial({ number: 1, frames: cryptoFrame(150, message.subarray(150)) }),
	);
	assert.match(reasonOf(reading), /^malformed: two pieces of the ClientHello disagree/);
});

test("a message that is none, too long or followed by others is told", () => {
	const frames = (octets: Uint8Array, at = 0) => read(buildInitial({ frames: cryptoFrame(at, octets) }));
	assert.match(reasonOf(frames(Uint8Array.of(2, 0, 0, 0))), /^malformed: first handshake message has type 2/);
	assert.match(reasonOf(frames(Uint8Array.of(1, 1, 0, 0))), /^too-large: ClientHello has 65540/);
	assert.match(reasonOf(frames(Uint8Array.of(7), 65_536)), /^too-large/);
	assert.match(reasonOf(frames(concat([buildHello(), Uint8Array.of(11)]))), /^malformed: 1 handshake octets behind/);
	assert.match(
		reasonOf(read(buildInitial({ frames: Uint8Array.of(8, 0, 0) }))),
		/^malformed: QUIC Initial packet holds/,
	);
});

test("what is no QUIC, and what no client sends first, is told by the first datagram", () => {
	for (const hex of [
		"16fefd0000",
		"4000",
		"",
		"00010000",
		"ff0000000100000102",
		"80000000000000",
		"8000000001000001aa",
	]) {
		const expected = hex === "" ? "need-more" : "not-quic";
		assert.equal(read(Buffer.from(hex, "hex")).kind, expected, hex);
	}
	assert.deepEqual(read(Buffer.concat([Buffer.from("c0ff00001d0000", "hex"), Buffer.alloc(1200)])), {
		kind: "unknown-version",
		version: 0xff00_001d,
	});
	assert.equal(told(read(protectedV1.subarray(0, 100))), "not-quic");
});

test("a client that never completes its hello is given up", () => {
	const reader = new QuicInitialReader();
	let reading: QuicReading = { kind: "need-more" };
	for (let number = 0; reading.kind === "need-more"; number++) {
		assert.ok(number <= maxInitialPackets);
		reading = reader.push(buildInitial({ number, frames: cryptoFrame(0, message.subarray(0, 10)) }));
	}
	assert.match(reasonOf(reading), /^too-large/);
	const silent = new QuicInitialReader();
	let count = 0;
	while (silent.push(new Uint8Array(0)).kind === "need-more") count++;
	assert.equal(count, maxInitialPackets);
});

test("random, mutated and cut datagrams never throw", () => {
	const [first, second] = framesOf([800]).map((frames, number) => buildInitial({ number, frames })) as [
		Uint8Array,
		Uint8Array,
	];
	const mutated = fc
		.tuple(
			fc.constantFrom(first, second, protectedV1, protectedV2),
			fc.array(fc.tuple(fc.nat(1199), fc.nat(255))),
			fc.nat(1200),
		)
		.map(([packet, changes, length]) => {
			const octets = Uint8Array.from(packet);
			for (const [at, octet] of changes) octets[at] = octet;
			return octets.subarray(0, length);
		});
	// Well protected, with anything inside.
	const inside = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((frames) => buildInitial({ frames }));
	const datagram = fc.oneof(mutated, inside, fc.uint8Array({ maxLength: 60 }), fc.constantFrom(first, second));
	fc.assert(
		fc.property(fc.array(datagram, { maxLength: 5 }), (datagrams) => void read(...datagrams)),
		{ numRuns: 500 },
	);
});

test("the first datagrams of Chromium give its hello, in either order", () => {
	const datagrams = chromium.datagrams.map((hex) => Buffer.from(hex, "hex"));
	for (const order of [datagrams, datagrams.toReversed()]) {
		const reading = read(...order);
		assert.ok(reading.kind === "hello", JSON.stringify(reading));
		assert.deepEqual([reading.hello.sni, reading.hello.alpn], ["quic.test", ["h3"]]);
	}
	assert.ok(datagrams.length > 1);
	assert.equal(read(...datagrams.slice(1)).kind, "need-more");
});
