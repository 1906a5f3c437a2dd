import assert from "node:assert/strict";
import { test } from "node:test";
import { HostPatternMap, isHostPattern, normalizeHostName } from "#base/host-name.ts";

test("a host name is lower-cased and loses its final dot", () => {
	assert.equal(normalizeHostName("WWW.Example.COM."), "www.example.com");
	assert.equal(normalizeHostName("xn--bcher-kva.example"), "xn--bcher-kva.example");
	assert.equal(normalizeHostName("_dmarc.example"), "_dmarc.example");
	assert.equal(normalizeHostName("localhost"), "localhost");
});

for (const text of [
	"",
	".",
	"a..b",
	"-a.example",
	"a-.example",
	"a b",
	"192.0.2.1",
	"bücher.example",
	`${"a".repeat(64)}.x`,
	"a.".repeat(128),
	"a\0b",
	"*.a.example",
]) {
	test(`${JSON.stringify(text.slice(0, 20))} is not a host name`, () => {
		assert.equal(normalizeHostName(text), undefined);
	});
}

test("a pattern is a host name or *. before one", () => {
	assert.equal(isHostPattern("*.example.com"), true);
	assert.equal(isHostPattern("example.com"), true);
	assert.equal(isHostPattern("a.*.example.com"), false);
	assert.equal(isHostPattern("*"), false);
});

test("R143: the longest pattern that covers a name wins, at any depth", () => {
	const map = new HostPatternMap<number>();
	map.set("*.example.com", 1);
	map.set("*.deep.example.com", 2);
	map.set("one.deep.example.com", 3);
	assert.equal(map.match("x.example.com")?.value, 1);
	assert.equal(map.match("a.b.deep.example.com")?.value, 2);
	assert.equal(map.match("one.deep.example.com")?.value, 3);
	assert.equal(map.match("deep.example.com")?.value, 1);
	assert.equal(map.match("example.com"), undefined);
});

test("a map of patterns tells all its values", () => {
	const map = new HostPatternMap<number>();
	map.set("a.example", 1);
	map.set("*.b.example", 2);
	assert.deepEqual([...map.values()], [1, 2]);
});
