import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { FeedTable } from "#inspect/feed-table.ts";
import type { TrafficRule } from "#inspect/precedence.ts";
import { QuarantineList } from "#inspect/quarantine-list.ts";
import { certificateFingerprints, type ReputationThen } from "#inspect/reputation.ts";
import { AddressSet } from "#policy/address-set.ts";
import type { Decision } from "#policy/evaluate.ts";
import { type Precedence, precedeCertificate, precedeDecision, precedeHello } from "#proxy/precede-decision.ts";
import type { ProxyProfile } from "#proxy/profile.ts";

const match = { sources: new AddressSet(true), destinations: new AddressSet(true), ports: [] };
const client = parseAddress("10.0.0.1") as Address;
const facts = { client, port: 443, now: 0 };
const profile = { name: "inspect" } as ProxyProfile;
const decrypt: Decision<ProxyProfile> = { action: "decrypt", rule: "web", fact: "any", profile };
const bypass: Decision<ProxyProfile> = { action: "bypass", rule: "web", fact: "any", cause: "exempt" };

function stagesWith(
	then: readonly TrafficRule["then"][],
	options: { bypass?: boolean; hosts?: boolean } = {},
): Precedence {
	const hosts = options.hosts === true ? [parsePrefix("10.0.0.0/8") as Prefix] : [];
	const settings = { hosts, exceptions: new AddressSet(), durationMs: 1, maximumHosts: 1, redirect: undefined };
	return {
		plan: {
			bypassRules: options.bypass === true ? [{ name: "b", match }] : [],
			trafficRules: then.map((one, index) => ({ name: `t${index}`, match, then: one })),
			reputation: new Map(),
		},
		state: () => ({ feeds: new Map(), quarantine: new QuarantineList(settings) }),
	};
}

const judge = (decision: Decision<ProxyProfile>, precedence: Precedence, mayBypass = true, moment?: "encrypted") =>
	precedeDecision(decision, precedence, facts, mayBypass, "web", moment);

test("a bypass rule lets be what would be opened, under its own cause; with TLS on one side it is opened and not looked into", () => {
	const let_ = judge(decrypt, stagesWith([], { bypass: true }));
	assert.deepEqual([let_.action, let_.stage, let_.rule], ["bypass", "inspection-bypass", "web"]);
	assert.equal(let_.action === "bypass" && let_.cause, "bypass-rule");
	assert.match(let_.fact, /^bypass-rule b: /);
	const onesided = judge(decrypt, stagesWith([], { bypass: true }), false);
	assert.deepEqual([onesided.action, onesided.isTrusted], ["decrypt", true]);
});

test("R208: what is trusted is opened as the policy says, and not looked into", () => {
	const trusted = judge(decrypt, stagesWith(["trust"]));
	assert.deepEqual([trusted.action, trusted.isTrusted, trusted.stage], ["decrypt", true, "traffic-management"]);
	assert.equal(trusted.profile, profile);
	assert.equal(trusted.fact, "any; traffic-management t0: the policy matches any connection");
});

test("a block keeps the policy that permitted, and names the stage; a rate is kept with any decision", () => {
	const blocked = judge(decrypt, stagesWith([{ kilobitsPerSecond: 8 }, "block"]));
	assert.deepEqual([blocked.action, blocked.rule, blocked.stage], ["block", "web", "traffic-management"]);
	assert.deepEqual(blocked.rateLimit, { rule: "t0", kilobitsPerSecond: 8 });
	const slow = judge(bypass, stagesWith([{ kilobitsPerSecond: 8 }]));
	assert.deepEqual([slow.action, slow.stage, slow.rateLimit?.rule], ["bypass", undefined, "t0"]);
});

test("R207: quarantine refuses what stays encrypted and lets be opened what will be", () => {
	const shutOff = stagesWith([], { hosts: true });
	assert.equal(judge(bypass, shutOff).action, "block");
	assert.equal(judge(decrypt, shutOff).action, "decrypt");
	// It turned out that there is nothing to open.
	assert.equal(judge(decrypt, shutOff, true, "encrypted").action, "block");
});

test("what a policy blocks stays blocked by it", () => {
	const blocked: Decision<ProxyProfile> = { action: "block", rule: "no", fact: "x" };
	assert.equal(judge(blocked, stagesWith(["trust"], { bypass: true })), blocked);
});

test("before the hello a certain block names its rule", () => {
	const early = precedeHello(stagesWith(["block"]), facts);
	assert.deepEqual(
		[early?.action, early?.rule, early?.stage],
		["block", "traffic-management t0", "traffic-management"],
	);
	assert.equal(precedeHello(stagesWith(["trust"]), facts), undefined);
});

test("a server whose certificate is in a feed is blocked by the stage; what is trusted is not looked at", () => {
	const der = Buffer.from("certificate");
	const table = new FeedTable();
	table.add("prints", certificateFingerprints(der)[1] ?? "", 9);
	const shown = (then: ReputationThen, decision = decrypt) => {
		const { plan, state } = stagesWith([]);
		const reputation = new Map([
			["web", [{ name: "p", category: "certificate", rules: [], otherwise: then } as const]],
		]);
		const feeds = new Map([["certificate", table] as const]);
		const precedence = { plan: { ...plan, reputation }, state: () => ({ ...state(), feeds }) };
		return precedeCertificate(decision, precedence, der, "web");
	};
	const blocked = shown({ action: "drop", isLogged: false });
	assert.deepEqual(
		[blocked.action, blocked.rule, blocked.stage, blocked.action === "block" && blocked.isSilent, blocked.profile],
		["block", "web", "reputation", true, profile],
	);
	assert.match(
		blocked.fact,
		/^reputation profile p default-rule: the server's certificate [0-9a-f]{40} is in feed prints/,
	);
	const noted = shown({ action: "permit", isLogged: true });
	assert.deepEqual([noted.action, noted.reputation?.hit.feed], ["decrypt", "prints"]);
	const trusted = { ...decrypt, isTrusted: true };
	assert.equal(shown({ action: "close", isLogged: true }, trusted), trusted);
	assert.equal(precedeCertificate(decrypt, stagesWith([]), der, "web"), decrypt);
});
