import assert from "node:assert/strict";
import { test } from "node:test";
import { applicationMatches } from "#firewall/nft-applications.ts";

const term = (protocol: number, more: object = {}) => ({ application: "a", protocol, ...more });

test("a term without ports is the whole protocol, whatever ports others name", () => {
	const terms = [term(6, { ports: { from: 80, to: 80 } }), term(6)];
	assert.deepEqual(applicationMatches(terms, undefined), [
		[{ match: { op: "==", left: { meta: { key: "l4proto" } }, right: 6 } }],
	]);
	assert.deepEqual(applicationMatches(undefined, "ip"), [[]]);
	assert.deepEqual(applicationMatches([], "ip"), []);
});

test("a type of ICMP is not in rules of IPv6, nor one of ICMPv6 in rules of IPv4", () => {
	assert.deepEqual(applicationMatches([term(1, { icmpType: 8 })], "ip6"), []);
	assert.deepEqual(applicationMatches([term(58, { icmpType: 128 })], "ip"), []);
});
