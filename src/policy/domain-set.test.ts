import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { HostPatternMap } from "#base/host-name.ts";
import { DomainSet, domainSetOf } from "#policy/domain-set.ts";

const value = (set: DomainSet, name: string) => set.match(name)?.value;

test("R143: *. covers every depth below a domain and not the domain itself", () => {
	const set = domainSetOf("list", ["*.company.com"]);
	assert.deepEqual(set.match("legal.compliance.company.com"), { entry: "list", value: "*.company.com" });
	assert.equal(value(set, "www.company.com"), "*.company.com");
	assert.equal(value(set, "company.com"), undefined);
	assert.equal(value(set, "notcompany.com"), undefined);
	assert.equal(value(set, "company.com.evil.example"), undefined);
});

test("a name without a wildcard covers itself only, one behind a dot also all below", () => {
	const set = domainSetOf("list", ["bank.example", ".shop.example"]);
	assert.equal(value(set, "bank.example"), "bank.example");
	assert.equal(value(set, "my.bank.example"), undefined);
	assert.equal(value(set, "shop.example"), ".shop.example");
	assert.equal(value(set, "a.b.shop.example"), ".shop.example");
	assert.equal(value(set, "ashop.example"), undefined);
});

test("the longest entry wins, and the exact one before all", () => {
	const set = domainSetOf("list", ["*.example", "*.b.example", "a.b.example", "b.example"]);
	assert.equal(value(set, "a.b.example"), "a.b.example");
	assert.equal(value(set, "c.b.example"), "*.b.example");
	assert.equal(value(set, "b.example"), "b.example");
	assert.equal(value(set, "c.example"), "*.example");
});

test("entries are counted once, empty lines are none, and the last line needs no end", () => {
	const set = new DomainSet("list", Buffer.from("a.example\n\na.example\n*.a.example\n.a.example\nb.example"));
	assert.equal(set.size, 4);
	assert.equal(value(set, "b.example"), "b.example");
	assert.equal(new DomainSet("none", new Uint8Array(0)).match("a.example"), undefined);
});

test("R143: for any patterns and name the answer is that of the map of patterns", () => {
	const label = fc.constantFrom("a", "b", "c", "aa");
	const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));
	const pattern = fc.tuple(fc.boolean(), name).map(([isBelow, text]) => (isBelow ? `*.${text}` : text));
	fc.assert(
		fc.property(
			fc.array(pattern, { maxLength: 40 }),
			fc.array(name, { minLength: 1, maxLength: 20 }),
			(patterns, names) => {
				const map = new HostPatternMap<true>();
				for (const one of patterns) map.set(one, true);
				const set = domainSetOf("list", patterns);
				for (const one of names) assert.equal(value(set, one), map.match(one)?.pattern);
			},
		),
	);
});

test("any text and any name are looked up without a fault", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), fc.string({ maxLength: 300 }), (text, name) => {
			const hit = new DomainSet("list", text).match(name);
			assert.ok(hit === undefined || hit.entry === "list");
		}),
	);
});

test("memory is the text and a table of at most 32 octets an entry", () => {
	const text = Buffer.from(Array.from({ length: 10_000 }, (_, index) => `host${index}.example\n`).join(""));
	const set = new DomainSet("list", text);
	assert.equal(set.size, 10_000);
	assert.ok(set.octets <= text.length + 32 * 10_000);
	assert.equal(value(set, "host9999.example"), "host9999.example");
	assert.equal(value(set, "host10000.example"), undefined);
});
