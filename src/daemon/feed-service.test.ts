import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Secret } from "#base/secret.ts";
import { FeedService } from "#daemon/feed-service.ts";
import type { FeedSource } from "#inspect/compile-precedence.ts";
import { formatEvent, type GatewayEvent } from "#telemetry/event-table.ts";
import { type FeedAnswer, feedServer } from "../../test/support/feed-server.ts";
import { eventually } from "../../test/support/gateway.ts";

const minute = 60_000;
const list = (text: string): FeedAnswer => {
	return ({ headers }, response) => {
		const etag = `"${text.length}"`;
		if (headers["if-none-match"] === etag) return void response.writeHead(304).end();
		response.writeHead(200, { ETag: etag, "Content-Length": text.length }).end(text);
	};
};

async function setUp(t: TestContext, answer: FeedAnswer) {
	const directory = mkdtempSync(join(tmpdir(), "sallyport-feeds-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	const server = await feedServer(t, answer);
	const desk = { now: Date.parse("2026-11-30T10:00:00Z"), events: [] as GatewayEvent[], changes: 0 };
	const source: FeedSource = {
		name: "bad",
		url: server.url,
		file: "bad-1",
		credentials: undefined,
		format: "text",
		maximumEntries: 100,
		maxOctets: 10_000,
		updateMs: 10 * minute,
	};
	const start = () => {
		const service = new FeedService({
			directory,
			surroundings: () => server.surroundings,
			changed: () => desk.changes++,
			event: (event) => desk.events.push(event),
			now: () => desk.now,
			random: () => 0.5,
		});
		t.after(() => service.stop());
		return service;
	};
	const texts = () => desk.events.map(formatEvent);
	/** What is due is fetched; resolves when nothing runs any more. */
	const settle = async (service: FeedService, sources = [source]) => {
		service.configure(sources);
		await eventually(
			() => service.views().every(({ isFetching, dueAt }) => !isFetching && dueAt > desk.now),
			"the fetches",
		);
	};
	return { directory, server, desk, source, start, texts, settle };
}

test("a feed is fetched at once, then by its interval; what did not change tells nothing and reads nothing anew", async (t) => {
	const { directory, server, desk, start, texts, settle } = await setUp(t, list("evil.example\n"));
	const service = start();
	await settle(service);
	assert.equal(readFileSync(join(directory, "bad-1"), "utf8"), "evil.example\n");
	assert.deepEqual(texts(), [
		"feed bad was fetched and is another one: 13 octets, 1 entries, 0 are none, 0 patterns are not understood",
	]);
	assert.equal(service.views()[0]?.dueAt, desk.now + 10 * minute);
	desk.now += 9 * minute;
	await settle(service);
	assert.equal(server.requests.length, 1);
	desk.now += minute;
	await settle(service);
	assert.deepEqual(
		[server.requests.length, server.requests[1]?.headers["if-none-match"], desk.changes],
		[2, '"13"', 1],
	);
	server.answer = list("evil.example\nworse.example\n");
	assert.equal(service.update("other"), 0);
	assert.equal(service.update("bad"), 1);
	await eventually(() => desk.changes === 2, "the feed that grew");
	assert.equal(service.views()[0]?.state?.entries, 2);
});

test("a gateway that starts again has the feed, asks when it is due, and takes no file for whole that is not", async (t) => {
	const { directory, server, desk, start, settle } = await setUp(t, list("evil.example\n"));
	const first = start();
	await settle(first);
	first.stop();
	desk.now += 5 * minute;
	await settle(start());
	assert.deepEqual([server.requests.length, desk.changes], [1, 1]);
	writeFileSync(join(directory, "bad-1"), "evil");
	await settle(start());
	assert.deepEqual([server.requests.length, server.requests[1]?.headers["if-none-match"]], [2, undefined]);
	assert.equal(readFileSync(join(directory, "bad-1"), "utf8"), "evil.example\n");
});

test("a server that fails leaves the feed as it was; it is asked again ever later, and told once for each reason", async (t) => {
	const { directory, server, desk, start, texts, settle } = await setUp(t, list("evil.example\n"));
	const service = start();
	await settle(service);
	server.answer = (_, response) => void response.writeHead(503).end();
	desk.now += 10 * minute;
	const pauses: number[] = [];
	for (let at = 0; at < 6; at++) {
		await settle(service);
		pauses.push(((service.views()[0]?.dueAt ?? 0) - desk.now) / minute);
		desk.now = service.views()[0]?.dueAt ?? 0;
	}
	assert.deepEqual(pauses, [1, 2, 4, 8, 10, 10]);
	server.answer = (_, response) => void response.end("<html>\n<p>\n</p>\n");
	await settle(service);
	assert.deepEqual(texts().slice(1), [
		"feed bad was not fetched: it answered 503; that of 2026-11-30T10:00:00Z is kept",
		"feed bad is old: its server last said at 2026-11-30T10:00:00Z that it is the newest",
		"feed bad was not fetched: what it sent is not the feed: 3 of 3 entries are no address, name, URL or fingerprint; that of 2026-11-30T10:00:00Z is kept",
	]);
	assert.equal(readFileSync(join(directory, "bad-1"), "utf8"), "evil.example\n");
	assert.deepEqual([service.views()[0]?.isStale, desk.changes], [true, 1]);
	server.answer = list("evil.example\nworse.example\n");
	desk.now = service.views()[0]?.dueAt ?? 0;
	await settle(service);
	assert.deepEqual([service.views()[0]?.isStale, service.views()[0]?.failure, desk.changes], [false, undefined, 2]);
});

test("a feed that was never fetched says so, and its secret stands in no event and no file", async (t) => {
	const { directory, server, source, start, texts, settle } = await setUp(t, ({ headers }, response) => {
		response.writeHead(headers["x-key"] === "s3cret" ? 500 : 401).end();
	});
	const credentials = { field: "X-Key", value: new Secret("s3cret") };
	const service = start();
	await settle(service, [{ ...source, credentials }]);
	assert.deepEqual(texts(), ["feed bad was not fetched: it answered 500; there is no earlier one"]);
	assert.equal(server.requests[0]?.headers["x-key"], "s3cret");
	assert.doesNotMatch(JSON.stringify([texts(), service.views()]), /s3cret/);
	assert.deepEqual(readdirSync(directory), []);
});

test("other statements fetch all of it anew; feeds that are gone take their files along, and what runs is ended", async (t) => {
	const { directory, server, source, start, settle } = await setUp(t, list("evil.example\n"));
	writeFileSync(join(directory, "old-2"), "x");
	const service = start();
	await settle(service);
	assert.deepEqual(readdirSync(directory), ["bad-1", "bad-1.json"]);
	await settle(service, [{ ...source, format: "csv" }]);
	assert.deepEqual([server.requests.length, server.requests[1]?.headers["if-none-match"]], [2, undefined]);
	server.answer = () => undefined;
	service.configure([
		{ ...source, format: "csv" },
		...["a", "b", "c"].map((name) => ({ ...source, name, file: `${name}-1` })),
	]);
	assert.deepEqual(
		service.views().map(({ name, isFetching }) => `${name} ${isFetching}`),
		["bad false", "a true", "b true", "c false"],
	);
	service.configure([]);
	assert.deepEqual([service.views(), readdirSync(directory)], [[], []]);
});
