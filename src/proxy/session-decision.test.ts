import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { FeedTable } from "#inspect/feed-table.ts";
import { certificateFingerprints } from "#inspect/reputation.ts";
import { AddressSet } from "#policy/address-set.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { SessionDecision } from "#proxy/session-decision.ts";
import type { SessionContext } from "#proxy/session-event.ts";
import { SessionFacts } from "#proxy/session-facts.ts";
import type { WayIn } from "#proxy/way-in.ts";

const address = (text: string) => parseAddress(text) as Address;
const server = { host: "192.0.2.10", port: 443 };
const none = new AddressSet();
const profile = { name: "servers", neverDecryptSources: none, alwaysDecryptSources: none, exemptDestinations: none };

/** What a session through this way in is decided by; what the tests do not ask for is left out. */
function decision(way: WayIn, parts: Partial<SessionContext> = {}): SessionDecision {
	const client = { address: address("10.1.4.7"), port: 40_001, reachedAt: "192.0.2.1:443" };
	const facts = new SessionFacts("3f9c2a1b77d0e452", "web", client, 0);
	facts.target = server;
	facts.server = address(server.host);
	const policy = { rules: [], isDefaultPermit: true };
	return new SessionDecision({ listener: "web", way, policy, ...parts } as unknown as SessionContext, facts);
}

const reverse: WayIn = { kind: "reverse", server, profile: profile as unknown as ProxyProfile };

test("R10: a listener with a server of its own opens what no policy denies, by its own profile", () => {
	const opened = decision(reverse).evaluate(0);
	assert.deepEqual([opened.action, opened.rule, opened.profile?.name], ["decrypt", "web", "servers"]);
	const any = new AddressSet(true);
	const deny = { name: "no", sources: any, destinations: any, ports: [], action: "deny" } as const;
	const denied = decision(reverse, { policy: { rules: [deny], isDefaultPermit: true } });
	assert.equal(denied.evaluate(0).rule, "no");
	assert.equal(denied.beforeHello(undefined, 0)?.action, "block");
});

test("R11: a reverse listener opens nothing while server-inspection is disabled", () => {
	const switchedOff = decision({ ...reverse, isSwitchedOff: true } as WayIn).evaluate(0);
	assert.ok(switchedOff.action === "bypass");
	assert.equal(switchedOff.cause, "switched-off");
	assert.match(switchedOff.fact, /server-inspection is disabled/);
});

test("R20: pass-through opens nothing", () => {
	assert.equal(decision({ kind: "pass-through", server }).evaluate(0).action, "bypass");
});

test("F14: the gateway itself is no target, nor a service of its host unless that is permitted", () => {
	const own = decision(reverse, { isOwnListener: (_, port) => port === 8080, mayReachLocal: false });
	assert.equal(own.mayConnect(address("192.0.2.10"), 8080), false);
	assert.equal(own.mayConnect(address("127.0.0.1"), 443), false);
	assert.equal(own.mayConnect(address("192.0.2.10"), 443), true);
	assert.equal(own.targetFault({ host: "a.example", port: 8080 }, [address("192.0.2.10")]).code, "PROXY_LOOP_REFUSED");
	assert.equal(own.targetFault({ host: "localhost", port: 443 }, [address("127.0.0.1")]).code, "PROXY_TARGET_REFUSED");
});

test("log session-init is told as what was decided, and only where the policy asks for it", () => {
	const asked = decision(reverse, { logsInit: (rule) => rule === "web" });
	const opened = asked.evaluate(0);
	assert.equal(asked.begun(opened, 5)[0]?.event.id, "SESSION_PERMITTED");
	assert.equal(asked.begun({ action: "block", rule: "web", fact: "x" }, 5)[0]?.event.id, "SESSION_DENIED");
	assert.deepEqual(asked.begun({ ...opened, rule: "other" }, 5), []);
});

/** Stages with these rules; the policy `default-policy` asks feeds for certificates. */
function stagesOf(
	then: "block" | "trust" | "bypass" | undefined,
	der?: Uint8Array,
): NonNullable<SessionContext["precedence"]> {
	const match = { sources: new AddressSet(true), destinations: new AddressSet(true), ports: [] };
	const table = new FeedTable();
	if (der !== undefined) table.add("prints", certificateFingerprints(der)[0] ?? "", 9);
	const prints = {
		name: "p",
		category: "certificate",
		rules: [],
		otherwise: { action: "close", isLogged: true },
	} as const;
	return {
		plan: {
			bypassRules: then === "bypass" ? [{ name: "b", match }] : [],
			trafficRules: then === "block" || then === "trust" ? [{ name: "t", match, then }] : [],
			reputation: new Map([["default-policy", [prints]]]),
		},
		state: () => ({ feeds: new Map([["certificate", table]]), quarantine: { find: () => undefined } }),
	};
}

test("a certificate that a feed has blocks the session, with an event; another, or none, changes nothing", () => {
	const der = Buffer.from("certificate");
	const asked = decision(reverse, { precedence: stagesOf(undefined, der) });
	const opened = asked.evaluate(0);
	const verdict = { isTrusted: true, reason: "trusted" };
	const shown = asked.certificateShown(opened, { ...verdict, certificate: { der } }, 5);
	assert.deepEqual([shown.decision.action, shown.decision.stage], ["block", "reputation"]);
	assert.deepEqual(
		shown.told.map(({ event }) => event.id),
		["REPUTATION_MATCHED"],
	);
	for (const other of [verdict, { ...verdict, certificate: { der: Buffer.from("other") } }])
		assert.deepEqual(asked.certificateShown(opened, other, 5), { decision: opened, told: [] });
	assert.equal(decision(reverse).certificateShown(opened, { ...verdict, certificate: { der } }, 5).decision, opened);
});

test("a flow that cannot be let be is opened under a bypass rule, and nothing looks into it", () => {
	const precedence = stagesOf("bypass");
	assert.equal(decision(reverse, { precedence }).evaluate(0).action, "bypass");
	const opened = decision(reverse, { precedence, mustOpen: true }).evaluate(0);
	assert.deepEqual([opened.action, opened.isTrusted, opened.stage], ["decrypt", true, "inspection-bypass"]);
});

test("F12: another name on an open session is judged as a connection of its own would be", () => {
	const named = (...hosts: string[]) => {
		const set = new AddressSet();
		for (const host of hosts) set.addHost(host, host);
		return set;
	};
	const any = new AddressSet(true);
	const inspect = { ...profile, name: "inspect", exemptDestinations: named("bank.test") } as unknown as ProxyProfile;
	const strict = { ...inspect, idpPolicy: "strict" } as ProxyProfile;
	const rule = (name: string, destinations: AddressSet, more: object) => ({
		name,
		sources: any,
		ports: [],
		destinations,
		...more,
	});
	const rules = [
		rule("no", named("no.test"), { action: "deny" }),
		rule("strict", named("strict.test"), { action: "permit", profile: strict }),
		rule("same", named("same.test"), { action: "permit", profile: { ...inspect, name: "another" } }),
		rule("all", any, { action: "permit", profile: inspect }),
	] as never;
	const client = { address: address("10.1.4.7"), port: 40_001, reachedAt: "192.0.2.1:8080" };
	const facts = new SessionFacts("3f9c2a1b77d0e452", "web", client, 0);
	facts.target = { host: "a.test", port: 443 };
	facts.server = address("192.0.2.10");
	const way: WayIn = { kind: "explicit", protocols: new Set() };
	const context = { listener: "web", way, policy: { rules, isDefaultPermit: false } } as unknown as SessionContext;
	const asked = new SessionDecision(context, facts);
	facts.decision = asked.evaluate(0);
	assert.equal(facts.decision.rule, "all");
	for (const name of ["b.test", "same.test"]) assert.equal(asked.judgeName(name, 0), undefined, name);
	assert.deepEqual(
		["no.test", "bank.test", "strict.test"].map((name) => asked.judgeName(name, 0)?.kind),
		["forbidden", "elsewhere", "elsewhere"],
	);
	assert.match(asked.judgeName("no.test", 0)?.because ?? "", /^blocked by no because /);
	const blocking = new SessionDecision({ ...context, precedence: stagesOf("block") }, facts);
	assert.match(blocking.judgeName("b.test", 0)?.because ?? "", /traffic-management t/);
});
