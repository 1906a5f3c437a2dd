/** The kernel and the gateway read the same policies and must never disagree about a connection. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { type Address, parseAddress } from "#base/address.ts";
import { PacketFilter } from "#firewall/apply-shell.ts";
import { compilePacketFilter } from "#firewall/packet-filter.ts";
import { evaluateHello, type Policy } from "#policy/evaluate.ts";
import { compileGateway } from "#proxy/compile.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { configOf } from "../support/config-text.ts";
import {
	type ForwardingRig,
	hostsOf,
	makeForwardingRig,
	type ZoneName,
	zoneStatements,
} from "../support/forwarding.ts";
import { requireNamespaces } from "../support/namespaces.ts";
import type { Flow, Outcome } from "../support/probe-child.ts";

/** Entries of the address book, near what the rig has. */
const entries = {
	one: "10.1.0.10/32",
	pair: "10.1.0.12/31",
	guests: "10.2.0.0/24",
	servers: "10.4.0.0/16",
	six: "2001:db8:1::/64",
	six1: "2001:db8:4::11/128",
	range: "range-address 10.1.0.11 { to { 10.3.0.11; } }",
	hole: "wildcard-address 10.0.0.12/255.0.0.255",
};
const applications = {
	web: "protocol tcp; destination-port 80",
	high: "protocol tcp; destination-port 1000-1003",
	names: "protocol udp; destination-port 53",
	low: "protocol udp; destination-port 1-1001",
};
const ports = [53, 80, 443, 1000, 1003, 1004];

const addressNames = fc.oneof(
	{ weight: 4, arbitrary: fc.constant(["any"]) },
	{ weight: 1, arbitrary: fc.constantFrom(["any-ipv4"], ["any-ipv6"]) },
	{ weight: 4, arbitrary: fc.uniqueArray(fc.constantFrom(...Object.keys(entries)), { minLength: 1, maxLength: 3 }) },
);
const applicationNames = fc.oneof(
	fc.constant(["any"]),
	fc.uniqueArray(fc.constantFrom(...Object.keys(applications)), { minLength: 1, maxLength: 3 }),
);
/** Now and then a zone in which no such host is. */
const zonesOf = (...usual: readonly ZoneName[]) =>
	fc.option(fc.uniqueArray(fc.constantFrom(...usual, ...usual, "lost" as const), { minLength: 1, maxLength: 2 }));
const statement = fc.record({
	from: zonesOf("trust", "guest"),
	to: zonesOf("dmz", "net"),
	isGlobal: fc.boolean(),
	sources: addressNames,
	destinations: addressNames,
	excludesSources: fc.boolean(),
	excludesDestinations: fc.boolean(),
	names: applicationNames,
	action: fc.constantFrom("permit", "deny", "reject"),
});
type Statement = typeof statement extends fc.Arbitrary<infer T> ? T : never;
const flow: fc.Arbitrary<Flow> = fc
	.record({
		protocol: fc.constantFrom("tcp" as const, "tcp" as const, "udp" as const),
		family: fc.constantFrom(4 as const, 6 as const),
		fromZone: fc.constantFrom<ZoneName>("trust", "guest"),
		toZone: fc.constantFrom<ZoneName>("dmz", "net"),
		host: fc.nat(3),
		server: fc.nat(3),
		port: fc.constantFrom(...ports),
	})
	.map(({ protocol, family, fromZone, toZone, host, server, port }) => ({
		protocol,
		port,
		from: hostsOf(fromZone, family)[host] ?? "",
		to: hostsOf(toZone, family)[server] ?? "",
	}));

test("B57: the kernel's verdict on forwarded traffic is the gateway's, whatever the policies", async (t) => {
	if (!requireNamespaces(t, ["nft"])) return;
	const rig = await makeForwardingRig(t, ports);
	const directory = mkdtempSync(join(tmpdir(), "forwarded-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	const filter = new PacketFilter(directory, (words) => rig.gateway.inside(words));
	const seen = new Map<string, number>();
	let flowCount = 40;
	const everything = { sources: ["any"], destinations: ["any"], names: ["any"], from: null, to: null, isGlobal: true };
	const none = { excludesSources: false, excludesDestinations: false };
	const refused = [{ ...everything, ...none, action: "reject" as const }];
	for (const verdict of await compare(rig, filter, refused, true, fc.sample(flow, { numRuns: 40, seed: 1 }))) {
		assert.equal(verdict, "reject");
	}
	const policies = fc.array(statement, { minLength: 1, maxLength: 7 });
	const flows = fc.array(flow, { minLength: 40, maxLength: 40 });
	await fc.assert(
		fc.asyncProperty(policies, fc.boolean(), flows, async (statements, isPermit, tried) => {
			const verdicts = await compare(rig, filter, statements, isPermit, tried);
			for (const verdict of verdicts) seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
			flowCount += tried.length;
		}),
		{ numRuns: 25, endOnFailure: true },
	);
	t.diagnostic(`${flowCount} connections and datagrams: ${JSON.stringify(Object.fromEntries(seen))}`);
	// A test in which everything is let through shows nothing.
	assert.ok(seen.has("permit") && seen.has("silent"));
});

async function compare(
	rig: ForwardingRig,
	filter: PacketFilter,
	statements: readonly Statement[],
	isPermit: boolean,
	flows: readonly Flow[],
): Promise<readonly Outcome[]> {
	const text = configuration(statements, isPermit, (protocols) => protocols);
	const config = configOf(text);
	const plan = compilePacketFilter(config, {
		now: 0,
		resolved: new Map(),
		devices: new Set(["g-trust"]),
		families: ["ipv4", "ipv6"],
		ownMark: 1,
	});
	assert.equal(plan.filtersForwarded, true);
	await filter.apply(plan);
	// The gateway knows TCP alone: of UDP it is asked with the protocols exchanged.
	const exchanged = configOf(configuration(statements, isPermit, exchangeProtocols));
	const policy = { tcp: compileGateway(config).policy, udp: compileGateway(exchanged).policy };
	const expected = flows.map((one) => verdictOf(policy[one.protocol], one));
	const outcomes = await rig.probe({ flows, answered: expected.map(({ outcome }) => outcome !== "silent") });
	const wrong = flows.flatMap((one, index) => {
		const { outcome, rule } = expected[index] ?? assert.fail();
		return outcome === outcomes[index] ? [] : [{ ...one, kernel: outcomes[index], gateway: outcome, rule }];
	});
	assert.deepEqual(wrong, [], text);
	const counts = await filter.counters();
	for (const [key, counter] of plan.counters) {
		const flowsOfPolicy = expected.filter(({ rule }) => rule === key).length;
		const count = counts?.get(counter) ?? 0;
		assert.ok(
			flowsOfPolicy === 0 ? count === 0 : count >= flowsOfPolicy,
			`${key}: ${count} for ${flowsOfPolicy}\n${text}`,
		);
	}
	return outcomes;
}

function verdictOf(policy: Policy<ProxyProfile>, { from, to, port }: Flow): { outcome: Outcome; rule: string } {
	const client = parseAddress(from) as Address;
	const server = parseAddress(to) as Address;
	const { action, rule } = evaluateHello(policy, { client, server, port, now: 0 });
	if (action === "bypass") return { outcome: "permit", rule };
	return { outcome: policy.rules.find(({ name }) => name === rule)?.action === "reject" ? "reject" : "silent", rule };
}

function configuration(
	statements: readonly Statement[],
	isPermit: boolean,
	protocols: (text: string) => string,
): string {
	const { interfaces, zones } = zoneStatements();
	const book = Object.entries(entries).map(
		([name, value]) =>
			`address ${name} ${value.includes("{") ? value : value.startsWith("wild") ? `{ ${value}; }` : `${value};`}`,
	);
	const apps = Object.entries(applications).map(([name, value]) => `application ${name} { ${protocols(value)}; }`);
	const between = Map.groupBy(
		statements.map((one, index) => ({ ...one, index })).filter(({ isGlobal }) => !isGlobal),
		({ from, to }) => `from-zone ${from?.[0] ?? "trust"} to-zone ${to?.[0] ?? "net"}`,
	);
	const contexts = [...between].map(
		([context, own]) => `${context} { ${own.map((one) => policyText(one, one.index)).join(" ")} }`,
	);
	const global = statements.flatMap((one, index) => (one.isGlobal ? policyText(one, index) : []));
	return `${interfaces} applications { ${apps.join(" ")} } security { ${zones.replace(/}$/, "security-zone lost; }")}
		address-book { global { ${book.join(" ")} } }
		policies { default-policy { ${isPermit ? "permit-all" : "deny-all"}; } ${contexts.join("\n")} global { ${global.join("\n")} } } }`;
}

function policyText(one: Statement, index: number): string {
	const list = (words: readonly string[]) => `[ ${words.join(" ")} ]`;
	const zones = one.isGlobal
		? `${one.from === null ? "" : `from-zone ${list(one.from)};`} ${one.to === null ? "" : `to-zone ${list(one.to)};`}`
		: "";
	return `policy p${index} { match { source-address ${list(one.sources)}; destination-address ${list(one.destinations)};
		${one.excludesSources ? "source-address-excluded;" : ""} ${one.excludesDestinations ? "destination-address-excluded;" : ""}
		application ${list(one.names)}; ${zones} } then { ${one.action}; } }`;
}

function exchangeProtocols(text: string): string {
	return text.replace(/tcp|udp/, (protocol) => (protocol === "tcp" ? "udp" : "tcp"));
}
