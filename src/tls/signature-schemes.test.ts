import assert from "node:assert/strict";
import { test } from "node:test";
import { describeSignatureScheme, signatureSchemeOf, signatureSchemes } from "#tls/signature-schemes.ts";

test("codes ascend, names come once, a hash in the name is the hash of the row", () => {
	const codes = signatureSchemes.map(({ code }) => code);
	assert.deepEqual(
		codes,
		[...new Set(codes)].sort((a, b) => a - b),
	);
	assert.equal(new Set(signatureSchemes.map(({ name }) => name)).size, codes.length);
	for (const { name, hash } of signatureSchemes) {
		assert.equal(hash?.toLowerCase(), /(md5|sha\d+)$/.exec(name)?.[1]);
	}
});

test("a scheme is described by its name, an unknown one by its code point", () => {
	assert.equal(describeSignatureScheme(0x0804), "rsa_pss_rsae_sha256");
	assert.equal(signatureSchemeOf(0x0807)?.key, "EdDSA");
	assert.equal(describeSignatureScheme(0x1a1a), "0x1a1a");
});
