import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadScanner, type SectionKind, scanDone, scanNeedMore, scanRefused } from "#http/head-scanner.ts";

/** Scans a section that stands inside other octets. */
function scan(kind: SectionKind, text: string, maxHeaders = 100): { result: number; scanner: HeadScanner } {
	const scanner = new HeadScanner(maxHeaders);
	scanner.begin(kind);
	const octets = Buffer.from(`\r\n\r\n${text}`, "latin1");
	return { result: scanner.scan(octets, 4, octets.length), scanner };
}

const head =
	"\r\nGET / HTTP/1.1\r\nhOST:\t x.example \r\nConnection: foo, Close ,keep-alive\r\nUpgrade: a\r\nContent-Length: 0012\r\n\r\n";

test("a head's end and the fields that decide framing are found, what follows is not touched", () => {
	const { result, scanner } = scan("request", `${head}GET \0`);
	assert.equal(result, scanDone);
	assert.equal(scanner.length, head.length);
	assert.equal(scanner.start, 2);
	assert.equal(scanner.headers, 4);
	assert.equal(scanner.contentLength, 12);
	assert.equal(head.slice(scanner.hostStart, scanner.hostEnd), "x.example");
	assert.deepEqual(
		[scanner.hasClose, scanner.hasKeepAlive, scanner.hasUpgrade, scanner.isChunked, scanner.hosts],
		[true, true, true, false, 1],
	);
});

test("a scan goes on where it ended, whatever buffer holds the octets", () => {
	const scanner = new HeadScanner(100);
	scanner.begin("request");
	const octets = Buffer.from(head);
	for (let end = 0; end < octets.length; end++) {
		const moved = Buffer.concat([Buffer.alloc(end), octets.subarray(0, end)]);
		assert.equal(scanner.scan(moved, end, moved.length), scanNeedMore);
		assert.equal(scanner.scanned, end);
		assert.equal(scanner.hasBegun, end > 2);
	}
	assert.equal(scanner.scan(octets, 0, octets.length), scanDone);
	assert.equal(scanner.contentLength, 12);
});

test("begin forgets the section before", () => {
	const scanner = new HeadScanner(100);
	scanner.begin("request");
	const first = Buffer.from(head);
	assert.equal(scanner.scan(first, 0, first.length), scanDone);
	scanner.begin("response");
	const second = Buffer.from("HTTP/1.1 200\r\n\r\n");
	assert.equal(scanner.scan(second, 0, second.length), scanDone);
	assert.deepEqual(
		[scanner.start, scanner.headers, scanner.contentLength, scanner.hosts, scanner.hasClose, scanner.hasUpgrade],
		[0, 0, -1, 0, false, false],
	);
});

test("a start line that is none is refused before the head ends", () => {
	assert.equal(scan("request", "SSH-2.0-x\r\n").result, scanRefused);
	assert.equal(scan("response", "SSH-2.0-x\r\n").result, scanRefused);
	assert.equal(scan("request", "SSH-2.0-x\r").result, scanNeedMore);
});

test("as many headers as allowed are read, one more is refused", () => {
	assert.equal(scan("trailers", `${"a:\r\n".repeat(5)}\r\n`, 5).result, scanDone);
	const { result, scanner } = scan("trailers", `${"a:\r\n".repeat(6)}\r\n`, 5);
	assert.equal(result, scanRefused);
	assert.equal(scanner.reason, "more than 5 headers");
});

test("an empty trailer section is one line", () => {
	const { result, scanner } = scan("trailers", "\r\n");
	assert.equal(result, scanDone);
	assert.equal(scanner.length, 2);
	assert.equal(scanner.headers, 0);
});

test("no octet other than a field's own passes in any part of a field line", () => {
	for (let octet = 0; octet < 256; octet++) {
		const char = String.fromCharCode(octet);
		const isToken = /^[!#$%&'*+.^_`|~0-9A-Za-z-]$/.test(char);
		assert.equal(
			scan("trailers", `a${char}b: c\r\n\r\n`).result === scanDone,
			isToken || char === ":",
			`name ${octet}`,
		);
		const isField = octet === 9 || (octet >= 0x20 && octet !== 0x7f);
		assert.equal(scan("trailers", `a: b${char}c\r\n\r\n`).result === scanDone, isField, `value ${octet}`);
		assert.equal(scan("trailers", `a: b\r${char}\r\n`).result === scanDone, octet === 10, `behind CR ${octet}`);
	}
});
