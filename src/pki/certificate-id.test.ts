import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { aliasId, certificateId, replacedId } from "#pki/certificate-id.ts";

const free = () => false;

test("R80: a certificate's name has letters, digits, hyphens, underscores and blanks, and is never 'ca'", () => {
	for (const good of ["a", "A-1_b", "a b", "caa", "a".repeat(63)])
		assert.equal(certificateId.parse(good).ok, true, good);
	for (const bad of ["", "ca", "a.b", "a/b", " a", "a ", "a".repeat(64), "å", "a\nb"])
		assert.equal(certificateId.parse(bad).ok, false, JSON.stringify(bad));
});

test("R75: several certificates of a file get the base name and their alias", () => {
	assert.equal(aliasId("corp", "web", free), "corp-web");
	assert.equal(aliasId("corp", "www.company.example (2026)", free), "corp-www-company-example-2026");
	assert.equal(aliasId("corp", "", free), "corp-1");
	assert.equal(
		aliasId("corp", "web", (id) => id === "corp-web"),
		"corp-web-2",
	);
});

test("R86: the certificate before is called NAME_REPLACED, with a number where that is taken", () => {
	assert.equal(replacedId("corp", free), "corp_REPLACED");
	const taken = new Set(["corp_REPLACED", "corp_REPLACED-2"]);
	assert.equal(
		replacedId("corp", (id) => taken.has(id)),
		"corp_REPLACED-3",
	);
});

test("whatever a file calls its certificates, the names are valid and no two are the same", () => {
	const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,63}$/).filter((one) => one !== "ca");
	fc.assert(
		fc.property(name, fc.array(fc.string({ maxLength: 80 }), { maxLength: 8 }), (base, aliases) => {
			const taken = new Set<string>();
			for (const alias of aliases) {
				const id = aliasId(base, alias, (one) => taken.has(one));
				assert.ok(certificateId.parse(id).ok && !taken.has(id), id);
				taken.add(id);
			}
			assert.ok(certificateId.parse(replacedId(base, free)).ok);
		}),
	);
});
