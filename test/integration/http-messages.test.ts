/** HTTP/1.1 as servers and clients really use it passes unchanged; what is ambiguous does not pass. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { after, describe, test } from "node:test";
import { startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa, tlsOrigin } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const identity = ca.identity(["app.test"]);
const origin = await httpsOrigin(owner, identity, (request, response) => {
	const path = request.url ?? "";
	if (path === "/trailers") {
		response.writeHead(200, { Trailer: "X-Sum", "Transfer-Encoding": "chunked" });
		response.write("one");
		response.addTrailers({ "X-Sum": "42" });
		return response.end("two");
	}
	if (path === "/401") {
		response.writeHead(401, { "WWW-Authenticate": 'Basic realm="x"', "Content-Length": 6 });
		return response.end("denied");
	}
	if (path === "/early") response.writeEarlyHints({ link: "</s.css>; rel=preload" });
	if (path === "/204") return response.writeHead(204).end();
	if (path === "/304") return response.writeHead(304, { ETag: '"a"', "Content-Length": "500" }).end();
	const hash = createHash("sha256");
	let octets = 0;
	request.on("data", (chunk: Buffer) => {
		octets += chunk.length;
		hash.update(chunk);
	});
	request.on("end", () =>
		response.end(JSON.stringify({ method: request.method, path, octets, sha256: hash.digest("hex") })),
	);
});
for (const server of origin.servers) {
	server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
		socket.write(
			`HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${request.headers.upgrade}\r\nConnection: Upgrade\r\n\r\nwelcome`,
		);
		socket.on("data", (chunk: Buffer) => socket.write(`echo ${chunk}`));
		socket.on("error", () => undefined);
	});
}

/** Answers whatever it is asked with the octets that stand in the path, given in hexadecimal. */
const raw = await tlsOrigin(owner, identity, (socket) => {
	socket.on("data", (chunk: Buffer) => {
		const path = /^\S+ \/(\S*)/.exec(chunk.toString("latin1"))?.[1] ?? "";
		socket.end(Buffer.from(path, "hex"));
	});
});
const gateway = await startGateway(owner, { trust: ca.root.pem, hosts: ["app.test"] });
const target = `app.test:${origin.port}`;
const visit = (port = origin.port) => openTls(gateway, `app.test:${port}`, { ALPNProtocols: ["http/1.1"] });

test("requests of all kinds go one after another over one connection", async () => {
	const client = await visit();
	const host = `Host: ${target}`;
	const get = (path: string) => client.request(`GET ${path} HTTP/1.1\n${host}`);
	assert.equal(JSON.parse((await get("/a")).body.toString()).path, "/a");
	const denied = await get("/401");
	assert.deepEqual([denied.status, denied.headers.get("www-authenticate")], [401, 'Basic realm="x"']);
	const trailers = await get("/trailers");
	assert.deepEqual([trailers.body.toString(), trailers.trailers], ["onetwo", "X-Sum: 42"]);
	assert.equal((await get("/204")).status, 204);
	assert.equal((await get("/304")).status, 304);
	const head = await client.request(`HEAD /h HTTP/1.1\n${host}`);
	assert.deepEqual([head.status, head.body.length], [200, 0]);
	const hints = await get("/early");
	assert.equal(hints.status, 103);
	assert.equal((await client.response()).status, 200);
	const put = await client.request(`PUT /p HTTP/1.1\n${host}\nContent-Length: 5`, "hello");
	assert.equal(JSON.parse(put.body.toString()).octets, 5);
	const post = await client.request(
		`POST /c HTTP/1.1\n${host}\nTransfer-Encoding: chunked`,
		"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n",
	);
	assert.equal(JSON.parse(post.body.toString()).sha256, createHash("sha256").update("abcde").digest("hex"));
	client.socket.end();
	const record = await gateway.record(client.localPort);
	assert.deepEqual([record.requests, record.faultCode, record.findings], [9, undefined, []]);
});

test("Expect: 100-continue is answered by the origin, and the body follows", async () => {
	const client = await visit();
	const interim = await client.request(`POST /x HTTP/1.1\nHost: ${target}\nExpect: 100-continue\nContent-Length: 4`);
	assert.equal(interim.status, 100);
	client.send("body");
	assert.equal(JSON.parse((await client.response()).body.toString()).octets, 4);
	client.socket.end();
});

test("pipelined requests are answered in order, also more than the gateway holds open at a time", async () => {
	const client = await visit();
	const count = 100;
	client.send(
		Array.from({ length: count }, (_, index) => `GET /${index} HTTP/1.1\r\nHost: ${target}\r\n\r\n`).join(""),
	);
	for (let index = 0; index < count; index++) {
		assert.equal(JSON.parse((await client.response()).body.toString()).path, `/${index}`);
	}
	client.socket.end();
	assert.equal((await gateway.record(client.localPort)).requests, count);
});

test("a head may come octet by octet", async () => {
	const client = await visit();
	for (const character of `GET /slow HTTP/1.1\r\nHost: ${target}\r\n\r\n`) client.send(character);
	assert.equal(JSON.parse((await client.response()).body.toString()).path, "/slow");
	client.socket.end();
});

test("another protocol passes: the switch of protocols, then octets both ways", async () => {
	const client = await visit();
	client.send(`GET /echo HTTP/1.1\r\nHost: ${target}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`);
	await client.receives("welcome");
	assert.match(client.text, /^HTTP\/1\.1 101 /);
	client.send("ping");
	await client.receives("echo ping");
	client.socket.end();
	const record = await gateway.record(client.localPort);
	assert.deepEqual([record.requests, record.faultCode], [1, undefined]);
});

test("what a client sends behind an Upgrade waits for the answer, so that it is not taken for a request", async () => {
	const client = await visit();
	client.send(`GET /echo HTTP/1.1\r\nHost: ${target}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nat once`);
	await client.receives("echo at once");
	client.socket.end();
});

describe("requests that are ambiguous get 400 and do not reach the origin (F15)", { concurrency: 8 }, () => {
	for (const [says, head] of [
		[
			"Content-Length with Transfer-Encoding",
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
		],
		["two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n"],
		["a bare LF", "GET / HTTP/1.1\nHost: a\n\n"],
		["a bare CR", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"],
		["a folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n"],
		["a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"],
		["no host", "GET / HTTP/1.1\r\n\r\n"],
		["an unknown coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n"],
		["no HTTP at all", "\x00\x01\x02\x03 nothing of the kind\r\n\r\n"],
	] as const) {
		test(says, async () => {
			const before = origin.sockets.length;
			const client = await visit();
			client.send(head);
			const response = await client.response();
			assert.equal(response.status, 400);
			await client.over();
			const record = await gateway.record(client.localPort);
			assert.equal(record.faultCode, "HTTP_MESSAGE_MALFORMED");
			assert.ok(origin.sockets.length > before);
		});
	}

	test("a bad chunk", async () => {
		const client = await visit();
		client.send(`POST / HTTP/1.1\r\nHost: ${target}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`);
		assert.equal((await client.response()).status, 400);
		await client.over();
	});

	test("a head of more than 64 KiB gets 431", async () => {
		const client = await visit();
		client.send(`GET / HTTP/1.1\r\nHost: ${target}\r\nX: ${"x".repeat(70_000)}\r\n\r\n`);
		assert.equal((await client.response()).status, 431);
		assert.equal((await gateway.record(client.localPort)).faultCode, "HTTP_HEAD_TOO_LARGE");
	});
});

describe("answers that are no HTTP get 502", { concurrency: 8 }, () => {
	for (const [says, answer] of [
		[
			"Content-Length with Transfer-Encoding",
			"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		],
		["a bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"],
		["something else", "220 mail.test ESMTP\r\n"],
		["a cut head", "HTTP/1.1 200 OK\r\nContent-Le"],
		["nothing", ""],
	] as const) {
		test(says, async () => {
			const client = await visit(raw.port);
			client.send(`GET /${Buffer.from(answer, "latin1").toString("hex")} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
			if (answer === "") return void assert.notEqual(await client.over(), "open");
			assert.equal((await client.response()).status, 502);
			const { faultCode } = await gateway.record(client.localPort);
			assert.equal(faultCode, says === "a cut head" ? "HTTP_MESSAGE_TRUNCATED" : "HTTP_MESSAGE_MALFORMED");
		});
	}

	test("a body that is cut does not look whole to the client", async () => {
		const client = await visit(raw.port);
		const answer = "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\nonly this";
		client.send(`GET /${Buffer.from(answer, "latin1").toString("hex")} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
		await client.over();
		assert.equal((await gateway.record(client.localPort)).faultCode, "HTTP_MESSAGE_TRUNCATED");
	});

	test("a body that lasts until the end passes whole", async () => {
		const client = await visit(raw.port);
		const answer = "HTTP/1.0 200 OK\r\n\r\nuntil the end";
		client.send(`GET /${Buffer.from(answer, "latin1").toString("hex")} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
		await client.over();
		assert.ok(client.text.endsWith("\r\n\r\nuntil the end"));
	});
});
