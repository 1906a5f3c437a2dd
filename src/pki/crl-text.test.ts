import assert from "node:assert/strict";
import { test } from "node:test";
import { crlBrief, crlEntries, crlFacts } from "#pki/crl-text.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { makeCrl } from "../../test/support/make-crl.ts";

const issuer = makeCertificate({ subject: "O=Corp,CN=Corp\u0007 Root", isCa: true });
const thisUpdate = Date.UTC(2026, 3, 6, 18, 47);
const list = makeCrl({
	issuer,
	thisUpdate,
	nextUpdate: Date.UTC(2026, 4, 16, 7, 7),
	revoked: [{ serial: 0x174e6399000000000506n }, { serial: 0xffn }],
});

test("a list is told as Junos tells it, and a name from outside cannot move the cursor", () => {
	assert.equal(
		crlBrief("CA profile: corp", crlFacts(list)),
		`CA profile: corp
  CRL version: V00000002
  CRL issuer: ${crlFacts(list).issuer.replace("\u0007", "\\x07")}
  Effective date: 04- 6-2026 18:47 UTC
  Next update: 05-16-2026 07:07 UTC
  Revoked certificates: 2
`,
	);
});

test("its entries bear serial and date; an empty list has none", () => {
	const lines = [...crlEntries(list)].join("").split("\n");
	assert.deepEqual(lines.slice(0, 2), ["  Revocation List:", "    Serial number               Revocation date"]);
	assert.match(lines[2] ?? "", /^ {4}174e6399000000000506 {8}\d\d-[ \d]\d-\d{4} \d\d:\d\d UTC$/);
	assert.match(lines[3] ?? "", /^ {4}ff {26}/);
	assert.deepEqual([...crlEntries(makeCrl({ issuer }))], []);
});

test("a list without a next one says so", () => {
	assert.match(crlBrief("x", { ...crlFacts(list), nextUpdate: undefined }), /Next update: none/);
});
