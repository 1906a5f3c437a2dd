import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "#config/check.ts";
import type { Finding } from "#config/finding.ts";
import { parseText } from "#config/text.ts";
import { type RootConfig, rootSchema, verifyConfiguration } from "#product/root-schema.ts";

function verify(text: string): readonly Finding[] {
	const { tree, errors } = parseText(rootSchema, text);
	assert.deepEqual(errors, []);
	const { snapshot } = check(rootSchema, tree);
	assert.ok(snapshot !== undefined);
	return verifyConfiguration(snapshot as RootConfig, { caIds: new Set(["ca"]) });
}

test("an empty configuration is whole and nothing is to be said of it", () => {
	assert.deepEqual(verify(""), []);
});

test("every capability puts in its statements", () => {
	const names = rootSchema.children.map((child) => child.name);
	for (const name of ["system", "services", "security", "access", "applications", "schedulers", "groups"]) {
		assert.ok(names.includes(name), name);
	}
	assert.equal(new Set(names).size, names.length);
});

for (const [capability, text, statement] of [
	["proxy", "services { ssl { proxy { profile p { root-ca none; } } } }", "root-ca"],
	["inspection", "security { inspection { pattern-policy p { patterns none; } } }", "patterns"],
	[
		"policies",
		"security { zones { security-zone a { interfaces { e.0; } } security-zone b { interfaces { e.0; } } } }",
		"e.0",
	],
	["logs", "security { log { transport { protocol tls; } } }", "protocol"],
	["pki", "security { pki { persist-private-keys disable; key-store { passphrase-file p; } } }", "passphrase-file"],
] as const) {
	test(`the check of ${capability} takes part in a commit`, () => {
		assert.ok(
			verify(text).some((finding) => finding.statement === statement),
			JSON.stringify(verify(text)),
		);
	});
}
