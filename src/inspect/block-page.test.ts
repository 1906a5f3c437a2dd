import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBlockPage } from "#inspect/block-page.ts";

const text = (octets: Uint8Array) => Buffer.from(octets).toString("utf8");

test("the page names rule and session, is not cacheable and closes the connection", () => {
	const page = text(
		encodeBlockPage({ status: 403, sentence: "Blocked.", rule: "eicar", sessionId: "00ff00ff00ff00ff" }),
	);
	assert.match(page, /^HTTP\/1\.1 403 Forbidden\r\n/);
	assert.match(page, /Cache-Control: no-store/);
	assert.match(page, /Connection: close\r\n\r\n/);
	assert.match(page, /eicar/);
	assert.match(page, /00ff00ff00ff00ff/);
});

test("Content-Length is the octets of the body", () => {
	const page = text(encodeBlockPage({ status: 502, sentence: "Grüße", sessionId: "1" }));
	const body = page.slice(page.indexOf("\r\n\r\n") + 4);
	assert.equal(Number(/Content-Length: (\d+)/.exec(page)?.[1]), Buffer.byteLength(body));
});

test("a rule's name cannot become markup", () => {
	const page = text(encodeBlockPage({ status: 403, sentence: "x", rule: '<script>"', sessionId: "1" }));
	assert.doesNotMatch(page, /<script>/);
});

test("the answer to HEAD has the head alone", () => {
	const page = text(encodeBlockPage({ status: 403, sentence: "x", sessionId: "1", isHeadOnly: true }));
	assert.ok(page.endsWith("\r\n\r\n"));
});
