import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAddress } from "#base/address.ts";
import { defaultVariables, HeaderCompiler } from "#signature/rule-address.ts";

const variables = new Map([
	["HOME_NET", "[10.0.0.0/8,2001:db8::/32]"],
	["EXTERNAL_NET", "!$HOME_NET"],
	["HTTP_PORTS", "[80,8000:8100]"],
	["LOOP", "$LOOP"],
]);

function address(text: string, host: string): boolean | string {
	const test = new HeaderCompiler(variables).address(text);
	if (test === "any") return true;
	if (Array.isArray(test)) return test.join();
	return test.matches(parseAddress(host) ?? assert.fail(host));
}

function port(text: string, number: number): boolean | string {
	const test = new HeaderCompiler(variables).ports(text);
	if (test === "any") return true;
	return Array.isArray(test) ? test.join() : test.matches(number);
}

test("addresses match as single ones, prefixes, ranges, lists, negated and by variable", () => {
	const cases: [string, string, boolean][] = [
		["any", "1.2.3.4", true],
		["1.2.3.4", "1.2.3.4", true],
		["1.2.3.4", "1.2.3.5", false],
		["!1.2.3.4", "1.2.3.5", true],
		["10.1.2.3/8", "10.9.9.9", true],
		["1.2.3.4-1.2.3.9", "1.2.3.9", true],
		["1.2.3.4-1.2.3.9", "1.2.3.10", false],
		["[10.0.0.0/8,!10.1.0.0/16]", "10.2.0.1", true],
		["[10.0.0.0/8,!10.1.0.0/16]", "10.1.0.1", false],
		["[!10.1.0.0/16]", "192.0.2.1", true],
		["[any,!10.1.0.0/16]", "10.1.0.1", false],
		["[1.1.1.1,[2.2.2.2,!2.2.2.3]]", "2.2.2.2", true],
		["$HOME_NET", "2001:db8::1", true],
		["$EXTERNAL_NET", "10.0.0.1", false],
		["$EXTERNAL_NET", "192.0.2.1", true],
		["[$HOME_NET,192.0.2.1]", "192.0.2.1", true],
		["2001:db8::/32", "10.0.0.1", false],
	];
	for (const [text, host, expected] of cases) assert.equal(address(text, host), expected, `${text} ${host}`);
});

test("ports match as single ones, ranges with open ends, lists, negated and by variable", () => {
	const cases: [string, number, boolean][] = [
		["any", 1, true],
		["80", 80, true],
		["80", 81, false],
		["!80", 81, true],
		["1024:", 65_535, true],
		["1024:", 1_023, false],
		[":1024", 0, true],
		["[80,443]", 443, true],
		["[1:1024,!22]", 22, false],
		["[1:1024,!22]", 23, true],
		["$HTTP_PORTS", 8_050, true],
		["!$HTTP_PORTS", 8_050, false],
	];
	for (const [text, number, expected] of cases) assert.equal(port(text, number), expected, `${text} ${number}`);
});

test("what cannot be matched is told", () => {
	assert.match(String(address("$NONE", "1.1.1.1")), /variable \$NONE is not set/);
	assert.match(String(address("1.2.3", "1.1.1.1")), /"1\.2\.3" is none/);
	assert.match(String(address("!any", "1.1.1.1")), /matches nothing/);
	assert.match(String(address("$LOOP", "1.1.1.1")), /nested deeper/);
	assert.match(String(address("[]", "1.1.1.1")), /empty/);
	for (const text of ["65536", "9:1", "x", ":x", "-1"]) assert.equal(typeof port(text, 1), "string", text);
});

test("the shipped variables can be compiled", () => {
	const compiler = new HeaderCompiler(defaultVariables);
	for (const name of defaultVariables.keys()) {
		const compiled = name.endsWith("PORTS") ? compiler.ports(`$${name}`) : compiler.address(`$${name}`);
		assert.ok(!Array.isArray(compiled), `${name}: ${compiled}`);
	}
});

test("any text gives an answer and nothing is thrown", () => {
	const compiler = new HeaderCompiler(variables);
	fc.assert(
		fc.property(fc.string({ unit: fc.constantFrom(..."[]!,$:-/.19aH") }), (text) => {
			compiler.address(text);
			compiler.ports(text);
		}),
	);
});
