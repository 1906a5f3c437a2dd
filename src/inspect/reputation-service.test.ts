import assert from "node:assert/strict";
import { test } from "node:test";
import { ExchangeInspection } from "#inspect/exchange-inspection.ts";
import { FeedTable } from "#inspect/feed-table.ts";
import { Http1Stream } from "#inspect/http1-stream.ts";
import { stop } from "#inspect/plaintext-stream.ts";
import type { ReputationPolicy, ReputationVerdict } from "#inspect/reputation.ts";
import { ReputationService } from "#inspect/reputation-service.ts";
import type { InspectionService } from "#inspect/service.ts";
import { requestHead } from "../../test/support/http-heads.ts";

const policy: ReputationPolicy = [
	{ name: "p", category: "url", rules: [], otherwise: { action: "close", isLogged: true } },
];
const feed = new FeedTable();
feed.add("f", "site.example/bad", 9);

function service(asked?: string): { one: ReputationService; told: ReputationVerdict[] } {
	const told: ReputationVerdict[] = [];
	return {
		one: new ReputationService(
			policy,
			() => new Map([["url", feed]]),
			(verdict) => told.push(verdict),
			asked,
		),
		told,
	};
}

test("a request is judged by host and path, in origin and absolute form", () => {
	const { one, told } = service();
	assert.equal(one.requestHead(requestHead(["GET /bad?x HTTP/1.1", "Host: Site.example:443"]))?.verdict, "block");
	assert.equal(
		one.requestHead(requestHead(["GET http://site.example/bad HTTP/1.1", "Host: site.example"]))?.verdict,
		"block",
	);
	assert.equal(one.requestHead(requestHead(["GET /good HTTP/1.1", "Host: site.example"])), undefined);
	assert.equal(told.length, 2);
	assert.equal(one.requestHead(requestHead(["OPTIONS * HTTP/1.1", "Host: site.example"])), undefined);
});

test("a request that names no site, or one with a port that is none, is judged all the same", () => {
	const { one } = service("site.example");
	assert.equal(one.requestHead(requestHead(["GET /bad HTTP/1.0"]))?.verdict, "block");
	for (const port of [":0", ":99999", ":"]) {
		const head = requestHead(["GET /bad HTTP/1.1", `Host: site.example${port}`]);
		assert.equal(service().one.requestHead(head)?.verdict, "block", port);
	}
	assert.equal(service().one.requestHead(requestHead(["GET /bad HTTP/1.0"])), undefined);
});

/** Blocks by octets as they come, before a head is read. */
const early: InspectionService = {
	name: "early",
	open: () => ({
		raw: (_, octets) =>
			Buffer.from(octets).includes("bad") ? { name: "raw", place: "stream-to-server", verdict: "block" } : undefined,
		octets: () => undefined,
		ended: () => undefined,
	}),
};

test("R204: a signature about octets as they come does not go before the URL in them; without a hit it blocks as before", () => {
	const request = (path: string) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: site.example\r\n\r\n`, "latin1");
	for (const [path, service_] of [
		["/bad", "reputation"],
		["/other/bad", "early"],
	] as const) {
		const stream = new Http1Stream([service().one, early], "0123456789abcdef", 1_000);
		assert.equal(stream.fromClient(request(path)), stop);
		assert.equal(stream.findings.find(({ verdict }) => verdict === "block")?.service, service_);
		assert.match(Buffer.from(stream.stop?.answer ?? []).toString("latin1"), /^HTTP\/1\.1 403/);
	}
});

test("what is only recorded goes on to the services behind", () => {
	const permit: ReputationPolicy = [
		{ name: "p", category: "url", rules: [], otherwise: { action: "permit", isLogged: true } },
	];
	const one = new ReputationService(
		permit,
		() => new Map([["url", feed]]),
		() => {},
	);
	const exchange = new ExchangeInspection([one], [], 1_000);
	assert.equal(exchange.requestHead(requestHead(["GET /bad HTTP/1.1", "Host: site.example"])), false);
});

test("what a rule lets pass without a word is counted, and no finding", () => {
	const told: ReputationVerdict[] = [];
	const quiet: ReputationPolicy = [
		{ name: "p", category: "url", rules: [], otherwise: { action: "permit", isLogged: false } },
	];
	const one = new ReputationService(
		quiet,
		() => new Map([["url", feed]]),
		(verdict) => told.push(verdict),
	);
	assert.equal(one.requestHead(requestHead(["GET /bad HTTP/1.1", "Host: site.example"])), undefined);
	assert.deepEqual([told.length, told[0]?.hit.feed, told[0]?.isBlock], [1, "f", false]);
});
