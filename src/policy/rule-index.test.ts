import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Address, type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { AddressSet } from "#policy/address-set.ts";
import {
	type DecryptionExemptions,
	evaluateConnect,
	evaluateHello,
	type Policy,
	type PolicyRule,
} from "#policy/evaluate.ts";
import { RuleIndex, rulesFor } from "#policy/rule-index.ts";

const address = (text: string) => parseAddress(text) as Address;
type Rule = PolicyRule<DecryptionExemptions>;

function setOf(parts: readonly string[]): AddressSet {
	if (parts.includes("any")) return new AddressSet(true);
	const set = new AddressSet();
	for (const part of parts) {
		if (part.includes("/")) set.addPrefix(parsePrefix(part) as Prefix, part);
		else set.addHost(part, part);
	}
	return set;
}

const some = fc.array(
	fc.constantFrom("10.0.0.0/8", "10.1.0.0/16", "10.1.1.1/32", "192.0.2.0/24", "2001:db8::/32", "a.example", "any"),
	{ minLength: 1, maxLength: 3 },
);
const rule = fc
	.record({ from: some, to: some, isFromExcluded: fc.boolean(), isToExcluded: fc.boolean(), isPermit: fc.boolean() })
	.map(
		({ from, to, isFromExcluded, isToExcluded, isPermit }): Rule => ({
			name: `${from} ${to}`,
			sources: setOf([...from.filter((part) => part !== "a.example"), "10.9.9.9/32"]),
			destinations: setOf(to),
			ports: [],
			action: isPermit ? "permit" : "deny",
			excludesSources: isFromExcluded,
			excludesDestinations: isToExcluded,
		}),
	);
const facts = fc.record({
	client: fc.constantFrom("10.1.1.1", "10.2.0.1", "192.0.2.9", "198.51.100.1", "2001:db8::1").map(address),
	server: fc.option(fc.constantFrom("10.1.1.1", "192.0.2.9", "2001:db8::2", "203.0.113.1").map(address), {
		nil: undefined,
	}),
	port: fc.constant(443),
	sni: fc.option(fc.constantFrom("a.example", "b.example"), { nil: undefined }),
});

test("a rule that is left out can neither match nor wait for what is not known", () => {
	fc.assert(
		fc.property(fc.array(rule, { maxLength: 40 }), facts, (rules, asked) => {
			const candidates = new Set(new RuleIndex(rules).candidates(asked.client, asked.server) ?? rules.keys());
			for (const [position, one] of rules.entries()) {
				if (candidates.has(position)) continue;
				const alone: Policy<DecryptionExemptions> = { rules: [one], isDefaultPermit: false };
				assert.equal(evaluateHello(alone, asked).rule, "default-policy", one.name);
				assert.equal(evaluateConnect(alone, asked)?.rule, "default-policy", one.name);
			}
		}),
	);
});

test("many policies decide as they do one by one", () => {
	fc.assert(
		fc.property(fc.array(rule, { minLength: 40, maxLength: 80 }), facts, (rules, asked) => {
			const decided = evaluateHello<DecryptionExemptions>({ rules, isDefaultPermit: false }, asked).rule;
			const first = rules.find(
				(one) =>
					evaluateHello<DecryptionExemptions>({ rules: [one], isDefaultPermit: false }, asked).rule !==
					"default-policy",
			);
			assert.equal(decided, first?.name ?? "default-policy");
		}),
	);
});

test("of ten thousand policies for single servers the one that concerns the server is looked at, and those for any", () => {
	const rules = Array.from({ length: 10_000 }, (_, index): Rule => {
		const to = index === 9_999 ? "any" : `10.${index >> 8}.${index & 255}.0/24`;
		return { name: `p${index}`, sources: new AddressSet(true), destinations: setOf([to]), ports: [], action: "deny" };
	});
	const names = rulesFor(rules, address("192.0.2.1"), address("10.0.7.7")).map(({ name }) => name);
	assert.deepEqual(names, ["p7", "p9999"]);
	assert.equal(rulesFor(rules, address("192.0.2.1"), undefined).length, 10_000);
});
