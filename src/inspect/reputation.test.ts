import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { FeedTable } from "#inspect/feed-table.ts";
import {
	certificateFingerprints,
	type FeedCategory,
	type FeedTables,
	hitsOf,
	judgeCertificate,
	judgeConnection,
	judgeRequest,
	type ReputationAction,
	type ReputationPolicy,
} from "#inspect/reputation.ts";

const address = (text: string) => parseAddress(text) as Address;

function tables(entries: Partial<Record<FeedCategory, readonly (readonly [string, number])[]>>): FeedTables {
	return new Map(
		Object.entries(entries).map(([category, list]) => {
			const table = new FeedTable();
			for (const [entry, level] of list) table.add("feed-a", entry, level);
			return [category as FeedCategory, table];
		}),
	);
}

function profile(category: FeedCategory, action: ReputationAction | undefined, isLogged = false): ReputationPolicy {
	return [{ name: "p", category, rules: [], otherwise: { action, isLogged } }];
}

const facts = { client: address("10.0.0.5"), server: address("192.0.2.1") };

test("a category judges what it is about: infected clients, servers by address and name, fingerprints", () => {
	const infected = tables({ "infected-hosts": [["10.0.0.5", 9]] });
	assert.match(
		judgeConnection(profile("infected-hosts", "close"), infected, facts)?.because ?? "",
		/^client 10\.0\.0\.5 is in feed feed-a/,
	);
	assert.equal(judgeConnection(profile("command-and-control", "close"), infected, facts), undefined);
	const servers = tables({
		"command-and-control": [
			["192.0.2.0/28", 9],
			["evil.example", 9],
		],
	});
	const steered = profile("command-and-control", "close");
	assert.match(
		judgeConnection(steered, servers, facts)?.because ?? "",
		/server 192\.0\.2\.1 is in feed feed-a \(192\.0\.2\.0\/28, level 9\)/,
	);
	const elsewhere = { ...facts, server: address("198.51.100.1") };
	assert.equal(judgeConnection(steered, servers, elsewhere), undefined);
	for (const name of [{ sni: "www.evil.example" }, { requestedName: "evil.example" }])
		assert.equal(judgeConnection(steered, servers, { ...elsewhere, ...name })?.isBlock, true);
	const ja3 = "e7d705a3286e19ea42f587b344ee6865";
	const prints = tables({ ja3: [[ja3, 9]] });
	assert.equal(judgeConnection(profile("ja3", "drop"), prints, { ...facts, ja3 })?.isSilent, true);
});

test("the first rule that names feed and level counts, then the default rule", () => {
	const levels = tables({
		"command-and-control": [
			["low.example", 2],
			["high.example", 9],
		],
	});
	const policy: ReputationPolicy = [
		{
			name: "p",
			category: "command-and-control",
			rules: [
				{ name: "other", feeds: new Set(["feed-b"]), levels: new Set(), action: "close", isLogged: true },
				{ name: "low", feeds: new Set(["feed-a"]), levels: new Set([1, 2, 3]), action: "permit", isLogged: true },
			],
			otherwise: { action: "recommended", isLogged: false },
		},
	];
	const low = judgeConnection(policy, levels, { ...facts, sni: "low.example" });
	assert.deepEqual([low?.rule, low?.isBlock, low?.isLogged], ["profile p rule low", false, true]);
	const high = judgeConnection(policy, levels, { ...facts, sni: "high.example" });
	assert.deepEqual([high?.rule, high?.isBlock], ["profile p default-rule", true]);
});

test("what a feed recommends is to block from level 7 on; a rule without an action does nothing", () => {
	for (const [level, isBlock] of [
		[6, false],
		[7, true],
	] as const) {
		const judged = judgeConnection(
			profile("command-and-control", "recommended"),
			tables({ "command-and-control": [["192.0.2.1", level]] }),
			facts,
		);
		assert.equal(judged?.isBlock, isBlock);
	}
	const found = tables({ "command-and-control": [["192.0.2.1", 9]] });
	assert.equal(judgeConnection(profile("command-and-control", undefined), found, facts), undefined);
	assert.equal(judgeConnection(profile("command-and-control", undefined, true), found, facts)?.isBlock, false);
});

test("a URL is judged by host and path; its query is not told", () => {
	const urls = tables({
		url: [
			["site.example/bad", 9],
			["evil.example", 9],
		],
	});
	const judged = judgeRequest(profile("url", "close"), urls, "site.example", "/bad?token=secret");
	assert.match(judged?.because ?? "", /^the address site\.example\/bad is in feed/);
	assert.doesNotMatch(judged?.because ?? "", /secret/);
	assert.equal(judgeRequest(profile("url", "close"), urls, "site.example", "/good"), undefined);
	assert.equal(judgeRequest(profile("url", "close"), urls, "a.evil.example", "/")?.isBlock, true);
});

test("a certificate is judged by any of its fingerprints, and asked for none where nobody compares them", () => {
	const der = Buffer.from("certificate");
	const prints = certificateFingerprints(der);
	assert.deepEqual(
		prints.map((print) => print.length),
		[64, 40, 32],
	);
	for (const print of prints) {
		const judged = judgeCertificate(
			profile("certificate", "close"),
			tables({ certificate: [[print, 9]] }),
			() => prints,
		);
		assert.match(judged?.because ?? "", new RegExp(`^the server's certificate ${print} is in feed feed-a`));
	}
	const none = () => assert.fail("nobody compares");
	assert.equal(judgeCertificate(profile("certificate", "close"), tables({ url: [] }), none), undefined);
	assert.equal(judgeCertificate(profile("url", "close"), tables({ certificate: [] }), none), undefined);
});

test("what feeds have of a connection is found whatever a profile makes of it", () => {
	const all = tables({
		"command-and-control": [["evil.example", 3]],
		url: [["evil.example", 2]],
		"infected-hosts": [["10.0.0.0/8", 1]],
	});
	const found = hitsOf(all, { ...facts, sni: "www.evil.example" });
	assert.deepEqual(
		found.map(({ category, hit }) => `${category} ${hit.entry} ${hit.level}`),
		["infected-hosts 10.0.0.0/8 1", "command-and-control evil.example 3", "url evil.example 2"],
	);
	assert.deepEqual(hitsOf(new Map(), facts), []);
});

test("what blocks goes before what is recorded, and that before what lets pass", () => {
	const quiet = [
		{ name: "quiet", category: "url", rules: [], otherwise: { action: "permit", isLogged: false } },
		{ name: "told", category: "command-and-control", rules: [], otherwise: { action: "permit", isLogged: true } },
	] as const;
	const both = tables({ url: [["evil.example", 9]], "command-and-control": [["evil.example", 9]] });
	const named = { ...facts, sni: "evil.example" };
	assert.equal(judgeConnection(quiet, both, named)?.rule, "profile told default-rule");
	const alone = judgeConnection(quiet, tables({ url: [["evil.example", 9]] }), named);
	assert.deepEqual([alone?.rule, alone?.isBlock, alone?.isLogged], ["profile quiet default-rule", false, false]);
});
