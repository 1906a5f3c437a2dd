import assert from "node:assert/strict";
import { test } from "node:test";
import type { RequestHead, ResponseHead } from "#http/head.ts";
import { finishRequestHead, finishResponseHead } from "#http/head-rules.ts";
import { HeadScanner, scanDone } from "#http/head-scanner.ts";

const scanner = new HeadScanner(100);

function request(text: string): RequestHead | undefined {
	const octets = Buffer.from(`.${text}\r\n`);
	scanner.begin("request");
	assert.equal(scanner.scan(octets, 1, octets.length), scanDone, scanner.reason);
	return finishRequestHead(scanner, octets, 1);
}

function response(text: string, to: string): ResponseHead | undefined {
	const asked = request(to);
	assert.ok(asked);
	const octets = Buffer.from(`.${text}\r\n`);
	scanner.begin("response");
	assert.equal(scanner.scan(octets, 1, octets.length), scanDone, scanner.reason);
	return finishResponseHead(scanner, octets, 1, asked);
}

const host = "Host: a\r\n";
const get = `GET / HTTP/1.1\r\n${host}`;

test("the framing of a request follows its fields", () => {
	const cases: readonly [string, string][] = [
		[get, "none"],
		[`${get}Content-Length: 0\r\n`, "none"],
		[`${get}Content-Length: 7\r\n`, "length"],
		[`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n`, "chunked"],
		["POST / HTTP/1.0\r\nContent-Length: 7\r\n", "length"],
		["POST / HTTP/1.0\r\n", "none"],
	];
	for (const [text, framing] of cases) assert.equal(request(text)?.framing, framing, text);
});

test("the framing of a response follows status, method and fields, in the order of RFC 9112", () => {
	const length = "Content-Length: 7\r\n";
	const chunked = "Transfer-Encoding: chunked\r\n";
	const cases: readonly [response: string, to: string, framing: string][] = [
		[`HTTP/1.1 200\r\n${length}`, get, "length"],
		[`HTTP/1.1 200\r\n${chunked}`, get, "chunked"],
		["HTTP/1.1 200\r\n", get, "until-close"],
		["HTTP/1.1 200\r\nContent-Length: 0\r\n", get, "none"],
		["HTTP/1.1 205\r\nContent-Length: 0\r\n", get, "none"],
		["HTTP/1.1 103\r\n", get, "none"],
		["HTTP/1.1 204\r\n", get, "none"],
		[`HTTP/1.1 304\r\n${length}`, get, "none"],
		[`HTTP/1.1 304\r\n${chunked}`, get, "none"],
		[`HTTP/1.1 200\r\n${length}`, `HEAD / HTTP/1.1\r\n${host}`, "none"],
		[`HTTP/1.1 404\r\n${chunked}`, `HEAD / HTTP/1.1\r\n${host}`, "none"],
		["HTTP/1.1 101\r\n", `${get}Upgrade: x\r\n`, "tunnel"],
		["HTTP/1.1 200\r\n", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n", "tunnel"],
		["HTTP/1.1 299\r\n", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n", "tunnel"],
		[`HTTP/1.1 403\r\n${length}`, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n", "length"],
		["HTTP/1.1 300\r\n", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n", "until-close"],
	];
	for (const [text, to, framing] of cases) assert.equal(response(text, to)?.framing, framing, `${text} to ${to}`);
});

test("a tunnel with a body, and an upgrade that HTTP/1.0 cannot ask for, are refused", () => {
	assert.equal(response("HTTP/1.1 200\r\nContent-Length: 7\r\n", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n"), undefined);
	assert.match(scanner.reason, /Content-Length 7 in a 200 response/);
	assert.equal(response("HTTP/1.1 101\r\n", "GET / HTTP/1.0\r\nUpgrade: x\r\n"), undefined);
	assert.match(scanner.reason, /without Upgrade/);
});

test("a target may name the authority of Host, in any case and with the default port", () => {
	for (const target of ["https://A/", "http://a:443/x", "https://a", "https://a?q"]) {
		assert.equal(request(`GET ${target} HTTP/1.1\r\n${host}`)?.target, target);
	}
	for (const target of ["https://b/", "https://a:444/", "https://aa/"]) {
		assert.equal(request(`GET ${target} HTTP/1.1\r\n${host}`), undefined);
		assert.match(scanner.reason, /another authority/);
	}
	assert.equal(request("OPTIONS * HTTP/1.1\r\nHost: a\r\n")?.target, "*");
});

test("the last message of a connection is told", () => {
	const cases: readonly [string, boolean][] = [
		[get, false],
		[`${get}Connection: close\r\n`, true],
		[`${get}Connection: x, CLOSE\r\n`, true],
		["GET / HTTP/1.0\r\n", true],
		["GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n", false],
	];
	for (const [text, isLast] of cases) assert.equal(request(text)?.isLast, isLast, text);
});
