import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ClientHelloReader, type HelloReading, maxHelloRecords } from "#tls/client-hello-reader.ts";
import { contentType, encodeRecord } from "#tls/record.ts";
import { buildHello, capturedHello, capturedHellos, decodedHello, inRecords } from "../../test/support/tls-hello.ts";

/** Pushes the chunks up to the first final answer; each before it must be need-more. */
function read(...chunks: readonly Uint8Array[]): HelloReading {
	const reader = new ClientHelloReader();
	for (const chunk of chunks) {
		const reading = reader.push(chunk);
		if (reading.kind !== "need-more") return reading;
	}
	return { kind: "need-more" };
}

function reasonOf(...chunks: readonly Uint8Array[]): string {
	const reading = read(...chunks);
	return "reason" in reading ? `${reading.kind}: ${reading.reason}` : reading.kind;
}

function singly(octets: Uint8Array): Uint8Array[] {
	return Array.from(octets, (octet) => Uint8Array.of(octet));
}

const text = (value: string) => Buffer.from(value, "latin1");

test("every captured first flight gives its hello and says where it ends", () => {
	for (const { name, octets, message } of capturedHellos) {
		const reading = read(octets);
		assert.ok(reading.kind === "hello", `${name}: ${JSON.stringify(reading)}`);
		assert.equal(reading.streamOctets, message.length + 5, name);
		assert.deepEqual(reading.hello, decodedHello(message), name);
	}
});

test("split over two segments at every octet the hello is the same", () => {
	for (const name of ["node", "chromium-1", "openssl-tls10-noservername"]) {
		const { octets, message } = capturedHello(name);
		const whole = decodedHello(message);
		for (let cut = 1; cut < octets.length; cut++) {
			const reader = new ClientHelloReader();
			assert.equal(reader.push(octets.subarray(0, cut)).kind, "need-more");
			const reading = reader.push(octets.subarray(cut));
			assert.ok(reading.kind === "hello");
			assert.equal(reading.hello.sni, whole.sni);
			assert.deepEqual(reading.hello.extensions.length, whole.extensions.length);
			assert.deepEqual(Buffer.from(reader.original()), Buffer.from(octets));
		}
	}
});

test("one octet at a time the hello is the same, and the last octet completes it", () => {
	for (const { name, octets, message } of capturedHellos) {
		const reader = new ClientHelloReader();
		const flight = octets.subarray(0, message.length + 5);
		for (const [index, octet] of flight.entries()) {
			const reading = reader.push(Uint8Array.of(octet));
			if (index < flight.length - 1) assert.equal(reading.kind, "need-more", name);
			else assert.deepEqual(reading, { kind: "hello", hello: decodedHello(message), streamOctets: flight.length });
		}
		assert.equal(reader.length, flight.length);
	}
});

test("split over two records at every octet the hello is the same", () => {
	for (const name of ["chromium-2", "curl"]) {
		const { message } = capturedHello(name);
		const whole = decodedHello(message);
		for (let cut = 1; cut < message.length; cut++) {
			const stream = inRecords(message, cut, message.length);
			assert.deepEqual(read(stream), { kind: "hello", hello: whole, streamOctets: stream.length });
		}
	}
});

test("records of one octet each, one octet at a time", () => {
	const { message } = capturedHello("node");
	const stream = inRecords(message, 1);
	assert.deepEqual(read(...singly(stream)), {
		kind: "hello",
		hello: decodedHello(message),
		streamOctets: stream.length,
	});
});

test("any record sizes and any segment sizes give the same hello", () => {
	fc.assert(
		fc.property(
			fc.constantFrom(...capturedHellos),
			fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 }),
			fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 6 }),
			({ message }, recordSizes, segmentSizes) => {
				const stream = inRecords(message, ...recordSizes);
				const chunks: Uint8Array[] = [];
				for (let at = 0, index = 0; at < stream.length; index++) {
					const size = segmentSizes[index % segmentSizes.length] ?? 1;
					chunks.push(stream.subarray(at, at + size));
					at += size;
				}
				assert.deepEqual(read(...chunks), { kind: "hello", hello: decodedHello(message), streamOctets: stream.length });
			},
		),
		{ numRuns: 300 },
	);
});

test("octets behind the hello are kept as they came, and are no part of it", () => {
	const { octets, message } = capturedHello("openssl-early-data");
	const reader = new ClientHelloReader();
	const reading = reader.push(octets);
	assert.ok(reading.kind === "hello");
	assert.equal(reading.streamOctets, message.length + 5);
	assert.ok(octets.length > reading.streamOctets);
	assert.equal(reader.original().buffer, octets.buffer, "the only chunk is not copied");
	assert.equal(reader.push(text("more")), reading);
	assert.deepEqual(Buffer.from(reader.original()), Buffer.concat([octets, text("more")]));
	assert.equal(reader.length, octets.length + 4);
});

test("garbage behind a valid hello in its own record is malformed; behind the record it is kept", () => {
	const { message } = capturedHello("curl");
	const garbage = text("garbage");
	assert.match(
		reasonOf(inRecords(Buffer.concat([message, garbage]))),
		/^malformed: 7 handshake octets behind the ClientHello/,
	);
	assert.equal(read(inRecords(message), garbage).kind, "hello");
	assert.equal(read(Buffer.concat([inRecords(message), garbage])).kind, "hello");
});

test("another record between the fragments is refused at its first octets", () => {
	const { message } = capturedHello("curl");
	const first = inRecords(message.subarray(0, 100));
	for (const type of [contentType.changeCipherSpec, contentType.alert, contentType.applicationData]) {
		const between = encodeRecord(type, 0x0303, Uint8Array.of(1, 0));
		assert.match(reasonOf(first, between), new RegExp(`^malformed: record of type ${type} between`));
	}
	assert.match(reasonOf(first, text("GET / HTTP/1.1")), /^malformed: record content type is 71/);
	assert.match(reasonOf(first, Uint8Array.of(22, 3, 1, 0, 0)), /^malformed: record of type 22 is empty/);
	assert.match(reasonOf(Uint8Array.of(22, 3, 1, 0, 0)), /^malformed: record of type 22 is empty/);
});

test("a wrong octet is refused as soon as it is there", () => {
	assert.match(reasonOf(...singly(Uint8Array.of(22, 2))), /^malformed: record version begins with 2/);
	assert.match(reasonOf(...singly(Uint8Array.of(22, 3, 9))), /^malformed: record version is 3.9/);
	assert.match(reasonOf(...singly(Uint8Array.of(22, 3, 1, 0x40, 1))), /^malformed: record fragment has 16385 octets/);
	assert.match(reasonOf(...singly(Uint8Array.of(22, 3, 1, 0, 9, 2))), /^malformed: first handshake message has type 2/);
	assert.match(
		reasonOf(...singly(Uint8Array.of(22, 3, 1, 0, 9, 1, 1, 0, 0))),
		/^too-large: ClientHello has 65540 octets/,
	);
	assert.match(reasonOf(Uint8Array.of(22, 3, 1, 0, 4, 1, 0, 0, 0)), /^malformed: ClientHello ends before/);
});

test("a hello of 64 KiB is read, one in too many records is not", () => {
	const filler = new Uint8Array(65_536 - buildHello({ extensions: [[21, new Uint8Array(0)]] }).length);
	const largest = buildHello({ extensions: [[21, filler]] });
	assert.equal(read(inRecords(largest)).kind, "hello");
	assert.equal(read(inRecords(largest, 16)).kind, "hello");
	const reader = new ClientHelloReader();
	const stream = inRecords(largest, 1);
	let at = 0;
	let reading = reader.push(stream.subarray(0, 0));
	while (reading.kind === "need-more") reading = reader.push(stream.subarray(at, ++at));
	assert.equal(reading.kind, "too-large");
	assert.equal(at, maxHelloRecords * 6 + 5);
});

test("what is not TLS is told by its first octet, with what it looks like", () => {
	const looks = (octets: Uint8Array) => {
		const reading = read(octets);
		return reading.kind === "not-tls" ? reading.looksLike : reading.kind;
	};
	for (const line of ["GET / HTTP/1.1\r\n", "POST ", "P", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "CONNECT a:1"]) {
		assert.equal(looks(text(line)), "http", line);
	}
	assert.equal(looks(text("SSH-2.0-OpenSSH_9.2\r\n")), "ssh");
	for (const octets of [[0x15, 3, 1, 0, 2, 2, 40], [0x17, 3, 3], [0x14]]) {
		assert.equal(looks(Uint8Array.from(octets)), "tls-without-hello");
	}
	for (const octets of [[0], [5, 1, 0], [0xff, 0xfe, 0xfd, 0xfc], [0x15, 1]])
		assert.equal(looks(Uint8Array.from(octets)), "other");
	for (const line of ["GETTING", "{}", "EHLO a", "\r\n", "SSG-"]) assert.equal(looks(text(line)), "other", line);
});

test("an SSLv2 hello is recognised and refused (R160)", () => {
	const reading = read(Uint8Array.of(0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10));
	assert.ok(reading.kind === "not-tls");
	assert.equal(reading.looksLike, "sslv2");
	assert.equal(reading.reason, "an SSLv2 hello, which is not supported (first octet 0x80)");
	// The form that offers TLS inside an SSLv2 record.
	const compatible = read(Uint8Array.of(0x80, 0x40, 1, 3, 1, 0, 0x27));
	assert.ok(compatible.kind === "not-tls" && compatible.looksLike === "sslv2");
});

test("an answer is final, and an empty chunk changes nothing", () => {
	const reader = new ClientHelloReader();
	assert.equal(reader.push(new Uint8Array(0)).kind, "need-more");
	const answer = reader.push(text("GET"));
	assert.equal(reader.push(capturedHello("curl").octets), answer);
	assert.equal(reader.push(new Uint8Array(0)), answer);
	assert.equal(reader.length, 3 + capturedHello("curl").octets.length);
});

test("the chunks are not written to", () => {
	const { octets } = capturedHello("node");
	const first = octets.slice(0, 40);
	const kept = first.slice();
	const reader = new ClientHelloReader();
	reader.push(first);
	reader.push(octets.slice(40));
	assert.deepEqual(first, kept);
});

test("64 KiB one octet at a time costs linear work", () => {
	const filler = new Uint8Array(65_536 - buildHello({ extensions: [[21, new Uint8Array(0)]] }).length);
	const chunks = singly(inRecords(buildHello({ extensions: [[21, filler]] })));
	const startedAt = performance.now();
	assert.equal(read(...chunks).kind, "hello");
	// Quadratic copying would move 2 GiB.
	assert.ok(performance.now() - startedAt < 1000);
});

test("random and mutated streams in random segments never throw and stay bounded", () => {
	const mutated = fc
		.tuple(
			fc.constantFrom(...capturedHellos),
			fc.integer({ min: 1, max: 600 }),
			fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
		)
		.map(([{ message }, size, changes]) => {
			const stream = inRecords(message, size);
			for (const [at, octet] of changes) stream[at % stream.length] = octet;
			return stream;
		});
	const random = fc.uint8Array({ maxLength: 300 });
	const tlsLike = random.map((tail) => Uint8Array.from([22, 3, 1, 0, 200, 1, 0, 0, 196, ...tail]));
	fc.assert(
		fc.property(fc.oneof(mutated, random, tlsLike), fc.integer({ min: 1, max: 400 }), (stream, size) => {
			const reader = new ClientHelloReader();
			for (let at = 0; at < stream.length; at += size) reader.push(stream.subarray(at, at + size));
			assert.equal(reader.length, stream.length);
			assert.deepEqual(Buffer.from(reader.original()), Buffer.from(stream));
		}),
		{ numRuns: 1500 },
	);
});
