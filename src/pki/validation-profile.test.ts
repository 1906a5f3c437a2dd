import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type RefusalCode, refusal, refusalTable, validationProfiles } from "#pki/validation-profile.ts";

const codes = Object.keys(refusalTable) as RefusalCode[];

describe("validation profiles", () => {
	it("refuse more from lenient over web-pki to strict, and strict refuses for everything", () => {
		const { strict, lenient, "web-pki": webPki } = validationProfiles;
		for (const code of codes) assert.ok(strict.refuses.has(code), code);
		assert.ok(lenient.refuses.isSubsetOf(webPki.refuses));
		assert.ok(strict.keyKinds.isSubsetOf(webPki.keyKinds));
		assert.ok(webPki.keyKinds.isSubsetOf(lenient.keyKinds));
		assert.ok(webPki.curves.isSubsetOf(lenient.curves));
	});

	it("keep in every profile what safety rests on", () => {
		const essential: RefusalCode[] = [
			"unknown-issuer",
			"self-signed",
			"signature-invalid",
			"too-much-work",
			"path-too-long",
			"own-authority",
			"name-mismatch",
			"malformed",
			"expired",
			"not-yet-valid",
			"critical-extension-unknown",
			"signature-algorithm-refused",
			"key-refused",
			"not-version-3",
			"ca-basic-constraints",
			"ca-key-usage",
			"ca-extended-key-usage",
			"leaf-extended-key-usage",
			"name-constraint-violated",
			"name-constraint-malformed",
			"no-valid-policy",
		];
		for (const profile of Object.values(validationProfiles))
			for (const code of essential) assert.ok(profile.refuses.has(code), `${profile.name}: ${code}`);
	});

	it("V11: accept neither MD5 nor SHA-1 nor RSA below 2048 bits in any profile", () => {
		for (const { hashes, minRsaBits, keyKinds } of Object.values(validationProfiles)) {
			assert.deepEqual([...hashes], ["sha256", "sha384", "sha512"]);
			assert.equal(minRsaBits, 2048);
			assert.ok(!keyKinds.has("dsa") && !keyKinds.has("unknown"));
		}
	});

	it("refuse in one line of at most 605 characters, whatever a certificate brings into it", () => {
		const sentence = (text: string) => refusal("expired", 0, text).sentence;
		assert.equal(sentence('the name "a\u009b2J\u202eb"'), 'the name "a\\x9b2J\\u{202e}b"');
		assert.equal(sentence("a".repeat(600)), "a".repeat(600));
		assert.equal(sentence("a".repeat(1_000_000)), `${"a".repeat(300)} ... ${"a".repeat(300)}`);
		assert.equal(sentence("\u202e".repeat(600)).length, 605);
	});

	it("name a source for every rule, which a refusal carries", () => {
		for (const code of codes) {
			assert.ok(refusalTable[code].source.length > 5);
			assert.equal(refusal(code, 2, "why").source, refusalTable[code].source);
		}
	});
});
