import assert from "node:assert/strict";
import { test } from "node:test";
import { ResponseHead } from "#http/head.ts";
import { Http2Exchange } from "#http/http2-exchange.ts";
import { HeldResponses } from "#http/http2-held-responses.ts";
import { defaultHttp2Limits } from "#http/http2-limits.ts";
import { Http2Side } from "#http/http2-side.ts";
import { ClientWindow } from "#http/http2-windows.ts";

function open() {
	const nothing = { most: new Map(), always: new Map() };
	const server = new Http2Side<string>("server", 10_000, nothing, { burst: 10, perSecond: 1 }, 0);
	server.allows.narrow([]);
	const window = new ClientWindow();
	return { server, window, held: new HeldResponses(server, window, defaultHttp2Limits) };
}

const head = (length: number) =>
	new ResponseHead("2", "HTTP/2 200\r\n\r\n", length === -1 ? "chunked" : "length", length, false, 200, "");
const block = (order: number, text: string) => ({ order, octets: Buffer.from(text), fields: [], isEndStream: false });
const text = (pieces: readonly Uint8Array[]) => Buffer.concat(pieces).toString("latin1");

test("what is whole in its chunk goes on as it lies there", () => {
	const { server, held } = open();
	const exchange = new Http2Exchange(1, 65_535, "");
	server.begin(Buffer.from("HHHHbody"));
	exchange.responseLeft = 4;
	assert.equal(held.hold(exchange, head(4), block(0, "HHHH"), 4), true);
	held.body(exchange, Buffer.from("HHHHbody"), 4, 8, 4);
	held.end(exchange, 8);
	held.chunkEnds(8);
	assert.equal(server.finish(), true);
	assert.equal(exchange.hasAnswered, true);
});

test("what is not whole is cut out of its chunk and goes on later, in order", () => {
	const { server, held } = open();
	const exchange = new Http2Exchange(1, 65_535, "");
	server.begin(Buffer.from("HHHHbo"));
	exchange.responseLeft = 4;
	held.hold(exchange, head(4), block(0, "HHHH"), 4);
	held.body(exchange, Buffer.from("HHHHbo"), 4, 6, 2);
	held.chunkEnds(6);
	assert.equal(server.finish(), false);
	assert.deepEqual([server.out.length, held.waiting()], [0, [exchange]]);
	held.release(exchange);
	assert.equal(text(server.out), "HHHHbo");
	assert.deepEqual(held.waiting(), []);
});

test("one of untold length is held no longer than its chunk, and another head does not overtake it", () => {
	const { server, held } = open();
	server.begin(Buffer.from("AAAABBBB"));
	held.hold(new Http2Exchange(1, 65_535, ""), head(-1), block(0, "AAAA"), 4);
	held.frameBegins(4, 8, undefined);
	held.passBlock(new Http2Exchange(3, 65_535, ""), block(1, "BBBB"), 8);
	held.chunkEnds(8);
	server.finish();
	assert.equal(text(server.out), "AAAABBBB");
});

test("too large, too many, or beyond the windows: not held", () => {
	const { server, window, held } = open();
	server.begin(Buffer.alloc(0));
	const hold = (length: number, credit = 65_535) =>
		held.hold(new Http2Exchange(1, credit, ""), head(length), block(0, ""), -1);
	assert.equal(hold(16_385), false);
	assert.equal(hold(1_000, 999), false);
	window.take(65_000);
	assert.equal(hold(600), false);
	window.give(65_000);
	let count = 0;
	while (hold(10)) count++;
	assert.equal(count, 16);
});
