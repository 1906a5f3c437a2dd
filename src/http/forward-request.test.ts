import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ForwardOptions, type ForwardPlan, forwardRequest, routeForward } from "#http/forward-request.ts";
import type { RequestHead } from "#http/head.ts";
import { finishRequestHead } from "#http/head-rules.ts";
import { HeadScanner, scanDone } from "#http/head-scanner.ts";

function headOf(text: string): RequestHead {
	const octets = Buffer.from(text, "latin1");
	const scanner = new HeadScanner(100);
	scanner.begin("request");
	assert.equal(scanner.scan(octets, 0, octets.length), scanDone, scanner.reason);
	return finishRequestHead(scanner, octets, 0, true) ?? assert.fail(scanner.reason);
}

const planOf = (text: string, options?: ForwardOptions) => forwardRequest(headOf(text), options);
const sent = (plan: ForwardPlan) => (plan.kind === "forward" ? Buffer.from(plan.head).toString("latin1") : plan.kind);

test("what curl sends to a proxy becomes what it would send to the server", () => {
	const plan = planOf(
		"GET http://A.test/y?z HTTP/1.1\r\nHost: A.test\r\nProxy-Authorization: Basic YTpi\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\nProxy-Connection: Keep-Alive\r\n\r\n",
	);
	assert.equal(sent(plan), "GET /y?z HTTP/1.1\r\nHost: a.test\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n");
	assert.deepEqual(plan.kind === "forward" && [plan.target, plan.isLast], [{ host: "a.test", port: 80 }, false]);
});

for (const [target, host, line] of [
	["http://a.test", "a.test", "GET / HTTP/1.1"],
	["http://a.test?q=1", "a.test", "GET /?q=1 HTTP/1.1"],
	["http://a.test:80/", "a.test", "GET / HTTP/1.1"],
	["HTTP://a.test:8080/x//y", "a.test:8080", "GET /x//y HTTP/1.1"],
	["http://[2001:DB8::1]:81/", "[2001:db8::1]:81", "GET / HTTP/1.1"],
] as const) {
	test(`${target} is asked of ${host} as ${line}`, () => {
		assert.equal(sent(planOf(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`)), `${line}\r\nHost: ${host}\r\n\r\n`);
	});
}

test("Host is made of the target, whatever the client says in it (RFC 9112 3.2.2)", () => {
	const plan = planOf("GET http://a.test/ HTTP/1.1\r\nHost: other.test\r\n\r\n");
	assert.equal(sent(plan), "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
});

test("fields of one hop go no further, those that Connection names among them", () => {
	const plan = planOf(
		[
			"POST http://a.test/ HTTP/1.1",
			"host: a.test",
			"CONNECTION: keep-alive, X-Hop , upgrade",
			"x-hop: 1",
			"X-Hop: 2",
			"Keep-Alive: 5",
			"TE: trailers",
			"Upgrade: websocket",
			"HTTP2-Settings: AAM",
			"Proxy-Authorization: secret",
			"Proxy-Connection: close",
			"Transfer-Encoding: chunked",
			"Trailer: x-sum",
			"cookie:  a=b ",
			"X-Obs: \xe9",
			"\r\n",
		].join("\r\n"),
	);
	assert.equal(
		sent(plan),
		"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\ncookie:  a=b \r\nX-Obs: \xe9\r\n\r\n",
	);
});

test("Via is added where a name is given, behind those of earlier proxies", () => {
	const plan = planOf("GET http://a.test/ HTTP/1.1\r\nHost: a\r\nVia: 1.0 first\r\n\r\n", { via: "gateway" });
	assert.equal(sent(plan), "GET / HTTP/1.1\r\nHost: a.test\r\nVia: 1.0 first\r\nVia: 1.1 gateway\r\n\r\n");
});

test("a last request says so to the server, and HTTP/1.0 stays HTTP/1.0", () => {
	const close = planOf("GET http://a.test/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	assert.equal(sent(close), "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
	const old = planOf("GET http://a.test/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	assert.equal(sent(old), "GET / HTTP/1.0\r\nHost: a.test\r\nConnection: close\r\n\r\n");
	assert.equal(old.kind === "forward" && old.isLast, true);
});

test("OPTIONS and TRACE count their hops; with none left, and for *, the proxy itself is asked", () => {
	const options = (hops: string) =>
		planOf(`OPTIONS http://a.test HTTP/1.1\r\nHost: a\r\nMax-Forwards: ${hops}\r\n\r\n`);
	assert.equal(sent(options("7")), "OPTIONS * HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 6\r\n\r\n");
	assert.equal(options("0").kind, "answer");
	assert.equal(options("many").kind, "refuse");
	assert.equal(planOf("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").kind, "answer");
	const get = planOf("GET http://a.test/ HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n");
	assert.equal(sent(get), "GET / HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 0\r\n\r\n");
});

test("CONNECT asks for a tunnel; what is no http URL is refused, without its secrets", () => {
	assert.deepEqual(planOf("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n"), {
		kind: "connect",
		target: { host: "a.test", port: 443 },
	});
	for (const [target, code] of [
		["/path?token=secret", "PROXY_REQUEST_MALFORMED"],
		["http://a_.-/", "PROXY_REQUEST_MALFORMED"],
		["http://a.test:0/?secret", "PROXY_REQUEST_MALFORMED"],
		["https://a.test/", "PROXY_SCHEME_REFUSED"],
	] as const) {
		const plan = planOf(`GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
		assert.equal(plan.kind === "refuse" && plan.fault.code, code, target);
		assert.doesNotMatch(JSON.stringify(plan), /secret/);
	}
});

test("the next request is sent, waits for the responses before it, or needs another connection", () => {
	const a = { host: "a.test", port: 80 };
	const other = { host: "a.test", port: 8080 };
	assert.equal(routeForward(undefined, a), "connect");
	assert.equal(routeForward({ target: a, isOpen: true, openResponses: 3 }, { ...a }), "send");
	assert.equal(routeForward({ target: a, isOpen: false, openResponses: 0 }, a), "connect");
	assert.equal(routeForward({ target: a, isOpen: false, openResponses: 1 }, a), "await-responses");
	assert.equal(routeForward({ target: a, isOpen: true, openResponses: 1 }, other), "await-responses");
	assert.equal(routeForward({ target: a, isOpen: true, openResponses: 0 }, other), "connect");
});

test("whatever a valid head holds, what is sent is a valid head in origin form with one Host and nothing of one hop", () => {
	const name = fc.constantFrom(
		"Cookie",
		"X-Hop",
		"Proxy-Authorization",
		"Te",
		"Accept",
		"Upgrade",
		"Keep-Alive",
		"Via",
	);
	const value = fc.stringMatching(/^[!-~]{0,20}$/);
	const connection = fc.constantFrom("close", "keep-alive", "x-hop", "X-Hop, close", "upgrade,cookie", "");
	fc.assert(
		fc.property(
			fc.array(fc.tuple(name, value)),
			connection,
			fc.stringMatching(/^[a-z/?=&]{0,20}$/),
			(lines, hop, path) => {
				const fields = lines.map(([field, text]) => `${field}: ${text}\r\n`).join("");
				const plan = planOf(`GET http://a.test/${path} HTTP/1.1\r\n${fields}Host: b\r\nConnection: ${hop}\r\n\r\n`);
				assert.ok(plan.kind === "forward");
				const head = headOf(Buffer.from(plan.head).toString("latin1"));
				assert.equal(head.target, `/${path}`);
				assert.equal(head.isLast, hop.includes("close"));
				const names = head.headers.map((header) => header.name);
				assert.equal(names.filter((one) => one === "host").length, 1);
				for (const gone of ["proxy-authorization", "te", "upgrade", "keep-alive"]) assert.ok(!names.includes(gone));
				if (/x-hop/i.test(hop)) assert.ok(!names.includes("x-hop"));
			},
		),
	);
});
