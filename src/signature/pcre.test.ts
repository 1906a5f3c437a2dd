import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { parsePcre } from "#signature/pcre.ts";

function compiled(value: string): RE2JS {
	const option = parsePcre(value);
	if (typeof option === "string") assert.fail(`${value}: ${option}`);
	return RE2JS.compile(option.source);
}

function problem(value: string): string {
	const option = parsePcre(value);
	return typeof option === "string" ? option : assert.fail(`${value} was accepted as ${option.source}`);
}

test("an expression matches what PCRE matches", () => {
	const cases: [string, string[], string[]][] = [
		['"/^a.c$/"', ["abc", "abc\n"], ["a\nc", "xabc", "abc\n\n"]],
		['"/^a.c$/s"', ["a\nc"], ["ac"]],
		['"/^b$/m"', ["a\nb\nc"], ["ab"]],
		['"/abc/i"', ["xABcx"], ["ab"]],
		['"/a b # c/x"', ["ab"], ["a b"]],
		['"/^a$/E"', ["a"], ["a\n"]],
		['"/b/A"', ["ba"], ["ab"]],
		['"/\\x41\\x{42}\\041/"', ["AB!"], ["ab!"]],
		['"/^\\d+\\s\\w\\h\\v\\N?$/"'.replace("\\N?", ""), ["12 x\t\n"], ["x x\t\n"]],
		['"/[^a-c\\d]/"', ["z"], ["abc123"]],
		['"/[]x]/"', ["]", "x"], ["y"]],
		['"/[a-]/"', ["-"], ["b"]],
		['"/[\\w-]/"', ["-", "_"], ["."]],
		['"/^[[:alpha:]]+[[:^digit:]]$/"', ["ab!"], ["a1"]],
		['"/[a-c]/i"', ["B"], ["d"]],
		['"/[^a]/i"', ["b"], ["A"]],
		['"/^(?:a|b){2,3}$/"', ["ab", "aba"], ["a", "abab"]],
		['"/x(?i)y(?-i)z/"', ["xYz"], ["XYz", "xyZ"]],
		['"/(?i:a)b/"', ["Ab"], ["AB"]],
		["\"/(?P<n>a)(?<m>b)(?'o'c)/\"", ["abc"], ["ab"]],
		['"/a(?#text)b/"', ["ab"], ["a"]],
		['"/\\Qa.b\\E./"', ["a.bc"], ["axbc"]],
		['"/a{/"', ["a{"], ["a"]],
		['"/a{,3}/"', ["a{,3}"], ["aaa"]],
		['"/\\bfoo\\b/"', ["a foo b"], ["afoo"]],
		['"/a\\/b/"', ["a/b"], ["ab"]],
		['"/\\xe9/"', ["\u00e9"], ["\u00c9"]],
		['"/\\xe9/i"', ["\u00e9"], ["\u00c9"]],
		['"/a\\Rb\\Z/"', ["a\r\nb", "a\nb\n"], ["ab"]],
		['"/^x{1001}$/"', ["x".repeat(1_001)], ["x".repeat(1_000)]],
		['"/^x{2,1200}$/"', ["x".repeat(1_200)], ["x", "x".repeat(1_201)]],
		['"/^x{1100,}$/"', ["x".repeat(1_100), "x".repeat(3_000)], ["x".repeat(1_099)]],
		['"/\\cA\\a\\e/"', ["\x01\x07\x1b"], ["A"]],
		['"/[\\b]/"', ["\b"], ["b"]],
	];
	for (const [value, matching, others] of cases) {
		const expression = compiled(value);
		for (const text of matching) assert.equal(expression.test(text), true, `${value} on ${JSON.stringify(text)}`);
		for (const text of others) assert.equal(expression.test(text), false, `${value} on ${JSON.stringify(text)}`);
	}
});

test("flags name the buffer, the relation and the negation", () => {
	const option = parsePcre('!"/a/RU"');
	assert.ok(typeof option !== "string");
	assert.deepEqual([option.isNegated, option.isRelative, option.buffer], [true, true, "http.uri"]);
	const flags = "UIPQHDMCSYVWZ".split("").map((flag) => parsePcre(`"/a/${flag}"`));
	assert.ok(flags.every((each) => typeof each !== "string" && each.buffer?.startsWith("http.")));
});

test("what has no linear-time meaning is refused by name", () => {
	assert.equal(problem('"/a(?=b)/"'), "it looks ahead");
	assert.equal(problem('"/a(?!b)/"'), "it looks ahead");
	assert.equal(problem('"/(?<=a)b/"'), "it looks behind");
	assert.equal(problem('"/(a)\\1/"'), "it has a back reference");
	assert.equal(problem('"/(?P<a>b)(?P=a)/"'), "it has a back reference");
	assert.equal(problem('"/a++/"'), "it has a possessive repetition");
	assert.equal(problem('"/(?>a)/"'), "it has an atomic group");
	assert.match(problem('"/(?R)/"'), /group \(\?R\)/);
	assert.match(problem('"/(*ACCEPT)/"'), /verb/);
	assert.match(problem('"/\\pL/"'), /not known/);
});

test("what is wrong is refused", () => {
	const wrong = [
		'"a"',
		"/a/",
		'"/a/q"',
		'"/a/UH"',
		'"/(a/"',
		'"/a)/"',
		'"/[a/"',
		'"/[z-a]/"',
		'"/*a/"',
		'"/a{3,2}/"',
		'"/a\\"',
	];
	for (const value of [...wrong, '"/((a{1000}){1000}){9}/"', `"/${"(".repeat(70)}${")".repeat(70)}/"`]) problem(value);
});

test("a text that ruins backtracking engines takes no time to speak of", () => {
	assert.equal(compiled('"/^(a+)+$/"').test(`${"a".repeat(50_000)}b`), false);
});

test("whatever is accepted can be compiled, and nothing is thrown", () => {
	const unit = fc.constantFrom(..."ab01.*+?{},()[]^$|\\-:xsdwiQE<P>=!/\n");
	fc.assert(
		fc.property(
			fc.string({ unit, maxLength: 24 }),
			fc.string({ unit: fc.constantFrom(..."ismxAEG"), maxLength: 3 }),
			(text, flags) => {
				const option = parsePcre(`"/${text}/${flags}"`);
				if (typeof option !== "string") RE2JS.compile(option.source);
			},
		),
	);
});
