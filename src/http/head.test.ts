import assert from "node:assert/strict";
import { test } from "node:test";
import { headerTokens, headerValue, parseFieldLines, RequestHead, ResponseHead } from "#http/head.ts";

const text =
	"GET / HTTP/1.1\r\nHost: x\r\nACCEPT:a\r\nEmpty:\r\nBlank: \t \r\naccept: \tb\xe9 c \r\nColon: a:b\r\nContent-Encoding: GZIP, ,br\r\n\r\n";
const head = new RequestHead("1.1", text, "none", -1, false, "GET", "/", false);

test("headers keep their order, names are lower-case, values lose the white space around them", () => {
	assert.deepEqual(
		head.headers.map(({ name, value }) => `${name}=${value}`),
		["host=x", "accept=a", "empty=", "blank=", "accept=b\xe9 c", "colon=a:b", "content-encoding=GZIP, ,br"],
	);
	assert.equal(head.headers, head.headers, "made once");
});

test("several lines of one header are one value", () => {
	assert.equal(headerValue(head, "accept"), "a, b\xe9 c");
	assert.equal(headerValue(head, "empty"), "");
	assert.equal(headerValue(head, "Accept"), undefined, "names are asked in lower case");
	assert.deepEqual(headerTokens(head, "content-encoding"), ["gzip", "br"]);
	assert.deepEqual(headerTokens(head, "none"), []);
});

test("a section without fields has none", () => {
	assert.deepEqual(parseFieldLines("\r\n", 0), []);
	const bare = new ResponseHead("1.0", "HTTP/1.0 200\r\n\r\n", "until-close", -1, true, 200, "");
	assert.deepEqual(bare.headers, []);
});

test("1xx is interim, except the switch of protocols", () => {
	const isInterim = (status: number) => new ResponseHead("1.1", "\r\n\r\n", "none", -1, false, status, "").isInterim;
	assert.deepEqual([100, 101, 103, 199, 200].map(isInterim), [true, false, true, true, false]);
});
