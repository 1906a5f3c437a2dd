/** A pattern in the plaintext is answered with a page, or cuts the connection once the answer was on its way. */
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, describe, test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";
import { startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const eicar = Buffer.from(shippedPatterns.get("eicar") ?? []);
const half = eicar.length >> 1;
const large = Buffer.alloc(200_000, "a");

/** What the origin answers, by path. */
const answers: Readonly<Record<string, (response: ServerResponse, request: IncomingMessage) => void>> = {
	"/clean": (response) => response.end("nothing here"),
	"/small": (response) => response.end(eicar),
	"/amid": (response) => response.end(Buffer.concat([large.subarray(0, 5000), eicar, large.subarray(0, 5000)])),
	"/in-two-writes": (response) => {
		response.setHeader("Content-Length", eicar.length);
		response.write(eicar.subarray(0, half));
		setTimeout(() => response.end(eicar.subarray(half)), 30);
	},
	"/chunked": (response) => {
		for (const octet of eicar.subarray(0, half)) response.write(Buffer.of(octet));
		setTimeout(() => {
			for (const octet of eicar.subarray(half)) response.write(Buffer.of(octet));
			response.end();
		}, 50);
	},
	"/large": (response) => {
		response.setHeader("Content-Length", large.length + eicar.length);
		response.write(large);
		setTimeout(() => response.end(eicar), 50);
	},
	"/head": (response) => {
		response.setHeader("X-Note", eicar.toString("latin1"));
		response.end("body");
	},
	"/gzip": coded("gzip", gzipSync),
	"/deflate": coded("deflate", deflateSync),
	"/deflate-raw": coded("deflate", deflateRawSync),
	"/br": coded("br", brotliCompressSync),
	"/zstd": coded("zstd", zstdCompressSync),
	"/twice": coded("gzip, br", (octets) => brotliCompressSync(gzipSync(octets))),
	"/broken-gzip": (response) => {
		response.setHeader("Content-Encoding", "gzip");
		response.end(Buffer.from("not gzip at all, whatever the head says"));
	},
	"/bomb": (response) => {
		response.setHeader("Content-Encoding", "gzip");
		response.end(gzipSync(Buffer.alloc(3_000_000)));
	},
	"/upload": (response, request) => {
		request.resume();
		request.on("end", () => response.end("taken"));
	},
};

function coded(encoding: string, encode: (octets: Uint8Array) => Uint8Array) {
	return (response: ServerResponse) => {
		response.setHeader("Content-Encoding", encoding);
		response.end(encode(Buffer.concat([Buffer.from("before "), eicar, Buffer.from(" after")])));
	};
}

const origin = await httpsOrigin(owner, ca.identity(["app.test"]), (request, response) => {
	const path = (request.url ?? "").split("?", 1)[0] ?? "";
	(answers[path] ?? answers["/clean"])?.(response, request);
});
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["app.test"],
	patternPolicy: "many",
	security: `inspection {
		maximum-decoded-size 1;
		pattern secret { text "TopSecretWord"; ignore-case; }
		pattern watched { text "seen-only"; then report; }
		pattern upload { hexadecimal 00ff00fe; where request-body; }
		pattern-policy many { patterns [ eicar secret watched upload ]; }
	}`,
});
const target = `app.test:${origin.port}`;
const visit = () => openTls(gateway, target, { ALPNProtocols: ["http/1.1"] });

describe("answers", { concurrency: 8 }, () => {
	for (const path of [
		"/small",
		"/amid",
		"/in-two-writes",
		"/gzip",
		"/deflate",
		"/deflate-raw",
		"/br",
		"/zstd",
		"/twice",
	]) {
		test(`R6: ${path}: the client gets a page in place of the answer, and not one octet of it`, async () => {
			const client = await visit();
			client.send(`GET ${path} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
			await client.over();
			const response = await client.response();
			assert.equal(response.status, 403);
			assert.equal(response.headers.get("connection"), "close");
			assert.ok(!response.body.includes("EICAR") && client.received.length === 0);
			const record = await gateway.record(client.localPort);
			assert.ok(response.body.includes("pattern eicar") && response.body.includes(record.id));
			const finding = { service: "pattern", name: "eicar", where: "response-body", verdict: "block" };
			assert.deepEqual(record.findings, [{ ...finding, request: `GET ${target}${path}` }]);
			assert.equal(record.endedBecause, 'blocked by pattern "eicar" in response-body');
			assert.deepEqual([record.decision, record.inspection, record.requests], ["decrypt", "inspected", 1]);
		});
	}

	test("/head: a pattern in the head of the answer gives a page", async () => {
		const client = await visit();
		const response = await client.request(`GET /head HTTP/1.1\nHost: ${target}`);
		assert.equal(response.status, 403);
		assert.equal((await gateway.record(client.localPort)).findings[0]?.where, "response-headers");
	});

	for (const path of ["/large", "/chunked"]) {
		test(`${path}: the connection is cut before the last octet of the pattern`, async () => {
			const client = await visit();
			client.send(`GET ${path} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
			assert.equal(await client.over(), "reset");
			assert.ok(!client.received.includes(eicar));
			const record = await gateway.record(client.localPort);
			assert.equal(record.endedBecause, 'blocked by pattern "eicar" in response-body');
		});
	}

	test("a body that cannot be decoded is not handed on, since nothing could look into it", async () => {
		const client = await visit();
		const response = await client.request(`GET /broken-gzip HTTP/1.1\nHost: ${target}`);
		assert.equal(response.status, 502);
		assert.equal((await gateway.record(client.localPort)).faultCode, "CONTENT_ENCODING_MALFORMED");
	});

	test("a body that grows beyond the cap goes on, and the record says that it was not searched to its end", async () => {
		const client = await visit();
		const response = await client.request(`GET /bomb HTTP/1.1\nHost: ${target}`);
		assert.deepEqual([response.status, response.body.length], [200, gzipSync(Buffer.alloc(3_000_000)).length]);
		client.socket.end();
		const record = await gateway.record(client.localPort);
		assert.equal(record.findings[0]?.service, "content-decoding");
		assert.match(record.findings[0]?.name ?? "", /grows beyond 1048576 octets/);
	});
});

describe("requests", { concurrency: 8 }, () => {
	for (const { says, head, body, where } of [
		{ says: "the target", head: "GET /a?x=topsecretWORD HTTP/1.1", body: "", where: "url" },
		{ says: "the head", head: "GET / HTTP/1.1\nX: TopSecretWord", body: "", where: "request-headers" },
		{
			says: "a body",
			head: "POST /upload HTTP/1.1\nContent-Length: 17",
			body: "a=1&TopSecretWord",
			where: "request-body",
		},
		{
			says: "a chunked body",
			head: "POST /upload HTTP/1.1\nTransfer-Encoding: chunked",
			body: "6\r\nTopSec\r\n7\r\nretWord\r\n0\r\n\r\n",
			where: "request-body",
		},
	]) {
		test(`R6: a pattern in ${says} of the request gives a page, and the origin does not see it`, async () => {
			const client = await visit();
			const response = await client.request(`${head}\nHost: ${target}`, body);
			assert.equal(response.status, 403);
			await client.over();
			const record = await gateway.record(client.localPort);
			assert.deepEqual([record.findings[0]?.name, record.findings[0]?.where], ["secret", where]);
			// The query is not in the record: it may hold secrets.
			assert.ok(!JSON.stringify(record).toLowerCase().includes("topsecretword"));
		});
	}

	test("a pattern with a place of its own is found there and nowhere else", async () => {
		const client = await visit();
		const octets = Buffer.from([0, 255, 0, 254]);
		const elsewhere = await client.request(`GET /clean?${octets.toString("hex")} HTTP/1.1\nHost: ${target}`);
		assert.equal(elsewhere.status, 200);
		const upload = `POST /upload HTTP/1.1\nHost: ${target}\nContent-Length: ${octets.length}`;
		assert.equal((await client.request(upload, octets)).status, 403);
		assert.deepEqual(
			(await gateway.record(client.localPort)).findings.map(({ name }) => name),
			["upload"],
		);
	});

	test("a pattern that is only reported passes and stands in the record", async () => {
		const client = await visit();
		assert.equal((await client.request(`GET /clean?seen-only HTTP/1.1\nHost: ${target}`)).status, 200);
		client.socket.end();
		const [finding] = (await gateway.record(client.localPort)).findings;
		assert.deepEqual([finding?.name, finding?.verdict], ["watched", "report"]);
	});
});

test("requests that were clean are answered before the one that is blocked, on the same connection", async () => {
	const client = await visit();
	for (let count = 0; count < 3; count++) {
		assert.equal((await client.request(`GET /clean HTTP/1.1\nHost: ${target}`)).body.toString(), "nothing here");
	}
	assert.equal((await client.request(`GET /small HTTP/1.1\nHost: ${target}`)).status, 403);
	const record = await gateway.record(client.localPort);
	assert.equal(record.requests, 4);
});

test("a pipelined request that is blocked lets the answers before it arrive", async () => {
	const client = await visit();
	const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${target}\r\n\r\n`;
	client.send(get("/clean") + get("/small") + get("/clean"));
	assert.equal((await client.response()).body.toString(), "nothing here");
	await client.over();
	assert.ok(!client.received.includes("EICAR"));
});

test("the answer to HEAD is a head alone", async () => {
	const client = await visit();
	const response = await client.request(`HEAD /head HTTP/1.1\nHost: ${target}`);
	assert.equal(response.status, 403);
	await client.over();
	assert.equal(client.received.length, 0);
});
