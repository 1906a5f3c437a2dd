import assert from "node:assert/strict";
import { test } from "node:test";
import type { Certificate } from "#pki/certificate.ts";
import { type AskedSession, askedNames } from "#proxy/asked-names.ts";

const certificate = {
	typed: {
		subjectAltName: [
			{ kind: "dns", text: "a.test" },
			{ kind: "dns", text: "*.wide.test" },
		],
	},
} as unknown as Certificate;
const asked = (session: Partial<AskedSession>) =>
	askedNames({ way: "explicit", host: "a.test", sni: "a.test", certificate, ...session });

test("F12: requests are held against the name of the ClientHello, without one against what was asked for", () => {
	assert.equal(asked({ host: "192.0.2.1", sni: "A.test" })?.name, "a.test");
	assert.equal(asked({ sni: undefined })?.name, "a.test");
	assert.equal(asked({ way: "transparent", host: "192.0.2.1", sni: undefined })?.name, "192.0.2.1");
});

test("F12: the names are those of the certificate, wildcards among them; a server that is not trusted bears none", () => {
	const borne = asked({});
	assert.deepEqual(
		["a.test", "x.wide.test", "wide.test", "b.test"].map((name) => borne?.isBorne(name)),
		[true, true, false, false],
	);
	assert.equal(asked({ certificate: undefined })?.isBorne("a.test"), false);
});

test("F12: what the proxy was asked for is another name unless it is an address or the certificate's", () => {
	assert.equal(asked({ host: "front.test" })?.otherName, "front.test");
	assert.equal(asked({ host: "x.wide.test" })?.otherName, undefined);
	assert.equal(asked({ host: "2001:db8::1" })?.otherName, undefined);
	assert.equal(asked({ host: "front.test", sni: undefined })?.otherName, undefined);
});

test("F12: the server of a listener is nobody's word: its clients are held against their own name and its certificate", () => {
	for (const way of ["reverse", "offload"] as const) {
		assert.deepEqual(
			[asked({ way, host: "10.0.0.1" })?.name, asked({ way, sni: undefined })?.name],
			["a.test", undefined],
		);
	}
	assert.equal(asked({ way: "encrypt" }), undefined);
});
