import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { compileFeeds, compileQuarantine, compileReputation, compileTraffic } from "#inspect/compile-precedence.ts";
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
		feed far { category url; url https://feeds.example/x; }
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

test("feeds are those that can be read from a file", () => {
	assert.deepEqual(compileFeeds(config.security.intelligence), [
		{
			name: "bad",
			category: "command-and-control",
			file: "/lists/bad.txt",
			format: "text",
			maximumEntries: 10,
			updateMs: 300_000,
		},
	]);
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
