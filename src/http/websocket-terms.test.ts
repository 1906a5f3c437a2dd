/** What was agreed upon, by the examples of RFC 7692 §7.1 and by answers that no client asked for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RequestHead, ResponseHead } from "#http/head.ts";
import { asksForWebSocket, webSocketTerms } from "#http/websocket-terms.ts";

const extensions = (value: string | undefined) => (value === undefined ? "" : `Sec-WebSocket-Extensions: ${value}\r\n`);

function terms(offer: string | undefined, answer: string | undefined) {
	const asks = `GET / HTTP/1.1\r\n${extensions(offer)}\r\n`;
	const answers = `HTTP/1.1 101 Switching Protocols\r\n${extensions(answer)}\r\n`;
	const request = new RequestHead("1.1", asks, "none", -1, false, "GET", "/", true);
	return webSocketTerms(request, new ResponseHead("1.1", answers, "tunnel", -1, false, 101, ""));
}

const plain = { windowBits: 15, keepsContext: true };

test("without an extension messages are not compressed, whatever was offered", () => {
	const none = { client: undefined, server: undefined };
	assert.deepEqual(terms(undefined, undefined), none);
	assert.deepEqual(terms("permessage-deflate; client_max_window_bits", undefined), none);
});

test("windows and context are each sender's own", () => {
	const offer = "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate";
	assert.deepEqual(terms(offer, "permessage-deflate"), { client: plain, server: plain });
	assert.deepEqual(
		terms(
			offer,
			'permessage-deflate; server_no_context_takeover; server_max_window_bits="10"; client_max_window_bits=9',
		),
		{ client: { windowBits: 9, keepsContext: true }, server: { windowBits: 10, keepsContext: false } },
	);
	assert.deepEqual(terms(offer, "Permessage-Deflate;client_no_context_takeover"), {
		client: { windowBits: 15, keepsContext: false },
		server: plain,
	});
});

test("an answer that cannot be undone or was not asked for has no terms", () => {
	const offer = "permessage-deflate; client_max_window_bits";
	for (const answer of [
		"permessage-bzip2",
		"permessage-deflate, permessage-deflate",
		"permessage-deflate; server_max_window_bits=16",
		"permessage-deflate; server_max_window_bits=7",
		"permessage-deflate; server_max_window_bits",
		"permessage-deflate; server_no_context_takeover=1",
		"permessage-deflate; server_no_context_takeover; server_no_context_takeover",
		"permessage-deflate; other",
		"permessage-deflate;;",
		"; server_no_context_takeover",
		"__proto__; toString",
	]) {
		assert.equal(typeof terms(offer, answer), "string", answer);
	}
	assert.equal(typeof terms(undefined, "permessage-deflate"), "string");
	assert.equal(typeof terms("x-other", "permessage-deflate"), "string");
});

test("any text as a header is answered", () => {
	fc.assert(
		fc.property(fc.string({ unit: "binary-ascii" }), (value) => {
			const text = value.replace(/[\r\n]/g, "");
			const answered = terms("permessage-deflate", text);
			assert.ok(typeof answered === "string" || (answered.client?.windowBits ?? 15) <= 15);
		}),
	);
});

test("over HTTP/2 a CONNECT with its protocol asks for one", () => {
	const request = (method: string, lines: string) =>
		new RequestHead("2", `${method} / HTTP/2\r\nhost: a.test\r\n${lines}\r\n`, "chunked", -1, false, method, "/", true);
	assert.equal(asksForWebSocket(request("CONNECT", ":protocol: websocket\r\n")), true);
	assert.equal(asksForWebSocket(request("CONNECT", ":protocol: connect-udp\r\n")), false);
	assert.equal(asksForWebSocket(request("CONNECT", "x: :protocol: websocket\r\n")), false);
	assert.equal(asksForWebSocket(request("GET", ":protocol: websocket\r\n")), false);
});
