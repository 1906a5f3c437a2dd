/** What a relay hears of a connection of HTTP/2 that is inspected. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Setting, settingIds } from "#http/http2-frame.ts";
import { Http2Stream } from "#inspect/http2-stream.ts";
import { patternPlaces, patternService } from "#inspect/pattern-service.ts";
import { forward, hold, release, type StreamAnswer, stop } from "#inspect/plaintext-stream.ts";
import { QuarantineList } from "#inspect/quarantine-list.ts";
import { QuarantineService } from "#inspect/quarantine-service.ts";
import { AddressSet } from "#policy/address-set.ts";
import { Http2Peer } from "../../test/support/http2-peer.ts";
import { clientKey, deflated, frame, message } from "../../test/support/websocket.ts";

const octets = Buffer.from("forbidden");
const services = [
	patternService([{ name: "word", octets, ignoresCase: false, places: patternPlaces, verdict: "block" }]),
];

class Conversation {
	readonly stream = new Http2Stream(services, "00ff00ff00ff00ff", 1_000_000);
	readonly client = new Http2Peer("client");
	readonly server = new Http2Peer("server");

	constructor(...settings: readonly Setting[]) {
		this.fromClient(Http2Peer.preface(), this.client.settings(), this.client.give(0, 1_000_000));
		this.fromServer(this.server.settings(...settings));
	}

	fromClient(...parts: readonly Uint8Array[]): StreamAnswer {
		const chunk = Buffer.concat(parts);
		return this.#act(this.stream.fromClient(chunk), chunk, this.client, this.server);
	}

	fromServer(...parts: readonly Uint8Array[]): StreamAnswer {
		const chunk = Buffer.concat(parts);
		return this.#act(this.stream.fromServer(chunk), chunk, this.server, this.client);
	}

	request(stream: number, path: string, ...more: readonly string[]): StreamAnswer {
		const head = [":method: GET", ":scheme: https", ":authority: a.test", `:path: ${path}`, ...more];
		return this.fromClient(this.client.headers(stream, head, true));
	}

	#act(answer: StreamAnswer, chunk: Uint8Array, from: Http2Peer, to: Http2Peer): StreamAnswer {
		if (answer === forward) to.receive(chunk);
		if (answer === release) for (const piece of this.stream.released.splice(0)) to.receive(piece);
		const own = from === this.client ? this.stream.toClient : this.stream.toServer;
		if (answer !== stop) for (const piece of own.splice(0)) from.receive(piece);
		return answer;
	}
}

test("R189: a blocked stream gets a page that names rule and session and is never cached; the others go on", () => {
	const { stream, client, server } = (() => {
		const conversation = new Conversation();
		assert.equal(conversation.request(1, "/a"), forward);
		assert.equal(conversation.request(3, "/forbidden"), hold);
		assert.equal(conversation.request(5, "/b"), release);
		conversation.fromServer(conversation.server.headers(1, [":status: 200"], true));
		return conversation;
	})();
	assert.match(
		client.lines[0] ?? "",
		/^HEADERS 3 :status=403 content-type=text\/html; charset=utf-8 cache-control=no-store/,
	);
	assert.match(client.body(3), /pattern word/);
	assert.match(client.body(3), /00ff00ff00ff00ff/);
	assert.equal(client.lines.at(-1), "HEADERS 1 END :status=200");
	assert.equal(server.lines.length, 2);
	assert.equal(stream.requests, 3);
	assert.deepEqual(stream.findings, [
		{ service: "pattern", name: "word", where: "url", verdict: "block", request: "GET a.test/forbidden" },
	]);
	assert.equal(stream.inspection, "inspected");
});

test("a coded response is decoded on its own stream, whatever lies between its frames", () => {
	const conversation = new Conversation();
	const { client, server } = conversation;
	const bad = gzipSync("it says forbidden here");
	const good = gzipSync("it says nothing here");
	for (const stream of [1, 3]) {
		conversation.request(stream, "/");
		conversation.fromServer(server.headers(stream, [":status: 200", "content-encoding: gzip"]));
	}
	for (let at = 0; at < bad.length; at += 5) {
		conversation.fromServer(server.data(1, bad.subarray(at, at + 5)), server.data(3, good.subarray(at, at + 5)));
	}
	conversation.fromServer(server.data(1, "", true), server.data(3, "", true));
	assert.ok(client.lines.includes("RST 1 2"));
	assert.ok(client.lines.includes("END 3"));
	conversation.stream.close();
});

test("R182: a malformed message is a finding of its stream", () => {
	const conversation = new Conversation();
	conversation.request(1, "/", "transfer-encoding: chunked");
	assert.equal(conversation.stream.findings[0]?.service, "http");
	assert.match(conversation.stream.findings[0]?.name ?? "", /transfer-encoding/);
	assert.deepEqual(conversation.client.lines, ["RST 1 1"]);
});

test("a broken connection is stopped with last words for both ends", () => {
	const conversation = new Conversation();
	assert.equal(conversation.fromClient(Buffer.from("000000090400000001", "hex")), stop);
	const reason = conversation.stream.stop;
	assert.equal(reason?.faultCode, "HTTP2_MALFORMED");
	conversation.client.receive(reason?.answer ?? Buffer.alloc(0));
	conversation.server.receive(reason?.toServer ?? Buffer.alloc(0));
	assert.deepEqual([conversation.client.lines, conversation.server.lines], [["GOAWAY 0 1"], ["GOAWAY 0 0"]]);
});

test("a server that leaves amid a held response makes the client hear of it", () => {
	const conversation = new Conversation();
	conversation.request(1, "/");
	conversation.fromServer(conversation.server.headers(1, [":status: 200", "content-length: 10"]));
	assert.equal(conversation.stream.serverEnded(), release);
	for (const piece of conversation.stream.released.splice(0)) conversation.client.receive(piece);
	assert.match(conversation.client.lines[0] ?? "", /^HEADERS 1 :status=502/);
});

test("services begin anew on each stream, also when an inspection is used again", () => {
	const conversation = new Conversation();
	const { client, server } = conversation;
	for (const [stream, part] of [
		[1, "for"],
		[3, "bidden"],
	] as const) {
		conversation.request(stream, "/");
		conversation.fromServer(server.headers(stream, [":status: 200"]), server.data(stream, part, true));
		assert.equal(client.body(stream), part);
	}
	assert.deepEqual(conversation.stream.findings, []);
});

/** A WebSocket on stream 1 (RFC 8441). */
function webSocket(extensions: string): Conversation {
	const conversation = new Conversation({ id: settingIds.enableConnectProtocol, value: 1 });
	const { client, server } = conversation;
	const head = [":method: CONNECT", ":protocol: websocket", ":scheme: https", ":authority: a.test", ":path: /chat"];
	conversation.fromClient(client.headers(1, [...head, "sec-websocket-extensions: permessage-deflate"]));
	conversation.fromServer(server.headers(1, [":status: 200", `sec-websocket-extensions: ${extensions}`]));
	return conversation;
}

test("a WebSocket on a stream of HTTP/2 is read by its messages; one that blocks is reset on both sides", () => {
	const conversation = webSocket("permessage-deflate");
	const { client, server } = conversation;
	conversation.fromServer(server.data(1, frame("hello")));
	assert.equal(client.body(1), frame("hello").toString("latin1"));
	const payload = deflated("not to be said: forbidden");
	for (const one of message(payload, 3, { rsv: 4, key: clientKey })) conversation.fromClient(client.data(1, one));
	assert.equal(conversation.stream.findings[0]?.where, "stream-to-server");
	assert.ok(client.lines.includes("RST 1 2") && server.lines.includes("RST 1 8"));
	conversation.stream.close();
});

test("a WebSocket on a stream of HTTP/2 that breaks the rules is reset, and the record says why", () => {
	const conversation = webSocket("permessage-deflate");
	conversation.fromClient(conversation.client.data(1, frame("without a mask")));
	assert.equal(conversation.stream.findings[0]?.name, "WebSocket client: a frame without a mask");
	assert.ok(conversation.server.lines.includes("RST 1 8"));
	const unknown = webSocket("x-own");
	assert.match(unknown.stream.findings[0]?.name ?? "", /x-own, which is not known here/);
	assert.match(unknown.client.lines[0] ?? "", /^HEADERS 1 :status=403/);
	conversation.stream.close();
});

test("a stream that is sent elsewhere is answered with where", () => {
	const settings = { hosts: [], exceptions: new AddressSet(), durationMs: 1, maximumHosts: 1, redirect: undefined };
	const list = new QuarantineList(settings);
	const client = { octets: Uint8Array.of(10, 0, 0, 1) };
	list.add(client, "signature 7", 10);
	const stream = new Http2Stream(
		[new QuarantineService(list, client, () => 0, "https://help.example/")],
		"00ff00ff00ff00ff",
		1_000_000,
	);
	const peer = new Http2Peer("client");
	const gateway = new Http2Peer("client");
	stream.fromClient(Buffer.concat([Http2Peer.preface(), peer.settings(), peer.give(0, 1_000_000)]));
	stream.fromServer(new Http2Peer("server").settings());
	stream.fromClient(
		Buffer.from(peer.headers(1, [":method: GET", ":scheme: https", ":authority: a.test", ":path: /"], true)),
	);
	for (const octets of stream.toClient.splice(0)) gateway.receive(octets);
	assert.match(gateway.lines[0] ?? "", /^HEADERS 1 :status=302 .* location=https:\/\/help\.example\//);
	stream.close();
});
