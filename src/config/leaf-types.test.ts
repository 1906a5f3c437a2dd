import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	canonicalText,
	enumeration,
	hashedSecret,
	integer,
	keyword,
	type LeafType,
	name,
	percentage,
	reference,
	regularExpression,
	secret,
	shown,
	size,
	text,
	union,
} from "#config/leaf-types.ts";
import { prefix } from "#config/network-types.ts";

function value<V>(type: LeafType<V>, typed: string): V {
	const result = type.parse(typed);
	assert.ok(result.ok, typed);
	return result.value;
}

function message(type: LeafType<unknown>, typed: string): string {
	const result = type.parse(typed);
	assert.ok(!result.ok, typed);
	return result.message;
}

test("integers keep to their range and say so in the words of Junos", () => {
	const type = integer({ min: 256, max: 9_192, unit: "octets" });
	assert.equal(value(type, "0256"), 256);
	assert.equal(canonicalText(type, "0256"), "256");
	assert.equal(message(type, "9228"), "Value 9228 is not within range (256..9192)");
	assert.equal(message(type, "x"), "Invalid numeric value: 'x'");
	assert.equal(type.placeholder, "<octets>");
});

test("sizes take k, m and g and are kept as typed", () => {
	const type = size({ min: 10_240, max: 1_073_741_824 });
	assert.equal(value(type, "10k"), 10_240);
	assert.equal(value(type, "1g"), 1_073_741_824);
	assert.equal(canonicalText(type, "1M"), "1M");
	assert.equal(message(type, "2g"), "Value 2g is not within range (10240..1073741824)");
	assert.equal(message(type, "k"), "Invalid numeric value: 'k'");
});

test("percentages, enumerations, keywords and unions", () => {
	assert.equal(value(percentage(), "50%"), 50);
	assert.equal(message(percentage(), "101"), "Value 101 is not within range (0..100)");
	const mode = enumeration({ main: "", aggressive: "" });
	assert.equal(message(mode, "mian"), "invalid value 'mian'; expected main | aggressive");
	assert.equal(message(mode, "toString"), "invalid value 'toString'; expected main | aggressive");
	const any = union([keyword("any", "Everything"), prefix()]);
	assert.equal(value(any, "any"), "any");
	assert.equal(canonicalText(any, "10.0.0.1"), "10.0.0.1/32");
	assert.equal(canonicalText(any, "any"), "any");
	assert.equal(message(any, "10.0.0.1/8"), "host bits are set in prefix '10.0.0.1/8'; expected '10.0.0.0/8'");
	assert.deepEqual(union([keyword("all", ""), reference("a b")]).references, ["a b"]);
});

test("names and texts have a length and an alphabet", () => {
	assert.equal(value(name(), "p_1.x-y"), "p_1.x-y");
	assert.match(message(name(), "-p"), /^invalid value: '-p': Must be a string beginning/);
	assert.match(message(name(), "a b"), /Must be/);
	assert.equal(value(name({ also: " " }), "a b"), "a b");
	assert.equal(message(name(), "a".repeat(64)), "Length 64 is not within range (1..63)");
	assert.equal(message(text({ max: 3 }), "abcd"), "Length 4 is not within range (0..3)");
	assert.equal(message(text(), "a\nb"), "control characters are not allowed");
	assert.equal(message(regularExpression(), "(a"), "invalid regular expression: missing )");
});

test("a secret is read in clear or in its encoded form and never shows itself", () => {
	assert.equal(value(secret(), "juniper").danger_reveal(), "juniper");
	assert.equal(value(secret(), "$9$xFU-b2ZUH5Qn4aQn/CB17-V").danger_reveal(), "juniper");
	assert.equal(message(secret(), "$9$x"), "invalid encrypted secret: the $9$ string is damaged");
	assert.equal(message(secret({ min: 8 }), "short"), "Length 5 is not within range (8..255)");
	assert.equal(String(value(hashedSecret(), "$6$salt$abc/def.")), "<secret>");
	assert.doesNotMatch(message(hashedSecret(), "hunter2"), /hunter2/);
	assert.equal(canonicalText(secret(), "juniper"), "juniper", "encoding is the resolver's");
});

test("what was typed is shortened and made harmless in messages", () => {
	assert.equal(shown("a".repeat(100)).length, 64);
	assert.equal(shown("a\u001b[2Jb"), "a\\u001b[2Jb");
});

test("no type throws on any word, and canonical text stays canonical", () => {
	const types: LeafType<unknown>[] = [
		integer({ min: -5, max: 9 }),
		size({ min: 0, max: 9_999 }),
		percentage(),
		name(),
		text(),
		secret(),
		hashedSecret(),
		reference("x"),
		regularExpression(),
	];
	fc.assert(
		fc.property(fc.constantFrom(...types), fc.string({ unit: "binary" }), (type, typed) => {
			type.parse(typed);
			const canonical = canonicalText(type, typed);
			assert.equal(canonicalText(type, canonical), canonical);
		}),
		{ numRuns: 2_000 },
	);
});
