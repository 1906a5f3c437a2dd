import assert from "node:assert/strict";
import { test } from "node:test";
import { ForwardedRequests } from "#proxy/forwarded-requests.ts";

const octets = (text: string) => Buffer.from(text, "latin1");
const get = (url: string) => `GET ${url} HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`;

function begin(text: string): { requests: ForwardedRequests; first: string } {
	const read = ForwardedRequests.begin(octets(text));
	assert.ok(read.kind === "forward", read.kind);
	return { requests: read.requests, first: Buffer.from(read.first).toString("latin1") };
}

test("requests for one server are made over one after the other, bodies pass as they are", () => {
	const { requests, first } = begin(get("http://a.example/one"));
	assert.deepEqual(requests.target, { host: "a.example", port: 80 });
	assert.match(first, /^GET \/one HTTP\/1\.1\r\nHost: a\.example\r\n/);
	const post = "POST http://a.example/two HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhe";
	assert.match(Buffer.from(requests.push(octets(post))).toString(), /^POST \/two HTTP\/1\.1\r\n[\s\S]*\r\n\r\nhe$/);
	assert.equal(Buffer.from(requests.push(octets("llo"))).toString(), "llo");
	assert.equal(requests.isOver, false);
});

test("a request for another server, and what comes behind it, goes nowhere: the connection is over", () => {
	const { requests } = begin(get("http://a.example/"));
	assert.equal(requests.push(octets(get("http://b.example/"))).length, 0);
	assert.deepEqual([requests.isOver, requests.fault], [true, undefined]);
	assert.equal(requests.push(octets(get("http://a.example/"))).length, 0);
});

test("F12: a Host that differs from the target is known; a request with another than that goes nowhere", () => {
	const other = (host: string) => `GET http://a.example/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
	const { requests, first } = begin(other("front.example"));
	assert.equal(requests.otherHost, "front.example");
	assert.match(first, /^GET \/ HTTP\/1\.1\r\nHost: a\.example\r\n/);
	assert.notEqual(requests.push(octets(other("front.example"))).length, 0);
	assert.equal(requests.push(octets(other("a.example"))).length, 0);
	assert.equal(requests.isOver, true);
	for (const same of ["A.Example", "a.example:80", "a.example."])
		assert.equal(begin(other(same)).requests.otherHost, undefined);
});

test("pipelined requests are read to the one that does not belong to the server", () => {
	const { requests, first } = begin(get("http://a.example/1") + get("http://a.example/2") + get("http://b.example/3"));
	assert.equal(first.match(/^GET /gm)?.length, 2);
	assert.equal(requests.isOver, true);
});

test("what is no request any more is a fault, and what is for no server is not forwarded", () => {
	const { requests } = begin(get("http://a.example/"));
	requests.push(octets("GET / HTTP/1.1\r\nHost : a\r\n\r\n"));
	assert.equal(requests.fault?.code, "PROXY_REQUEST_MALFORMED");
	assert.equal(ForwardedRequests.begin(octets("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")).kind, "own");
	assert.equal(ForwardedRequests.begin(octets("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).kind, "refuse");
	assert.equal(ForwardedRequests.begin(octets("GET http://a.example/ HT")).kind, "need-more");
});
