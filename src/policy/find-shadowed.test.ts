import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Address, parseAddress } from "#base/address.ts";
import { portsOfTerms } from "#policy/application-ports.ts";
import { type ConnectionFacts, type DecryptionExemptions, evaluateHello, type Policy } from "#policy/evaluate.ts";
import { findShadowed } from "#policy/find-shadowed.ts";
import type { OrderedPolicy, PolicyAction } from "#policy/order-policies.ts";
import { type AddressEntry, addressSetOf } from "#policy/resolve-addresses.ts";

const zones = ["a", "b", "c"];
const address = (last: number) => ({ octets: new Uint8Array([10, 0, 0, last]) });
const prefix = (last: number, length: number): AddressEntry => ({
	kind: "prefix",
	entry: "net",
	prefix: { address: address(last), length },
});
const anywhere: AddressEntry = { kind: "any", entry: "any" };

const zoneSet = fc.option(
	fc.subarray(["a", "b"], { minLength: 1 }).map((names) => new Set(names)),
	{ nil: undefined },
);
const networks: fc.Arbitrary<readonly AddressEntry[]> = fc.oneof(
	fc.constant([anywhere]),
	fc.array(
		fc.tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom(24, 31, 32)).map(([last, length]) => prefix(last, length)),
		{ minLength: 1, maxLength: 2 },
	),
);
const policy = fc.record({
	fromZones: zoneSet,
	toZones: zoneSet,
	sources: networks,
	destinations: networks,
	excludesSources: fc.boolean(),
	excludesDestinations: fc.boolean(),
	ports: fc.option(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 2 })), { nil: undefined }),
	action: fc.constantFrom<PolicyAction>("permit", "deny", "reject"),
});
type Drawn = typeof policy extends fc.Arbitrary<infer T> ? T : never;

function ordered({ ports, ...drawn }: Drawn, index: number): OrderedPolicy {
	const terms =
		ports === undefined
			? undefined
			: [{ application: "x", protocol: 6, ports: { from: ports[0], to: ports[0] + ports[1] } }];
	return { ...drawn, terms, key: `p${index}`, name: `p${index}`, path: [] } as unknown as OrderedPolicy;
}

function compiled(policies: readonly OrderedPolicy[]): Policy<DecryptionExemptions> {
	const rules = policies.map((one) => ({
		...one,
		name: one.key,
		sources: addressSetOf(one.sources),
		destinations: addressSetOf(one.destinations),
		ports: portsOfTerms(one.terms) ?? [],
	}));
	return { rules, isDefaultPermit: false };
}

/** Every connection of a small world: three zones, addresses within and outside, a few ports. */
function* connections(): Iterable<ConnectionFacts> {
	for (const fromZone of zones)
		for (const toZone of zones)
			for (const client of [0, 1, 2, 3, 4].map(address))
				for (const server of [0, 1, 2, 3, 4].map(address))
					for (const far of [client, parseAddress("192.0.2.1") as Address])
						for (const port of [1, 2, 3, 4, 5, 9]) yield { fromZone, toZone, client: far, server, port };
}

test("a policy is named exactly when no connection of a small world reaches it (but for any outside of it)", () => {
	const world = [...connections()];
	fc.assert(
		fc.property(fc.array(policy, { minLength: 2, maxLength: 5 }), (drawn) => {
			const policies = drawn.map(ordered);
			const rules = compiled(policies);
			const reached = new Set(world.map((facts) => evaluateHello(rules, facts).rule));
			for (const { policy: named } of findShadowed(policies).found) assert.ok(!reached.has(named.key), named.key);
			const alone = (one: OrderedPolicy) =>
				world.some((facts) => evaluateHello(compiled([one]), facts).rule === one.key);
			const named = new Set(findShadowed(policies).found.map(({ policy: one }) => one.key));
			for (const one of policies) {
				const isEverywhere =
					one.fromZones !== undefined && one.terms !== undefined && !one.excludesSources && !one.excludesDestinations;
				const isWithin = ![...one.sources, ...one.destinations].some(
					(entry) => entry.kind === "any" || (entry.kind === "prefix" && entry.prefix.length < 31),
				);
				if (isEverywhere && isWithin && !reached.has(one.key) && alone(one)) assert.ok(named.has(one.key), one.key);
			}
		}),
		{ numRuns: 60 },
	);
});

const made = (key: string, more: Partial<OrderedPolicy>): OrderedPolicy =>
	({
		key,
		sources: [anywhere],
		destinations: [anywhere],
		excludesSources: false,
		excludesDestinations: false,
		action: "permit",
		...more,
	}) as OrderedPolicy;
const names = (...policies: OrderedPolicy[]) =>
	findShadowed(policies).found.map(({ policy: one, coveredBy }) => [one.key, ...coveredBy.map(({ key }) => key)]);

test("two halves cover a whole, and what covers is named", () => {
	const low = made("low", { sources: [prefix(0, 25)] });
	const high = made("high", { sources: [prefix(128, 25)] });
	const other = made("other", {
		sources: [{ kind: "prefix", entry: "x", prefix: { address: address(0), length: 8 } }],
	});
	assert.deepEqual(names(low, high, made("all", { sources: [prefix(0, 24)] }), other), [["all", "low", "high"]]);
});

test("a policy with a scheduler covers nothing, nor does one that permits cover one that blocks by name", () => {
	const schedule = { name: "s", statement: {} } as unknown as NonNullable<OrderedPolicy["schedule"]>;
	assert.deepEqual(names(made("now", { schedule }), made("later", {})), []);
	const host: readonly AddressEntry[] = [{ kind: "host", entry: "h", pattern: "*.example" }];
	const permit = made("permit", { destinations: host });
	const deny = made("deny", { destinations: host, action: "deny" });
	assert.deepEqual(names(permit, deny), []);
	assert.deepEqual(names(deny, permit), [["permit", "deny"]]);
});

test("work is bounded: beyond it nothing more is named, and it is told where that begins", () => {
	const { found, endedBefore } = findShadowed([made("a", {}), made("b", {}), made("c", {})], 1);
	assert.deepEqual([found.map(({ policy: one }) => one.key), endedBefore?.key], [["b"], "c"]);
	assert.equal(findShadowed([made("a", {}), made("b", {}), made("c", {})]).endedBefore, undefined);
});

test("policies that have nothing in common cost no work, whatever they differ in", () => {
	const exact = (last: number) => [prefix(last, 32)];
	const far = (last: number): AddressEntry[] => [
		{ kind: "prefix", entry: "x", prefix: { address: parseAddress(`2001:db8:0:${last}::`) as Address, length: 64 } },
	];
	const term = (from: number) => [{ application: "x", protocol: 6, ports: { from, to: from } }];
	const apart = [
		...[1, 2].map((last) => made(`server ${last}`, { destinations: exact(last), sources: exact(9) })),
		...[1, 2].map((last) => made(`client ${last}`, { sources: exact(last) })),
		...[3, 4].map((last) => made(`zone ${last}`, { sources: exact(8), fromZones: new Set([`z${last}`]) })),
		...[5, 6].map((last) => made(`port ${last}`, { sources: exact(7), terms: term(last) })),
		...[1, 9_999].map((last) => made(`IPv6 ${last}`, { sources: far(last) })),
	] as OrderedPolicy[];
	assert.equal(findShadowed(apart, 0).endedBefore, undefined);
});

test("policies whose addresses lie between those of others are all looked at, however many there are", () => {
	const wide = Array.from({ length: 3_000 }, (_, index) => {
		const host: AddressEntry = { kind: "host", entry: "h", pattern: `*.d${index}.example` };
		const net = (first: number): AddressEntry => ({
			kind: "prefix",
			entry: "n",
			prefix: { address: { octets: new Uint8Array([first, index >> 8, index & 255, 1]) }, length: 32 },
		});
		return made(`p${index}`, { destinations: [net(10), host, net(11)] });
	});
	assert.deepEqual(findShadowed(wide, 0), { found: [], endedBefore: undefined });
	assert.deepEqual(names(...wide, made("again", { destinations: wide[2_000]?.destinations ?? [] })), [
		["again", "p2000"],
	]);
});
