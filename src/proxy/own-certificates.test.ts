import assert from "node:assert/strict";
import { test } from "node:test";
import { OwnCertificates } from "#proxy/own-certificates.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

function own(id: string, ...names: readonly string[]) {
	return { id, certificates: [makeCertificate({ names }).der], key: new Uint8Array(0) };
}

const certificates = new OwnCertificates([
	own("shop", "shop.example", "www.shop.example"),
	own("wild", "*.shop.example"),
	own("second", "Shop.Example"),
	{ id: "broken", certificates: [new Uint8Array([1, 2, 3])], key: new Uint8Array(0) },
	{ id: "empty", certificates: [], key: new Uint8Array(0) },
]);
const list = ["broken", "shop", "wild", "second"];
const choose = (sni: string | undefined, isMatchWanted = false) => certificates.choose(list, sni, isMatchWanted);

test("R133: an exact name goes before a wildcard, all that have the name are candidates, case does not matter", () => {
	assert.deepEqual(choose("SHOP.example"), ["shop", "second"]);
	assert.deepEqual(choose("www.shop.example"), ["shop"]);
	assert.deepEqual(choose("api.shop.example"), ["wild"]);
});

test("R179: a name that none has, and no name, get the first that can be read", () => {
	assert.deepEqual(choose("a.b.shop.example"), ["shop"]);
	assert.deepEqual(choose("other.example"), ["shop"]);
	assert.deepEqual(choose("localhost"), ["shop"]);
	assert.deepEqual(choose(undefined), ["shop"]);
});

test("R10: a profile that can mint leaves too stands for no server but those of its certificates", () => {
	assert.deepEqual(choose("other.example", true), []);
	assert.deepEqual(choose(undefined, true), []);
	assert.deepEqual(choose("api.shop.example", true), ["wild"]);
	assert.deepEqual(certificates.choose([], "shop.example", false), []);
});

test("what cannot be read is not there", () => {
	assert.equal(certificates.leaf("broken"), undefined);
	assert.equal(certificates.entry("empty"), undefined);
	assert.equal(certificates.entry("shop")?.id, "shop");
	assert.deepEqual(certificates.choose(["broken"], "a.example", false), []);
});

test("R133: a thousand certificates are told apart by name", () => {
	const made = makeCertificate({ names: ["*.many.example"] }).der;
	const entries = Array.from({ length: 1_000 }, (_, index) =>
		index === 999 ? own("last", "last.example") : { id: `c${index}`, certificates: [made], key: new Uint8Array(0) },
	);
	const ids = entries.map(({ id }) => id);
	const many = new OwnCertificates(entries);
	assert.deepEqual(many.choose(ids, "last.example", true), ["last"]);
	assert.equal(many.choose(ids, "a.many.example", true).length, 999);
});
