import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type PlaintextKind, PlaintextReader, plaintextKind } from "#capture/plaintext-reader.ts";
import { frameFlags, frameTypes } from "#http/http2-frame.ts";
import { toClient, toServer } from "#signature/signature-engine.ts";
import { engineOf, testFacts } from "../../test/support/signature-traffic.ts";

const rules = [
	'alert http any any -> any any (msg:"uri"; http.uri; content:"/evil"; sid:1;)',
	'alert tcp any any -> any any (msg:"word"; content:"secret word"; sid:2;)',
];
const evil = Buffer.from("GET /evil HTTP/1.1\r\nHost: h\r\n\r\n");

function reading(kind: PlaintextKind, clock = () => 0): { reader: PlaintextReader; found: string[] } {
	const found: string[] = [];
	const reader = new PlaintextReader(
		engineOf(rules, undefined, clock),
		testFacts,
		({ signature }, protocol, _, sni) => found.push(`${signature.sid} ${protocol} ${sni}`),
		{ kind, hasPackets: false, sni: "h.example" },
	);
	return { reader, found };
}

test("HTTP is read as such, unless the octets are said to be a stream", () => {
	const [http, stream] = [reading("http1"), reading("stream")];
	for (const { reader } of [http, stream]) {
		reader.octets(toServer, evil);
		reader.end();
	}
	assert.deepEqual([http.found, stream.found], [["1 http h.example"], []]);
});

test("after octets were lost the rest is a stream", () => {
	const { reader, found } = reading("http1");
	reader.octets(toServer, evil);
	reader.goOnAsStream();
	reader.octets(toClient, Buffer.from("a secret word"));
	reader.octets(toServer, evil);
	reader.end();
	assert.deepEqual(found, ["1 http h.example", "2 tcp h.example"]);
});

test("HTTP/2 is read by its machine, one exchange for each stream; what is no HTTP/2 goes on as a stream", () => {
	const { reader, found } = reading("http2");
	const head = (id: number, path: string) =>
		frame(frameTypes.headers, frameFlags.endHeaders | frameFlags.endStream, id, requestBlock(path));
	reader.octets(toClient, frame(frameTypes.settings, 0, 0, new Uint8Array(0)));
	reader.octets(
		toServer,
		Buffer.concat([preface, frame(frameTypes.settings, 0, 0, new Uint8Array(0)), head(1, "/evil")]),
	);
	const split = head(3, "/evil");
	for (const octet of split) reader.octets(toServer, Uint8Array.of(octet));
	assert.deepEqual(found, ["1 http h.example", "1 http h.example"]);
	reader.octets(toServer, Buffer.from("no frame at all, but octets of something else"));
	reader.octets(toServer, Buffer.from("a secret word"));
	reader.end();
	assert.equal(found.at(-1), "2 tcp h.example");
});

test("captured octets are left as they were, and a second of the capture gives back what may be sent in it", () => {
	let now = 0;
	const { reader, found } = reading("http2", () => now);
	const settings = frame(frameTypes.settings, 0, 0, new Uint8Array(0));
	const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame(frameTypes.ping, 0, 0, new Uint8Array(8))));
	const octets = Buffer.concat([preface, settings]);
	const before = Buffer.from(octets);
	reader.octets(toServer, octets);
	for (now = 0; now < 20_000; now += 2_000) reader.octets(toServer, pings);
	assert.deepEqual(octets, before);
	const block = requestBlock("/evil");
	reader.octets(toServer, frame(frameTypes.headers, frameFlags.endHeaders | frameFlags.endStream, 1, block));
	assert.deepEqual(found, ["1 http h.example"]);
});

test("first octets tell HTTP/1 by a method, HTTP/2 by its preface or a server's settings", () => {
	assert.equal(plaintextKind(toServer, evil), "http1");
	assert.equal(plaintextKind(toServer, Buffer.from("GE")), "http1");
	assert.equal(plaintextKind(toClient, evil), "greeting");
	assert.equal(plaintextKind(toServer, Buffer.from("\x16\x03\x01")), "stream");
	assert.equal(plaintextKind(toServer, preface), "http2");
	assert.equal(plaintextKind(toServer, preface.subarray(0, 10)), "http2");
	assert.equal(plaintextKind(toServer, Buffer.from("PRI")), "http1");
	assert.equal(plaintextKind(toServer, Buffer.from("PRI * HTTP/1.1\r\n")), "http1");
	assert.equal(plaintextKind(toClient, frame(frameTypes.settings, 0, 0, new Uint8Array(12))), "http2");
	assert.equal(plaintextKind(toClient, frame(frameTypes.settings, 1, 0, new Uint8Array(0))), "greeting");
	assert.equal(plaintextKind(toClient, Buffer.of(0, 0, 0, 4, 0)), "greeting");
});

test("whatever is said to be HTTP/2 is read to its end", () => {
	fc.assert(
		fc.property(
			fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ minLength: 1, maxLength: 200 })), { maxLength: 20 }),
			(parts) => {
				const { reader } = reading("http2");
				reader.octets(toServer, preface);
				for (const [fromClient, octets] of parts) reader.octets(fromClient ? toServer : toClient, octets);
				reader.end();
			},
		),
	);
});

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array {
	return Buffer.concat([
		Buffer.of(0, payload.length >> 8, payload.length & 0xff, type, flags, 0, 0, 0, stream),
		payload,
	]);
}

test("mail behind a greeting is read as such; up to STARTTLS, behind which it is a stream", () => {
	const told: string[] = [];
	const open = () =>
		new PlaintextReader(
			engineOf([
				'alert smtp any any -> any any (msg:"subject"; email.subject; content:"evil"; sid:1;)',
				'alert smtp any any -> any any (msg:"file"; file.data; content:"secret word"; sid:2;)',
				'alert tcp any any -> any any (msg:"octets"; content:"later word"; sid:3;)',
			]),
			testFacts,
			({ signature }, protocol) => told.push(`${signature.sid} ${protocol}`),
			{ kind: plaintextKind(toClient, Buffer.from("220 mail ESMTP")), hasPackets: true, sni: undefined },
		);
	const talk = (reader: PlaintextReader, turns: readonly (readonly [0 | 1, string])[]) => {
		for (const [direction, text] of turns) reader.octets(direction, Buffer.from(text));
		reader.end();
	};
	const begin = [
		[toClient, "220 mail ESMTP\r\n"],
		[toServer, "EHLO a\r\n"],
		[toClient, "250 mail\r\n"],
	] as const;
	const body = `Subject: evil\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from("a secret word").toString("base64")}\r\n.\r\n`;
	talk(open(), [
		...begin,
		[toServer, "MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nDATA\r\n"],
		[toClient, "250 ok\r\n250 ok\r\n354 go\r\n"],
		[toServer, body],
		[toClient, "250 queued\r\n"],
	]);
	assert.deepEqual(told.splice(0), ["1 smtp", "2 smtp"]);
	talk(open(), [...begin, [toServer, "STARTTLS\r\n"], [toClient, "220 go\r\n"], [toServer, "a later word"]]);
	assert.deepEqual(told, ["3 tcp"]);
});

/** Literal fields without indexing, names by their numbers in the static table (RFC 7541 appendix A). */
function requestBlock(path: string): Uint8Array {
	return Buffer.concat([
		Buffer.of(0x82, 0x87, 0x41, 1),
		Buffer.from("h"),
		Buffer.of(0x04, path.length),
		Buffer.from(path),
	]);
}

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
