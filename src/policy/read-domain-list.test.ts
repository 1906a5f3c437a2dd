import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { type DomainListFormat, domainListFormats, readDomainList } from "#policy/read-domain-list.ts";

function read(format: DomainListFormat, ...lines: readonly string[]) {
	const { text, ...rest } = readDomainList(Buffer.from(lines.join("\n")), format);
	return { lines: Buffer.from(text).toString("latin1").split("\n").filter(Boolean), ...rest };
}

test("R144: a plain list holds names, wildcards and names with all below, with comments", () => {
	const list = read("plain", "# banks", "Bank.Example.", "*.company.com  # all", "", ".shop.example\r", "192.0.2.1");
	assert.deepEqual(list.lines, ["bank.example", "*.company.com", ".shop.example"]);
	assert.equal(list.entries, 3);
	assert.equal(list.passedOver, 1);
	assert.equal(list.errorCount, 0);
});

test("R144: a wrong line is told with its number", () => {
	const list = read("plain", "good.example", "bad name", "*.", "a.*.example");
	assert.deepEqual(
		list.errors.map(({ line }) => line),
		[2, 3, 4],
	);
	assert.match(list.errors[0]?.says ?? "", /expected a host name, got "bad name"/);
	assert.equal(list.entries, 1);
});

test("of many wrong lines the first ten are kept and all are counted", () => {
	const list = read("plain", ...Array.from({ length: 25 }, () => "no name"));
	assert.equal(list.errors.length, 10);
	assert.equal(list.errorCount, 25);
});

test("a hosts file gives its names exactly and not those of the host itself", () => {
	const list = read(
		"hosts",
		"127.0.0.1 localhost",
		"::1 ip6-localhost",
		"0.0.0.0 ads.example track.example # x",
		"oops",
	);
	assert.deepEqual(list.lines, ["ads.example", "track.example"]);
	assert.equal(list.passedOver, 2);
	assert.deepEqual(list.errors, [{ line: 4, says: 'expected an address, then names, got "oops"' }]);
});

test("a squidGuard list covers each name and all below it, and addresses are passed over", () => {
	const list = read("squidguard", "bank.example", ".pay.example", "198.51.100.7");
	assert.deepEqual(list.lines, [".bank.example", ".pay.example"]);
	assert.equal(list.passedOver, 1);
});

test("a response policy zone gives the names that it acts on and not its exceptions", () => {
	const list = read(
		"rpz",
		"$TTL 300",
		"@ IN SOA localhost. root.localhost. ( 1 ; serial",
		"  3600 600 86400 60 )",
		"  IN NS localhost.",
		"$ORIGIN rpz.example.",
		"bad.example CNAME .",
		"*.bad.example 60 IN CNAME *.",
		"whole.example.rpz.example. CNAME rpz-drop.",
		"good.example CNAME rpz-passthru.",
		"32.7.100.51.198.rpz-ip CNAME .",
		"walled.example A 192.0.2.1",
		"what is this",
	);
	assert.deepEqual(list.lines, ["bad.example", "*.bad.example", "whole.example", "walled.example"]);
	assert.equal(list.passedOver, 2);
	assert.deepEqual(
		list.errors.map(({ line }) => line),
		[12],
	);
});

test("any octets are read without a fault, and what comes out is read again as it is", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...domainListFormats), (octets, format) => {
			const { text, entries } = readDomainList(octets, format);
			const again = readDomainList(text, "plain");
			assert.equal(again.entries, entries);
			assert.equal(again.errorCount, 0);
			assert.deepEqual(Buffer.from(again.text), Buffer.from(text));
		}),
	);
});
