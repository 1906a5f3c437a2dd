import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeMobileconfig } from "#onboarding/mobileconfig.ts";
import { offeredCas } from "#onboarding/offered-ca.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { signingCaOf } from "../../test/support/onboarding.ts";

const profileOf = (subject: string) => {
	const made = makeCertificate({ subject, isCa: true });
	return { made, text: Buffer.from(encodeMobileconfig(offeredCas([signingCaOf(made)], []))).toString("utf8") };
};

test("the profile holds the certificate as a root, octet by octet", () => {
	const { made, text } = profileOf("CN=Example CA");
	assert.match(text, /<key>PayloadType<\/key><string>com\.apple\.security\.root<\/string>/);
	const data = /<data>([A-Za-z0-9+/=]+)<\/data>/.exec(text)?.[1] ?? "";
	assert.deepEqual(Buffer.from(data, "base64"), Buffer.from(made.der));
});

test("the same certificate gives the same profile, another one other identifiers", () => {
	const made = makeCertificate({ subject: "CN=Example CA", isCa: true });
	const cas = offeredCas([signingCaOf(made)], []);
	assert.deepEqual(encodeMobileconfig(cas), encodeMobileconfig(cas));
	const uuids = (text: string) =>
		[...text.matchAll(/<string>([0-9A-F]{8}-[0-9A-F-]{27})<\/string>/g)].map(([, id]) => id);
	const ids = [...uuids(profileOf("CN=a").text), ...uuids(profileOf("CN=b").text)];
	assert.equal(new Set(ids).size, 4);
});

test("a name cannot break out of its element", () => {
	const { text } = profileOf(`CN=</string><script>&"\u0001x`);
	assert.ok(!text.includes("<script>"));
	assert.match(text, /&#60;\/string&#62;&#60;script&#62;&#38;&#34;x/);
});
