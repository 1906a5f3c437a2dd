import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BufferName, bufferNames } from "#signature/buffer-table.ts";
import { HttpBuffers } from "#signature/http-buffers.ts";
import { requestHead, responseHead } from "../../test/support/http-heads.ts";

const request = [
	"POST /a%20b/../c?x=1 HTTP/1.1",
	"Host: Shop.Example:8443",
	"User-Agent:  agent/1 ",
	"Cookie: a=b",
	"Accept: */*",
	"X-One: 1",
	"x-one: 2",
	"Referer: http://r.example/",
];
const response = [
	"HTTP/1.1 404 Not Found",
	"Server: nginx",
	"Set-Cookie: s=1",
	"Set-Cookie: t=2",
	"Content-Type: text/html",
];

function buffer(buffers: HttpBuffers, name: BufferName): string | undefined {
	if (!buffers.find(bufferNames.indexOf(name))) return undefined;
	return buffers.octets.toString("latin1", buffers.start, buffers.end);
}

test("the buffers of a request are what their names say", () => {
	const buffers = new HttpBuffers();
	buffers.loadRequest(requestHead(request, "body"));
	const expected: Partial<Record<BufferName, string | undefined>> = {
		"http.method": "POST",
		"http.uri": "/c?x=1",
		"http.uri.raw": "/a%20b/../c?x=1",
		"http.request_line": request[0],
		"http.protocol": "HTTP/1.1",
		"http.host": "shop.example",
		"http.host.raw": "Shop.Example:8443",
		"http.user_agent": "agent/1",
		"http.cookie": "a=b",
		"http.accept": "*/*",
		"http.referer": "http://r.example/",
		"http.header":
			"Host: Shop.Example:8443\r\nUser-Agent: agent/1\r\nAccept: */*\r\nX-One: 1, 2\r\nReferer: http://r.example/\r\n",
		"http.header.raw": `${request.slice(1).join("\r\n")}\r\n\r\n`,
		"http.header_names": "\r\nHost\r\nUser-Agent\r\nCookie\r\nAccept\r\nX-One\r\nReferer\r\n\r\n",
		"file.name": "/c",
		"http.accept_lang": undefined,
		"http.stat_code": undefined,
		"http.response_line": undefined,
	};
	for (const round of [1, 2])
		for (const [name, text] of Object.entries(expected))
			assert.equal(buffer(buffers, name as BufferName), text, `${name} ${round}`);
	assert.match(buffer(buffers, "http.start") ?? "", /^POST .*\r\nHost: .*Cookie: a=b\r\n.*X-One: 1, 2\r\n.*\r\n\r\n$/s);
});

test("the buffers of a response are what their names say", () => {
	const buffers = new HttpBuffers();
	buffers.loadResponse(responseHead(response, "x"), requestHead(["GET /dir/file.exe?q HTTP/1.1", "Host: a"]));
	const expected: Partial<Record<BufferName, string | undefined>> = {
		"http.stat_code": "404",
		"http.stat_msg": "Not Found",
		"http.response_line": response[0],
		"http.protocol": "HTTP/1.1",
		"http.cookie": "s=1, t=2",
		"http.server": "nginx",
		"http.content_type": "text/html",
		"http.header": "Server: nginx\r\nContent-Type: text/html\r\n",
		"file.name": "/dir/file.exe",
		"http.uri": undefined,
		"http.method": undefined,
	};
	for (const [name, text] of Object.entries(expected)) assert.equal(buffer(buffers, name as BufferName), text, name);
});

test("the host is that of an absolute target before that of the header, and several are joined", () => {
	const buffers = new HttpBuffers();
	buffers.loadRequest(requestHead(["GET http://user@A.example:80/x HTTP/1.1", "Host: b.example"]));
	assert.deepEqual([buffer(buffers, "http.host"), buffer(buffers, "http.host.raw")], ["a.example", "A.example:80"]);
	buffers.loadRequest(requestHead(["GET / HTTP/1.1", "Host: ABC.com", "Accept: */*", "Host: efg.net"]));
	assert.deepEqual(
		[buffer(buffers, "http.host"), buffer(buffers, "http.host.raw")],
		["abc.com, efg.net", "ABC.com, efg.net"],
	);
	buffers.loadRequest(requestHead(["GET / HTTP/1.1", "Host: [2001:DB8::1]:443"]));
	assert.equal(buffer(buffers, "http.host"), "[2001:db8::1]");
});

test("a file's name is that of Content-Disposition before the path, and a message without body has none", () => {
	const buffers = new HttpBuffers();
	const head = (disposition: string) => responseHead(["HTTP/1.1 200 OK", `Content-Disposition: ${disposition}`], "x");
	buffers.loadResponse(head('attachment; filename="a b.exe"'), undefined);
	assert.equal(buffer(buffers, "file.name"), "a b.exe");
	buffers.loadResponse(head("attachment; filename=c.exe"), undefined);
	assert.equal(buffer(buffers, "file.name"), "c.exe");
	buffers.loadResponse(responseHead(["HTTP/1.1 204 No Content"]), undefined);
	assert.equal(buffer(buffers, "file.name"), undefined);
});

test("no head makes it fail, however often a name stands in it", () => {
	const buffers = new HttpBuffers();
	const field = fc.tuple(
		fc.constantFrom("Host", "host", "Cookie", "X", "Accept"),
		fc.string({ unit: fc.constantFrom(..."ab :,\t") }),
	);
	fc.assert(
		fc.property(
			fc.array(field, { maxLength: 300 }),
			fc.string({ unit: fc.constantFrom(..."/a.%?:@") }),
			(fields, target) => {
				buffers.loadRequest(
					requestHead([`GET ${target} HTTP/1.1`, ...fields.map(([name, value]) => `${name}:${value}`)], "x"),
				);
				for (const number of bufferNames.keys()) if (buffers.find(number)) assert.ok(buffers.start <= buffers.end);
			},
		),
	);
});
