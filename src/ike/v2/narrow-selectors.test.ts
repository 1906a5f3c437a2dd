import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePrefix } from "#base/address.ts";
import { isWithin, narrowSelectors, prefixSelector, selectorText } from "#ike/v2/narrow-selectors.ts";
import { selectors } from "../../../test/support/ike-arbitraries.ts";

const prefix = (text: string) => {
	const parsed = parsePrefix(text);
	assert.ok(parsed !== undefined);
	return prefixSelector(parsed);
};
const textOf = (all: Parameters<typeof narrowSelectors>[0]) => all.map(selectorText);

test("B28: a proxy identity is the range of its prefix, any protocol and port", () => {
	assert.equal(selectorText(prefix("10.1.0.0/16")), "10.1.0.0-10.1.255.255");
	assert.equal(selectorText(prefix("0.0.0.0/0")), "0.0.0.0-255.255.255.255");
	assert.equal(selectorText(prefix("2001:db8::/32")), "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
	assert.equal(
		selectorText({ ...prefix("10.0.0.1"), protocol: 6, firstPort: 80, lastPort: 81 }),
		"10.0.0.1-10.0.0.1:80-81 protocol 6",
	);
});

test("B11, B28: what is offered is narrowed to what is ours; nothing in common is nothing", () => {
	assert.deepEqual(textOf(narrowSelectors([prefix("10.1.0.0/16")], [prefix("0.0.0.0/0")])), ["10.1.0.0-10.1.255.255"]);
	assert.deepEqual(textOf(narrowSelectors([prefix("0.0.0.0/0")], [prefix("10.1.2.0/24")])), ["10.1.2.0-10.1.2.255"]);
	assert.deepEqual(narrowSelectors([prefix("10.1.0.0/16")], [prefix("10.2.0.0/16")]), []);
	assert.deepEqual(narrowSelectors([prefix("10.1.0.0/16")], [prefix("2001:db8::/32")]), []);
	const web = { ...prefix("10.0.0.0/8"), protocol: 6, firstPort: 443, lastPort: 443 };
	assert.deepEqual(textOf(narrowSelectors([prefix("10.1.0.0/16")], [web])), [
		"10.1.0.0-10.1.255.255:443-443 protocol 6",
	]);
	assert.deepEqual(narrowSelectors([{ ...web, protocol: 17 }], [web]), []);
	assert.deepEqual(narrowSelectors([{ ...web, lastPort: 442, firstPort: 1 }], [web]), []);
});

test("B12: the packet that began it and the network it is of become one selector", () => {
	const packet = { ...prefix("10.1.2.3"), protocol: 6, firstPort: 80, lastPort: 80 };
	assert.deepEqual(textOf(narrowSelectors([prefix("10.1.0.0/16")], [packet, prefix("10.1.0.0/16")])), [
		"10.1.0.0-10.1.255.255",
	]);
});

test("the narrowed part is within both, whatever is offered, and never more than eight selectors", () => {
	fc.assert(
		fc.property(selectors, selectors, (ours, offered) => {
			const narrowed = narrowSelectors(ours, offered);
			assert.ok(narrowed.length <= 8);
			if (narrowed.length === 0) return;
			assert.ok(isWithin(narrowed, offered) && isWithin(narrowed, ours));
		}),
	);
});

test("an answer that is wider than the offer, or empty, is not within it", () => {
	assert.ok(isWithin([prefix("10.1.2.0/24")], [prefix("10.1.0.0/16")]));
	assert.ok(!isWithin([prefix("10.0.0.0/8")], [prefix("10.1.0.0/16")]));
	assert.ok(!isWithin([], [prefix("10.1.0.0/16")]));
	assert.ok(!isWithin([prefix("0.0.0.0/0")], [{ ...prefix("0.0.0.0/0"), protocol: 6 }]));
});
