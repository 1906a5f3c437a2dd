import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatPrefix } from "#base/address.ts";
import { canonicalText, type LeafType } from "#config/leaf-types.ts";
import { bookPrefix, wildcardAddress } from "#policy/address-types.ts";

const read = <V>(type: LeafType<V>, typed: string) => {
	const result = type.parse(typed);
	return result.ok ? `${canonicalText(type, typed)} = ${type.format(result.value)}` : `! ${result.message}`;
};

test("host bits of a prefix are kept in the text and zero in the value", () => {
	assert.equal(read(bookPrefix(), "1212::ABCD/64"), "1212::abcd/64 = 1212::/64");
	assert.equal(read(bookPrefix(), "10.1.2.3/20"), "10.1.2.3/20 = 10.1.0.0/20");
	assert.equal(read(bookPrefix(), "10.1.2.3"), "10.1.2.3/32 = 10.1.2.3/32");
	assert.equal(read(bookPrefix(), "10.1.2.3/0"), "10.1.2.3/0 = 0.0.0.0/0");
	assert.equal(read(bookPrefix(), "10.1.2.3/33"), "! invalid prefix length '33' in '10.1.2.3/33'; expected 0..32");
});

test("the mask of a wildcard address may have holes", () => {
	assert.equal(read(wildcardAddress(), "10.0.9.11/255.0.0.255"), "10.0.9.11/255.0.0.255 = 10.0.0.11/255.0.0.255");
	for (const bad of ["10.0.0.1", "10.0.0.1/24", "::1/255.0.0.0", "10.0.0.1/255.0.0.0/1", "::ffff:10.0.0.1/255.0.0.0"])
		assert.match(read(wildcardAddress(), bad), /^! invalid value/);
});

test("whatever is typed is a value or a refusal", () => {
	fc.assert(
		fc.property(fc.string(), fc.nat(255), fc.nat(40), (typed, octet, length) => {
			bookPrefix().parse(typed);
			wildcardAddress().parse(typed);
			const result = bookPrefix().parse(`10.${octet}.${octet}.${octet}/${length}`);
			assert.equal(result.ok, length <= 32);
			if (result.ok) assert.equal(read(bookPrefix(), formatPrefix(result.value)).startsWith("!"), false);
		}),
	);
});
