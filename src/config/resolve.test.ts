import assert from "node:assert/strict";
import { test } from "node:test";
import { type Item, isWildcard, itemOf, type Resolved, resolveWords, type Unresolved } from "#config/resolve.ts";
import { sampleRoot } from "../../test/support/config-sample.ts";

const salt = (count: number): Uint8Array => new Uint8Array(count);

function resolve(
	line: string,
	options: { mayAbbreviate?: boolean; valueIsOptional?: boolean } = {},
): Resolved | Unresolved {
	const items: Item[] = [];
	for (const [word, inner] of line.matchAll(/\[([^\]]*)\]|"[^"]*"|\S+/g)) {
		if (inner !== undefined)
			items.push({
				...itemOf("["),
				words: inner
					.trim()
					.split(/\s+/)
					.filter((part) => part !== "")
					.map(itemOf),
			});
		else items.push({ ...itemOf(word.replaceAll('"', "")), isQuoted: word.startsWith('"') });
	}
	return resolveWords(sampleRoot, items, { salt, ...options });
}

function path(result: Resolved | Unresolved): string {
	assert.ok(result.ok, JSON.stringify(result));
	return result.passed.map(({ step }) => [step.name, ...step.keys].join("=")).join("/");
}

function leaves(result: Resolved | Unresolved): string[] {
	assert.ok(result.ok, JSON.stringify(result));
	return result.assignments.map(({ child, values }) => `${child.name}=${values?.join(",") ?? ""}`);
}

function problem(result: Resolved | Unresolved): string {
	assert.ok(!result.ok);
	return `${result.item} ${result.kind}: ${result.message} (${result.expected.join(" ")})${result.advice ?? ""}`;
}

test("words go down containers, lists with one or two keys, and unnamed lists", () => {
	assert.equal(
		path(resolve("security policies from-zone a to-zone b policy p match")),
		"security/policies/from-zone=a=b/policy=p/match",
	);
	assert.equal(
		path(resolve("interfaces ge-0/0/0 unit 007 family inet")),
		"interfaces/interface=ge-0/0/0/unit=7/family/inet",
	);
	assert.equal(
		path(resolve("security address-book global address a 10.0.0.1")),
		"security/address-book/book=global/address=a",
	);
	assert.deepEqual(leaves(resolve("security address-book global address a 10.0.0.1")), ["ip-prefix=10.0.0.1/32"]);
});

test("several leaves of one branch, and what belongs around a one-line branch, may stand in one row", () => {
	assert.deepEqual(leaves(resolve("security ike traceoptions file trace files 3")), ["filename=trace", "files=3"]);
	const both = resolve("security ike policy p pre-shared-key ascii-text juniper mode main");
	assert.equal(leaves(both).length, 2);
	assert.match(leaves(both)[0] ?? "", /^ascii-text=\$9\$QQQQ/);
	assert.equal(leaves(both)[1], "mode=main");
});

test("a value without a name is taken once a row: what follows belongs around it, or is wrong", () => {
	const row = resolve("security ike traceoptions file vpn flag ike");
	assert.deepEqual(leaves(row), ["filename=vpn"]);
	assert.equal(path(row), "security/ike/traceoptions/flag=ike");

	assert.match(String(problem(resolve("security ike traceoptions file vpn other"))), /^5 unknown: syntax error: other/);
});

test("a list in brackets gives several values, or several entries", () => {
	assert.deepEqual(leaves(resolve("system ports [ 1 2 02 ]")), ["ports=1,2,2"]);
	const flags = resolve("security ike traceoptions flag [ all ike ]");
	assert.equal(path(flags), "security/ike/traceoptions/flag=ike");
	assert.ok(flags.ok);
	assert.deepEqual(
		flags.siblings.map(({ keys }) => keys),
		[["all"]],
	);
});

test("aliases are stored under the first name, abbreviations only where they are asked for", () => {
	assert.deepEqual(leaves(resolve("security ike gateway g whitelist 10.0.0.0/8")), ["allowlist=10.0.0.0/8"]);
	assert.equal(path(resolve("sec ike gat g", { mayAbbreviate: true })), "security/ike/gateway=g");
	assert.equal(problem(resolve("s", { mayAbbreviate: true })), "0 ambiguous: 's' is ambiguous. (system security)");
	assert.match(problem(resolve("sec ike")), /^0 unknown: syntax error: sec/);
	assert.deepEqual(leaves(resolve("security ike policy p mode agg", { mayAbbreviate: true })), ["mode=aggressive"]);
	assert.match(problem(resolve("security ike policy p mode agg")), /^5 invalid: invalid value 'agg'/);
	assert.match(problem(resolve('security ike policy p mode "agg"', { mayAbbreviate: true })), /^5 invalid/);
});

test("a quoted word is a value before it is a name, a bare word a name before it is a value", () => {
	assert.equal(path(resolve('system "host-name" gw')), "system");
	assert.equal(path(resolve('security address-book "address"')), "security/address-book/book=address");
});

test("problems name the word, what was expected and the nearest name", () => {
	assert.equal(
		problem(resolve("security ike polcy p")),
		"2 unknown: syntax error: polcy (respond-bad-spi policy gateway traceoptions)did you mean 'policy'?",
	);
	assert.equal(problem(resolve("security ike policy")), "3 missing: missing argument. (<name>)");
	assert.equal(problem(resolve("security policies from-zone a b")), "4 unknown: syntax error: b (to-zone)");
	assert.equal(
		problem(resolve("interfaces ge-0/0/0 mtu 9228000")),
		"3 invalid: Value 9228000 is not within range (256..9192) (<octets>)",
	);
	assert.equal(
		problem(resolve("security ike policy p mode mian")),
		"5 invalid: invalid value 'mian'; expected main | aggressive (main aggressive)did you mean 'main'?",
	);
	assert.equal(
		problem(resolve("system host-name [ a b ]")),
		"2 unknown: syntax error: [ (host-name location root-authentication ports)",
	);
	assert.equal(problem(resolve("system ports [ ]")), "3 missing: missing argument. (<number>)");
	assert.equal(
		problem(resolve("system host-name gw extra")),
		"3 unknown: syntax error: extra (host-name location root-authentication ports)",
	);
});

test("values may be left out to delete or show a leaf, and where the schema has a bare value", () => {
	assert.deepEqual(leaves(resolve("system host-name", { valueIsOptional: true })), ["host-name="]);
	assert.deepEqual(leaves(resolve("security ike respond-bad-spi")), ["respond-bad-spi="]);
	assert.equal(path(resolve("security ike respond-bad-spi policy p")), "security/ike/policy=p");
});

test("wildcards stand for keys and values below groups and nowhere else", () => {
	assert.equal(
		path(resolve("groups g interfaces <ge-*> unit <*>")),
		"groups/group=g/interfaces/interface=<ge-*>/unit=<*>",
	);
	assert.equal(resolve("interfaces <*> disable").ok, false);
	assert.ok(isWildcard("<*>") && !isWildcard("<>") && !isWildcard("x"));
});
