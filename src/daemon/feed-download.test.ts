import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { type DownloadOrder, type DownloadPorts, download } from "#daemon/feed-download.ts";
import type { FetchGuard } from "#pki/fetch-target.ts";
import { httpsOrigin, TestCa, tcpOrigin } from "../../test/support/origins.ts";

const ca = new TestCa();
const identity = ca.identity(["feeds.test", "other.test"]);
const loopback = { permitted: [parsePrefix("127.0.0.0/8") as Prefix], isOwnListener: () => false };
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function served(t: TestContext, answer: Answer, guard: FetchGuard = loopback) {
	const { port } = await httpsOrigin(t, identity, answer);
	const ports: DownloadPorts = {
		guard,
		lookUp: (host, found) =>
			found(host.endsWith(".test") ? [parseAddress("127.0.0.1")].flatMap((a) => a ?? []) : "no such host"),
		roots: () => [ca.root.pem],
		distrust: (socket) => (socket.authorized ? undefined : String(socket.authorizationError)),
	};
	const ask = (path: string, order: Partial<DownloadOrder> = {}) =>
		download(
			{
				url: `https://feeds.test:${port}${path}`,
				credentials: undefined,
				known: {},
				maxOctets: 1_000,
				idleMs: 5_000,
				...order,
			},
			ports,
		);
	return { ask, port, ports };
}

const failed = (why: string) => ({ kind: "failed", why });

test("a feed is fetched with what the server calls it, and asked for by that the next time", async (t) => {
	const seen: string[] = [];
	const { ask } = await served(t, ({ headers }, response) => {
		seen.push(`${headers["if-none-match"]} ${headers["if-modified-since"]} ${headers.authorization}`);
		if (headers["if-none-match"] === '"1"') return response.writeHead(304).end();
		response
			.writeHead(200, { ETag: '"1"', "Last-Modified": "Mon, 30 Nov 2026 10:00:00 GMT", "Content-Length": 2 })
			.end("ab");
	});
	const first = await ask("/");
	assert.deepEqual(first, {
		kind: "fetched",
		octets: Buffer.from("ab"),
		etag: '"1"',
		lastModified: "Mon, 30 Nov 2026 10:00:00 GMT",
	});
	assert.deepEqual(await ask("/", { known: first as { etag: string } }), { kind: "unchanged" });
	assert.deepEqual(seen, ["undefined undefined undefined", '"1" Mon, 30 Nov 2026 10:00:00 GMT undefined']);
});

test("what is packed is unpacked, by the server's word or by its own; what is packed badly or too well is refused", async (t) => {
	const packed = gzipSync("evil.example");
	const files: Readonly<Record<string, Buffer>> = {
		"/plain": packed,
		"/cut": packed.subarray(0, 25),
		"/bomb": gzipSync(Buffer.alloc(1_000_000)),
	};
	const { ask } = await served(t, ({ url = "" }, response) => {
		if (url === "/br") return response.writeHead(200, { "Content-Encoding": "br" }).end("x");
		if (url === "/coded") response.setHeader("Content-Encoding", "gzip");
		response.end(files[url] ?? packed);
	});
	for (const path of ["/coded", "/plain"]) {
		const outcome = await ask(path);
		assert.equal(outcome.kind === "fetched" && outcome.octets.toString(), "evil.example");
	}
	assert.deepEqual(await ask("/cut"), failed("its answer cannot be unpacked: Z_BUF_ERROR"));
	assert.deepEqual(await ask("/bomb"), failed("its answer has more than 1000 octets; see maximum-size"));
	assert.deepEqual(await ask("/br"), failed("its answer is encoded in a way that was not asked for"));
});

test("what is too large, cut short, without an end, slow or refused is not taken", async (t) => {
	const { ask } = await served(t, ({ url }, response) => {
		const { socket } = response;
		if (url === "/length") return response.writeHead(200, { "Content-Length": 1_001 }).end();
		if (url === "/chunks") return void response.end(Buffer.alloc(1_001));
		if (url === "/short") {
			response.writeHead(200, { "Content-Length": 100 }).write("half");
			return void setTimeout(() => socket?.end(), 20);
		}
		if (url === "/chunk-short") {
			response.write("half");
			return void setTimeout(() => socket?.destroy(), 20);
		}
		if (url === "/endless") return void socket?.end("HTTP/1.1 200 OK\r\n\r\nhalf");
		if (url === "/stuck") return void response.writeHead(200, { "Content-Length": 100 }).write("half");
		if (url === "/silent") return;
		if (url === "/odd") return void socket?.end("HTTP/2 what\r\n\r\n");
		response.writeHead(404).end("evil.example");
	});
	assert.deepEqual(await ask("/length"), failed("its answer has more than 1000 octets; see maximum-size"));
	assert.deepEqual(await ask("/chunks"), failed("its answer has more than 1000 octets; see maximum-size"));
	assert.deepEqual(await ask("/short"), failed("its answer was cut short"));
	assert.deepEqual(await ask("/chunk-short"), failed("its answer was cut short"));
	assert.deepEqual(await ask("/endless"), failed("its answer does not tell where it ends"));
	assert.deepEqual(await ask("/stuck", { idleMs: 200 }), failed("its answer stopped on the way"));
	assert.deepEqual(
		await ask("/silent", { idleMs: 200 }),
		failed("the connection failed: it did not answer within 0.2 s"),
	);
	assert.deepEqual(await ask("/odd"), failed("the connection failed: HPE_INVALID_VERSION"));
	assert.deepEqual(await ask("/gone"), failed("it answered 404"));
});

test("redirects are followed, not from TLS into the clear, not without end; nobody but the server that was named is told the secret", async (t) => {
	const seen: string[] = [];
	const { ask, port } = await served(t, ({ url, headers }, response) => {
		seen.push(`${headers.host} ${headers["x-key"]}`);
		const to = (location: string) => response.writeHead(302, { Location: location }).end();
		if (url === "/same") return to("/end");
		if (url === "/other") return to(`https://other.test:${port}/end`);
		if (url === "/clear") return to(`http://feeds.test:${port}/end`);
		if (url === "/round") return to("/round");
		if (url === "/user") return to(`https://a:b@feeds.test:${port}/end`);
		response.end("ok");
	});
	const credentials = { field: "X-Key", value: "s3cret" };
	assert.equal((await ask("/same", { credentials })).kind, "fetched");
	assert.equal((await ask("/other", { credentials })).kind, "fetched");
	const [feeds, other] = [`feeds.test:${port}`, `other.test:${port}`];
	assert.deepEqual(seen, [`${feeds} s3cret`, `${feeds} s3cret`, `${feeds} s3cret`, `${other} undefined`]);
	assert.deepEqual(await ask("/clear"), failed("it redirects from https to http"));
	assert.deepEqual(await ask("/round"), failed("it redirects more than 3 times"));
	assert.deepEqual(await ask("/user"), failed("it redirects, and its address holds a user"));
});

test("F14: a host that was named may be private, one that it redirects to may not, and neither is the gateway itself", async (t) => {
	const asked: string[] = [];
	const answer: Answer = ({ url = "" }, response) => {
		asked.push(url);
		response.end();
	};
	const closed = await served(t, answer, { permitted: [], isOwnListener: () => false });
	assert.deepEqual(await closed.ask("/"), failed("it may not be asked: 127.0.0.1 is a loopback address"));
	const own = await served(t, answer, { ...loopback, isOwnListener: () => true });
	assert.deepEqual(await own.ask("/"), failed("it may not be asked: 127.0.0.1 is the gateway itself"));
	assert.deepEqual(await own.ask("/", { url: "https://nowhere.example/" }), failed("no such host"));
	assert.deepEqual(asked, []);
});

test("a server that is not trusted is told nothing, not even what is asked for", async (t) => {
	let requests = 0;
	const { port, ports } = await served(t, (_, response) => {
		requests++;
		response.end();
	});
	const credentials = { field: "X-Key", value: "s3cret" };
	const order = { url: `https://feeds.test:${port}/`, credentials, known: {}, maxOctets: 10, idleMs: 5_000 };
	const outcome = await download(order, { ...ports, roots: () => [] });
	assert.match(outcome.kind === "failed" ? outcome.why : "", /^its server is not trusted: /);
	assert.equal(requests, 0);
});

test("a secret that no field can hold is no word of the reason", async (t) => {
	const { ask } = await served(t, (_, response) => response.end());
	const outcome = await ask("/", { credentials: { field: "X-Key", value: "se\ncret" } });
	assert.deepEqual(outcome, failed("ERR_INVALID_CHAR"));
});

test("a server that speaks no TLS, or goes away, is told of", async (t) => {
	const { ports } = await served(t, () => undefined);
	const clear = await tcpOrigin(t, (socket) => socket.end("220 hello\r\n"));
	const order = { credentials: undefined, known: {}, maxOctets: 10, idleMs: 5_000 };
	const outcome = await download({ ...order, url: `https://feeds.test:${clear.port}/` }, ports);
	assert.match(outcome.kind === "failed" ? outcome.why : "", /^the connection failed: /);
	const nobody = await download({ ...order, url: "https://feeds.test:1/" }, ports);
	assert.deepEqual(nobody, failed("the connection failed: ECONNREFUSED"));
	assert.equal((await download({ ...order, url: "ftp://feeds.test/" }, ports)).kind, "failed");
});

test("a feed in clear is fetched, and who asks for it is not told", async (t) => {
	const { ports } = await served(t, () => undefined);
	let asked = "";
	const clear = await tcpOrigin(t, (socket) => {
		socket.on("data", (octets) => {
			asked += `${octets}`;
			if (asked.endsWith("\r\n\r\n")) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab");
		});
	});
	const credentials = { field: "X-Key", value: "s3cret" };
	const order = { url: `http://feeds.test:${clear.port}/a?b`, credentials, known: {}, maxOctets: 10, idleMs: 5_000 };
	const outcome = await download(order, ports);
	assert.equal(outcome.kind === "fetched" && `${outcome.octets}`, "ab");
	assert.match(asked, new RegExp(`^GET /a\\?b HTTP/1\\.1\\r\\nHost: feeds\\.test:${clear.port}\\r\\n`));
	assert.doesNotMatch(asked, /s3cret/);
});
