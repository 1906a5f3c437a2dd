import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressSet } from "#policy/address-set.ts";
import { domainSetOf } from "#policy/domain-set.ts";
import type { DomainLists } from "#policy/exempt-names.ts";
import { compileExemptions, noDomainLists } from "#proxy/compile-exemptions.ts";
import type { SslProxyProfile } from "#proxy/ssl-proxy-schema.ts";
import { configOf } from "../../test/support/config-text.ts";

const config = configOf(`services { ssl { proxy {
	profile p { root-ca ca; whitelist-url-categories games; decryption-policy d; }
	decryption-policy d {
		never-decrypt-categories [ finance health ];
		category-overrides forum.bank.example;
		never-decrypt-domains *.gov.example;
		never-decrypt-domain-list partners;
		use-recommended-exemptions;
	}
} } }`);
const profile = config.services.ssl.proxy.profile.get("p") as SslProxyProfile;

const lists: DomainLists = {
	...noDomainLists,
	domainList: (name) => (name === "partners" ? domainSetOf("list partners", [".partner.example"]) : undefined),
	category: (name) => (name === "finance" ? domainSetOf("category finance", [".bank.example"]) : undefined),
};

test("R141, R142, R143, R145: a profile is exempted from by domains, lists, categories and recommendations, overrides apart", () => {
	const { exemptDestinations, overrides } = compileExemptions(config, profile, new AddressSet(), lists);
	const entry = (name: string) => exemptDestinations.matchHost(name)?.entry;
	assert.equal(entry("tax.gov.example"), "never-decrypt-domains of decryption-policy d");
	assert.equal(entry("a.partner.example"), "list partners");
	assert.equal(entry("my.bank.example"), "category finance");
	assert.equal(entry("forum.bank.example"), undefined);
	assert.equal(entry("www.paypal.com"), "the recommended exemptions");
	assert.equal(overrides.match("forum.bank.example")?.value, "forum.bank.example");
});

test("R146: what is not loaded is named, so that the record can tell it", () => {
	assert.equal(
		compileExemptions(config, profile, new AddressSet(), lists).missingLists,
		"not loaded: category games, category health",
	);
});
