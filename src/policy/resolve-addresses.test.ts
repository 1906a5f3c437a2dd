import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { resolveAddresses } from "#policy/resolve-addresses.ts";
import { configOf } from "../../test/support/config-text.ts";

const books = [
	...configOf(`security { address-book {
		one {
			address net 10.1.2.3/16;
			address range range-address 192.0.2.5 to 192.0.2.6;
			address wild wildcard-address 172.16.0.9/255.240.0.255;
			address-set inner { address range; }
			address-set outer { address-set inner; address net; }
		}
		global { address site dns-name *.example.com; address net 2001:db8::/32; }
	} }`).security.addressBook.book.values(),
];

const at = (text: string) => parseAddress(text) as Address;
const hit = (names: string[], address: string) => resolveAddresses(books, names).matchAddress(at(address));

test("a name means what every book says of it", () => {
	assert.deepEqual(hit(["net"], "10.1.9.9"), { entry: "net", value: "10.1.0.0/16" });
	assert.deepEqual(hit(["net"], "2001:db8::9"), { entry: "net", value: "2001:db8::/32" });
	assert.equal(hit(["net"], "10.2.0.0"), undefined);
	assert.equal(resolveAddresses(books, ["site"]).matchHost("a.b.example.com")?.entry, "site");
});

test("a set means its members and those of the sets in it", () => {
	assert.equal(hit(["outer"], "192.0.2.6")?.entry, "range");
	assert.equal(hit(["outer"], "10.1.0.1")?.entry, "net");
	assert.equal(hit(["inner"], "10.1.0.1"), undefined);
	assert.equal(hit(["range"], "192.0.2.7"), undefined);
});

test("a wildcard address means every address that agrees in the bits of its mask", () => {
	assert.deepEqual(hit(["wild"], "172.31.200.9"), { entry: "wild", value: "172.16.0.9/255.240.0.255" });
	assert.equal(hit(["wild"], "172.31.200.8"), undefined);
	assert.equal(hit(["wild"], "::9"), undefined);
});

test("any, any-ipv4 and any-ipv6 need no book; an entry may go by another name", () => {
	assert.equal(resolveAddresses([], ["any"]).isAny, true);
	assert.equal(hit(["any-ipv4"], "203.0.113.1")?.entry, "any-ipv4");
	assert.equal(hit(["any-ipv4"], "::1"), undefined);
	assert.equal(hit(["any-ipv6"], "::1")?.entry, "any-ipv6");
	assert.equal(resolveAddresses(books, ["net"], "whitelist").matchAddress(at("10.1.0.1"))?.entry, "whitelist");
});
