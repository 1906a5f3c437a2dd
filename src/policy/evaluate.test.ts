import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { AddressSet } from "#policy/address-set.ts";
import {
	type ConnectionFacts,
	type DecryptionExemptions,
	evaluateConnect,
	evaluateHello,
	type Policy,
	type PolicyRule,
} from "#policy/evaluate.ts";
import type { SchedulerConfig } from "#policy/scheduler-schema.ts";
import { configOf } from "../../test/support/config-text.ts";

const any = new AddressSet(true);
const none = new AddressSet();

function set(...items: string[]): AddressSet {
	const made = new AddressSet();
	for (const item of items) {
		const prefix = parsePrefix(item);
		if (prefix === undefined) made.addHost(item, "entry");
		else made.addPrefix(prefix as Prefix, "entry");
	}
	return made;
}

function profile(exempt: Partial<DecryptionExemptions> = {}): DecryptionExemptions {
	return { name: "p", neverDecryptSources: none, alwaysDecryptSources: none, exemptDestinations: none, ...exempt };
}

function rule(name: string, more: Partial<PolicyRule<DecryptionExemptions>>): PolicyRule<DecryptionExemptions> {
	return { name, sources: any, destinations: any, ports: [], action: "permit", ...more };
}

function policy(...rules: PolicyRule<DecryptionExemptions>[]): Policy<DecryptionExemptions> {
	return { rules, isDefaultPermit: false };
}

function facts(more: Partial<ConnectionFacts> = {}): ConnectionFacts {
	return { client: parseAddress("10.0.0.7") as Address, port: 443, ...more };
}

test("B57: the first rule that matches decides and names its fact", () => {
	const rules = policy(
		rule("no-bad", { destinations: set("*.bad.example"), action: "deny" }),
		rule("open", { profile: profile() }),
	);
	const bad = evaluateHello(rules, facts({ sni: "www.bad.example" }));
	assert.deepEqual(bad, {
		action: "block",
		rule: "no-bad",
		fact: "server name www.bad.example is in entry (*.bad.example)",
		isSilent: true,
	});
	const good = evaluateHello(rules, facts({ sni: "good.example" }));
	assert.equal(good.action, "decrypt");
	assert.equal(good.rule, "open");
});

test("R127 R128 R256: source prefix, destination address and port are conditions that must all hold", () => {
	const rules = policy(
		rule("lan", {
			sources: set("10.0.0.0/8"),
			destinations: set("203.0.113.0/24"),
			ports: [{ from: 443, to: 443, application: "junos-https" }],
			profile: profile(),
		}),
	);
	const server = parseAddress("203.0.113.9") as Address;
	assert.equal(evaluateHello(rules, facts({ server })).action, "decrypt");
	assert.equal(evaluateHello(rules, facts({ server, port: 8443 })).rule, "default-policy");
	assert.equal(evaluateHello(rules, facts({ server: parseAddress("198.51.100.1") })).action, "block");
	assert.equal(
		evaluateHello(rules, { ...facts({ server }), client: parseAddress("192.0.2.1") as Address }).action,
		"block",
	);
});

test("R149 R150: always-decrypt-source goes before never-decrypt-source, and both before exempt domains", () => {
	const both = profile({
		alwaysDecryptSources: set("10.0.0.7/32"),
		neverDecryptSources: set("10.0.0.0/8"),
		exemptDestinations: set("*.bank.example"),
	});
	assert.equal(evaluateHello(policy(rule("r", { profile: both })), facts({ sni: "a.bank.example" })).action, "decrypt");
	const never = profile({ neverDecryptSources: set("10.0.0.0/8") });
	const decision = evaluateHello(policy(rule("r", { profile: never })), facts({ sni: "x.example" }));
	assert.equal(decision.action, "bypass");
	assert.match(decision.fact, /10\.0\.0\.7 is in never-decrypt-source 10\.0\.0\.0\/8/);
});

test("N5: an exempt SNI does not exempt a connection that asked the proxy for another host", () => {
	const rules = policy(rule("r", { profile: profile({ exemptDestinations: set("*.bank.example") }) }));
	assert.equal(evaluateHello(rules, facts({ sni: "a.bank.example" })).action, "bypass");
	assert.equal(
		evaluateHello(rules, facts({ sni: "a.bank.example", requestedName: "a.bank.example" })).action,
		"bypass",
	);
	assert.equal(evaluateHello(rules, facts({ sni: "a.bank.example", requestedName: "evil.example" })).action, "decrypt");
	assert.equal(evaluateHello(rules, facts({ sni: "evil.example", requestedName: "a.bank.example" })).action, "decrypt");
});

test("one blocked name of the two is enough to block", () => {
	const rules = policy(
		rule("no", { destinations: set("bad.example"), action: "deny" }),
		rule("r", { profile: profile() }),
	);
	assert.equal(evaluateHello(rules, facts({ sni: "ok.example", requestedName: "bad.example" })).action, "block");
	assert.equal(evaluateHello(rules, facts({ sni: "bad.example", requestedName: "ok.example" })).action, "block");
});

test("before the ClientHello only a verdict that no name can change is given", () => {
	const rules = policy(
		rule("names", { destinations: set("good.example"), profile: profile() }),
		rule("no-net", { destinations: set("203.0.113.0/24"), action: "deny" }),
		rule("rest", { profile: profile() }),
	);
	const server = parseAddress("203.0.113.9") as Address;
	assert.equal(evaluateConnect(rules, facts({ server })), undefined);
	assert.equal(evaluateConnect(rules, facts({ server, requestedName: "other.example" }))?.rule, "no-net");
	assert.equal(evaluateConnect(rules, facts({ server, requestedName: "good.example" })), undefined);
	assert.equal(evaluateConnect(policy(), facts())?.rule, "default-policy");
});

test("R157: a permitting policy without a profile is a bypass that says so", () => {
	const decision = evaluateHello(policy(rule("plain", {})), facts());
	assert.equal(decision.action, "bypass");
	assert.match(decision.fact, /no ssl-proxy profile/);
});

test("R138: a policy between zones asks for both; of a zone that is not known, only a policy that blocks is met", () => {
	const zoned = { fromZones: new Set(["trust"]), toZones: new Set(["untrust"]) };
	const server = parseAddress("203.0.113.9") as Address;
	const answer = (action: "permit" | "deny", fromZone?: string, toZone?: string) =>
		evaluateHello(policy(rule("z", { ...zoned, action })), facts({ server, fromZone, toZone }));
	assert.equal(answer("permit", "trust", "untrust").action, "bypass");
	assert.match(answer("permit", "trust", "untrust").fact, /client's zone is trust and the server's zone is untrust/);
	assert.equal(answer("permit", "trust", "dmz").rule, "default-policy");
	assert.equal(answer("permit", "trust").rule, "default-policy");
	assert.equal(answer("deny", "trust").rule, "z");
	assert.equal(answer("deny", "dmz", "untrust").rule, "default-policy");
});

test("an excluded address matches all others; to permit no name may be among the excluded, to block one outside is enough", () => {
	const server = parseAddress("203.0.113.9") as Address;
	const sources = policy(rule("r", { sources: set("10.0.0.0/8"), excludesSources: true }));
	assert.equal(evaluateHello(sources, facts({ server })).rule, "default-policy");
	assert.equal(evaluateHello(sources, { ...facts({ server }), client: server }).rule, "r");
	const names = { destinations: set("bad.example"), excludesDestinations: true };
	const asked = (action: "permit" | "deny", sni: string, requestedName: string) =>
		evaluateHello(policy(rule("r", { ...names, action })), facts({ server, sni, requestedName })).rule;
	assert.equal(asked("permit", "bad.example", "ok.example"), "default-policy");
	assert.equal(asked("permit", "ok.example", "ok.example"), "r");
	assert.equal(asked("deny", "bad.example", "ok.example"), "r");
	assert.equal(asked("deny", "bad.example", "bad.example"), "default-policy");
});

test("before the name is resolved a policy about addresses or zones leaves the verdict open", () => {
	const requestedName = "www.example";
	const deny = rule("rest", { action: "deny" });
	const open = [
		rule("net", { destinations: set("203.0.113.0/24") }),
		rule("zone", { toZones: new Set(["untrust"]) }),
		rule("outside", { destinations: set("203.0.113.0/24"), excludesDestinations: true }),
	];
	for (const one of open)
		assert.equal(evaluateConnect(policy(one, deny), facts({ requestedName })), undefined, one.name);
	assert.equal(
		evaluateConnect(policy(rule("x", { toZones: new Set(["z"]), sources: none }), deny), facts())?.rule,
		"rest",
	);
});

test("a policy with a scheduler is there while it holds, and says so", () => {
	const statement = configOf("schedulers { scheduler s { daily { start-time 08:00 stop-time 17:00; } } }").schedulers
		.scheduler;
	const schedule = { name: "s", statement: statement.get("s") as SchedulerConfig };
	const at = (hour: number) =>
		evaluateHello(policy(rule("office", { schedule })), facts({ now: new Date(2026, 0, 5, hour).getTime() }));
	assert.match(at(9).fact, /^scheduler s holds/);
	assert.equal(at(18).rule, "default-policy");
	assert.equal(evaluateHello(policy(rule("office", { schedule })), facts()).rule, "default-policy");
});

test("a policy that rejects blocks", () => {
	assert.equal(evaluateHello(policy(rule("no", { action: "reject" })), facts()).action, "block");
});
