/** Feeds that are fetched from a server: at the start, when they grow, when it fails, after a restart (R198). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { eventually, type Gateway, makeStateDirectory, runProgram, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const names = ["good", "evil", "worse"].map((name) => `${name}.test`);
const origin = await httpsOrigin(owner, ca.identity(names), (_, response) => response.end("fine"));
const asked: IncomingMessage[] = [];
let answer = (response: ServerResponse): void => void response.flushHeaders();
const feeds = await httpsOrigin(owner, ca.identity(["feeds.test"]), (request, response) => {
	asked.push(request);
	answer(response);
});
const indicator = (name: string, more = "") => {
	const pattern = `[domain-name:value = '${name}'${more}]`;
	return { type: "indicator", id: `indicator--${name}`, pattern, pattern_type: "stix", confidence: 90 };
};
const bundle = (...objects: readonly object[]) =>
	gzipSync(JSON.stringify({ type: "bundle", id: "bundle--1", objects }));
const serve =
	(body: Uint8Array | string, status = 200) =>
	(response: ServerResponse) => {
		response.writeHead(status, { "Content-Encoding": typeof body === "string" ? "identity" : "gzip" }).end(body);
	};

const state = makeStateDirectory(owner);
const start = () =>
	startGateway(owner, {
		state,
		trust: ca.root.pem,
		hosts: [...names, "feeds.test"],
		policies: `policy all { match { source-address any; destination-address any; application any; } then { permit {
			application-services { ssl-proxy { profile-name inspect; } security-intelligence-policy feeds; } } } }`,
		security: `
		pki { fetch-permitted-networks 127.0.0.0/8; }
		intelligence {
			feed far { category command-and-control; format stix; url "https://feeds.test:${feeds.port}/list?key=h1dden";
				authentication { token s3cret; header Auth-Key; } }
			profile names { category command-and-control; default-rule { then { action { recommended; } log; } } }
			policy feeds { profile names; }
		}`,
	});
let gateway: Gateway = await start();

async function get(name: string): Promise<number> {
	const client = await openTls(gateway, `${name}.test:${origin.port}`, { ALPNProtocols: ["http/1.1"] });
	const { status } = await client.request(`GET / HTTP/1.1\nHost: ${name}.test:${origin.port}\nConnection: close`);
	return status;
}

async function cli(command: string): Promise<string> {
	const { status, output } = await runProgram(owner, ["cli", "--state", state, "-c", command]);
	assert.equal(status, 0, output);
	return output;
}

/** Fetches now, and waits until the gateway has told of it. */
async function update(event: "FEED_FETCHED" | "FEED_NOT_FETCHED" | "FEED_LOADED", atLeast: number): Promise<void> {
	await cli("request security intelligence update feed-name far");
	await eventually(() => gateway.events(event).length >= atLeast, event);
}

test("a gateway whose feed's server says nothing starts, and passes what the feed would block", async () => {
	assert.equal(await get("evil"), 200);
	const [first] = await eventually(() => asked.length > 0 && asked, "the fetch");
	assert.equal(first?.headers["auth-key"], "s3cret");
});

test("R198: what is fetched blocks at every worker, and so does what it has grown by", async () => {
	answer = serve(bundle(indicator("evil.test"), indicator("worse.test", " AND x:y = 'z'")));
	for (const socket of feeds.sockets) socket.destroy();
	await eventually(() => gateway.events("FEED_NOT_FETCHED").length === 1, "the fetch that was cut");
	await update("FEED_FETCHED", 1);
	await eventually(() => gateway.events("FEED_LOADED").length >= 1, "the workers");
	await eventually(
		() =>
			get("evil").then(
				() => false,
				() => true,
			),
		"the block",
	);
	assert.deepEqual([await get("good"), await get("worse")], [200, 200]);
	assert.match(await cli("show security intelligence feeds"), /Entries: 1; 0 are none, 1 patterns are not understood/);
	answer = serve(bundle(indicator("evil.test"), indicator("worse.test")));
	await update("FEED_FETCHED", 2);
	await eventually(
		() =>
			get("worse").then(
				() => false,
				() => true,
			),
		"the block",
	);
});

test("a server that fails, answers with half or with too much takes nothing out of the feed", async () => {
	const whole = bundle(indicator("good.test"));
	const answers = [serve(whole.subarray(0, 40)), serve(gzipSync(Buffer.alloc(70_000_000)))];
	for (const [index, next] of answers.entries()) {
		answer = next;
		await update("FEED_NOT_FETCHED", index + 2);
	}
	assert.deepEqual(
		gateway
			.events("FEED_NOT_FETCHED")
			.slice(1)
			.map(({ fields }) => fields.reason.replace(/; that of .* is kept$/, "")),
		["its answer cannot be unpacked: Z_BUF_ERROR", "its answer has more than 67108864 octets; see maximum-size"],
	);
	await assert.rejects(get("evil"));
	assert.equal(await get("good"), 200);
});

test("matches are counted by feed", async () => {
	const text = await eventually(async () => {
		const told = await cli("show security intelligence statistics");
		return /\nfar +command-and-control +[1-9]\d* +0\n/.test(told) && told;
	}, "the count");
	assert.match(text, /^Matches since /);
});

test("a gateway that starts again while the server fails blocks by what was fetched before", async () => {
	await gateway.stop();
	answer = serve("gone", 503);
	gateway = await start();
	await assert.rejects(get("evil"));
	await assert.rejects(get("worse"));
	assert.equal(await get("good"), 200);
	const shown = JSON.parse(await cli("show security intelligence feeds | display json")).feeds[0];
	assert.deepEqual([shown.url, shown.read.entries], [`https://feeds.test:${feeds.port}/list`, 2]);
});

test("the feed's secrets stand in no log, no event and no answer of a command", async () => {
	const { output } = await runProgram(owner, ["sessions", "--state", state, "--json"]);
	const told = [output, readFileSync(join(state, "sallyport.log"), "utf8")].join("\n");
	assert.match(told, /FEED_NOT_FETCHED/);
	assert.doesNotMatch(told, /s3cret|h1dden/);
});
