import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { type FeedOrder, type FeedOutcome, type FetchSurroundings, fetchFeed } from "#daemon/feed-fetch.ts";
import { feedServer } from "../../test/support/feed-server.ts";

function newFile(t: TestContext): string {
	const folder = mkdtempSync(join(tmpdir(), "sallyport-feeds-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	return join(folder, "f");
}

function run(order: Partial<FeedOrder> & { url: string; file: string }, around: FetchSurroundings, totalMs = 20_000) {
	const whole: FeedOrder = {
		name: "f",
		credentials: undefined,
		known: {},
		maxOctets: 1_000_000,
		idleMs: 10_000,
		format: "text",
		maximumEntries: 1_000,
		...order,
	};
	return new Promise<FeedOutcome>((resolve) => fetchFeed(whole, around, totalMs, resolve));
}

test("a feed that was fetched stands in its file, with what is to be told of it", async (t) => {
	const file = newFile(t);
	const { url, surroundings } = await feedServer(t, (_, response) => {
		response.writeHead(200, { ETag: '"7"', "Content-Length": 18 }).end("evil.example\n--\n\n\n");
	});
	const text = "evil.example\n--\n\n\n";
	assert.deepEqual(await run({ url, file }, surroundings), {
		kind: "fetched",
		etag: '"7"',
		lastModified: undefined,
		account: { entries: 1, refused: 1, unsupported: 0 },
		size: 18,
		digest: hash("sha256", text, "hex"),
	});
	assert.equal(readFileSync(file, "utf8"), text);
	assert.deepEqual(readdirSync(dirname(file)), ["f"]);
});

test("what cannot be the feed leaves the file as it was", async (t) => {
	const file = newFile(t);
	const page = "<html>\n<p>\nSorry\n</p>\n</html>\n";
	const server = await feedServer(t, (_, response) => void response.end(page));
	writeFileSync(file, "before");
	const { url, surroundings } = server;
	const why = (outcome: FeedOutcome) => (outcome.kind === "failed" ? outcome.why : outcome.kind);
	const obstacle = "what it sent is not the feed: 4 of 5 entries are no address, name, URL or fingerprint";
	assert.equal(why(await run({ url, file }, surroundings)), obstacle);
	assert.equal(
		why(await run({ url, file, format: "stix" }, surroundings)),
		"what it sent is not the feed: it is not JSON",
	);
	server.answer = (_, response) => void response.end();
	assert.equal(why(await run({ url, file }, surroundings)), "what it sent is not the feed: it is empty");
	server.answer = () => undefined;
	assert.equal(why(await run({ url, file }, surroundings, 1_500)), "it was not fetched within 1.5 s");
	const gone = join(file, "nowhere");
	server.answer = (_, response) => void response.end("evil.example");
	assert.match(why(await run({ url, file: gone }, surroundings)), /^it cannot be kept: ENOTDIR/);
	assert.equal(readFileSync(file, "utf8"), "before");
});

test("a server is judged as servers of clients are: by name, by chain, by whose key it shows (V23)", async (t) => {
	const file = newFile(t);
	const why = async (url: string, around: FetchSurroundings) => {
		const outcome = await run({ url, file }, around);
		return outcome.kind === "failed" ? outcome.why : outcome.kind;
	};
	const wrong = await feedServer(t, (_, response) => void response.end("evil.example"), "other.test");
	assert.match(await why(wrong.url, wrong.surroundings), /^its server is not trusted: .*feeds\.test/);
	const unknown = await feedServer(t, (_, response) => void response.end("evil.example"));
	assert.match(await why(unknown.url, wrong.surroundings), /^its server is not trusted: /);
	const { publicKey } = unknown.ca.root.certificate;
	const impostor = { ...unknown.surroundings, ownAuthorities: new Set([hash("sha256", publicKey.raw, "hex")]) };
	assert.match(await why(unknown.url, impostor), /^its server is not trusted: /);
	assert.equal(existsSync(file), false);
	assert.equal(await why(unknown.url, unknown.surroundings), "fetched");
});

test("a fetch that is cancelled says nothing more and leaves no half of a file", async (t) => {
	const file = newFile(t);
	const { url, surroundings } = await feedServer(t, () => undefined);
	let isTold = false;
	const order = { name: "f", url, file, credentials: undefined, known: {}, maxOctets: 10, idleMs: 1_000 };
	const cancel = fetchFeed({ ...order, format: "text", maximumEntries: 10 }, surroundings, 20_000, () => {
		isTold = true;
	});
	cancel();
	cancel();
	await new Promise((resolve) => setTimeout(resolve, 300));
	assert.equal(isTold, false);
	assert.deepEqual(readdirSync(dirname(file)), []);
});
