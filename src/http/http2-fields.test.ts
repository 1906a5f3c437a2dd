import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RequestHead } from "#http/head.ts";
import { fieldOctets, tokenOctets } from "#http/head-octets.ts";
import { finishRequestFields, finishResponseFields, trailersProblem } from "#http/http2-fields.ts";

function fields(...lines: readonly string[]): { name: string; value: string }[] {
	return lines.map((line) => ({ name: line.slice(0, line.indexOf(": ")), value: line.slice(line.indexOf(": ") + 2) }));
}

const get = fields(":method: GET", ":scheme: https", ":authority: a.test:8443", ":path: /x?y=1");

test("a request's head reads as HTTP/1 would write it", () => {
	const head = finishRequestFields([...get, ...fields("accept: */*", "cookie: a=b", "cookie: c=d")], true, false);
	assert.ok(head instanceof RequestHead);
	assert.equal(
		head.text,
		"GET /x?y=1 HTTP/2\r\nhost: a.test:8443\r\naccept: */*\r\ncookie: a=b\r\ncookie: c=d\r\n\r\n",
	);
	assert.deepEqual([head.method, head.target, head.framing, head.contentLength], ["GET", "/x?y=1", "none", -1]);
	assert.deepEqual(head.headers.at(-1), { name: "host", value: "a.test:8443" });
});

test("the framing follows content-length and the end of the stream", () => {
	const framing = (isEnd: boolean, ...more: readonly string[]) => {
		const head = finishRequestFields([...get, ...fields(...more)], isEnd, false);
		return typeof head === "string" ? head : head.framing;
	};
	assert.equal(framing(false), "chunked");
	assert.equal(framing(false, "content-length: 5"), "length");
	assert.equal(framing(false, "content-length: 0"), "none");
	assert.equal(framing(true, "content-length: 0"), "none");
	assert.match(framing(true, "content-length: 5"), /without a body/);
});

test("forms of CONNECT and OPTIONS", () => {
	const target = (lines: readonly string[], mayExtend = false) => {
		const head = finishRequestFields(fields(...lines), false, mayExtend);
		return typeof head === "string" ? "refused" : head.target;
	};
	assert.equal(target([":method: CONNECT", ":authority: b.test:443"]), "b.test:443");
	assert.equal(target([":method: CONNECT", ":authority: b.test:443", ":path: /"]), "refused");
	const extended = [":method: CONNECT", ":protocol: websocket", ":scheme: https", ":authority: b.test", ":path: /c"];
	assert.equal(target(extended, true), "/c");
	assert.equal(target(extended), "refused");
	assert.equal(target([":method: OPTIONS", ":scheme: https", ":authority: b.test", ":path: *"]), "*");
	assert.equal(target([":method: GET", ":scheme: https", ":authority: b.test", ":path: *"]), "refused");
});

test("a response without a body has none whatever it announces", () => {
	const request = finishRequestFields(
		fields(":method: HEAD", ":scheme: https", ":authority: a.test", ":path: /"),
		true,
		false,
	);
	assert.ok(request instanceof RequestHead);
	const head = finishResponseFields(fields(":status: 200", "content-length: 9"), true, request);
	assert.equal(typeof head === "string" ? head : head.framing, "none");
});

test("a name and a value have the octets that HTTP/1 allows, one by one", () => {
	for (let octet = 0; octet < 256; octet++) {
		const letter = String.fromCharCode(octet);
		const isUpper = octet >= 0x41 && octet <= 0x5a;
		const mayName = tokenOctets[octet] === 1 && !isUpper;
		assert.equal(trailersProblem([{ name: `a${letter}`, value: "" }]) === undefined, mayName, `name ${octet}`);
		assert.equal(
			trailersProblem([{ name: "a", value: `a${letter}a` }]) === undefined,
			fieldOctets[octet] === 1,
			`value ${octet}`,
		);
	}
});

test("trailers bear no field that frames or routes", () => {
	assert.equal(trailersProblem(fields("grpc-status: 0", "x: y")), undefined);
	for (const line of ["content-length: 1", "host: b", ":path: /", "transfer-encoding: chunked", "x: a\n"]) {
		assert.notEqual(trailersProblem(fields(line)), undefined, line);
	}
});

test("F15: whatever is let through is one head in HTTP/1 too", () => {
	const text = fc.string({
		unit: fc.constantFrom("a", "B", "-", ":", " ", "\r", "\n", "\0", "\t", "/", "\x7f", "é"),
		maxLength: 8,
	});
	const field = fc.record({ name: fc.oneof(text, fc.constantFrom("host", "te", "content-length")), value: text });
	fc.assert(
		fc.property(fc.array(field, { maxLength: 5 }), text, (more, path) => {
			const pseudo = fields(":method: GET", ":scheme: https", ":authority: a.test").concat({
				name: ":path",
				value: `/${path}`,
			});
			const head = finishRequestFields([...pseudo, ...more], false, false);
			if (typeof head === "string") return;
			const lines = head.text.split("\r\n");
			assert.equal(lines.length, 4 + more.filter(({ name }) => name !== "host").length);
			assert.equal(lines[0]?.split(" ").length, 3);
			for (const line of lines.slice(1, -2)) assert.match(line, /^[!-9;-@[-~]+: [^\r\n\0]*$/);
		}),
		{ numRuns: 2_000 },
	);
});
