import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import {
	compileFeedSources,
	compileFeeds,
	compileQuarantine,
	compileReputation,
	compileTraffic,
} from "#inspect/compile-precedence.ts";
import { judgeEarly } from "#inspect/precedence.ts";
import { QuarantineList } from "#inspect/quarantine-list.ts";
import { configOf } from "../../test/support/config-text.ts";

const address = (text: string) => parseAddress(text) as Address;
const config = configOf(`
applications { application own { protocol tcp; destination-port 8443; } application voice { protocol udp; } }
security {
	address-book global { address office 10.1.0.0/16; address printers 10.1.9.0/24; address site { dns-name site.example; } }
	inspection {
		bypass-rule backup { match { source-address office; destination-address site; application own; } }
		bypass-rule calls { match { application voice; } }
		traffic-management closed { match { destination-address any; application own; } then { block; } }
		traffic-management seen { match { source-address office; } then { trust; } }
		traffic-management slow { then { rate-limit 800; } }
		quarantine { hosts 192.0.2.0/24; exceptions printers; duration 2; maximum-hosts 5; redirect-address https://help.example/; }
	}
	intelligence {
		feed bad { category command-and-control; file /lists/bad.txt; update-interval 5; maximum-entries 10; }
		feed first { category url; url https://feeds.example/x; authentication { user-name pat; password s3cret; } maximum-size 2; }
		feed second { category url; url https://feeds.example/y; authentication { token s3cret; header Auth-Key; } }
		feed three { category url; url https://feeds.example/z; authentication { token s3cret; } }
		feed odd { category url; file /lists/odd; format stix; }
		profile servers {
			category command-and-control;
			rule worst { match { feed-name bad; threat-level [ 9 10 ]; } then { action { block { drop; } } log; } }
			default-rule { then { action { recommended; } } }
		}
		policy strict { profile servers; }
	}
}`);

test("rules keep their order, their conditions and what they do; what does not travel over TCP meets no connection", () => {
	const { bypassRules, trafficRules } = compileTraffic(config);
	assert.deepEqual(
		bypassRules.map(({ name }) => name),
		["backup"],
	);
	assert.deepEqual(
		compileTraffic(config, "udp").bypassRules.map(({ name }) => name),
		["calls"],
	);
	assert.equal(bypassRules[0]?.match.destinations.matchHost("site.example")?.entry, "site");
	assert.deepEqual(
		trafficRules.map(({ name, then }) => [name, then]),
		[
			["closed", "block"],
			["seen", "trust"],
			["slow", { kilobitsPerSecond: 800 }],
		],
	);
	const plan = { bypassRules: [], trafficRules, reputation: new Map() };
	const facts = { client: address("10.2.0.1"), server: address("198.51.100.1") };
	assert.equal(judgeEarly(plan, { ...facts, port: 8_443 })?.rule, "traffic-management closed");
	assert.equal(judgeEarly(plan, { ...facts, port: 443 }), undefined);
});

test("profiles have their rules in order, with feeds, levels and actions", () => {
	const [profile] = compileReputation(config.security.intelligence).get("strict") ?? [];
	assert.equal(profile?.category, "command-and-control");
	const [rule] = profile?.rules ?? [];
	assert.deepEqual([rule?.name, [...(rule?.feeds ?? [])], [...(rule?.levels ?? [])]], ["worst", ["bad"], [9, 10]]);
	assert.deepEqual([rule?.action, rule?.isLogged, profile?.otherwise.action], ["drop", true, "recommended"]);
});

test("feeds are read from their files; those that are fetched from one of the state directory, by their URL", () => {
	const feeds = compileFeeds(config.security.intelligence);
	assert.deepEqual(feeds[0], {
		name: "bad",
		category: "command-and-control",
		file: "/lists/bad.txt",
		isFetched: false,
		format: "text",
		maximumEntries: 10,
		updateMs: 300_000,
	});
	assert.deepEqual(
		feeds.map(({ name, format, isFetched }) => [name, format, isFetched]),
		[
			["bad", "text", false],
			["first", "text", true],
			["odd", "stix", false],
			["second", "text", true],
			["three", "text", true],
		],
	);
	assert.match(feeds[1]?.file ?? "", /^feeds\/first-[0-9a-f]{16}$/);
	assert.notEqual(feeds[1]?.file.slice(-16), feeds[3]?.file.slice(-16));
});

test("where feeds are fetched, and what a server is told of who asks", () => {
	const sources = compileFeedSources(config.security.intelligence);
	const first = sources[0];
	assert.deepEqual([first?.name, first?.url, first?.maxOctets], ["first", "https://feeds.example/x", 2_097_152]);
	assert.equal(`feeds/${first?.file}`, compileFeeds(config.security.intelligence)[1]?.file);
	assert.deepEqual(
		sources.map(({ credentials }) => [credentials?.field, credentials?.value.danger_reveal()]),
		[
			["Authorization", `Basic ${btoa("pat:s3cret")}`],
			["Auth-Key", "s3cret"],
			["Authorization", "Bearer s3cret"],
		],
	);
	assert.doesNotMatch(JSON.stringify(sources), /s3cret|cGF0/);
});

test("the quarantine has its hosts, exceptions, time and page", () => {
	const settings = compileQuarantine(config);
	assert.deepEqual(
		[settings.durationMs, settings.maximumHosts, settings.redirect],
		[120_000, 5, "https://help.example/"],
	);
	const list = new QuarantineList(settings);
	assert.ok(list.find(address("192.0.2.9"), 0) !== undefined);
	assert.equal(list.add(address("10.1.9.3"), "x", 1), false);
});
