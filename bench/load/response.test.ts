import assert from "node:assert/strict";
import { test } from "node:test";
import { ResponseReader } from "./response.ts";

const response = (status: number, body: string, header = "") =>
	Buffer.from(`HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n${header}\r\n${body}`);

test("a response is complete at its last octet, however it is cut", () => {
	const octets = response(200, "hello", "X-Resumed: r\r\n");
	for (let cut = 1; cut < octets.length; cut++) {
		const reader = new ResponseReader();
		assert.equal(reader.push(octets.subarray(0, cut)), false, `cut at ${cut}`);
		assert.equal(reader.push(octets.subarray(cut)), true, `cut at ${cut}`);
		assert.equal(reader.isOriginSessionResumed, true);
	}
});

test("one reader reads one response after the other", () => {
	const reader = new ResponseReader();
	assert.equal(reader.push(response(200, "one", "X-Resumed: r\r\n")), true);
	assert.equal(reader.push(response(200, "", "X-Resumed: .\r\n")), true);
	assert.equal(reader.isOriginSessionResumed, false);
});

test("anything but a whole 200 with its length fails the benchmark", () => {
	assert.throws(() => new ResponseReader().push(response(503, "no")), /status 503/);
	assert.throws(() => new ResponseReader().push(Buffer.concat([response(200, "x"), Buffer.from("y")])), /longer/);
	assert.throws(() => new ResponseReader().push(Buffer.from("HTTP/1.1 200 OK\r\n\r\n")), /without Content-Length/);
});
