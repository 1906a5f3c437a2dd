import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { maxSniffOctets, sniff } from "#proxy/sniff.ts";
import { capturedHellos } from "../../test/support/tls-hello.ts";

const octetsOf = (text: string) => Buffer.from(text, "latin1");

const samples = {
	tls: ["\x16\x03\x01\x02\x00\x01", "\x16\x03"],
	sslv2: ["\x80\x2e\x01\x00\x02\x00\x15", "\x80\x40\x01\x03\x01"],
	socks5: ["\x05\x01\x00", "\x05\x02\x00\x02", "\x05\xff"],
	socks4: ["\x04\x01\x01\xbb", "\x04\x02\x01\xbb"],
	"proxy-v2": ["\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"],
	"proxy-v1": ["PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY TCP6 ::1 ::1 1 2\r\n", "PROXY UNKNOWN\r\n"],
	http2: ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
	"http-connect": ["CONNECT a.test:443 HTTP/1.1\r\n", "CONNECT "],
	"http-request": [
		"GET / HTTP/1.1\r\n",
		"GET http://a.test/ HTTP/1.1\r\n",
		"OPTIONS * HTTP/1.1\r\n",
		"PROPFIND /dav HTTP/1.1\r\n",
		"MKCALENDAR http://a.test/ HTTP/1.1\r\n",
		"PROXY / HTTP/1.1\r\n",
		"get / HTTP/1.1\r\n",
		"POST x",
	],
	ssh: ["SSH-2.0-OpenSSH_9.2\r\n"],
	smtp: ["EHLO mail.test\r\n", "helo a\r\n", "LHLO a\r\n", "EHLO\r\n"],
	pop3: ["CAPA\r\n", "STLS\r\n", "USER tim\r\n", "AUTH PLAIN\r\n", "apop mrose c4c9\r\n"],
	imap: [
		"a001 CAPABILITY\r\n",
		"1 starttls\r\n",
		". LOGIN a b\r\n",
		'A ID ("name" "x")\r\n',
		"* NOOP\r\n".replace("*", "t"),
	],
	opaque: [
		"{}",
		"\0\0\0\x01",
		"\x16\x02",
		"\x15\x03\x01",
		"\x05\0",
		"\x04\x03",
		"\xff\xfe\xfd",
		"hello\r\n",
		"\r\n\r\nx",
		"a b",
	],
} as const;

for (const [protocol, texts] of Object.entries(samples)) {
	test(`the first octets of ${protocol} are told at the same octet however they are split`, () => {
		for (const text of texts) {
			const octets = octetsOf(text);
			const told: string[] = [];
			for (let length = 0; length <= octets.length; length++) told.push(sniff(octets.subarray(0, length)));
			const first = told.findIndex((answer) => answer !== "need-more");
			assert.notEqual(first, -1, JSON.stringify(text));
			assert.deepEqual([...new Set(told.slice(first))], [protocol], JSON.stringify(text));
			assert.equal(sniff(octets, true), protocol);
		}
	});
}

test("every captured ClientHello is told by its first two octets", () => {
	for (const { octets } of capturedHellos) {
		assert.equal(sniff(octets), "tls");
		assert.equal(sniff(octets.subarray(0, 2)), "tls");
	}
});

test("an octet or two that may become something wait, and are opaque when nothing follows", () => {
	for (const text of ["\x16", "\x05", "\x04", "\x80\x2e\x01", "\r\n", "P", "PROXY", "GET", "EHL", "a001", "a001 CAP"]) {
		assert.equal(sniff(octetsOf(text)), "need-more", JSON.stringify(text));
		assert.equal(sniff(octetsOf(text), true), "opaque", JSON.stringify(text));
	}
	assert.equal(sniff(new Uint8Array(0)), "need-more");
	assert.equal(sniff(new Uint8Array(0), true), "opaque");
});

test("no octets wait for ever, and more of them never change what was told", () => {
	const text = fc.constantFrom(...Object.values(samples).flat());
	const octets = fc.oneof(
		fc.uint8Array({ maxLength: 200 }),
		fc.string({ unit: "grapheme-ascii", maxLength: 200 }).map((value) => Uint8Array.from(octetsOf(value))),
		fc.tuple(text, fc.nat(40), fc.nat(255), fc.uint8Array({ maxLength: 100 })).map(([sample, at, octet, tail]) => {
			const changed = Uint8Array.from([...octetsOf(sample), ...tail]);
			changed[at % changed.length] = octet;
			return changed;
		}),
		fc.nat(200).map((length) => new Uint8Array(length).fill(0x41)),
	);
	fc.assert(
		fc.property(octets, fc.nat(200), (whole, cut) => {
			const part = sniff(whole.subarray(0, cut));
			if (part !== "need-more") assert.equal(sniff(whole), part);
			if (whole.length >= maxSniffOctets) assert.notEqual(sniff(whole), "need-more");
			assert.notEqual(sniff(whole, true), "need-more");
		}),
		{ numRuns: 3000 },
	);
});
