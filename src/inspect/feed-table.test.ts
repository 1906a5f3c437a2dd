import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Address, parseAddress } from "#base/address.ts";
import { FeedTable } from "#inspect/feed-table.ts";

function table(...entries: readonly string[]): FeedTable {
	const made = new FeedTable();
	for (const entry of entries) assert.equal(made.add("f", entry, 5), true, entry);
	return made;
}

const entriesOf = (hits: readonly { readonly entry: string }[]) => hits.map(({ entry }) => entry);
const address = (text: string) => parseAddress(text) as Address;

test("addresses are found by themselves and by prefixes of either family, the longest first", () => {
	const made = table("192.0.2.0/24", "192.0.2.7", "2001:db8::/32");
	assert.deepEqual(entriesOf(made.matchAddress(address("192.0.2.7"))), ["192.0.2.7", "192.0.2.0/24"]);
	assert.deepEqual(entriesOf(made.matchAddress(address("192.0.3.7"))), []);
	assert.deepEqual(entriesOf(made.matchAddress(address("2001:db8::1"))), ["2001:db8::/32"]);
});

test("a name covers itself and every depth below, a URL what lies below its path", () => {
	const made = table(
		"evil.example",
		"https://Site.example:8443/a/b",
		"site.example/c?x=1",
		"192.0.2.1/x.bin",
		"*.wild.example",
	);
	assert.deepEqual(entriesOf(made.matchName("www.evil.example")), ["evil.example"]);
	assert.deepEqual(entriesOf(made.matchName("notevil.example")), []);
	assert.deepEqual(entriesOf(made.matchName("a.b.wild.example")), ["*.wild.example"]);
	for (const [target, isFound] of [
		["/a/b", true],
		["/a/b?q=1", true],
		["/a/b/deeper", true],
		["/a/bc", false],
		["/c?x=1", true],
		["/c?x=2", false],
	] as const)
		assert.equal(made.matchUrl("site.example", target).length > 0, isFound, target);
	assert.equal(table("site.example/a/").matchUrl("site.example", "/a/deep/er?x").length, 1);
	assert.equal(made.matchUrl("192.0.2.1", "/x.bin").length, 1);
	assert.equal(made.matchUrl("other.example", "/a/b").length, 0);
});

test("a URL is found however its path is written, and however much lies behind", () => {
	const made = table("site.example/a/%62ad", "site.example/x/..//b/");
	for (const target of ["/a/bad", "/a/b%61d?q", "//a/./bad", "/c/../a/bad", `/a/bad/${"x/".repeat(500)}`, "/b/c"])
		assert.equal(made.matchUrl("site.example", target).length, 1, target);
	assert.equal(made.matchUrl("site.example", "/a/%2562ad").length, 0);
});

test("fingerprints are found however they are written; what is no entry is refused", () => {
	const made = table("E7D705A3286E19EA42F587B344EE6865", `${"aa:".repeat(31)}aa`);
	assert.equal(made.matchFingerprint("e7d705a3286e19ea42f587b344ee6865").length, 1);
	assert.equal(made.matchFingerprint("aa".repeat(32)).length, 1);
	for (const text of ["", "no name", "http://", "a..b", "-", "192.0.2.0/40"])
		assert.equal(new FeedTable().add("f", text, 1), false, text);
});

test("an entry of two feeds is told of both; the size counts entries", () => {
	const made = new FeedTable();
	for (const feed of ["one", "two", "two"]) made.add(feed, "evil.example", 3);
	assert.deepEqual(
		made.matchName("evil.example").map(({ feed }) => feed),
		["one", "two"],
	);
	assert.equal(made.size, 3);
});

test("any text as an entry or a question is answered", () => {
	const made = table("site.example/a/", "evil.example");
	fc.assert(
		fc.property(fc.string(), fc.string(), (text, other) => {
			new FeedTable().add("f", text, 1);
			made.matchName(text);
			made.matchUrl(text, `/${other}`);
			made.matchFingerprint(text);
		}),
	);
	assert.equal(made.matchUrl("site.example", `/b/${"x/".repeat(100_000)}`).length, 0);
});
