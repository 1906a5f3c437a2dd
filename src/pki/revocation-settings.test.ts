import assert from "node:assert/strict";
import { test } from "node:test";
import {
	type AuthorityRevocation,
	placesToAsk,
	type RevocationSettings,
	revocationOf,
	usualRevocation,
} from "#pki/revocation-settings.ts";
import { makeCertificate, makeChain } from "../../test/support/make-certificate.ts";
import { pointers } from "../../test/support/responder.ts";

const { root, intermediate, leaf } = makeChain();
const path = [leaf, intermediate, root].map(({ certificate }) => certificate);
const settings: RevocationSettings = { key: "", timeoutMs: 1, asksOcsp: true, asksCrl: true, ignoresHold: false };
const named = makeCertificate({
	extensions: pointers({ ocsp: ["http://a.example/o", "ldap://a.example/o"], crls: ["http://a.example/l"] }),
}).certificate;
const ask = (authority: Partial<AuthorityRevocation> = {}, more: Partial<RevocationSettings> = {}) =>
	placesToAsk(named, { ...usualRevocation, ...authority }, { ...settings, ...more });

test("the authority nearest to the leaf that has settings decides, and the usual ones where none has", () => {
	const own = { ...usualRevocation, isDisabled: true };
	const other = { ...usualRevocation, sendsNonce: true };
	const { fingerprint } = root.certificate;
	assert.equal(revocationOf(path, new Map()), usualRevocation);
	assert.equal(revocationOf(path, new Map([[fingerprint, own]])), own);
	const both = new Map([
		[fingerprint, own],
		[intermediate.certificate.fingerprint, other],
	]);
	assert.equal(revocationOf(path, both), other);
	assert.equal(revocationOf(path, new Map([[leaf.certificate.fingerprint, own]])), usualRevocation);
});

test("what the certificate names is asked over http, what the operator names takes its place", () => {
	assert.deepEqual(ask(), { ocsp: ["http://a.example/o"], crls: ["http://a.example/l"] });
	assert.deepEqual(ask({ ocspUrls: ["http://b.example/"], crlUrls: ["http://c.example/"] }), {
		ocsp: ["http://b.example/"],
		crls: ["http://c.example/"],
	});
});

test("neither is asked that the authority or the profile does without", () => {
	assert.deepEqual(ask({ asksOcsp: false }).ocsp, []);
	assert.deepEqual(ask({}, { asksOcsp: false }).ocsp, []);
	assert.deepEqual(ask({ asksCrl: false }).crls, []);
	assert.deepEqual(ask({}, { asksCrl: false }).crls, []);
});

test("a certificate that names a thousand places has a few of them asked", () => {
	const many = Array.from({ length: 1_000 }, (_, index) => `http://a.example/${index}`);
	const { certificate } = makeCertificate({ extensions: pointers({ ocsp: many, crls: many }) });
	const places = placesToAsk(certificate, usualRevocation, settings);
	assert.deepEqual([places.ocsp.length, places.crls.length], [2, 6]);
});
