import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPrefix } from "#base/address.ts";
import { check } from "#config/check.ts";
import { parseText } from "#config/text.ts";
import { compileRevocation } from "#pki/compile-revocation.ts";
import { type PkiConfig, pkiSchema } from "#pki/schema.ts";

function compile(statements: string) {
	const { tree, errors } = parseText(pkiSchema, `security { pki { ${statements} } }`);
	assert.deepEqual(errors, []);
	return compileRevocation(check(pkiSchema, tree).snapshot as PkiConfig);
}

const authority = (statements: string) =>
	compile(`ca-profile A { ca-identity a; revocation-check { ${statements} } }`).authorities.get("A");
const asks = (statements: string) => {
	const { asksOcsp, asksCrl } = authority(statements) ?? assert.fail();
	return `${asksOcsp ? "ocsp" : ""} ${asksCrl ? "crl" : ""}`;
};

test("no network but the public one is permitted unless the configuration says so", () => {
	const plan = compile("");
	assert.deepEqual([plan.permittedNetworks, plan.authorities.size], [[], 0]);
	const other = compile("fetch-permitted-networks [ 10.0.0.0/8 ::1/128 ];");
	assert.deepEqual(other.permittedNetworks.map(formatPrefix), ["10.0.0.0/8", "::1/128"]);
});

test("responder and list are asked, or the one that is named; a list comes after a responder where it may", () => {
	assert.equal(asks(""), "ocsp crl");
	assert.equal(asks("use-crl; use-ocsp;"), "ocsp crl");
	assert.equal(asks("use-crl;"), " crl");
	assert.equal(asks("use-ocsp;"), "ocsp ");
	assert.equal(asks("use-ocsp; ocsp { connection-failure fallback-crl; }"), "ocsp crl");
});

test("each statement of a CA profile has its place", () => {
	const urls = "crl { url http://a.example/l; refresh-interval 2; } ocsp { url http://a.example/o; }";
	const one = authority(urls);
	assert.deepEqual([one?.crlUrls, one?.ocspUrls], [["http://a.example/l"], ["http://a.example/o"]]);
	assert.deepEqual([one?.refreshMs, one?.sendsNonce, one?.acceptsUnavailable], [7_200_000, true, false]);
	assert.equal(authority("ocsp { nonce-payload disable; }")?.sendsNonce, false);
	assert.equal(authority("ocsp { connection-failure disable; }")?.acceptsUnavailable, true);
	assert.equal(authority("crl { disable { on-download-failure; } }")?.acceptsUnavailable, true);
	assert.equal(authority("disable;")?.isDisabled, true);
});
