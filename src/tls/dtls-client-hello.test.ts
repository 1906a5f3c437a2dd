import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat, Writer } from "#base/bytes.ts";
import { DtlsHelloReader, type DtlsReading, maxHelloDatagrams } from "#tls/dtls-client-hello.ts";
import captures from "../../test/captures/dtls-client-hello/dtls-hellos.json" with { type: "json" };
import { serverNameExtension } from "../../test/support/tls-hello.ts";

const told = (reading: DtlsReading) =>
	reading.kind === "hello" ? `${reading.hello.sni}${reading.isSecond ? " again" : ""}` : reading.kind;
const reasonOf = (reading: DtlsReading) => ("reason" in reading ? `${reading.kind}: ${reading.reason}` : reading.kind);

function read(...datagrams: readonly Uint8Array[]): DtlsReading {
	const reader = new DtlsHelloReader();
	let reading: DtlsReading = { kind: "need-more" };
	for (const datagram of datagrams) reading = reader.push(datagram);
	return reading;
}

/** The body of a hello for a server. */
function bodyOf(name: string, cookie: Uint8Array = new Uint8Array(0), version = 0xfefd): Uint8Array {
	const [type, value] = serverNameExtension([0, name]);
	return new Writer()
		.u16(version)
		.bytes(new Uint8Array(32).fill(5))
		.u8(0)
		.prefixed(1, (writer) => writer.bytes(cookie))
		.prefixed(2, (suites) => suites.u16(0xc02b))
		.u8(1)
		.u8(0)
		.prefixed(2, (extensions) => extensions.u16(type).prefixed(2, (body) => body.bytes(value)))
		.finish();
}

interface FragmentParts {
	readonly type?: number;
	readonly size?: number;
	readonly sequence?: number;
	readonly offset?: number;
}

function fragment(octets: Uint8Array, parts: FragmentParts = {}): Uint8Array {
	return new Writer()
		.u8(parts.type ?? 1)
		.u24(parts.size ?? octets.length)
		.u16(parts.sequence ?? 0)
		.u24(parts.offset ?? 0)
		.prefixed(3, (body) => body.bytes(octets))
		.finish();
}

function record(fragments: Uint8Array, type = 22, version = 0xfeff, epoch = 0): Uint8Array {
	return new Writer()
		.u8(type)
		.u16(version)
		.u16(epoch)
		.u16(0)
		.u32(1)
		.prefixed(2, (body) => body.bytes(fragments))
		.finish();
}

/** The body in fragments that begin at the cuts. */
function fragmentsOf(body: Uint8Array, cuts: readonly number[], sequence = 0): Uint8Array[] {
	const edges = [...new Set([0, ...cuts.map((cut) => cut % body.length), body.length])].sort((a, b) => a - b);
	return edges.slice(0, -1).map((start, index) => {
		return fragment(body.subarray(start, edges[index + 1]), { size: body.length, sequence, offset: start });
	});
}

for (const { name, datagrams } of captures) {
	test(`the first flight of ${name} gives its hello, in any order of its datagrams`, () => {
		const octets = datagrams.map((hex) => Buffer.from(hex, "hex"));
		for (const order of [octets, octets.toReversed()]) {
			const reading = read(...order);
			assert.ok(reading.kind === "hello", reasonOf(reading));
			assert.deepEqual(
				[reading.hello.sni, reading.hello.legacyVersion, reading.isSecond],
				["dtls.test", 0xfefd, false],
			);
		}
		for (let length = 0; length < (octets[0] as Buffer).length; length += 7) {
			assert.notEqual(read((octets[0] as Buffer).subarray(0, length)).kind, "hello");
		}
	});
}

test("fragments in any order, repeated, in any records and datagrams give the hello", () => {
	const body = bodyOf("a.test");
	fc.assert(
		fc.property(
			fc.array(fc.nat(), { maxLength: 12 }),
			fc.array(fc.nat(), { minLength: 13 }),
			fc.nat(3),
			(cuts, order, together) => {
				const shuffled = fragmentsOf(body, cuts)
					.map((one, index) => ({ one, key: order[index] ?? 0 }))
					.sort((a, b) => a.key - b.key)
					.map(({ one }) => one);
				const datagrams: Uint8Array[] = [];
				for (let at = 0; at < shuffled.length; at += together + 1) {
					const some = shuffled.slice(at, at + together + 2);
					datagrams.push(at % 2 === 0 ? record(concat(some)) : concat(some.map((one) => record(one))));
				}
				const reader = new DtlsHelloReader();
				assert.ok(datagrams.some((datagram) => told(reader.push(datagram)) === "a.test"));
			},
		),
		{ numRuns: 200 },
	);
});

test("behind HelloVerifyRequest the hello comes again with a cookie and must name the same server", () => {
	const first = record(fragment(bodyOf("a.test")));
	const again = (name: string) => record(fragment(bodyOf(name, new Uint8Array(20).fill(1)), { sequence: 1 }));
	const reader = new DtlsHelloReader();
	assert.equal(told(reader.push(first)), "a.test");
	assert.equal(told(reader.push(first)), "need-more", "sent again, the first is passed over");
	assert.equal(told(reader.push(again("a.test"))), "a.test again");
	assert.equal(told(reader.push(again("b.test"))), "need-more");
	const liar = new DtlsHelloReader();
	liar.push(first);
	assert.match(
		reasonOf(liar.push(again("b.test"))),
		/^malformed: the second ClientHello names b\.test; expected a\.test/,
	);
	assert.equal(liar.push(again("a.test")).kind, "malformed", "it stays so");
});

test("what a receiver discards does not count: other types and epochs, cut records, other messages", () => {
	const body = bodyOf("a.test");
	const whole = fragment(body);
	const start = record(fragment(body.subarray(0, 10), { size: body.length }));
	for (const ignored of [
		record(whole, 23),
		record(whole, 22, 0xfeff, 1),
		record(whole, 22, 0x0303),
		record(whole).subarray(0, -1),
		record(fragment(body, { sequence: 1 })),
		record(whole.subarray(0, -1)),
		new Uint8Array(0),
	]) {
		assert.equal(told(read(start, ignored)), "need-more");
		assert.equal(told(read(start, ignored, record(whole))), "a.test");
	}
});

test("fragments that disagree, and messages that are none, are malformed", () => {
	const body = bodyOf("a.test");
	const start = record(fragment(body.subarray(0, 40), { size: body.length }));
	const forged = Uint8Array.from(body);
	forged[30] = 99;
	assert.match(reasonOf(read(start, record(fragment(forged)))), /two fragments of the ClientHello disagree/);
	assert.match(reasonOf(read(start, record(fragment(body, { size: 200 })))), /fragments of a ClientHello of/);
	assert.match(reasonOf(read(record(fragment(body, { size: 9 })))), /reaches past the end/);
	assert.match(reasonOf(read(record(fragment(body, { type: 2 })))), /has type 2; expected ClientHello/);
	assert.match(
		reasonOf(read(record(fragment(bodyOf("a.test", undefined, 0x0303))))),
		/version is 0x0303; expected 0xfexx/,
	);
	assert.match(reasonOf(read(record(fragment(body.subarray(0, -1))))), /^malformed/);
	assert.match(reasonOf(read(record(fragment(new Uint8Array(0))))), /^malformed/);
	assert.match(reasonOf(read(record(fragment(body, { size: 70_000 })))), /^too-large/);
});

test("what is no DTLS is told by the first datagram", () => {
	for (const octets of [[], [22], [22, 3, 1], [0xc0, 0, 0, 0, 1], [...new Array(20).fill(22)], [20, 254, 253]]) {
		assert.equal(read(Uint8Array.from([...octets])).kind, "not-dtls");
	}
});

test("a client that never completes its hello is given up", () => {
	const reader = new DtlsHelloReader();
	const part = record(fragment(new Uint8Array(5), { size: 200 }));
	let count = 0;
	while (reader.push(part).kind === "need-more") count++;
	assert.equal(count, maxHelloDatagrams);
	assert.match(reasonOf(reader.push(part)), /^too-large/);
});

test("random and mutated datagrams never throw", () => {
	const samples = captures.flatMap(({ datagrams }) => datagrams.map((hex) => Buffer.from(hex, "hex")));
	const mutated = fc
		.tuple(fc.constantFrom(...samples), fc.array(fc.tuple(fc.nat(240), fc.nat(255)), { maxLength: 4 }), fc.nat(240))
		.map(([sample, changes, length]) => {
			const octets = Uint8Array.from(sample);
			for (const [at, octet] of changes) octets[at] = octet;
			return length % 3 === 0 ? octets.subarray(0, length) : octets;
		});
	fc.assert(
		fc.property(fc.array(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), { maxLength: 6 }), (datagrams) => {
			read(...datagrams);
		}),
		{ numRuns: 1000 },
	);
});
