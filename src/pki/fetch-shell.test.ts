import assert from "node:assert/strict";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import { type Address, type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { Fetcher, type FetchLimits, type FetchOrder, type FetchOutcome, type LookUp } from "#pki/fetch-shell.ts";
import type { FetchGuard } from "#pki/fetch-target.ts";

const here = parsePrefix("127.0.0.1/32") as Prefix;
const open: FetchGuard = { permitted: [here], isOwnListener: () => false };
const closed: FetchGuard = { permitted: [], isOwnListener: () => false };
const limits: FetchLimits = { maxAtOnce: 8, maxPerHost: 8, maxQueued: 8, keepFailureMs: 60_000 };
const answers: Record<string, string> = { "name.test": "127.0.0.1", "inside.test": "10.0.0.1" };
const lookUp: LookUp = (host, answer) => {
	const address = parseAddress(answers[host] ?? host);
	answer(address === undefined ? `host ${host} has no address` : [address]);
};

/** A server that does with each connection what the test says; answers its port. */
async function raw(onSocket: (socket: Socket) => void): Promise<number> {
	const sockets = new Set<Socket>();
	const server = createServer((socket) => {
		sockets.add(socket);
		socket.on("error", () => undefined);
		onSocket(socket);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	after(() => {
		server.close();
		for (const socket of sockets) socket.destroy();
	});
	return (server.address() as AddressInfo).port;
}

async function web(onRequest: RequestListener): Promise<{ readonly port: number; readonly heads: string[] }> {
	const heads: string[] = [];
	const server = createHttpServer((request, response) => {
		heads.push(`${request.method} ${request.url}`);
		onRequest(request, response);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	after(() => {
		server.close();
		server.closeAllConnections();
	});
	return { port: (server.address() as AddressInfo).port, heads };
}

function fetcher(guard = open, more: Partial<FetchLimits> = {}, by: LookUp = lookUp) {
	const ended: FetchOutcome[] = [];
	return { ended, fetcher: new Fetcher(guard, by, (outcome) => ended.push(outcome), { ...limits, ...more }) };
}

function order(url: string, more: Partial<FetchOrder> = {}): FetchOrder {
	return { url, maxOctets: 1_000, timeoutMs: 3_000, mayBePrivate: false, ...more };
}

async function why(outcome: Promise<FetchOutcome>): Promise<string> {
	const got = await outcome;
	assert.equal(got.kind, "failed");
	return got.kind === "failed" ? got.why : "";
}

async function octets(outcome: Promise<FetchOutcome>): Promise<string> {
	const got = await outcome;
	assert.equal(got.kind, "fetched", got.kind === "failed" ? got.why : "");
	return got.kind === "fetched" ? got.octets.toString() : "";
}

describe("a fetch", () => {
	test("gets what is there, names the host that it asks and nothing about itself", async () => {
		let headers: string[] = [];
		const { port, heads } = await web((request, response) => {
			headers = request.rawHeaders;
			response.end("answer");
		});
		assert.equal(await octets(fetcher().fetcher.fetch(order(`http://name.test:${port}/a?b`))), "answer");
		assert.deepEqual(heads, ["GET /a?b"]);
		const wanted = ["Host", `name.test:${port}`, "Accept", "*/*", "Accept-Encoding", "identity", "Connection", "close"];
		assert.deepEqual(headers, wanted);
	});

	test("posts a body with its type", async () => {
		const { port } = await web((request, response) => {
			request.on("data", (chunk: Buffer) =>
				response.end(`${request.method} ${request.headers["content-type"]} ${chunk}`),
			);
		});
		const post = { contentType: "application/ocsp-request", body: Buffer.from("question") };
		const answer = await octets(fetcher().fetcher.fetch(order(`http://127.0.0.1:${port}/`, { post })));
		assert.equal(answer, "POST application/ocsp-request question");
	});

	for (const [what, body, expected] of [
		["says that it is too large", "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", /more than 1000 octets/],
		["is too large without saying so", `HTTP/1.1 200 OK\r\n\r\n${"x".repeat(1001)}`, /more than 1000 octets/],
		["is cut short", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", /cut short|connection/],
		["is compressed", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nx", /is encoded/],
		["is an error", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", /answered 500/],
		["is no HTTP", "\x16\x03\x01\x00\x02\x02\x46", /HPE_|connection/],
		["has a huge head", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, /HPE_HEADER_OVERFLOW/],
		["changes the protocol", "HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", /connection|closed/],
		["is nothing", "", /connection/],
		["redirects to nowhere", "HTTP/1.1 302 Go\r\nContent-Length: 0\r\n\r\n", /answered 302/],
		["redirects to https", "HTTP/1.1 302 Go\r\nLocation: https://x.test/\r\n\r\n", /only http:/],
		["redirects to a file", "HTTP/1.1 302 Go\r\nLocation: file:///etc/passwd\r\n\r\n", /only http:/],
	] as const) {
		test(`fails when the answer ${what}`, async () => {
			const port = await raw((socket) => socket.once("data", () => socket.end(body, "latin1")));
			assert.match(await why(fetcher().fetcher.fetch(order(`http://127.0.0.1:${port}/`))), expected);
		});
	}

	test("ends at its deadline although octets keep coming", async () => {
		const port = await raw((socket) => {
			socket.write("HTTP/1.1 200 OK\r\n\r\n");
			const timer = setInterval(() => socket.write("x"), 20);
			socket.on("close", () => clearInterval(timer));
		});
		const failure = await why(fetcher().fetcher.fetch(order(`http://127.0.0.1:${port}/`, { timeoutMs: 200 })));
		assert.equal(failure, "it did not answer within 0.2 s");
	});

	test("ends at its deadline when the server says nothing, when a name has no end, and while it waits for its turn", async () => {
		const port = await raw(() => undefined);
		const { fetcher: one } = fetcher(open, { maxAtOnce: 1 }, (host, answer) => {
			if (host !== "silent.test") lookUp(host, answer);
		});
		const all = ["http://silent.test/", `http://127.0.0.1:${port}/a`, `http://127.0.0.1:${port}/b`];
		const failures = await Promise.all(all.map((url) => why(one.fetch(order(url, { timeoutMs: 150 })))));
		for (const failure of failures) assert.match(failure, /did not answer/);
		assert.deepEqual([one.size.running, one.size.queued], [0, 0]);
	});

	test("tries the next address when one refuses the connection", async () => {
		const { port } = await web((_, response) => response.end("second"));
		const permitted = [parsePrefix("127.0.0.0/8") as Prefix];
		const both = ["127.99.0.1", "127.0.0.1"].map((text) => parseAddress(text) as Address);
		const { fetcher: one } = fetcher({ ...open, permitted }, {}, (_, answer) => answer(both));
		assert.equal(await octets(one.fetch(order(`http://two.test:${port}/`))), "second");
	});
});

describe("a target that is not allowed (F14)", () => {
	for (const [what, url] of [
		["loopback", "http://127.0.0.1:PORT/"],
		["loopback in another notation", "http://2130706433:PORT/"],
		["a name that leads to loopback", "http://name.test:PORT/"],
		["loopback behind an IPv6 address", "http://[::ffff:127.0.0.1]:PORT/"],
	] as const) {
		test(`${what} is never connected to`, async () => {
			let connections = 0;
			const port = await raw(() => connections++);
			const failure = await why(fetcher(closed).fetcher.fetch(order(url.replace("PORT", String(port)))));
			assert.match(failure, /may not be asked: .*loopback/);
			assert.equal(connections, 0);
		});
	}

	test("a redirect to loopback is not followed", async () => {
		let connections = 0;
		const inside = await raw(() => connections++);
		const { port } = await web((_, response) =>
			response.writeHead(302, { Location: `http://127.0.0.2:${inside}/` }).end(),
		);
		const failure = await why(fetcher().fetcher.fetch(order(`http://127.0.0.1:${port}/`)));
		assert.match(failure, /127\.0\.0\.2 is a loopback address/);
		assert.equal(connections, 0);
	});

	test("a name whose second answer is loopback gains nothing: it is asked once and the connection goes there", async () => {
		let asked = 0;
		let connections = 0;
		const port = await raw(() => connections++);
		const rebinding: LookUp = (_, answer) =>
			answer([parseAddress(asked++ === 0 ? "10.9.9.9" : "127.0.0.1") as Address]);
		const failure = await why(fetcher(closed, {}, rebinding).fetcher.fetch(order(`http://name.test:${port}/`)));
		assert.match(failure, /10\.9\.9\.9 is a private address/);
		assert.deepEqual([asked, connections], [1, 0]);
	});

	test("the gateway's own listener is refused even where its network is permitted", async () => {
		const { port } = await web((_, response) => response.end());
		const guard = { ...open, isOwnListener: (_: Address, at: number) => at === port };
		assert.match(await why(fetcher(guard).fetcher.fetch(order(`http://127.0.0.1:${port}/`))), /the gateway itself/);
	});

	test("a host that the operator named may redirect to none that is private", async () => {
		const { port } = await web((_, response) => response.writeHead(301, { Location: "http://inside.test/" }).end());
		const failure = await why(fetcher().fetcher.fetch(order(`http://127.0.0.1:${port}/`, { mayBePrivate: true })));
		assert.match(failure, /10\.0\.0\.1 is a private address/);
	});
});

describe("redirects", () => {
	test("are followed three times and not four", async () => {
		const { port, heads } = await web((request, response) => {
			const left = Number(request.url?.slice(1));
			if (left === 0) response.end("there");
			else response.writeHead(307, { Location: `/${left - 1}` }).end();
		});
		assert.equal(await octets(fetcher().fetcher.fetch(order(`http://127.0.0.1:${port}/3`))), "there");
		assert.equal(heads.length, 4);
		assert.match(await why(fetcher().fetcher.fetch(order(`http://127.0.0.1:${port}/4`))), /more than 3 times/);
	});

	test("of a question that was posted are not followed", async () => {
		const { port } = await web((_, response) => response.writeHead(307, { Location: "/x" }).end());
		const post = { contentType: "a/b", body: Buffer.from("x") };
		assert.match(await why(fetcher().fetcher.fetch(order(`http://127.0.0.1:${port}/`, { post }))), /answered 307/);
	});
});

describe("many at once", () => {
	test("a hundred who ask for the same cause one request", async () => {
		const { port, heads } = await web((_, response) => setTimeout(() => response.end("one"), 50));
		const { fetcher: one, ended } = fetcher();
		const all = Array.from({ length: 100 }, () => octets(one.fetch(order(`http://127.0.0.1:${port}/`))));
		assert.deepEqual(new Set(await Promise.all(all)), new Set(["one"]));
		assert.deepEqual([heads.length, ended.length], [1, 1]);
	});

	test("what failed is not asked again until it is forgotten", async () => {
		const { port, heads } = await web((_, response) => response.writeHead(404).end());
		const { fetcher: one } = fetcher();
		for (let round = 0; round < 3; round++)
			assert.match(await why(one.fetch(order(`http://127.0.0.1:${port}/`))), /answered 404/);
		assert.equal(heads.length, 1);
		one.configure(open, lookUp);
		await one.fetch(order(`http://127.0.0.1:${port}/`));
		assert.equal(heads.length, 2);
	});

	test("no host has more than its share, all have no more than the limit, and the queue has an end", async () => {
		let most = 0;
		let now = 0;
		const { port } = await web((_, response) => {
			most = Math.max(most, ++now);
			setTimeout(() => {
				now--;
				response.end();
			}, 30);
		});
		const { fetcher: one } = fetcher(open, { maxAtOnce: 3, maxPerHost: 2, maxQueued: 4 });
		const all = Array.from({ length: 8 }, (_, index) => one.fetch(order(`http://127.0.0.1:${port}/${index}`)));
		assert.deepEqual([one.size.running, one.size.queued], [2, 4]);
		const outcomes = await Promise.all(all);
		assert.equal(outcomes.filter(({ kind }) => kind === "fetched").length, 6);
		assert.equal(
			outcomes.filter((outcome) => outcome.kind === "failed" && /too many other/.test(outcome.why)).length,
			2,
		);
		assert.equal(most, 2);
		assert.deepEqual([one.size.running, one.size.queued], [0, 0]);
	});

	test("failures are remembered for so many addresses and no more", async () => {
		const { fetcher: one } = fetcher(closed);
		for (let index = 0; index < 5_000; index++) await one.fetch(order(`http://127.0.0.1/${index}`));
		assert.equal(one.size.failures, 4_096);
	});
});
