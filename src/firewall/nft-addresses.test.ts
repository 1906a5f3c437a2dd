import assert from "node:assert/strict";
import { test } from "node:test";
import { type Prefix, parsePrefix } from "#base/address.ts";
import { addressesOfFamily, setElements } from "#firewall/nft-addresses.ts";

const entry = (text: string) => ({ kind: "prefix", entry: text, prefix: parsePrefix(text) as Prefix }) as const;

test("prefixes that overlap or meet are one element, each family for itself", () => {
	const entries = ["10.0.0.0/25", "10.0.0.128/25", "10.0.0.7/32", "192.0.2.1/32", "2001:db8::/127"].map(entry);
	const of = (family: "ip" | "ip6") => setElements(addressesOfFamily(entries, family, new Map()).intervals, family);
	assert.deepEqual(of("ip"), [{ range: ["10.0.0.0", "10.0.0.255"] }, "192.0.2.1"]);
	assert.deepEqual(of("ip6"), [{ range: ["2001:db8::", "2001:db8::1"] }]);
});
