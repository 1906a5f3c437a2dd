/** A connection of HTTP/2 seen from the middle, with two ends that check each other's tables and windows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { HeadEdits } from "#http/field-edit.ts";
import type { Http2Exchange } from "#http/http2-exchange.ts";
import { encodeFrame, errorCodes, noPadding, settingIds } from "#http/http2-frame.ts";
import { defaultHttp2Limits, type Http2Limits } from "#http/http2-limits.ts";
import { Http2Connection } from "#http/http2-machine.ts";
import type { Http2Sink } from "#http/http2-sink.ts";
import { Http2Peer } from "../../test/support/http2-peer.ts";

/** Stops what contains "forbidden", and writes down what it was told. */
class Watcher implements Http2Sink<string[]> {
	readonly told: string[] = [];
	readonly refusals: string[] = [];
	closedCount = 0;
	readonly #bodies = new Map<string, string>();

	open(): string[] {
		return [];
	}

	requestHead(
		{ stream }: Http2Exchange<string[]>,
		{ text, method, target }: { text: string; method: string; target: string },
	) {
		this.told.push(`${stream} > ${method} ${target}`);
		return text.includes("forbidden");
	}

	requestBody({ stream }: Http2Exchange<string[]>, octets: Uint8Array, start: number, end: number) {
		return this.#look(`${stream} >`, octets, start, end);
	}

	requestEnd({ stream }: Http2Exchange<string[]>, trailers: readonly { name: string; value: string }[]) {
		this.told.push(`${stream} > end`);
		return trailers.some(({ value }) => value.includes("forbidden"));
	}

	responseHead({ stream }: Http2Exchange<string[]>, { text, status }: { text: string; status: number }) {
		this.told.push(`${stream} < ${status}`);
		return text.includes("forbidden");
	}

	responseBody({ stream }: Http2Exchange<string[]>, octets: Uint8Array, start: number, end: number) {
		return this.#look(`${stream} <`, octets, start, end);
	}

	responseEnd({ stream }: Http2Exchange<string[]>, trailers: readonly { name: string; value: string }[]) {
		this.told.push(`${stream} < end`);
		return trailers.some(({ value }) => value.includes("forbidden"));
	}

	answer(_exchange: Http2Exchange<string[]>, cause: string) {
		const status = cause === "blocked" ? "403" : cause === "malformed-request" ? "400" : "502";
		return { fields: [{ name: ":status", value: status }], body: Buffer.from("page") };
	}

	refused({ stream }: Http2Exchange<string[]>, side: string, reason: string) {
		this.refusals.push(`${stream} ${side}: ${reason}`);
	}

	closed() {
		this.closedCount++;
	}

	#look(key: string, octets: Uint8Array, start: number, end: number): boolean {
		const text = (this.#bodies.get(key) ?? "") + Buffer.from(octets.subarray(start, end)).toString("latin1");
		this.#bodies.set(key, text);
		return text.includes("forbidden");
	}
}

interface ConversationOptions {
	readonly limits?: Partial<Http2Limits>;
	/** Octets of each chunk; whole ones when absent. */
	readonly split?: (length: number) => number;
	readonly clientTable?: number;
	readonly serverTable?: number;
	/** What the client gives the connection at once. */
	readonly give?: number;
	readonly edits?: HeadEdits;
}

class Conversation {
	readonly watcher = new Watcher();
	readonly http: Http2Connection<string[]>;
	readonly client: Http2Peer;
	readonly server: Http2Peer;
	readonly #split: (length: number) => number;

	constructor({ limits, split, clientTable, serverTable, give = 1_000_000, edits }: ConversationOptions = {}) {
		this.http = new Http2Connection(this.watcher, { ...defaultHttp2Limits, ...limits }, edits);
		this.client = new Http2Peer("client", clientTable);
		this.server = new Http2Peer("server", serverTable);
		this.#split = split ?? ((length) => length);
		this.fromClient(Http2Peer.preface(), this.client.settings());
		this.fromServer(this.server.settings(), this.server.acknowledge());
		this.fromClient(this.client.acknowledge());
		if (give > 0) this.fromClient(this.client.give(0, give));
	}

	fromClient(...parts: readonly Uint8Array[]): void {
		this.#feed(Buffer.concat(parts), (chunk) => this.http.feedClient(chunk), this.http.toServer, this.server);
	}

	fromServer(...parts: readonly Uint8Array[]): void {
		this.#feed(Buffer.concat(parts), (chunk) => this.http.feedServer(chunk), this.http.toClient, this.client);
	}

	get(stream: number, path = "/", ...more: readonly string[]): void {
		this.fromClient(this.client.headers(stream, request("GET", path, ...more), true));
	}

	#feed(octets: Buffer, feed: (chunk: Uint8Array) => boolean, out: Uint8Array[], to: Http2Peer): void {
		for (let at = 0; at < octets.length; ) {
			const next = Math.min(octets.length, at + this.#split(octets.length - at));
			const chunk = Buffer.from(octets.subarray(at, next));
			const isWhole = feed(chunk);
			if (isWhole) {
				assert.equal(out.length, 0);
				to.receive(chunk);
			}
			for (const piece of out.splice(0)) to.receive(piece);
			const back = to === this.server ? this.http.toClient : this.http.toServer;
			for (const piece of back.splice(0)) (to === this.server ? this.client : this.server).receive(piece);
			at = next;
		}
	}
}

function request(method: string, path: string, ...more: readonly string[]): string[] {
	return [`:method: ${method}`, ":scheme: https", ":authority: a.test", `:path: ${path}`, ...more];
}

const ok = (length?: number) => [":status: 200", ...(length === undefined ? [] : [`content-length: ${length}`])];

test("a request and its response travel as they came, and the sink is told of both", () => {
	const conversation = new Conversation();
	const { client, server, http, watcher } = conversation;
	const head = client.headers(1, request("POST", "/x", "content-length: 4"));
	const body = client.data(1, "data", true);
	assert.equal(http.feedClient(Buffer.concat([head, body])), true, "as it is");
	server.receive(Buffer.concat([head, body]));
	conversation.fromServer(server.headers(1, ok()), server.data(1, "an"), server.data(1, "swer", true));
	assert.deepEqual(watcher.told, ["1 > POST /x", "1 > end", "1 < 200", "1 < end"]);
	assert.equal(client.body(1), "answer");
	assert.equal(http.openStreams, 0);
	assert.equal(watcher.closedCount, 1);
});

test("trailers, interim responses and padding reach the other end", () => {
	const conversation = new Conversation();
	const { client, server, watcher } = conversation;
	conversation.fromClient(
		client.headers(1, request("POST", "/rpc", "te: trailers")),
		client.data(1, "hello", false, 20),
	);
	conversation.fromClient(client.headers(1, ["x-sum: 1"], true));
	conversation.fromServer(server.headers(1, [":status: 103", "link: </a>"]), server.headers(1, ok()));
	conversation.fromServer(server.data(1, "world", false, 7), server.headers(1, ["grpc-status: 0"], true));
	assert.deepEqual(watcher.refusals, []);
	assert.equal(server.body(1), "hello");
	assert.deepEqual(client.lines, [
		"HEADERS 1 :status=103 link=</a>",
		"HEADERS 1 :status=200",
		"HEADERS 1 END grpc-status=0",
	]);
	assert.equal(client.body(1), "world");
});

test("R189: a blocked request is answered on its stream and never reaches the server; the others go on", () => {
	const conversation = new Conversation();
	const { client, server } = conversation;
	conversation.get(1, "/first", "x-a: one");
	conversation.get(3, "/forbidden", "x-b: two");
	conversation.get(5, "/third", "x-b: two", "x-a: one");
	conversation.get(7, "/third", "x-b: two", "x-a: one");
	assert.deepEqual(client.lines, ["HEADERS 3 :status=403 content-length=4", "END 3"]);
	assert.equal(client.body(3), "page");
	assert.deepEqual(server.lines, [
		"HEADERS 1 END :method=GET :scheme=https :authority=a.test :path=/first x-a=one",
		"HEADERS 5 END :method=GET :scheme=https :authority=a.test :path=/third x-b=two x-a=one",
		"HEADERS 7 END :method=GET :scheme=https :authority=a.test :path=/third x-b=two x-a=one",
	]);
	for (const stream of [7, 1, 5]) conversation.fromServer(server.headers(stream, ok(), true));
	assert.equal(client.lines.length, 5);
	assert.equal(conversation.http.openStreams, 0);
});

test("a request whose body is blocked is reset at the server and answered; what follows of it is dropped and its window given back", () => {
	const conversation = new Conversation();
	const { client, server } = conversation;
	conversation.fromClient(client.headers(1, request("POST", "/up")), client.data(1, "some for"));
	conversation.fromClient(client.data(1, "bidden"), client.data(1, "more", true));
	assert.deepEqual(server.lines.slice(1), ["RST 1 8"]);
	assert.equal(server.body(1), "some for");
	assert.deepEqual(client.lines, ["HEADERS 1 :status=403 content-length=4", "END 1"]);
	conversation.http.secondPassed();
	assert.deepEqual(conversation.http.toClient, []);
	conversation.http.secondPassed();
	for (const piece of conversation.http.toClient.splice(0)) client.receive(piece);
	assert.equal(client.lines.at(-1), "RST 1 0");
	const given = client.frames.filter((frame) => frame.type === "window-update");
	assert.equal(
		given.reduce((sum, frame) => sum + (frame.type === "window-update" ? frame.increment : 0), 0),
		10,
	);
});

test("a small response is held until its end was seen, and a blocked one becomes a page", () => {
	const conversation = new Conversation();
	const { client, server } = conversation;
	conversation.get(1);
	conversation.fromServer(server.headers(1, ok(13)), server.data(1, "all is "));
	assert.deepEqual(client.lines, []);
	conversation.fromServer(server.data(1, "good!!", true));
	assert.deepEqual(client.lines, ["HEADERS 1 :status=200 content-length=13", "END 1"]);
	conversation.get(3);
	conversation.fromServer(server.headers(3, ok(13)), server.data(3, "so for"), server.data(3, "bidden!", true));
	assert.deepEqual(client.lines.slice(2), ["HEADERS 3 :status=403 content-length=4", "END 3"]);
	assert.equal(client.body(3), "page");
	assert.equal(server.lines.at(-1), "RST 3 8");
});

test("a response of untold length is a page when all of it lies in one chunk; an earlier one goes on as it came", () => {
	const conversation = new Conversation();
	const { client, server } = conversation;
	for (const stream of [1, 3, 5]) conversation.get(stream);
	conversation.fromServer(
		...[server.headers(1, [...ok(), "x-a: 1"]), server.data(1, "it begins")],
		...[server.headers(3, [...ok(), "x-a: 1"]), server.data(3, "forbidden", true)],
		...[server.headers(5, [...ok(), "x-b: 2"]), server.data(5, "fine", true), server.data(1, " and ends", true)],
	);
	assert.deepEqual(client.lines.toSorted(), [
		"END 1",
		"END 3",
		"END 5",
		"HEADERS 1 :status=200 x-a=1",
		"HEADERS 3 :status=403 content-length=4",
		"HEADERS 5 :status=200 x-b=2",
	]);
	assert.deepEqual([client.body(1), client.body(3), client.body(5)], ["it begins and ends", "page", "fine"]);
});

test("a response that is held does not delay another one, and the tables stay in step", () => {
	const conversation = new Conversation();
	const { client, server } = conversation;
	conversation.get(1);
	conversation.get(3);
	conversation.fromServer(server.headers(1, [...ok(4), "x-one: 1", "x-both: b"]));
	conversation.fromServer(server.headers(3, [":status: 200", "x-two: 2", "x-both: b"], true));
	assert.deepEqual(client.lines, ["HEADERS 3 END :status=200 x-two=2 x-both=b"]);
	conversation.fromServer(server.data(1, "body", true));
	assert.deepEqual(client.lines.slice(1), ["HEADERS 1 :status=200 content-length=4 x-one=1 x-both=b", "END 1"]);
	conversation.get(5);
	conversation.fromServer(server.headers(5, [":status: 200", "x-one: 1", "x-two: 2", "x-both: b"], true));
	assert.equal(client.lines.at(-1), "HEADERS 5 END :status=200 x-one=1 x-two=2 x-both=b");
});

test("a block in a response that is under way resets the stream, and only that one", () => {
	const conversation = new Conversation();
	const { client, server } = conversation;
	conversation.get(1);
	conversation.get(3);
	conversation.fromServer(server.headers(1, ok()), server.data(1, "begin"));
	assert.equal(client.body(1), "begin", "held no longer than its chunk");
	conversation.fromServer(server.headers(3, ok()), server.data(1, " forbidden"), server.data(3, "fine", true));
	assert.deepEqual(client.lines, ["HEADERS 1 :status=200", "RST 1 2", "HEADERS 3 :status=200", "END 3"]);
	assert.equal(client.body(1), "begin");
	assert.equal(server.lines.at(-1), "RST 1 8");
	conversation.fromServer(server.data(1, "late"), server.headers(1, ["x-late: t"], true));
	assert.equal(client.lines.length, 4, "what was on its way is dropped");
});

test("a response is not held when its windows could not bring its end", () => {
	const small = new Conversation({ give: 0 });
	const { client, server } = small;
	small.get(1);
	small.get(3);
	small.get(5);
	small.fromServer(server.headers(1, ok()));
	for (let count = 0; count < 4; count++) small.fromServer(server.data(1, "x".repeat(15_000)));
	small.fromServer(server.headers(3, ok(5_000)), server.data(3, "y".repeat(2_000)));
	assert.equal(client.body(3), "", "3,535 octets are left, and 3,000 are missing");
	small.fromServer(server.data(1, "x".repeat(1_000)));
	assert.equal(client.body(3).length, 2_000, "2,535 octets are left, and 3,000 are missing");
	small.fromServer(server.headers(5, ok(5_000)));
	assert.ok(client.lines.includes("HEADERS 5 :status=200 content-length=5000"));
});

test("an answer of the gateway never overruns the client's window; without a reserve it has no body", () => {
	const poor = new Conversation({ give: 0 });
	poor.get(1, "/forbidden");
	assert.deepEqual(poor.client.lines, ["HEADERS 1 END :status=403 content-length=0"]);
	const rich = new Conversation({ give: 100 });
	for (let stream = 1; stream <= 61; stream += 2) rich.get(stream, "/forbidden");
	assert.equal(rich.client.lines.filter((line) => line.startsWith("END")).length, 25, "100 octets are 25 pages");
	// The server, which knows of less, uses all it has.
	rich.get(63);
	rich.fromClient(rich.client.give(63, 1_000));
	rich.fromServer(rich.server.headers(63, ok()));
	for (let sent = 0; sent < 65_535; sent += 13_107) rich.fromServer(rich.server.data(63, "x".repeat(13_107)));
	assert.equal(rich.client.connectionWindow, 0);
});

test("an answer of the gateway waits for the server's settings, with which a connection begins", () => {
	const http = new Http2Connection(new Watcher());
	const [client, server] = [new Http2Peer("client"), new Http2Peer("server")];
	http.feedClient(
		Buffer.concat([Http2Peer.preface(), client.settings(), client.headers(1, request("GET", "/forbidden"), true)]),
	);
	assert.deepEqual(http.toClient, []);
	http.feedServer(Buffer.from(server.settings()));
	for (const piece of http.toClient.splice(0)) client.receive(piece);
	assert.deepEqual(
		client.frames.map(({ type }) => type),
		["settings", "headers"],
	);
	const flooded = new Http2Connection(new Watcher());
	const many = new Http2Peer("client");
	flooded.feedClient(Buffer.concat([Http2Peer.preface(), many.settings()]));
	for (let stream = 1; stream < 1_000; stream += 2) {
		flooded.feedClient(Buffer.from(many.headers(stream, request("GET", "/forbidden"), true)));
	}
	assert.equal(flooded.fault?.code, "HTTP2_FLOOD");
});

test("push is refused by the settings that the server sees, and a promise ends the connection", () => {
	const conversation = new Conversation();
	const [first] = conversation.server.frames;
	assert.deepEqual(first, { type: "settings", isAck: false, settings: [{ id: settingIds.enablePush, value: 0 }] });
	const asks = new Http2Peer("client");
	const other = new Http2Connection(new Watcher());
	other.feedClient(Buffer.concat([Http2Peer.preface(), asks.settings({ id: settingIds.enablePush, value: 1 })]));
	const sees = new Http2Peer("server");
	for (const piece of other.toServer.splice(0)) sees.receive(piece);
	assert.deepEqual(sees.frames[0], first);
	conversation.get(1);
	const promise = {
		type: "push-promise",
		stream: 1,
		promisedStream: 2,
		isEndHeaders: true,
		padding: noPadding,
	} as const;
	conversation.fromServer(encodeFrame({ ...promise, fragment: Buffer.from([0x82]) }));
	assert.match(conversation.http.fault?.message ?? "", /PUSH_PROMISE/);
});

test("settings are narrowed to what the gateway can hold, and come into force with their answer", () => {
	const conversation = new Conversation({ limits: { maxTableOctets: 8_192 } });
	const { client, server } = conversation;
	conversation.fromServer(server.settings({ id: settingIds.headerTableSize, value: 1_000_000 }));
	const passed = client.frames.at(-1);
	assert.deepEqual(passed?.type === "settings" && passed.settings, [{ id: settingIds.headerTableSize, value: 8_192 }]);
	client.usePeerTable(8_192);
	server.allowTable(8_192);
	conversation.fromClient(client.acknowledge());
	conversation.get(1, "/", "x-a: 1");
	conversation.fromServer(server.settings({ id: settingIds.headerTableSize, value: 0 }));
	conversation.fromClient(client.acknowledge());
	client.usePeerTable(0);
	server.allowTable(0);
	conversation.get(3, "/", "x-a: 1");
	assert.equal(server.lines.length, 2);
	assert.equal(conversation.http.fault, undefined);
});

test("an answer of our own tells the smaller table that is due", () => {
	const conversation = new Conversation();
	const { client, server } = conversation;
	conversation.get(1);
	conversation.fromServer(server.headers(1, [...ok(), "x-kept: in the table"], true));
	conversation.fromClient(client.settings({ id: settingIds.headerTableSize, value: 100 }));
	conversation.fromServer(server.acknowledge());
	server.usePeerTable(100);
	client.allowTable(100);
	conversation.get(3, "/forbidden");
	conversation.get(5);
	conversation.fromServer(server.headers(5, [...ok(), "x-kept: in the table"], true));
	assert.deepEqual(client.lines.slice(1), [
		"HEADERS 3 :status=403 content-length=4",
		"END 3",
		"HEADERS 5 END :status=200 x-kept=in the table",
	]);
});

test("extended CONNECT needs the server's word (RFC 8441)", () => {
	const fields = [":method: CONNECT", ":protocol: websocket", ":scheme: https", ":authority: a.test", ":path: /chat"];
	const refused = new Conversation();
	refused.fromClient(refused.client.headers(1, fields));
	assert.deepEqual(refused.client.lines, ["RST 1 1"]);
	const agreed = new Conversation();
	const { client, server } = agreed;
	agreed.fromServer(server.settings({ id: settingIds.enableConnectProtocol, value: 1 }));
	agreed.fromClient(client.headers(1, fields));
	agreed.fromServer(server.headers(1, ok()));
	agreed.fromClient(client.data(1, "to server"));
	agreed.fromServer(server.data(1, "to client"));
	assert.deepEqual([server.body(1), client.body(1)], ["to server", "to client"]);
});

test("frames of unknown types are left out; a priority update travels", () => {
	const conversation = new Conversation();
	const extension = (code: number, payload: string) =>
		encodeFrame({ type: "extension", code, flags: 0, stream: 0, payload: Buffer.from(payload) });
	conversation.fromClient(extension(0xfe, "hidden"), extension(0x10, "\0\0\0\x01u=1"));
	conversation.fromServer(extension(0x0a, "alt-svc"), extension(0x10, "\0\0\0\x01u=1"));
	assert.deepEqual(conversation.server.lines, ["EXTENSION"]);
	assert.deepEqual(conversation.client.lines, []);
});

test("R28: fields of heads and trailers are changed on their way, however the octets are cut, and both ends' tables stay in step", () => {
	const edits: HeadEdits = {
		request: { removed: new Set(["client-cert"]), added: [{ name: "Client-Cert", value: ":AA==:" }] },
		response: { removed: new Set(["alt-svc"]), added: [] },
	};
	for (const size of [1, 7, 50, 100_000]) {
		const conversation = new Conversation({ edits, split: (length) => Math.min(length, size) });
		const { client, server } = conversation;
		for (const stream of [1, 3, 5]) {
			conversation.fromClient(
				client.headers(
					stream,
					request("POST", `/${stream}`, "client-cert: forged", "client_cert: forged", "x-kept: a"),
				),
				client.data(stream, "body"),
				client.headers(stream, ["client-cert: forged", "x-sum: 1"], true),
			);
			conversation.fromServer(
				server.headers(stream, [":status: 103", "alt-svc: h3", "link: </a>"]),
				server.headers(stream, [...ok(4), 'alt-svc: h3=":443"', "x-kept: b"]),
				server.data(stream, "back", true),
			);
		}
		for (const stream of [1, 3, 5]) {
			const of = (lines: readonly string[]) => lines.filter((line) => line.includes(` ${stream} `));
			const head = `:method=POST :scheme=https :authority=a.test :path=/${stream} x-kept=a client-cert=:AA==:`;
			assert.deepEqual(
				of(server.lines).filter((line) => line.startsWith("HEADERS")),
				[`HEADERS ${stream} ${head}`, `HEADERS ${stream} END x-sum=1`],
			);
			const heads = of(client.lines).filter((line) => line.startsWith("HEADERS"));
			assert.deepEqual(heads, [
				`HEADERS ${stream} :status=103 link=</a>`,
				`HEADERS ${stream} :status=200 content-length=4 x-kept=b`,
			]);
			assert.deepEqual([server.body(stream), client.body(stream)], ["body", "back"]);
		}
	}
});

const malformedRequests: readonly [name: string, fields: readonly string[]][] = [
	["CR LF in a value", request("GET", "/", "x: a\r\nx-smuggled: 1")],
	["NUL in a value", request("GET", "/", "x: a\0")],
	["CR LF in the path", request("GET", "/ HTTP/1.1\r\nHost: b.test\r\n\r\n")],
	["a space in the path", request("GET", "/a b")],
	["CR LF in a name", request("GET", "/", "x\r\ny: a")],
	["a colon in a name", request("GET", "/", "x:y: a")],
	["upper case", request("GET", "/", "X-Upper: a")],
	["white space around a value", request("GET", "/", "x:  a")],
	["transfer-encoding", request("POST", "/", "transfer-encoding: chunked")],
	["connection", request("GET", "/", "connection: x-hop")],
	["upgrade", request("GET", "/", "upgrade: h2c")],
	["te other than trailers", request("GET", "/", "te: gzip")],
	["content-length twice", request("POST", "/", "content-length: 1", "content-length: 1")],
	["content-length that is no number", request("POST", "/", "content-length: +1")],
	["host that differs", request("GET", "/", "host: b.test")],
	["host twice", request("GET", "/", "host: a.test", "host: a.test")],
	["a method with a space", request("GET / HTTP/1.1", "/")],
	["head in lower case", request("head", "/")],
	["an empty path", request("GET", "")],
	["an absolute path of another site", request("GET", "https://b.test/")],
	["a pseudo-field twice", [...request("GET", "/"), ":path: /b"]],
	["a pseudo-field behind others", [":method: GET", ":scheme: https", ":authority: a.test", "x: y", ":path: /"]],
	["an unknown pseudo-field", [...request("GET", "/").slice(0, 4), ":status: 200"]],
	["no path", request("GET", "/").slice(0, 3)],
	["no authority", [":method: GET", ":scheme: https", ":path: /"]],
	["an authority with user info", [":method: GET", ":scheme: https", ":authority: u@a.test", ":path: /"]],
	["a scheme of another kind", [":method: GET", ":scheme: file", ":authority: a.test", ":path: /"]],
];

for (const [name, fields] of malformedRequests) {
	test(`F15: a request that HTTP/1 could not carry is refused, and the connection goes on: ${name}`, () => {
		const conversation = new Conversation();
		const { client, server, watcher } = conversation;
		conversation.fromClient(client.headers(1, fields));
		assert.equal(watcher.refusals.length, 1);
		assert.deepEqual([client.lines, server.lines], [["RST 1 1"], []]);
		conversation.get(3, "/fine");
		assert.equal(server.lines.length, 1);
	});
}

test("F15: a body that differs from content-length is refused on either side", () => {
	const long = new Conversation();
	long.fromClient(long.client.headers(1, request("POST", "/", "content-length: 3")), long.client.data(1, "four", true));
	assert.deepEqual(long.server.lines.slice(1), ["RST 1 1"]);
	assert.equal(long.server.body(1), "");
	const short = new Conversation();
	short.fromClient(
		short.client.headers(1, request("POST", "/", "content-length: 9")),
		short.client.data(1, "four", true),
	);
	assert.deepEqual(short.server.lines.slice(1), ["RST 1 1"]);
	const answered = new Conversation();
	answered.get(1);
	answered.fromServer(answered.server.headers(1, ok(3)), answered.server.data(1, "four", true));
	assert.equal(answered.client.lines[0], "HEADERS 1 :status=502 content-length=4");
	const head = new Conversation();
	head.fromClient(head.client.headers(1, request("HEAD", "/"), true));
	head.fromServer(head.server.headers(1, ok(3)), head.server.data(1, "abc", true));
	assert.deepEqual(head.watcher.refusals, ["1 server: a body whose length differs from content-length"]);
});

const malformedResponses: readonly (readonly string[])[] = [
	["x: y"],
	[":status: 20"],
	[":status: 101"],
	[":status: 200", ":status: 200"],
	[":status: 200", ":path: /"],
	[":status: 200", "x: a\r\nset-cookie: b"],
	[":status: 200", "transfer-encoding: chunked"],
	[":status: 200", "content-length: 1", "content-length: 2"],
];

for (const fields of malformedResponses) {
	test(`a malformed response is answered with 502: ${JSON.stringify(fields)}`, () => {
		const conversation = new Conversation();
		conversation.get(1);
		conversation.fromServer(conversation.server.headers(1, fields));
		assert.deepEqual(conversation.client.lines, ["HEADERS 1 :status=502 content-length=4", "END 1"]);
		assert.equal(conversation.server.lines.at(-1), "RST 1 1");
	});
}

/** What a peer does, and the fault and GOAWAY code that it gets. */
type Attack = (conversation: Conversation) => void;
const ping = encodeFrame({ type: "ping", isAck: false, data: new Uint8Array(8) });
const floods: readonly [name: string, attack: Attack, message: RegExp][] = [
	["rapid reset (CVE-2023-44487)", (c) => rapidReset(c), /streams that are reset/],
	["pings (CVE-2019-9512)", (c) => repeat(c, ping), /flood of PING/],
	["settings (CVE-2019-9515)", (c) => repeat(c, c.client.settings()), /SETTINGS/],
	["empty DATA (CVE-2019-9518)", (c) => emptyData(c), /empty DATA/],
	["priorities (CVE-2019-9513)", (c) => repeat(c, priorityFrame), /flood of PRIORITY/],
	["windows by an octet", (c) => repeat(c, c.client.give(0, 1)), /flood of WINDOW_UPDATE/],
	["unknown frames", (c) => repeat(c, Buffer.from("000000fe0000000000", "hex")), /flood of TYPE 254/],
	["CONTINUATION without end (CVE-2024-27316)", (c) => continuations(c, 1), /flood of CONTINUATION/],
	["CONTINUATION of many octets", (c) => continuations(c, 16_000), /flood of CONTINUATION/],
	["an HPACK bomb (CVE-2016-6581)", (c) => hpackBomb(c), /field list of more than/],
	["streams that provoke resets (CVE-2025-8671)", (c) => provoked(c), /streams that are reset/],
];
const priorityFrame = encodeFrame({
	type: "priority",
	stream: 1,
	priority: { isExclusive: false, dependsOn: 0, weight: 1 },
});

for (const [name, attack, message] of floods) {
	test(`a flood ends the connection with ENHANCE_YOUR_CALM: ${name}`, () => {
		const conversation = new Conversation();
		attack(conversation);
		const { fault, lastWords } = conversation.http;
		assert.equal(fault?.code, "HTTP2_FLOOD");
		assert.match(fault?.message ?? "", message);
		conversation.client.receive(lastWords?.toClient ?? Buffer.alloc(0));
		assert.match(conversation.client.lines.at(-1) ?? "", new RegExp(`^GOAWAY \\d+ ${errorCodes.enhanceYourCalm}$`));
	});
}

function repeat(conversation: Conversation, frame: Uint8Array): void {
	for (let count = 0; count < 2_100; count++) conversation.fromClient(frame);
}

function rapidReset(conversation: Conversation): void {
	for (let stream = 1; stream < 700; stream += 2) {
		conversation.get(stream);
		conversation.fromClient(conversation.client.reset(stream));
	}
}

function provoked(conversation: Conversation): void {
	for (let stream = 1; stream < 700; stream += 2) {
		conversation.get(stream);
		conversation.fromClient(Buffer.from(`0000040800${stream.toString(16).padStart(8, "0")}00000000`, "hex"));
	}
}

function emptyData(conversation: Conversation): void {
	conversation.fromClient(conversation.client.headers(1, request("POST", "/")));
	repeat(conversation, conversation.client.data(1, ""));
}

function continuations(conversation: Conversation, octets: number): void {
	const fragment = Buffer.alloc(octets);
	const frame = { stream: 1, isEndHeaders: false, fragment } as const;
	const head = { type: "headers", isEndStream: false, priority: undefined, padding: noPadding } as const;
	conversation.fromClient(encodeFrame({ ...head, ...frame }));
	for (let count = 0; count < 70; count++) conversation.fromClient(encodeFrame({ type: "continuation", ...frame }));
}

function hpackBomb(conversation: Conversation): void {
	conversation.fromClient(conversation.client.headers(1, request("GET", "/", `x-large: ${"x".repeat(3_000)}`), true));
	const fragment = new Uint8Array(16_000).fill(0xbe);
	const head = { type: "headers", isEndStream: true, priority: undefined, padding: noPadding } as const;
	conversation.fromClient(encodeFrame({ ...head, stream: 3, isEndHeaders: true, fragment }));
}

test("what a peer may do without work comes back with time", () => {
	const conversation = new Conversation();
	for (let count = 0; count < 10_000; count++) {
		conversation.fromClient(ping);
		if (count % 400 === 0) conversation.http.secondPassed();
	}
	assert.equal(conversation.http.fault, undefined);
});

test("a stream beyond the limit is refused for the client to try again", () => {
	const conversation = new Conversation({ limits: { maxStreams: 2 } });
	for (const stream of [1, 3, 5]) conversation.get(stream);
	assert.deepEqual(conversation.client.lines, [`RST 5 ${errorCodes.refusedStream}`]);
	conversation.fromServer(conversation.server.headers(1, ok(), true));
	conversation.get(7);
	assert.equal(conversation.server.lines.length, 3);
});

const broken: readonly [name: string, octets: (c: Conversation) => Uint8Array, code: number][] = [
	[
		"a frame amid a field block",
		(c) => Buffer.concat([c.client.headers(1, request("GET", "/"), true, 3).subarray(0, 20), ping]),
		1,
	],
	["CONTINUATION by itself", () => Buffer.from("000000090400000001", "hex"), 1],
	["an even stream", (c) => c.client.headers(2, request("GET", "/"), true), 1],
	["DATA of a stream that nobody opened", (c) => c.client.data(9, "x"), 1],
	["RST_STREAM of a stream that nobody opened", (c) => c.client.reset(9), 1],
	["an answer to settings that nobody sent", (c) => c.client.acknowledge(), 1],
	["a field block that is none", () => Buffer.from("0000010105000000 01ff".replaceAll(" ", ""), "hex"), 9],
	["a frame that is too large", () => Buffer.from("004001000000000001", "hex"), 6],
];

for (const [name, octets, code] of broken) {
	test(`the connection ends with the error of RFC 9113: ${name}`, () => {
		const conversation = new Conversation();
		conversation.fromClient(octets(conversation));
		assert.equal(conversation.http.fault?.code, "HTTP2_MALFORMED");
		conversation.client.receive(conversation.http.lastWords?.toClient ?? Buffer.alloc(0));
		assert.equal(conversation.client.lines.at(-1)?.split(" ").at(-1), String(code));
	});
}

test("a connection that begins otherwise is no HTTP/2", () => {
	for (const text of ["GET / HTTP/1.1\r\n", `${Http2Peer.preface()}\0\0\x08\x06\0\0\0\0\0${"x".repeat(8)}`]) {
		const http = new Http2Connection(new Watcher());
		http.feedClient(Buffer.from(text, "latin1"));
		assert.equal(http.fault?.code, "HTTP2_MALFORMED");
	}
});

/** A conversation of some streams; what both ends saw, however the octets were cut. */
function play(split: (length: number) => number): unknown {
	const conversation = new Conversation({ split });
	const { client, server } = conversation;
	const words = "all that is written here is allowed to pass. ".repeat(40);
	conversation.fromClient(
		client.headers(1, request("POST", "/one", "x-many: a"), false, 3),
		client.data(1, words, false, 33),
		client.headers(3, request("GET", "/forbidden", "x-other: b"), true),
		client.data(1, "", true, 200),
		client.headers(5, request("GET", "/two", "x-other: b", "x-many: a"), true, 2),
		client.headers(7, request("POST", "/three", "content-length: 20")),
		client.data(7, "this is forbidden !!", true),
		client.headers(9, request("POST", "/four", "x-other: b")),
		client.data(9, words),
		client.headers(9, ["x-trailer: t"], true),
	);
	conversation.fromServer(
		server.headers(1, [...ok(words.length), "x-held: 1"]),
		server.data(1, words.slice(0, 500)),
		server.headers(5, [...ok(), "x-held: 1", "x-new: 2"], false, 4),
		server.data(1, words.slice(500), true, 90),
		server.data(5, words),
		server.headers(9, [...ok(21), "x-new: 2"]),
		server.data(9, "forbidden, but small.", true),
		server.headers(5, ["x-end: of five"], true),
	);
	const text = { one: server.body(1), nine: server.body(9), five: client.body(5) };
	assert.doesNotMatch(server.body(7), /forbidden/);
	assert.ok(client.isAtBoundary && server.isAtBoundary);
	assert.equal(conversation.http.openStreams, 0);
	// Streams may overtake each other.
	const byStream = (lines: readonly string[]) => lines.toSorted((a, b) => streamOf(a) - streamOf(b));
	const told = { told: conversation.watcher.told, toClient: byStream(client.lines), toServer: byStream(server.lines) };
	return { ...told, text, one: client.body(1) };
}

function streamOf(line: string): number {
	return Number(line.split(" ")[1]);
}

test("however the octets are cut, both ends see the same", () => {
	const whole = play((length) => length);
	assert.deepEqual(
		play(() => 1),
		whole,
	);
	fc.assert(
		fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 }), (sizes) => {
			let index = 0;
			assert.deepEqual(
				play(() => sizes[index++ % sizes.length] as number),
				whole,
			);
		}),
		{ numRuns: 100 },
	);
});

/** One step of a random conversation: which stream does what. */
const steps = fc.array(
	fc.record({
		kind: fc.constantFrom(
			"open",
			"open-blocked",
			"body",
			"end",
			"answer",
			"answer-held",
			"data",
			"finish",
			"reset",
			"server-reset",
			"give",
			"shrink",
		),
		stream: fc.nat(5),
		size: fc.nat(3_000),
		isBad: fc.boolean(),
		chunk: fc.integer({ min: 1, max: 2_000 }),
	}),
	{ maxLength: 60 },
);

test("in random conversations tables stay in step, windows are never overrun, and every stream ends", () => {
	fc.assert(
		fc.property(steps, (list) => playRandom(list)),
		{ numRuns: 300 },
	);
});

/** Both ends keep to the rules as they see the streams; the middle stops some. */
function playRandom(
	list: readonly { kind: string; stream: number; size: number; isBad: boolean; chunk: number }[],
): void {
	let size = 1;
	const conversation = new Conversation({ split: () => size, give: 30_000 });
	const { client, server } = conversation;
	interface Stream {
		id: number;
		isClientOpen: boolean;
		server: "none" | "head" | "body" | "ended";
		left: number;
	}
	const streams: Stream[] = [];
	let nextId = 1;
	let serverCredit = 65_535;
	const credits = new Map<number, number>();
	const sync = () => {
		for (const frame of server.frames.splice(0)) {
			if (frame.type === "window-update" && frame.stream === 0) serverCredit += frame.increment;
			else if (frame.type === "window-update")
				credits.set(frame.stream, (credits.get(frame.stream) ?? 65_535) + frame.increment);
			const stream = "stream" in frame ? streams.find(({ id }) => id === frame.stream) : undefined;
			if (stream === undefined) continue;
			if (frame.type === "headers" && stream.server === "none") stream.server = "head";
			if (frame.type === "rst-stream") stream.server = "ended";
		}
		for (const frame of client.frames.splice(0)) {
			const stream = "stream" in frame ? streams.find(({ id }) => id === frame.stream) : undefined;
			if (stream !== undefined && frame.type === "rst-stream") stream.isClientOpen = false;
		}
	};
	sync();
	for (const step of list) {
		size = step.chunk;
		const stream = streams.at(-1 - (step.stream % Math.max(1, streams.length)));
		const word = step.isBad && step.size % 5 === 0 ? "forbidden" : "x".repeat(step.size);
		const room = stream === undefined ? 0 : Math.min(serverCredit, credits.get(stream.id) ?? 65_535);
		if (step.kind.startsWith("open")) {
			const id = nextId;
			nextId += 2;
			streams.push({ id, isClientOpen: true, server: "none", left: -1 });
			const path = step.kind === "open" ? `/${step.size}` : "/forbidden";
			conversation.fromClient(client.headers(id, request("POST", path, `x-${step.size % 7}: ${step.size}`)));
		} else if (stream === undefined) continue;
		else if (step.kind === "body" && stream.isClientOpen) conversation.fromClient(client.data(stream.id, word));
		else if (step.kind === "end" && stream.isClientOpen) {
			stream.isClientOpen = false;
			conversation.fromClient(client.data(stream.id, word, true));
		} else if (step.kind === "reset" && stream.isClientOpen) {
			stream.isClientOpen = false;
			conversation.fromClient(client.reset(stream.id));
		} else if (step.kind === "give")
			conversation.fromClient(client.give(0, step.size + 1), client.give(stream.id, 100));
		else if (step.kind === "shrink") {
			conversation.fromClient(client.settings({ id: settingIds.headerTableSize, value: step.size }));
			server.usePeerTable(step.size);
			conversation.fromServer(server.acknowledge());
			client.allowTable(step.size);
		} else if (stream.server === "head" && step.kind.startsWith("answer")) {
			stream.server = "body";
			stream.left = step.kind === "answer" ? -1 : step.size;
			const length = stream.left === -1 ? undefined : stream.left;
			conversation.fromServer(server.headers(stream.id, [...ok(length), `x-${step.size % 5}: ${step.size}`]));
		} else if (stream.server === "body" && step.kind === "data") {
			const octets = word.slice(0, Math.max(0, Math.min(room, stream.left === -1 ? word.length : stream.left)));
			if (stream.left !== -1) stream.left -= octets.length;
			serverCredit -= octets.length;
			credits.set(stream.id, (credits.get(stream.id) ?? 65_535) - octets.length);
			conversation.fromServer(server.data(stream.id, octets));
		} else if (stream.server === "body" && step.kind === "finish" && room >= Math.max(0, stream.left)) {
			const octets = "y".repeat(Math.max(0, stream.left));
			stream.server = "ended";
			serverCredit -= octets.length;
			conversation.fromServer(server.data(stream.id, octets, true));
		} else if (stream.server !== "none" && stream.server !== "ended" && step.kind === "server-reset") {
			stream.server = "ended";
			conversation.fromServer(server.reset(stream.id));
		}
		assert.equal(conversation.http.fault, undefined, JSON.stringify(conversation.http.fault));
		sync();
	}
	for (const { id, isClientOpen, server: state } of streams) {
		if (isClientOpen && state !== "ended") conversation.fromClient(client.reset(id));
	}
	conversation.http.close();
	assert.equal(conversation.http.openStreams, 0);
	assert.ok(client.isAtBoundary && server.isAtBoundary);
}

test("random octets never throw", () => {
	const valid = Buffer.concat([
		Http2Peer.preface(),
		new Http2Peer("client").settings(),
		new Http2Peer("client").headers(1, request("GET", "/"), true),
	]);
	const changed = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 5 }).map((changes) => {
		const octets = Buffer.from(valid);
		for (const [at, octet] of changes) octets[at] = octet;
		return octets;
	});
	fc.assert(
		fc.property(
			fc.array(fc.oneof(changed, fc.uint8Array({ maxLength: 80 }), fc.constant(valid.subarray(24))), { maxLength: 6 }),
			fc.boolean(),
			(chunks, isClient) => {
				const http = new Http2Connection(new Watcher());
				http.feedClient(Buffer.from(valid));
				for (const chunk of chunks)
					isClient ? http.feedClient(Buffer.from(chunk)) : http.feedServer(Buffer.from(chunk));
				http.close();
			},
		),
		{ numRuns: 1_000 },
	);
});
