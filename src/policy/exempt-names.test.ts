import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "#base/address.ts";
import { AddressSet } from "#policy/address-set.ts";
import { domainSetOf } from "#policy/domain-set.ts";
import { ExemptDestinations } from "#policy/exempt-names.ts";

const written = new AddressSet();
written.addHost("*.partner.example", "whitelist");
const exempt = new ExemptDestinations(
	written,
	[domainSetOf("never-decrypt-domains", ["*.gov.example", "forum.bank.example"])],
	[domainSetOf("category finance", [".bank.example"]), domainSetOf("category health", [".clinic.example"])],
	domainSetOf("category-overrides", ["forum.bank.example", "*.shop.bank.example", "blog.clinic.example"]),
);

test("R141, R155, R296: names are exempt by what is written down, by domain lists and by category, and the list is told", () => {
	assert.deepEqual(exempt.matchHost("a.partner.example"), { entry: "whitelist", value: "*.partner.example" });
	assert.deepEqual(exempt.matchHost("tax.gov.example"), { entry: "never-decrypt-domains", value: "*.gov.example" });
	assert.deepEqual(exempt.matchHost("my.bank.example"), { entry: "category finance", value: ".bank.example" });
	assert.deepEqual(exempt.matchHost("clinic.example"), { entry: "category health", value: ".clinic.example" });
	assert.equal(exempt.matchHost("news.example"), undefined);
});

test("R142: a category override is decrypted although its category is not", () => {
	assert.equal(exempt.matchHost("a.shop.bank.example"), undefined);
	assert.equal(exempt.matchHost("blog.clinic.example"), undefined);
});

test("a domain that is written down is exempt although an override names it", () => {
	assert.equal(exempt.matchHost("forum.bank.example")?.entry, "never-decrypt-domains");
});

test("addresses are exempt only where they are written down", () => {
	const address = parseAddress("192.0.2.1");
	assert.ok(address !== undefined);
	assert.equal(exempt.matchAddress(address), undefined);
});
