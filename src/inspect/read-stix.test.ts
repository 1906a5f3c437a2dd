import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readStix } from "#inspect/read-stix.ts";

const now = Date.parse("2026-11-30T10:00:00Z");
const indicator = (pattern: unknown, more: object = {}) => ({
	type: "indicator",
	spec_version: "2.1",
	pattern,
	pattern_type: "stix",
	valid_from: "2026-01-01T00:00:00Z",
	...more,
});
const bundle = (...objects: readonly unknown[]) => ({ type: "bundle", id: "bundle--1", objects });

function read(...objects: readonly unknown[]) {
	const reading = readStix(bundle(...objects), 100, now);
	if (typeof reading === "string") return reading;
	const { entries, unsupported } = reading;
	return [...entries.map(({ value, level }) => `${value} ${level}`), ...(unsupported > 0 ? [`+${unsupported}`] : [])];
}

test("a comparison of an address, network, name, URL or certificate is an entry, and so is each of an OR", () => {
	const patterns = [
		"[ipv4-addr:value = '192.0.2.1']",
		"[ipv4-addr:value ISSUBSET '198.51.100.0/24']",
		"[ipv6-addr:value='2001:db8::1']",
		"[domain-name:value = 'evil.example' OR domain-name:value = 'worse.example']",
		"[domain-name:value = 'a.example'] OR [url:value = 'https://b.example/it\\'s']",
		"[domain-name:value IN ('c.example', 'd.example')]",
		`[x509-certificate:hashes.'SHA-1' = '${"ab".repeat(20)}']`,
	];
	assert.deepEqual(read(...patterns.map((pattern) => indicator(pattern))), [
		"192.0.2.1 10",
		"198.51.100.0/24 10",
		"2001:db8::1 10",
		"evil.example 10",
		"worse.example 10",
		"a.example 10",
		"https://b.example/it's 10",
		"c.example 10",
		"d.example 10",
		`${"ab".repeat(20)} 10`,
	]);
});

test("a pattern that says more, or something else, is counted and nothing of it is taken", () => {
	const patterns = [
		"[domain-name:value = 'a.example' AND ipv4-addr:value = '192.0.2.1']",
		"[domain-name:value = 'a.example'] AND [domain-name:value = 'b.example']",
		"[domain-name:value = 'a.example'] FOLLOWEDBY [domain-name:value = 'b.example']",
		"[domain-name:value = 'a.example'] REPEATS 5 TIMES",
		"([domain-name:value = 'a.example'])",
		"[domain-name:value != 'a.example']",
		"[NOT domain-name:value = 'a.example']",
		"[domain-name:value NOT = 'a.example']",
		"[domain-name:value LIKE '%.example']",
		"[domain-name:value ISSUBSET 'a.example']",
		"[domain-name:value IN ('a.example' 'b.example')]",
		"[domain-name:value IN ('a.example',)]",
		"[domain-name:value IN ('a.example']",
		"[file:hashes.'SHA-256' = 'aa']",
		"[domain-name:value = 'a.example'",
		"[domain-name:value = 'a.example']]",
		"[domain-name:value = 'a.example",
		"[domain-name:value = 5]",
		"",
		"[]",
		5,
	];
	assert.deepEqual(read(...patterns.map((pattern) => indicator(pattern))), [`+${patterns.length}`]);
	assert.deepEqual(read(indicator("alert tcp any any", { pattern_type: "snort" })), ["+1"]);
	assert.deepEqual(read(indicator(`[domain-name:value = '${"a".repeat(20_000)}']`)), ["+1"]);
});

test("confidence is the level; what is revoked, run out or not valid yet is none, and the newest version counts", () => {
	const pattern = "[domain-name:value = 'evil.example']";
	assert.deepEqual(read(indicator(pattern, { confidence: 0 })), ["evil.example 1"]);
	assert.deepEqual(read(indicator(pattern, { confidence: 61 })), ["evil.example 7"]);
	assert.deepEqual(read(indicator(pattern, { confidence: "high" })), ["evil.example 10"]);
	assert.deepEqual(read(indicator(pattern, { revoked: true })), []);
	assert.deepEqual(read(indicator(pattern, { valid_until: "2026-11-30T10:00:00Z" })), []);
	assert.deepEqual(read(indicator(pattern, { valid_from: "2026-12-01T00:00:00Z" })), []);
	const first = { id: "indicator--1", modified: "2026-01-01T00:00:00Z" };
	const second = { id: "indicator--1", modified: "2026-02-01T00:00:00Z", revoked: true };
	assert.deepEqual(read(indicator(pattern, second), indicator(pattern, first)), []);
});

test("what is no bundle is told, and a page of a collection is not taken for the whole", () => {
	for (const value of [null, 5, [], {}, { objects: {} }])
		assert.equal(readStix(value, 10, now), "expected a STIX bundle, with a list of objects");
	assert.equal(readStix({ objects: [], more: true }, 10, now), "it is one page of a collection; expected all of it");
	assert.deepEqual(read({ type: "malware" }, null, 5, "x"), []);
});

test("any objects are read, and never more entries than allowed", () => {
	const pieces = fc.constantFrom(
		"[",
		"]",
		"(",
		")",
		"'",
		"\\",
		",",
		"=",
		"OR",
		"IN",
		"'a.example'",
		"domain-name:value",
		" ",
	);
	const pattern = fc.oneof(
		fc.string({ unit: "binary" }),
		fc.array(pieces, { maxLength: 30 }).map((all) => all.join("")),
	);
	const objects = fc.array(
		fc.oneof(
			fc.anything(),
			pattern.map((text) => indicator(text)),
		),
		{ maxLength: 20 },
	);
	fc.assert(
		fc.property(objects, (all) => {
			const reading = readStix(bundle(...all), 3, now);
			assert.ok(typeof reading !== "string" && reading.entries.length <= 3);
		}),
	);
});
