/** What travels, and when, in conversations that a plain request and response do not show. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Http1Stream } from "#inspect/http1-stream.ts";
import { patternPlaces, patternService } from "#inspect/pattern-service.ts";
import { forward, hold, release, type StreamAnswer, stop } from "#inspect/plaintext-stream.ts";
import { clientKey, frame } from "../../test/support/websocket.ts";

test("a request that waited for the answer to an Upgrade travels whole once the server declined", () => {
	const conversation = new Conversation();
	const upgrade = "GET /1 HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n";
	const behind = "GET /2 HTTP/1.1\r\nHost: a.test\r\n\r\n";
	conversation.client(upgrade + behind);
	assert.equal(conversation.toServer, upgrade);
	assert.equal(conversation.stream.isClientWaiting, true);
	conversation.server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	assert.equal(conversation.toServer, upgrade + behind);
	assert.equal(conversation.stream.isClientWaiting, false);
});

test("a pipeline longer than may be open at a time travels whole as the answers come", () => {
	const conversation = new Conversation();
	const requests = Array.from({ length: 100 }, (_, index) => `GET /${index} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
	conversation.client(requests.join(""));
	assert.ok(conversation.toServer.length < requests.join("").length);
	for (const _ of requests) conversation.server("HTTP/1.1 204 No Content\r\n\r\n");
	assert.equal(conversation.toServer, requests.join(""));
	assert.equal(conversation.toClient, "HTTP/1.1 204 No Content\r\n\r\n".repeat(requests.length));
});

test("a pattern in the trailers is found, in either direction", () => {
	const trailers = (head: string) =>
		`${head}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Note: forbidden\r\n\r\n`;
	const request = new Conversation();
	request.client(trailers("POST / HTTP/1.1\r\nHost: a.test\r\n"));
	assert.equal(request.stream.findings[0]?.where, "request-headers");
	assert.equal(request.toServer, "");
	const response = new Conversation();
	response.client("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
	response.server(trailers("HTTP/1.1 200 OK\r\n"));
	assert.equal(response.stream.findings[0]?.where, "response-headers");
	assert.equal(response.toClient, "");
});

test("a coded part of a representation is decoded as far as it can be, and passes with a report where it cannot", () => {
	const whole = gzipSync("a forbidden word");
	const answer = (part: Buffer) =>
		`HTTP/1.1 206 Partial Content\r\nContent-Encoding: gzip\r\nContent-Length: ${part.length}\r\n\r\n${part.toString("latin1")}`;
	const first = new Conversation();
	first.client("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
	first.server(answer(whole));
	assert.equal(first.stream.findings[0]?.verdict, "block");
	assert.equal(first.toClient, "");
	const middle = new Conversation();
	middle.client("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
	middle.server(answer(whole.subarray(12)));
	assert.equal(middle.toClient, answer(whole.subarray(12)));
	assert.equal(middle.stream.findings[0]?.verdict, "report");
});

const opening = "GET /chat HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
const opened = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";

test("frames behind the answer that opens a WebSocket are read as frames, those that waited too", () => {
	const conversation = new Conversation();
	const early = frame("early", { key: clientKey }).toString("latin1");
	conversation.client(`${opening}\r\n${early}`);
	assert.equal(conversation.toServer, `${opening}\r\n`);
	const first = frame("hello").toString("latin1");
	conversation.server(`${opened}\r\n${first}`);
	assert.equal(conversation.toClient, `${opened}\r\n${first}`);
	assert.equal(conversation.toServer, `${opening}\r\n${early}`);
	const more = frame("good").toString("latin1");
	conversation.server(more);
	conversation.server(`${more}${frame("forbidden").toString("latin1")}`);
	assert.equal(conversation.toClient, `${opened}\r\n${first}${more}`);
	assert.match(Buffer.from(conversation.stream.stop?.answer ?? []).toString("latin1"), /good.*closed by the gateway/s);
	assert.deepEqual(conversation.stream.findings, [
		{ service: "pattern", name: "forbidden", where: "stream-to-client", verdict: "block", request: "GET a.test/chat" },
	]);
});

test("a WebSocket that is opened with what nobody can undo is answered with a page instead", () => {
	const conversation = new Conversation();
	conversation.client(`${opening}Sec-WebSocket-Extensions: x-own\r\n\r\n`);
	conversation.server(`${opened}Sec-WebSocket-Extensions: x-own\r\n\r\n`);
	assert.equal(conversation.toClient, "");
	assert.match(Buffer.from(conversation.stream.stop?.answer ?? []).toString("latin1"), /^HTTP\/1\.1 502 /);
	assert.equal(conversation.stream.stop?.faultCode, "WEBSOCKET_MALFORMED");
});

test("octets of another protocol behind an Upgrade travel and are searched as they come", () => {
	const conversation = new Conversation();
	conversation.client(`${opening.replace("websocket", "other")}\r\n`);
	conversation.server(`${opened.replace("websocket", "other")}\r\nsome octets`);
	assert.match(conversation.toClient, /some octets$/);
	conversation.server("forbidden");
	assert.equal(conversation.stream.stop?.answer, undefined);
	assert.equal(conversation.stream.findings[0]?.where, "stream-to-client");
});

/** The stream between two sides that are texts, driven as the relay drives it. */
class Conversation {
	readonly stream = new Http1Stream([forbidden], "0123456789abcdef", 1_048_576);
	toServer = "";
	toClient = "";

	client(text: string): void {
		this.toServer += this.#passed(this.stream.fromClient(latin1(text)), text);
	}

	server(text: string): void {
		this.toClient += this.#passed(this.stream.fromServer(latin1(text)), text);
		if (this.stream.isClientWaiting) this.toServer += this.#passed(this.stream.clientMayGoOn(), "");
	}

	#passed(answer: StreamAnswer, chunk: string): string {
		if (answer === forward) return chunk;
		if (answer === hold || answer === stop) return "";
		assert.equal(answer, release);
		return Buffer.concat(this.stream.released.splice(0)).toString("latin1");
	}
}

function latin1(text: string): Uint8Array {
	return Buffer.from(text, "latin1");
}

const forbidden = patternService([
	{ name: "forbidden", octets: latin1("forbidden"), ignoresCase: false, places: patternPlaces, verdict: "block" },
]);
