import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat } from "#base/bytes.ts";
import type { HeadEdits } from "#http/field-edit.ts";
import { type Header, headerValue, type RequestHead, type ResponseHead } from "#http/head.ts";
import type { Http1Limits } from "#http/http1-direction.ts";
import { defaultHttp1Limits, Http1Connection, type Http1Sink } from "#http/http1-machine.ts";

/** Writes down what the sink is told, bodies joined, so that any segmentation gives the same lines. */
class Notes implements Http1Sink {
	readonly lines: string[] = [];
	/** The line at which the sink stops. */
	stopAt = "";
	request: RequestHead | undefined;
	response: ResponseHead | undefined;

	requestHead(head: RequestHead): boolean {
		this.request = head;
		return this.#note(`> ${head.method} ${head.target} ${head.framing}`);
	}
	requestBody(octets: Uint8Array, start: number, end: number): boolean {
		return this.#body(">> ", octets, start, end);
	}
	requestEnd(trailers: readonly Header[]): boolean {
		return this.#note(`> end${trailerText(trailers)}`);
	}
	responseHead(head: ResponseHead, request: RequestHead): boolean {
		this.response = head;
		return this.#note(`< ${head.status} ${head.framing} to ${request.target}`);
	}
	responseBody(octets: Uint8Array, start: number, end: number): boolean {
		return this.#body("<< ", octets, start, end);
	}
	responseEnd(trailers: readonly Header[]): boolean {
		return this.#note(`< end${trailerText(trailers)}`);
	}
	upgraded(protocol: string): "stop" | "stream" | "hand-over" {
		if (this.#note(`upgraded ${protocol}`)) return "stop";
		return protocol === "handed" ? "hand-over" : "stream";
	}
	streamFromClient(octets: Uint8Array, start: number, end: number): boolean {
		return this.#body(">~ ", octets, start, end);
	}
	streamFromServer(octets: Uint8Array, start: number, end: number): boolean {
		return this.#body("<~ ", octets, start, end);
	}
	#note(line: string): boolean {
		this.lines.push(line);
		return line === this.stopAt;
	}
	#body(prefix: string, octets: Uint8Array, start: number, end: number): boolean {
		assert.ok(start < end, "an empty piece of body was told");
		const text = Buffer.from(octets.subarray(start, end)).toString("latin1");
		const last = this.lines.length - 1;
		if (this.lines[last]?.startsWith(prefix)) this.lines[last] += text;
		else this.lines.push(prefix + text);
		return this.lines.at(-1) === this.stopAt;
	}
}

function trailerText(trailers: readonly Header[]): string {
	return trailers.map(({ name, value }) => ` ${name}=${value}`).join("");
}

/** A connection as a shell drives it; keeps what it would have forwarded. */
class Wire {
	readonly notes = new Notes();
	readonly http: Http1Connection;
	readonly toServer: Uint8Array[] = [];
	readonly toClient: Uint8Array[] = [];
	#rest = Buffer.alloc(0);

	constructor(limits: Http1Limits = defaultHttp1Limits, edits: HeadEdits = {}) {
		this.http = new Http1Connection(this.notes, limits, edits);
	}
	client(octets: string | Uint8Array): this {
		const chunk = Buffer.concat([this.#rest, buffer(octets)]);
		const passed = this.http.feedRequest(chunk);
		if (this.http.releasedRequest !== undefined) this.toServer.push(this.http.releasedRequest);
		this.toServer.push(chunk.subarray(this.http.cutRequest, Math.max(passed, this.http.cutRequest)));
		this.#rest = this.http.requestState === "waiting" ? chunk.subarray(passed) : Buffer.alloc(0);
		return this;
	}
	server(octets: string | Uint8Array): this {
		const chunk = buffer(octets);
		const passed = this.http.feedResponse(chunk);
		if (this.http.releasedResponse !== undefined) this.toClient.push(this.http.releasedResponse);
		this.toClient.push(chunk.subarray(this.http.cutResponse, Math.max(passed, this.http.cutResponse)));
		if (this.#rest.length > 0 && this.http.requestState !== "waiting") this.client("");
		return this;
	}
	get sentToServer(): string {
		return Buffer.from(concat(this.toServer)).toString("latin1");
	}
	get sentToClient(): string {
		return Buffer.from(concat(this.toClient)).toString("latin1");
	}
}

function buffer(octets: string | Uint8Array): Buffer {
	return typeof octets === "string" ? Buffer.from(octets, "latin1") : Buffer.from(octets);
}

/** Conversations: each side's octets, and the lines they make when all requests precede all responses. */
const conversations: readonly { name: string; client: string; server: string; lines: readonly string[]; end?: true }[] =
	[
		{
			name: "a GET and a body of known length",
			client: "GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
			server: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
			lines: ["> GET /a none", "> end", "< 200 length to /a", "<< hello", "< end"],
		},
		{
			name: "an empty line before the request line",
			client: "\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
			server: "HTTP/1.1 204 None\r\n\r\nHTTP/1.1 204\r\nContent-Length: 0\r\n\r\n",
			lines: [
				"> GET /a none",
				"> end",
				"> GET /b none",
				"> end",
				"< 204 none to /a",
				"< end",
				"< 204 none to /b",
				"< end",
			],
		},
		{
			name: "chunked bodies with extensions and trailers",
			client:
				'POST /u HTTP/1.1\r\nHost: x:443\r\nTransfer-Encoding: Chunked\r\n\r\n4;a=b ; c="d e"\r\nwxyz\r\n00A\r\n0123456789\r\n0\r\nX-Sum: 9 \r\nY:\r\n\r\n',
			server: "HTTP/1.1 200 OK\r\ntransfer-encoding:chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
			lines: ["> POST /u chunked", ">> wxyz0123456789", "> end x-sum=9 y=", "< 200 chunked to /u", "<< a", "< end"],
		},
		{
			name: "interim responses, then a final one",
			client: "PUT /p HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
			server:
				"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\nHTTP/1.1 201 C\r\nContent-Length: 0\r\n\r\n",
			lines: ["> PUT /p length", ">> ok", "> end", "< 100 none to /p", "< 103 none to /p", "< 201 none to /p", "< end"],
		},
		{
			name: "HEAD and 304 have a length and no body",
			client: "HEAD /h HTTP/1.1\r\nHost: x\r\n\r\nGET /n HTTP/1.1\r\nHost: x\r\n\r\n",
			server: "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n",
			lines: [
				"> HEAD /h none",
				"> end",
				"> GET /n none",
				"> end",
				"< 200 none to /h",
				"< end",
				"< 304 none to /n",
				"< end",
			],
		},
		{
			name: "HTTP/1.0 and a body until close",
			client: "GET /old HTTP/1.0\r\n\r\n",
			server: "HTTP/1.0 200\r\nServer: \xe9t\xe9\r\n\r\nas long as it lasts\r\n\r\n",
			lines: ["> GET /old none", "> end", "< 200 until-close to /old", "<< as long as it lasts\r\n\r\n", "< end"],
			end: true,
		},
		{
			name: "a switch to WebSocket",
			client:
				"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n\x81\x00GET / HTTP/1.1\n",
			server: "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x82\x00frames",
			lines: [
				"> GET /ws none",
				"> end",
				"< 101 tunnel to /ws",
				"upgraded websocket",
				"<~ \x82\x00frames",
				">~ \x81\x00GET / HTTP/1.1\n",
			],
		},
		{
			name: "CONNECT that is granted",
			client: "CONNECT in.example:443 HTTP/1.1\r\nHost: in.example:443\r\n\r\n\x16\x03",
			server: "HTTP/1.1 200 Connection established\r\nContent-Length: 0\r\n\r\n\x15\x03",
			lines: [
				"> CONNECT in.example:443 none",
				"> end",
				"< 200 tunnel to in.example:443",
				"upgraded connect",
				"<~ \x15\x03",
				">~ \x16\x03",
			],
		},
		{
			name: "an upgrade that is declined, and the request behind it",
			client: "GET /u HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\nGET /v HTTP/1.1\r\nHost: x\r\n\r\n",
			server: "HTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\nno",
			lines: ["> GET /u none", "> end", "< 400 length to /u", "<< no", "< end", "> GET /v none", "> end"],
		},
	];

for (const { name, client, server, lines, end } of conversations) {
	test(`conversation: ${name}; the original octets travel`, () => {
		const wire = new Wire().client(client).server(server);
		if (end) assert.equal(wire.http.endResponse(), undefined);
		assert.deepEqual(wire.notes.lines, lines);
		assert.equal(wire.sentToServer, client);
		assert.equal(wire.sentToClient, server);
		assert.equal(wire.http.fault, undefined);
	});

	test(`conversation: ${name}; split at every octet`, () => {
		for (let at = 1; at < Math.max(client.length, server.length); at++) {
			const wire = new Wire().client(client.slice(0, at)).client(client.slice(at));
			wire.server(server.slice(0, at)).server(server.slice(at));
			if (end) wire.http.endResponse();
			assert.deepEqual(withoutOrder(wire.notes.lines), withoutOrder(lines), `split at ${at}`);
			assert.equal(wire.sentToServer, client);
			assert.equal(wire.sentToClient, server);
		}
	});
}

/** Stream octets of the two directions interleave by arrival; each direction keeps its own order. */
function withoutOrder(lines: readonly string[]): readonly string[] {
	const joined = new Map<string, string>();
	for (const line of lines) {
		const key = line.slice(0, 2) === ">~" ? "client" : line.slice(0, 2) === "<~" ? "server" : "both";
		joined.set(key, (joined.get(key) ?? "") + (key === "both" ? `${line}\n` : line.slice(3)));
	}
	return [...joined].map(([key, text]) => `${key} ${text}`).sort();
}

test("any segmentation of any conversation forwards the octets that came and tells the same", () => {
	fc.assert(
		fc.property(
			fc.constantFrom(...conversations),
			fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
			({ client, server, lines, end }, sizes) => {
				const wire = new Wire();
				for (const piece of pieces(client, sizes)) wire.client(piece);
				for (const piece of pieces(server, sizes)) wire.server(piece);
				if (end) wire.http.endResponse();
				assert.deepEqual(withoutOrder(wire.notes.lines), withoutOrder(lines));
				assert.equal(wire.sentToServer, client);
				assert.equal(wire.sentToClient, server);
			},
		),
		{ numRuns: 300 },
	);
});

const edits: HeadEdits = {
	request: { removed: new Set(["client-cert"]), added: [{ name: "Client-Cert", value: ":AA==:" }] },
	response: { removed: new Set(["alt-svc"]), added: [] },
};
const forged = "client_cert: forged\r\n";
const added = "Client-Cert: :AA==:\r\n";

test("heads that are changed leave bodies and what is told as they were, however the octets are cut", () => {
	const client = (own: string, other: string) =>
		`POST /a HTTP/1.1\r\nHost: x\r\n${other}Content-Length: 5\r\n${own}\r\nhello` +
		`POST /b HTTP/1.1\r\n${other}Host: x\r\nTransfer-Encoding: chunked\r\n${own}\r\n3\r\nabc\r\n0\r\n${other}Sum: 1\r\n\r\n` +
		`GET /c HTTP/1.1\r\nHost: x\r\n${own}\r\n`;
	const server = (other: string) =>
		`HTTP/1.1 103 Hints\r\n${other}\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n${other}\r\nokHTTP/1.1 204 None\r\n${other}\r\n` +
		`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${other}\r\n2\r\nok\r\n0\r\n${other}\r\n`;
	fc.assert(
		fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 }), (sizes) => {
			const wire = new Wire(defaultHttp1Limits, edits);
			for (const piece of pieces(client("", forged), sizes)) wire.client(piece);
			for (const piece of pieces(server('Alt-Svc: h3=":443"\r\n'), sizes)) wire.server(piece);
			assert.equal(wire.sentToServer, client(added, ""));
			assert.equal(wire.sentToClient, server(""));
			assert.deepEqual(
				wire.notes.lines.filter((line) => line.startsWith(">>")),
				[">> hello", ">> abc"],
			);
		}),
		{ numRuns: 300 },
	);
});

test("a message whose head was changed and that is stopped within the chunk leaves nothing of itself", () => {
	const wire = new Wire(defaultHttp1Limits, edits);
	wire.notes.stopAt = ">> evil";
	wire.client("GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nevil");
	assert.equal(wire.http.requestState, "stopped");
	assert.equal(wire.sentToServer, `GET /a HTTP/1.1\r\nHost: x\r\n${added}\r\n`);
	const held = new Wire(defaultHttp1Limits, edits);
	held.notes.stopAt = ">> evil";
	held.client("POST /b HTTP/1.1\r\nHost: x\r\nContent-").client("Length: 4\r\n\r\nevil");
	assert.equal(held.sentToServer, "");
});

function pieces(text: string, sizes: readonly number[]): string[] {
	const found: string[] = [];
	let at = 0;
	for (let index = 0; at < text.length; index++) {
		const size = sizes[index % sizes.length] as number;
		found.push(text.slice(at, at + size));
		at += size;
	}
	return found;
}

const get = "GET / HTTP/1.1\r\nHost: x\r\n";
const post = "POST / HTTP/1.1\r\nHost: x\r\n";
const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`;

/** Requests that two readers could understand differently, and the words by which each is refused. */
const smugglingRequests: readonly [octets: string, reason: RegExp][] = [
	[`${post}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`, /Content-Length together with/],
	[`${post}Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n`, /Content-Length together with/],
	[`${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, /Content-Length 5 and again 6/],
	[`${post}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, /Content-Length 5 and again 5/],
	[`${post}Content-Length: 5, 5\r\n\r\nhello`, /"5, 5" is not a number/],
	[`${post}Content-Length: +5\r\n\r\nhello`, /"\+5" is not a number/],
	[`${post}Content-Length: -5\r\n\r\nhello`, /"-5" is not a number/],
	[`${post}Content-Length: 0x5\r\n\r\nhello`, /"0x5" is not a number/],
	[`${post}Content-Length: 5 5\r\n\r\nhello`, /"5 5" is not a number/],
	[`${post}Content-Length:\r\n\r\n`, /"" is not a number/],
	[`${post}Content-Length: 18446744073709551621\r\n\r\nhello`, /is not a number/],
	[`${post}Content_Length: 5\r\n\r\nhello`, /a header named content_length/],
	[`${post}Transfer_Encoding: chunked\r\n\r\n0\r\n\r\n`, /a header named transfer_encoding/],
	[`${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, /"gzip, chunked"; only chunked/],
	[`${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`, /"chunked, identity"/],
	[`${post}Transfer-Encoding: identity\r\n\r\n`, /"identity"/],
	[`${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, /"xchunked"/],
	[`${post}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`, /""chunked""/],
	[`${post}Transfer-Encoding:\r\n\r\n0\r\n\r\n`, /Transfer-Encoding ""/],
	[`${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n`, /more than one Transfer-Encoding/],
	[`${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, /more than one Transfer-Encod/],
	[`${post}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n`, /octet 0x0b in a header value/],
	[`${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`, /white space before the colon/],
	[`${post}Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n`, /white space before the colon/],
	[`${post} Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, /obs-fold/],
	[`${post}X: y\r\n\tTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, /obs-fold/],
	["POST / HTTP/1.1\r\n Host: x\r\n\r\n", /white space before the first header/],
	["POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", /Transfer-Encoding in HTTP\/1.0/],
	[`${post}Connection: close, Content-Length\r\nContent-Length: 5\r\n\r\nhello`, /Connection names content-length/],
	[`${post}Connection: transfer-encoding\r\n\r\n`, /Connection names transfer-encoding/],
	[`${get}X: a\nY: b\r\n\r\n`, /LF without CR in a header value/],
	[`${get}X: a\rY: b\r\n\r\n`, /CR without LF at the end of a header/],
	[`${get}X: a\0b\r\n\r\n`, /octet 0x00 in a header value/],
	[`${get}X: a\x7fb\r\n\r\n`, /octet 0x7f in a header value/],
	[`${get}\n`, /LF without CR|0x0a|LF/],
	[`${get}\rX`, /CR without LF at the end of the head/],
	[`${get}: empty\r\n\r\n`, /a header without a name/],
	[`${get}X Y: z\r\n\r\n`, /white space before the colon/],
	[`${get}X@: z\r\n\r\n`, /octet "@" in a header name/],
	[`${get}X\xe9: z\r\n\r\n`, /octet 0xe9 in a header name/],
	[`${get}no colon\r\n\r\n`, /white space before the colon/],
	[`${get}nocolon\r\n\r\n`, /octet 0x0d in a header name/],
	["GET / HTTP/1.1\nHost: x\n\n", /LF without CR in the start line/],
	["GET / HTTP/1.1\r\n\r\n", /without Host/],
	[`${get}Host: x\r\n\r\n`, /more than one Host/],
	["GET / HTTP/1.1\r\nHost:\r\n\r\n", /Host "" is not host/],
	["GET / HTTP/1.1\r\nHost: a b\r\n\r\n", /Host "a b" is not host/],
	["GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", /Host "a, b" is not host/],
	["GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", /Host "user@a" is not host/],
	["GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", /Host "a\/b" is not host/],
	["GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", /Host "a:b" is not host/],
	["GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", /Host "\[::1" is not host/],
	["GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", /names another authority than Host/],
	["GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n", /neither a path nor a URL/],
	["CONNECT a:1 HTTP/1.1\r\nHost: b:1\r\n\r\n", /names another authority than Host/],
	["CONNECT / HTTP/1.1\r\nHost: b\r\n\r\n", /CONNECT to something that is not host:port/],
	["CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 3\r\n\r\nabc", /CONNECT with a body/],
	["GET * HTTP/1.1\r\nHost: x\r\n\r\n", /target \* with method GET/],
	["GET a HTTP/1.1\r\nHost: x\r\n\r\n", /neither a path nor a URL/],
	["GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", /octet "#" in the request target/],
	["GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", /version "b HTTP\/1.1" is not/],
	["GET /\tHTTP/1.1\r\nHost: x\r\n\r\n", /octet 0x09 in the request target/],
	["GET  / HTTP/1.1\r\nHost: x\r\n\r\n", /no request target/],
	["GET / HTTP/1.1 \r\nHost: x\r\n\r\n", /version "HTTP\/1.1 " is not/],
	["GET / HTTP/1.2\r\nHost: x\r\n\r\n", /version "HTTP\/1.2" is not/],
	["GET / HTTP/2.0\r\nHost: x\r\n\r\n", /version "HTTP\/2.0" is not/],
	["GET / http/1.1\r\nHost: x\r\n\r\n", /version "http\/1.1" is not/],
	["GET / HTTP/1.1X\r\nHost: x\r\n\r\n", /version "HTTP\/1.1X" is not/],
	["GET /\r\n", /ends behind the request target/],
	["GET\r\n", /ends behind the method/],
	[" GET / HTTP/1.1\r\nHost: x\r\n\r\n", /no method at the start/],
	["G(T / HTTP/1.1\r\nHost: x\r\n\r\n", /octet "\(" in the method/],
	["head / HTTP/1.1\r\nHost: x\r\n\r\n", /method head/],
	["Connect a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", /method Connect/],
	["\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", /no method at the start/],
	["\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", /LF without CR/],
	["\rGET / HTTP/1.1\r\nHost: x\r\n\r\n", /CR without LF before the request line/],
	["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", /version "HTTP\/2.0"/],
	["SSH-2.0-OpenSSH_9.6\r\n", /ends behind the method/],
	["\x16\x03\x01\x02\x00\x01", /octet 0x16 in the start line/],
	[`${chunked}\r\n0\r\n\r\n`, /0x0d where a chunk size begins/],
	[`${chunked}x\r\n`, /"x" where a chunk size begins/],
	[`${chunked}-1\r\n`, /"-" where a chunk size begins/],
	[`${chunked}0x5\r\nhello\r\n`, /"x" in a chunk size/],
	[`${chunked}5 \r\nhello\r\n`, /0x20 in a chunk size/],
	[`${chunked} 5\r\nhello\r\n`, /0x20 where a chunk size begins/],
	[`${chunked}ffffffffffffffff1\r\n`, /a chunk size of more than 12 digits/],
	[`${chunked}0000000000005\r\nhello\r\n`, /a chunk size of more than 12 digits/],
	[`${chunked}5\nhello\r\n`, /0x0a in a chunk size/],
	[`${chunked}5\rX`, /CR without LF behind a chunk size/],
	[`${chunked}5;\r\nhello\r\n`, /0x0d in a chunk extension's name/],
	[`${chunked}5;=x\r\nhello\r\n`, /"=" in a chunk extension's name/],
	[`${chunked}5;a\nhello\r\n`, /0x0a in a chunk extension/],
	[`${chunked}5;a\0\r\nhello\r\n`, /0x00 in a chunk extension/],
	[`${chunked}5;a="\n"\r\nhello\r\n`, /0x0a in a chunk extension/],
	[`${chunked}5;${"a".repeat(1_025)}\r\nhello\r\n`, /a chunk extension longer than 1024/],
	[`${chunked}5;${" ".repeat(1_025)}a\r\nhello\r\n`, /a chunk extension longer than 1024/],
	[`${chunked}5\r\nhello0\r\n\r\n`, /"0" behind chunk data/],
	[`${chunked}5\r\nhello\n0\r\n\r\n`, /0x0a behind chunk data/],
	[`${chunked}5\r\nhello\rX`, /CR without LF behind chunk data/],
	[`${chunked}0\r\nX: y\nZ: a\r\n\r\n`, /LF without CR in a header value/],
	[`${chunked}0\r\nContent-Length: 5\r\n\r\n`, /content-length in the trailer section/],
	[`${chunked}0\r\ntransfer-encoding: chunked\r\n\r\n`, /transfer-encoding in the trailer section/],
	[`${chunked}0\r\nHost: y\r\n\r\n`, /host in the trailer section/],
	[`${chunked}0\r\n X: y\r\n\r\n`, /white space before the first header/],
	[`${get}${"X: y\r\n".repeat(256)}\r\n`, /more than 256 headers/],
];

for (const [octets, reason] of smugglingRequests) {
	test(`F15: request refused: ${JSON.stringify(octets.slice(0, 90))}`, () => {
		const wire = new Wire().client(octets);
		assert.equal(wire.http.requestState, "refused");
		assert.match(wire.http.fault?.message ?? "", reason);
		assert.equal(wire.http.fault?.code, "HTTP_MESSAGE_MALFORMED");
		assert.equal(wire.sentToServer, "", "nothing of it is forwarded");
		wire.client(`${get}\r\n`);
		assert.equal(wire.sentToServer, "", "the fault stays");
		const slow = new Wire();
		for (const octet of buffer(octets)) slow.client(Uint8Array.of(octet));
		assert.equal(slow.http.fault?.message, wire.http.fault?.message, "whatever the segmentation");
		assert.ok(octets.startsWith(slow.sentToServer) && slow.sentToServer.length < octets.length);
	});
}

const smugglingResponses: readonly [octets: string, reason: RegExp][] = [
	["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", /Content-Length together with/],
	["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", /Content-Length 1 and again 2/],
	["HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", /"gzip, chunked"/],
	["HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", /Transfer-Encoding in HTTP\/1.0/],
	["HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", /Transfer-Encoding in a 204 response/],
	["HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n", /Content-Length 9 in a 204 response/],
	["HTTP/1.1 100 Go\r\nContent-Length: 9\r\n\r\n", /Content-Length 9 in a 100 response/],
	["HTTP/1.1 101 Go\r\nUpgrade: websocket\r\n\r\n", /101 to a request without Upgrade/],
	["HTTP/1.1 20 OK\r\n\r\n", /not three digits/],
	["HTTP/1.1 2000 OK\r\n\r\n", /not three digits/],
	["HTTP/1.1 2x0 OK\r\n\r\n", /not three digits/],
	["HTTP/1.1 099 OK\r\n\r\n", /status code 99/],
	["HTTP/1.1  200 OK\r\n\r\n", /not three digits/],
	["HTTP/1.1 200OK\r\n\r\n", /not three digits/],
	["HTTP/1.1\r\n\r\n", /no status code/],
	["HTTP/1.1 \r\n\r\n", /no status code/],
	["ICY 200 OK\r\n\r\n", /version "ICY 200 " is not/],
	["HTTP/2 200 OK\r\n\r\n", /version "HTTP\/2 2" is not/],
	["\r\nHTTP/1.1 200 OK\r\n\r\n", /version "" is not/],
	["HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: b\r\n\r\n", /LF without CR/],
	["HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n", /CR without LF/],
	["HTTP/1.1 200 O\0K\r\n\r\n", /octet 0x00 in the start line/],
	["HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", /obs-fold/],
];

for (const [octets, reason] of smugglingResponses) {
	test(`F15: response refused: ${JSON.stringify(octets.slice(0, 90))}`, () => {
		const wire = new Wire().client(`${get}\r\n`).server(octets);
		assert.equal(wire.http.responseState, "refused");
		assert.match(wire.http.fault?.message ?? "", reason);
		assert.equal(wire.sentToClient, "");
		assert.equal(wire.http.mayAnswer, true, "a page of our own can take its place");
	});
}

test("equal Content-Length lines, padded or in any case, are accepted in a response", () => {
	const response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nCONTENT-LENGTH:\t2 \r\n\r\nok";
	const wire = new Wire().client(`${get}\r\n`).server(response);
	assert.deepEqual(wire.notes.lines.slice(2), ["< 200 length to /", "<< ok", "< end"]);
});

test("a response that nobody asked for is refused", () => {
	const wire = new Wire().server("HTTP/1.1 408 Request Timeout\r\n\r\n");
	assert.match(wire.http.fault?.message ?? "", /no request asked for/);
	const spliced = new Wire().client(`${get}\r\n`).server("HTTP/1.1 204 N\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
	assert.match(spliced.http.fault?.message ?? "", /no request asked for/);
	assert.equal(spliced.sentToClient, "HTTP/1.1 204 N\r\n\r\n");
});

test("an upgrade to a protocol that was not offered is refused", () => {
	const wire = new Wire().client(`${get}Upgrade: websocket\r\n\r\n`);
	wire.server("HTTP/1.1 101 Go\r\nUpgrade: h2c\r\n\r\n");
	assert.match(wire.http.fault?.message ?? "", /did not offer/);
});

test("a switch of protocol before the request's body has ended is refused", () => {
	const wire = new Wire().client(`${post}Upgrade: websocket\r\nContent-Length: 5\r\n\r\nab`);
	wire.server("HTTP/1.1 101 Go\r\nUpgrade: websocket\r\n\r\n");
	assert.match(wire.http.fault?.message ?? "", /before the request has ended/);
});

test("a head of exactly the limit passes, one octet more is refused, however it comes", () => {
	const limits = { ...defaultHttp1Limits, maxHeadOctets: 512 };
	const fixed = `${get}X: \r\n\r\n`.length;
	for (const extra of [0, 1]) {
		const head = `${get}X: ${"a".repeat(512 - fixed + extra)}\r\n\r\n`;
		for (const size of [1, 7, 511, 512, 4_096]) {
			const wire = new Wire(limits);
			for (const piece of pieces(head, [size])) wire.client(piece);
			assert.equal(wire.http.fault?.code, extra === 0 ? undefined : "HTTP_HEAD_TOO_LARGE");
			assert.equal(wire.sentToServer, extra === 0 ? head : "");
		}
	}
});

test("a trailer section beyond the limit is refused", () => {
	const wire = new Wire({ ...defaultHttp1Limits, maxHeadOctets: 512 });
	wire.client(chunked).client(`0\r\nX: ${"a".repeat(600)}`);
	assert.equal(wire.http.fault?.code, "HTTP_HEAD_TOO_LARGE");
	assert.equal(wire.sentToServer, `${chunked}0\r\n`);
});

test("more requests than the limit wait until responses end", () => {
	const wire = new Wire({ ...defaultHttp1Limits, maxPipelined: 2 });
	const request = `${get}\r\n`;
	wire.client(request.repeat(5));
	assert.equal(wire.sentToServer, request.repeat(2));
	assert.equal(wire.http.requestState, "waiting");
	assert.equal(wire.http.openRequests, 2);
	const response = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
	wire.server(response);
	assert.equal(wire.sentToServer, request.repeat(3));
	wire
		.server(response + response)
		.server(response)
		.server(response);
	assert.equal(wire.sentToServer, request.repeat(5));
	assert.equal(wire.http.requestState, "open");
	assert.equal(wire.http.openRequests, 0);
});

test("a request that the sink stops is not released; earlier ones are", () => {
	const wire = new Wire();
	wire.notes.stopAt = "> GET /evil none";
	wire.client(`${get}\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n${get}\r\n`);
	assert.equal(wire.sentToServer, `${get}\r\n`);
	assert.equal(wire.http.requestState, "stopped");
	assert.equal(wire.http.mayAnswer, false, "the first request has no answer yet");
	wire.server("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
	assert.equal(wire.http.mayAnswer, true);
	assert.equal(wire.http.fault, undefined, "a decision is not a fault");
});

test("a split head that the sink stops is not released", () => {
	const wire = new Wire();
	wire.notes.stopAt = "> GET / none";
	wire.client("GET / HT").client("TP/1.1\r\nHost: x\r\n\r\n");
	assert.equal(wire.sentToServer, "");
	assert.equal(wire.http.mayAnswer, true);
});

test("a stopped body takes its head back when both came in one chunk, so that a page can take their place", () => {
	const response = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
	for (const stopAt of ["<< evil", "< end"]) {
		const one = new Wire();
		one.notes.stopAt = stopAt;
		one.client(`${get}\r\n${get}\r\n`).server(`HTTP/1.1 103 Hints\r\n\r\n${response}`);
		assert.equal(one.sentToClient, "HTTP/1.1 103 Hints\r\n\r\n", "what precedes the message leaves");
		assert.equal(one.http.mayAnswer, true);
		const split = new Wire();
		split.notes.stopAt = stopAt;
		split.client(`${get}\r\n`).server(response.slice(0, 9)).server(response.slice(9));
		assert.equal(split.sentToClient, "");
		assert.equal(split.http.mayAnswer, true);
		const late = new Wire();
		late.notes.stopAt = stopAt;
		late.client(`${get}\r\n`).server(response.slice(0, -4)).server(response.slice(-4));
		assert.equal(late.sentToClient, response.slice(0, -4), "the head is gone, the body stays");
		assert.equal(late.http.mayAnswer, false);
	}
});

test("a request stopped in its body can be answered once, unless the answer has begun", () => {
	const request = `${post}Content-Length: 4\r\n\r\n`;
	const wire = new Wire();
	wire.notes.stopAt = ">> evil";
	wire.client(request).client("evil");
	assert.equal(wire.sentToServer, request);
	assert.equal(wire.http.mayAnswer, true);
	const early = new Wire();
	early.notes.stopAt = ">> evil";
	early.client(request).server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").client("evil");
	assert.equal(early.http.mayAnswer, false);
});

test("a stopped trailer section is not released", () => {
	const wire = new Wire();
	wire.notes.stopAt = "> end x=evil";
	wire.client(chunked).client("0\r\nX: ev").client("il\r\n\r\n");
	assert.equal(wire.sentToServer, `${chunked}0\r\n`);
});

test("the sink can stop a switch of protocol before its head leaves", () => {
	const wire = new Wire();
	wire.notes.stopAt = "upgraded websocket";
	wire.client(`${get}Upgrade: websocket\r\n\r\n`).server("HTTP/1.1 101 Go\r\nUpgrade: websocket\r\n\r\n");
	assert.equal(wire.sentToClient, "");
	assert.equal(wire.http.mayAnswer, true);
	assert.equal(wire.http.isUpgraded, false);
});

test("the end of a stream between messages is clean, inside a message it is a fault", () => {
	const clean = new Wire();
	assert.equal(clean.http.endRequest(), undefined);
	assert.equal(clean.http.endResponse(), undefined);
	assert.equal(clean.client(get).sentToServer, "", "nothing comes behind the end");
	const head = new Wire().client("GET / HT");
	assert.match(head.http.endRequest()?.message ?? "", /request: the connection ended inside the head/);
	const body = new Wire().client(`${get}\r\n`).server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234");
	const fault = body.http.endResponse();
	assert.equal(fault?.code, "HTTP_MESSAGE_TRUNCATED");
	assert.match(fault?.message ?? "", /inside the body; 5 octets are missing/);
	const cut = new Wire().client(`${chunked}5\r\nhello\r\n`);
	assert.match(cut.http.endRequest()?.message ?? "", /inside the body/);
});

test("heads give methods, values and the end of the connection", () => {
	const wire = new Wire().client(
		"GET https://X.example/p?q=1 HTTP/1.1\r\nHost: x.example:443\r\nAccept: a\r\nCookie:  c=1;\td=2 \r\nACCEPT: b\r\nConnection: close\r\n\r\n",
	);
	const head = wire.notes.request as RequestHead;
	assert.equal(head.method, "GET");
	assert.equal(head.target, "https://X.example/p?q=1");
	assert.equal(head.version, "1.1");
	assert.equal(head.isLast, true);
	assert.equal(headerValue(head, "accept"), "a, b");
	assert.equal(headerValue(head, "cookie"), "c=1;\td=2");
	assert.equal(headerValue(head, "none"), undefined);
	assert.equal(head.headers.length, 5);
	wire.server("HTTP/1.0 200 Fine\xe9\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
	assert.equal(wire.notes.response?.reason, "Fine\xe9");
	assert.equal(wire.notes.response?.isLast, false);
});

test("whole chunks of a long body pass as they are, without a copy", () => {
	const wire = new Wire().client(`${get}\r\n`);
	wire.server("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
	const chunk = Buffer.alloc(50_000, "x");
	const seen: Uint8Array[] = [];
	wire.notes.responseBody = (octets) => {
		seen.push(octets);
		return false;
	};
	for (let count = 0; count < 4; count++) assert.equal(wire.http.feedResponse(chunk), chunk.length);
	assert.ok(seen.every((octets) => octets === chunk));
	assert.equal(wire.http.openRequests, 0);
});

test("random octets and mutated conversations never throw, and nothing is forwarded that did not come", () => {
	const mutation = fc.record({ at: fc.nat(2_000), octet: fc.nat(255), kind: fc.constantFrom("set", "insert", "drop") });
	const mutated = fc
		.tuple(fc.constantFrom(...conversations), fc.array(mutation, { maxLength: 4 }))
		.map(([conversation, changes]) => {
			const octets = [...buffer(`${conversation.client}${conversation.client}`)];
			for (const { at, octet, kind } of changes) {
				if (kind === "set") octets[at % octets.length] = octet;
				else octets.splice(at % octets.length, kind === "drop" ? 1 : 0, ...(kind === "drop" ? [] : [octet]));
			}
			return Uint8Array.from(octets);
		});
	const random = fc.uint8Array({ maxLength: 300 });
	fc.assert(
		fc.property(fc.oneof(mutated, random), fc.oneof(mutated, random), fc.nat(60), (fromClient, fromServer, size) => {
			const wire = new Wire();
			wire.client(`${get}\r\n`);
			for (let at = 0; at < fromClient.length; at += size + 1) wire.client(fromClient.subarray(at, at + size + 1));
			for (let at = 0; at < fromServer.length; at += size + 1) wire.server(fromServer.subarray(at, at + size + 1));
			const state = wire.http.requestState;
			wire.http.endRequest();
			wire.http.endResponse();
			assert.ok(`${get}\r\n${buffer(fromClient).toString("latin1")}`.startsWith(wire.sentToServer));
			assert.ok(buffer(fromServer).toString("latin1").startsWith(wire.sentToClient));
			const whole = new Wire();
			whole.client(`${get}\r\n`).client(fromClient);
			if (state !== "waiting" && !wire.http.isUpgraded && wire.http.openRequests === whole.http.openRequests) {
				assert.equal(whole.http.requestState, state);
			}
		}),
		{ numRuns: 2_000 },
	);
});
