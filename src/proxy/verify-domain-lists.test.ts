import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyDomainLists } from "#proxy/verify-domain-lists.ts";
import { configOf } from "../../test/support/config-text.ts";

const text = `services { ssl { proxy {
	profile p { root-ca ca; whitelist-url-categories [ finance games ]; decryption-policy d; }
	decryption-policy d { never-decrypt-categories health; never-decrypt-domain-list [ banks more ]; }
} } }`;

test("R146: a category or list that is not loaded is told at commit with the command that loads it", () => {
	const { sslProxy } = { sslProxy: configOf(text).services.ssl.proxy };
	const loaded = { domainLists: new Set(["banks"]), categories: new Set(["finance"]) };
	const findings = verifyDomainLists(sslProxy, loaded);
	assert.deepEqual(
		findings.map(({ severity, statement, message }) => `${severity} ${statement}: ${message.split(";")[0]}`),
		[
			"warning whitelist-url-categories: category 'games' is not loaded and exempts nothing",
			"warning never-decrypt-categories: category 'health' is not loaded and exempts nothing",
			"warning never-decrypt-domain-list: list 'more' is not loaded and exempts nothing",
		],
	);
	assert.match(findings[2]?.message ?? "", /import domain-list more filename FILE/);
	assert.deepEqual(verifyDomainLists(sslProxy, undefined), []);
});
