import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { defaultConfiguration } from "#daemon/default-configuration.ts";
import { gatewayEvent } from "#telemetry/event-table.ts";
import { commandWorld, runHandler } from "../../test/support/command-world.ts";

const configuration = `${defaultConfiguration(false)}
security { idp {
	rules { file own.rules; }
	idp-policy web {
		rulebase-ips {
			rule stop { match { attacks { predefined-attack-groups all; } } then {
				action { close-client; } ip-action { ip-block; target service; } severity major; notification { log-attacks { alert; } }
			} terminal; }
			rule rest { match { attacks { predefined-attack-groups all; } } then { action { recommended; } } }
		}
		rulebase-exempt { rule e { match { attacks { predefined-attacks 9; } } } }
	}
} }`;
const count = { gid: 1, sid: 7, message: "a worm", severity: "major", hits: 2, blocked: 1 } as const;

test("status tells policies, rules and attacks", async (t) => {
	const world = await commandWorld(t, { configuration });
	const { idp } = world.gateway;
	assert.match(
		await runHandler(world, "show-idp-status"),
		/^State of intrusion detection: not used\n(.*\n)*Rules: not loaded/,
	);
	idp.seen(gatewayEvent("IDP_RULES_LOADED", 0, { rules: 12, disabled: 3 }));
	idp.noted({ counts: [count], reports: [], lost: 0 });
	const text = await runHandler(world, "show-idp-status");
	assert.match(text, /\nFiles of rules: own\.rules\nRules: 12 loaded, 3 not\n/);
	assert.match(text, /: 2, of which 1 were blocked\nip-actions: 0\n$/);
	idp.seen(gatewayEvent("IDP_RULES_UNREADABLE", 0, { reason: "gone\u001b[2J" }));
	const unreadable = await runHandler(world, "show-idp-status");
	assert.ok(unreadable.includes("cannot be read: gone") && !unreadable.includes("\u001b"));
	const json = JSON.parse(await runHandler(world, "show-idp-status", {}, true));
	assert.deepEqual([json.hits, json.rules.kind, json.policies], [2, "unreadable", []]);
});

test("what rules from afar are called moves no cursor, in JSON either", async (t) => {
	const world = await commandWorld(t, { configuration });
	const message = "a worm\x9b2J\u202e";
	world.gateway.idp.noted({ counts: [{ ...count, message }], reports: [], lost: 0 });
	for (const isJson of [false, true])
		assert.match(await runHandler(world, "show-idp-attacks", {}, isJson), /^[\n -~]+$/);
	assert.equal(JSON.parse(await runHandler(world, "show-idp-attacks", {}, true))[0].message, message);
});

test("status tells of rules that are fetched, and they are fetched on demand", async (t) => {
	const world = await commandWorld(t);
	await assert.rejects(runHandler(world, "download-idp-rules"), /names no url: nothing is fetched/);
	world.gateway.ruleViews.push({
		name: "rules-1",
		from: "https://rules.example/a.tar.gz",
		state: undefined,
		dueAt: 0,
		isFetching: false,
		failure: { at: 0, why: "it answered 503" },
		isStale: false,
	});
	assert.match(await runHandler(world, "download-idp-rules"), /^1 set of rules is fetched; /);
	const text = await runHandler(world, "show-idp-status");
	assert.match(
		text,
		/\nRules of https:\/\/rules\.example\/a\.tar\.gz: never fetched; next 1970-.*\n {2}Last failure, 1970-.*: it answered 503\n/,
	);
	assert.match(
		await runHandler(world, "show-alarms"),
		/rules of https:\/\/rules\.example\/a\.tar\.gz were not fetched: it answered 503/,
	);
});

test("policies are told with what their rules do", async (t) => {
	const world = await commandWorld(t, { configuration });
	assert.equal(
		await runHandler(world, "show-idp-policies"),
		`Policy web (no security policy uses it)
  rule stop: attacks are blocked, severity major, ip-action block of service, logged as an alert, terminal
  rule rest: attacks are as it recommends
  1 rule of exemption
`,
	);
	const [web] = JSON.parse(await runHandler(world, "show-idp-policies", {}, true));
	assert.deepEqual([web.name, web.rules[0].ipAction.target, web.exempt], ["web", "service", 1]);
});

test("the table of attacks is shown, and emptied", async (t) => {
	const world = await commandWorld(t);
	assert.match(await runHandler(world, "show-idp-attacks"), /^No attack was found since /);
	world.gateway.idp.noted({ counts: [count], reports: [], lost: 0 });
	assert.match(await runHandler(world, "show-idp-attacks"), /\n +2 +1 +major .* 7 a worm\n$/);
	assert.equal(JSON.parse(await runHandler(world, "show-idp-attacks", {}, true))[0].hits, 2);
	assert.equal(await runHandler(world, "clear-idp-attacks"), "1 attack forgotten\n");
	assert.deepEqual(JSON.parse(await runHandler(world, "show-idp-attacks", {}, true)), []);
});

test("an attack is told by identifier or name as its rule says, out of the file", async (t) => {
	const world = await commandWorld(t, { configuration });
	const rules = [
		'drop http any any -> any any (msg:"a worm"; flow:to_server; http.uri; content:"/worm"; classtype:trojan-activity; reference:cve,2021-1; sid:7; rev:2;)',
		'alert http any any -> any any (msg:"other"; http.uri; content:"7"; sid:77;)',
	];
	writeFileSync(join(world.gateway.state.path, "own.rules"), rules.join("\n"));
	world.gateway.idp.noted({ counts: [count], reports: [], lost: 0 });
	for (const attack of ["7", "a worm"]) {
		const text = await runHandler(world, "show-idp-attack", { attack });
		assert.match(text, /^attack: a worm\nidentifier: 7\nrevision: 2\nseverity: major\ncategory: trojan-activity\n/);
		assert.match(
			text,
			/direction: client-to-server\nrecommended-action: close\nreferences: cve,2021-1\nfound: 2 times since/,
		);
	}
	assert.match(await runHandler(world, "show-idp-attack", { attack: "77" }), /^attack: other\n(.*\n)*found: never/);
	await assert.rejects(
		runHandler(world, "show-idp-attack", { attack: "8" }),
		/no rule that is understood is called '8'/,
	);
	await assert.rejects(runHandler(world, "show-idp-attack", { attack: "(" }), /is called '\('/);
	assert.equal(JSON.parse(await runHandler(world, "show-idp-attack", { attack: "7" }, true)).found.hits, 2);
});

test("counters are shown since they were last cleared", async (t) => {
	const world = await commandWorld(t);
	world.gateway.idp.noted({ counts: [count], reports: [], lost: 0 });
	assert.match(await runHandler(world, "show-idp-counters"), /attacks_found +2 /);
	await runHandler(world, "clear-idp-counters");
	assert.equal(JSON.parse(await runHandler(world, "show-idp-counters", {}, true)).attacks_found, 0);
});

test("ip-actions are shown, summed up and ended, all or those after one client's attacks", async (t) => {
	const world = await commandWorld(t);
	const entry = (port: number, action: "block" | "notify") => ({
		address: "10.0.0.1",
		until: port === 443 ? Number.POSITIVE_INFINITY : Date.now() + 60_000,
		why: "signature 7",
		ipAction: {
			action,
			target: "service" as const,
			key: `${action === "notify" ? "notify " : ""}client 10.0.0.1 server 192.0.2.1 port ${port}`,
			timeoutMs: 60_000,
			isLogged: false,
			isRefreshed: false,
		},
	});
	const { quarantine } = world.gateway;
	quarantine.noted(entry(443, "block"));
	quarantine.noted(entry(80, "notify"));
	const text = await runHandler(world, "show-ip-actions");
	assert.match(
		text,
		/^block client 10\.0\.0\.1 server 192\.0\.2\.1 port 443: until it is cleared; applied to 0 connections; after signature 7 of 10\.0\.0\.1\nnotify client 10/,
	);
	assert.match(text, /\nIP action count: 2\n$/);
	assert.equal(
		await runHandler(world, "show-ip-actions", { summary: "" }),
		"block          1\nclose          0\nnotify         1\n",
	);
	assert.deepEqual(
		JSON.parse(await runHandler(world, "show-ip-actions", {}, true)).map(
			(one: { until: number | null }) => one.until === null,
		),
		[true, false],
	);
	assert.equal(await runHandler(world, "clear-ip-actions", { "source-address": "10.0.0.2" }), "0 ip-actions ended\n");
	assert.equal(await runHandler(world, "clear-ip-actions"), "2 ip-actions ended\n");
});
