import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { addressSetOf } from "#policy/resolve-addresses.ts";
import { addressesInZone, allBooks, booksByZone } from "#policy/zone-books.ts";
import { configOf } from "../../test/support/config-text.ts";

const { security } = configOf(`security {
	zones { security-zone trust; security-zone untrust; }
	address-book {
		near { address web 10.0.0.0/8; attach { zone trust; } }
		global { address web 192.0.2.0/24; address rest 198.51.100.0/24; }
	}
}`);

test("of two books that know a name, the zone's own goes before the global one", () => {
	const covers = (zone: string, names: string[], address: string) =>
		addressSetOf(addressesInZone(booksByZone(security)(zone), names)).matchAddress(parseAddress(address) as Address) !==
		undefined;
	assert.equal(covers("trust", ["web"], "10.1.1.1"), true);
	assert.equal(covers("trust", ["web"], "192.0.2.1"), false);
	assert.equal(covers("untrust", ["web"], "192.0.2.1"), true);
	assert.equal(covers("trust", ["web", "rest"], "198.51.100.1"), true);
	assert.equal(covers("trust", ["any-ipv4"], "203.0.113.1"), true);
	assert.deepEqual(addressesInZone(booksByZone(security)("trust"), ["any"]), [{ kind: "any", entry: "any" }]);
});

test("a global policy knows every book, those of zones among them", () => {
	const old = configOf("security { zones { security-zone z { address-book { address a 10.0.0.0/8; } } } }");
	assert.deepEqual(
		allBooks(old.security).map((book) => [...book.address.keys()]),
		[["a"]],
	);
});
