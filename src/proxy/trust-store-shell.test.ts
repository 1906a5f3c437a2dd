import assert from "node:assert/strict";
import { test } from "node:test";
import { getCACertificates } from "node:tls";
import { TrustStore } from "#proxy/trust-store-shell.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const corporate = makeCertificate({ subject: "CN=Corporate Root", isCa: true });
const partner = makeCertificate({ subject: "CN=Partner Root", isCa: true });
const profiles = new Map([
	["corporate", [corporate.pem]],
	["partner", [partner.pem]],
]);

test("'all' is the public roots and every profile, and what TLS contexts without roots of their own share", () => {
	const publicRoots = getCACertificates("default");
	const roots = new TrustStore(profiles).roots(["all"]);
	assert.equal(roots.isDefault, true);
	assert.equal(roots.pem.length, publicRoots.length + 2);
	assert.equal(getCACertificates("default").length, publicRoots.length + 2);
	assert.equal(new TrustStore(profiles).roots(["all"]).pem.length, roots.pem.length);
});

test("a profile by its name brings its own roots and no others", () => {
	const roots = new TrustStore(profiles).roots(["partner"]);
	assert.equal(roots.isDefault, false);
	assert.deepEqual(roots.pem, [partner.pem]);
});

test("the roots of all are what TLS contexts without roots of their own share, those of a profile are not", () => {
	const { isDefault, pem } = store.roots(["all"]);
	assert.equal(isDefault, true);
	assert.equal(getCACertificates("default").length, pem.length);
	assert.equal(new TrustStore(new Map()).roots(["all"]).pem.length, pem.length - 2);
	assert.equal(store.roots(["corp"]).isDefault, false);
});
