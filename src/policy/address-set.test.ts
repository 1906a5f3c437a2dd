import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Address, type Prefix, parseAddress, parsePrefix, prefixContains } from "#base/address.ts";
import { AddressSet } from "#policy/address-set.ts";

const address = (text: string) => parseAddress(text) as Address;
const prefix = (text: string) => parsePrefix(text) as Prefix;

test("a prefix entry covers its addresses and tells its name and value", () => {
	const set = new AddressSet();
	set.addPrefix(prefix("10.1.0.0/16"), "branch");
	set.addPrefix(prefix("2001:db8::/33"), "lab");
	assert.deepEqual(set.matchAddress(address("10.1.255.7")), { entry: "branch", value: "10.1.0.0/16" });
	assert.deepEqual(set.matchAddress(address("2001:db8:7fff::1")), { entry: "lab", value: "2001:db8::/33" });
	assert.equal(set.matchAddress(address("10.2.0.1")), undefined);
	assert.equal(set.matchAddress(address("2001:db8:8000::1")), undefined);
});

test("an IPv4 prefix never covers an IPv6 address, and 0.0.0.0/0 covers all of IPv4 only", () => {
	const set = new AddressSet();
	set.addPrefix(prefix("0.0.0.0/0"), "all");
	assert.equal(set.matchAddress(address("::1")), undefined);
	assert.equal(set.matchAddress(address("203.0.113.1"))?.entry, "all");
});

test("R143: *. covers every depth below the name and not the name itself", () => {
	const set = new AddressSet();
	set.addHost("*.company.com", "exempt");
	assert.equal(set.matchHost("legal.compliance.company.com")?.entry, "exempt");
	assert.equal(set.matchHost("www.company.com")?.value, "*.company.com");
	assert.equal(set.matchHost("company.com"), undefined);
	assert.equal(set.matchHost("notcompany.com"), undefined);
});

test("the set agrees with a linear scan for every prefix and address", () => {
	const octets = fc.oneof(
		fc.uint8Array({ minLength: 4, maxLength: 4 }),
		fc.uint8Array({ minLength: 16, maxLength: 16 }),
	);
	const anyPrefix = fc.tuple(octets, fc.nat(128)).map(([value, wanted]) => {
		const length = Math.min(wanted, value.length * 8);
		const masked = value.map((octet, index) => {
			const bits = Math.max(0, Math.min(8, length - index * 8));
			return octet & ((0xff << (8 - bits)) & 0xff);
		});
		return { address: { octets: masked }, length } satisfies Prefix;
	});
	fc.assert(
		fc.property(fc.array(anyPrefix, { maxLength: 8 }), octets, (prefixes, value) => {
			const set = new AddressSet();
			for (const item of prefixes) set.addPrefix(item, "x");
			const expected = prefixes.some((item) => prefixContains(item, { octets: value }));
			return (set.matchAddress({ octets: value }) !== undefined) === expected;
		}),
	);
});
