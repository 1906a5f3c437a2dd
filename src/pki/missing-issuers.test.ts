import assert from "node:assert/strict";
import { test } from "node:test";
import { missingIssuers } from "#pki/missing-issuers.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { type Made, makeCertificate } from "../../test/support/make-certificate.ts";
import { pointers } from "../../test/support/responder.ts";

const at = (...caIssuers: readonly string[]) => ({ extensions: pointers({ caIssuers }) });
const root = makeCertificate({ isCa: true, subject: "CN=root" });
const upper = makeCertificate({ isCa: true, subject: "CN=upper", issuer: root });
const lower = makeCertificate({ isCa: true, subject: "CN=lower", issuer: upper, ...at("http://a.example/upper") });
const leaf = makeCertificate({ issuer: lower, ...at("http://a.example/lower", "ldap://a.example/lower") });
const anchors = new TrustAnchors([root.certificate]);

function missing(...intermediates: readonly Made[]): string[] {
	const certificates = intermediates.map(({ certificate }) => certificate);
	return missingIssuers(leaf.certificate, certificates, anchors).flatMap(({ urls }) => urls);
}

test("the lowest certificate without an issuer says where it can be had, over http", () => {
	assert.deepEqual(missing(), ["http://a.example/lower"]);
	assert.deepEqual(missing(upper), ["http://a.example/lower"]);
	assert.deepEqual(missing(lower), ["http://a.example/upper"]);
});

test("nothing is missing once an anchor is reached", () => {
	assert.deepEqual(missing(lower, upper), []);
	assert.deepEqual(missing(lower, upper, root), []);
});

test("one of the same name with another key is not the issuer", () => {
	const impostor = makeCertificate({ isCa: true, subject: "CN=lower", issuer: root });
	assert.deepEqual(missing(impostor), ["http://a.example/lower"]);
});

test("a root that is no anchor, and a certificate that names no address, have nothing to fetch", () => {
	const strange = makeCertificate({ isCa: true, subject: "CN=strange", ...at("http://a.example/self") });
	const below = makeCertificate({ issuer: strange }).certificate;
	assert.deepEqual(missingIssuers(below, [strange.certificate], anchors), []);
	assert.deepEqual(missingIssuers(below, [], anchors), []);
});

test("CAs that certify each other end, and a thousand of them do not multiply", () => {
	const [a, b] = [makeCertificate({ isCa: true, subject: "CN=a" }), makeCertificate({ isCa: true, subject: "CN=b" })];
	const crossed = [
		makeCertificate({ isCa: true, subject: "CN=a", key: a, issuer: b, ...at("http://a.example/b") }),
		makeCertificate({ isCa: true, subject: "CN=b", key: b, issuer: a, ...at("http://a.example/a") }),
	].map(({ certificate }) => certificate);
	const below = makeCertificate({ issuer: a }).certificate;
	assert.deepEqual(missingIssuers(below, crossed, anchors), []);
	const many = Array.from({ length: 50 }, (_, index) =>
		makeCertificate({ isCa: true, subject: "CN=a", key: a, issuer: b, ...at(`http://a.example/${index}`) }),
	).map(({ certificate }) => certificate);
	assert.ok(missingIssuers(below, many, anchors).length <= 3);
});
