/** What services see of one exchange, whatever version carried it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { RequestHead, ResponseHead } from "#http/head.ts";
import { ExchangeInspection } from "#inspect/exchange-inspection.ts";
import { patternPlaces, patternService } from "#inspect/pattern-service.ts";
import type { Finding } from "#telemetry/session-record.ts";

const octets = Buffer.from("forbidden");
const services = [
	patternService([{ name: "word", octets, ignoresCase: false, places: patternPlaces, verdict: "block" }]),
];

function open(): { exchange: ExchangeInspection; findings: Finding[] } {
	const findings: Finding[] = [];
	return { exchange: new ExchangeInspection(services, findings, 1_000_000), findings };
}

function request(target: string, lines = ""): RequestHead {
	const text = `GET ${target} HTTP/2\r\nhost: a.test\r\n${lines}\r\n`;
	return new RequestHead("2", text, "chunked", -1, false, "GET", target, false);
}

test("a finding names the place and the request without its query", () => {
	const { exchange, findings } = open();
	assert.equal(exchange.requestHead(request("/a?secret=forbidden")), true);
	assert.deepEqual(findings, [
		{ service: "pattern", name: "word", where: "url", verdict: "block", request: "GET a.test/a" },
	]);
	assert.equal(exchange.blocked, findings[0]);
});

test("a coded body is looked at decoded, over the seams of its pieces", () => {
	const { exchange } = open();
	const head = new ResponseHead("2", "HTTP/2 200\r\ncontent-encoding: gzip\r\n\r\n", "chunked", -1, false, 200, "");
	const body = gzipSync("a forbidden word");
	assert.equal(exchange.requestHead(request("/")), false);
	assert.equal(exchange.responseHead(head, request("/")), false);
	let isBlocked = false;
	for (let at = 0; at < body.length; at++) isBlocked ||= exchange.responseBody(body, at, at + 1);
	assert.equal(isBlocked || exchange.responseEnd([]), true);
	exchange.close();
});

test("trailers are looked at as lines of a head", () => {
	const { exchange, findings } = open();
	exchange.requestHead(request("/"));
	assert.equal(exchange.requestEnd([{ name: "x-note", value: "forbidden" }]), true);
	assert.equal(findings[0]?.where, "request-headers");
});

test("one connection notes a bounded number of blocks", () => {
	const { exchange, findings } = open();
	for (let count = 0; count < 1_000; count++) exchange.requestHead(request("/forbidden"));
	assert.equal(findings.length, 128);
});
