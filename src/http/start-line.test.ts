import assert from "node:assert/strict";
import { test } from "node:test";
import { StartLine } from "#http/start-line.ts";

const line = new StartLine();

/** The line stands inside other octets, so that a read beside it shows. */
function request(text: string): string | undefined {
	const octets = Buffer.from(`POST / HTTP/1.1${text} HTTP/1.1 200`, "latin1");
	return line.parseRequest(octets, 15, 15 + Buffer.byteLength(text, "latin1"));
}

function status(text: string): string | undefined {
	const octets = Buffer.from(`HTTP/1.1 200 OK${text} 200 OK`, "latin1");
	return line.parseStatus(octets, 15, 15 + Buffer.byteLength(text, "latin1"));
}

test("a request line gives the ends of method and target and the version", () => {
	assert.equal(request("GET /a?b=\xc3\xa9|{} HTTP/1.0"), undefined);
	assert.deepEqual([line.methodEnd, line.targetEnd, line.minor], [3, 14, 0]);
	assert.equal(request("M-SEARCH * HTTP/1.1"), undefined);
	assert.deepEqual([line.methodEnd, line.targetEnd, line.minor], [8, 10, 1]);
});

test("every proper beginning of a request line is refused", () => {
	const whole = "OPTIONS /path HTTP/1.1";
	for (let length = 0; length < whole.length; length++) assert.notEqual(request(whole.slice(0, length)), undefined);
	assert.equal(request(whole), undefined);
});

test("a method of 32 octets is read, a longer one is refused", () => {
	assert.equal(request(`${"M".repeat(32)} / HTTP/1.1`), undefined);
	assert.match(request(`${"M".repeat(33)} / HTTP/1.1`) ?? "", /method longer than 32/);
});

test("a status line gives status and reason; the reason and its space may be absent", () => {
	assert.equal(status("HTTP/1.0 404 Not Found"), undefined);
	assert.deepEqual([line.minor, line.status, line.reasonStart, line.end], [0, 404, 13, 22]);
	assert.equal(status("HTTP/1.1 999"), undefined);
	assert.deepEqual([line.minor, line.status, line.reasonStart, line.end], [1, 999, 12, 12]);
	assert.equal(status("HTTP/1.1 200 "), undefined);
	assert.deepEqual([line.reasonStart, line.end], [13, 13]);
});

test("every proper beginning of a status line is refused", () => {
	for (let length = 0; length < 12; length++) {
		assert.notEqual(status("HTTP/1.1 200".slice(0, length)), undefined, `${length} octets`);
	}
});
