import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { maxOptions, maxRuleOctets, parseRuleLine } from "#signature/parse-rule.ts";

function ruleOf(line: string) {
	const parsed = parseRuleLine(line);
	assert.equal(parsed.kind, "rule", JSON.stringify(parsed));
	return parsed.kind === "rule" ? parsed.rule : assert.fail();
}

function problemOf(line: string): string {
	const parsed = parseRuleLine(line);
	return parsed.kind === "wrong" ? `${parsed.problem.where}: ${parsed.problem.reason}` : parsed.kind;
}

test("a rule is its header and its options in order", () => {
	assert.deepEqual(
		ruleOf('alert http $HOME_NET any -> [1.2.3.4, !5.6.7.8] 80 (msg:"a"; http.uri; content: "/x" ; sid:1;)'),
		{
			action: "alert",
			protocol: "http",
			source: "$HOME_NET",
			sourcePorts: "any",
			isBothWays: false,
			destination: "[1.2.3.4,!5.6.7.8]",
			destinationPorts: "80",
			options: [
				{ keyword: "msg", value: '"a"' },
				{ keyword: "http.uri", value: undefined },
				{ keyword: "content", value: '"/x"' },
				{ keyword: "sid", value: "1" },
			],
		},
	);
});

test("<> matches both ways, and the protocol is read in either case", () => {
	const rule = ruleOf("drop TCP any any <> any 25 (sid:1;)");
	assert.deepEqual([rule.isBothWays, rule.protocol, rule.action], [true, "tcp", "drop"]);
});

test("an escaped semicolon ends no option, any other one does, in quotes, too", () => {
	const values = (text: string) =>
		ruleOf(`alert tcp any any -> any any (${text} sid:1;)`).options.map(({ value }) => value);
	assert.deepEqual(values('msg:"a\\;b\\"c"; pcre:"/x\\;["\']/"; reference:url,a\\;b;'), [
		'"a\\;b\\"c"',
		'"/x\\;["\']/"',
		"url,a\\;b",
		"1",
	]);
	assert.deepEqual(values('content:"a\\\\"; content:"a;'), ['"a\\\\"', '"a', "1"]);
});

test("comments, commented-out rules and empty lines are nothing", () => {
	for (const line of ["", "  ", "# text", "#alert tcp any any -> any any (sid:1;)"])
		assert.equal(parseRuleLine(line).kind, "nothing");
});

test("what is wrong is told with its place", () => {
	assert.match(problemOf("alert tcp any any -> any any"), /^options: there is no/);
	assert.match(problemOf("alert tcp any any -> any any (sid:1;"), /^options: the line does not end/);
	assert.match(problemOf("alert tcp any -> any any (sid:1;)"), /^header: the header has 6 words/);
	assert.match(problemOf("warn tcp any any -> any any (sid:1;)"), /^action: "warn"/);
	assert.match(problemOf("alert tcp any any <- any any (sid:1;)"), /^direction: "<-"/);
	assert.match(problemOf("alert tcp any any -> any any (sid:1)"), /^options: option "sid:1" does not end/);
});

test("lines and options are bounded", () => {
	assert.match(problemOf("a".repeat(maxRuleOctets + 1)), /^line: /);
	const many = (count: number) => `alert tcp any any -> any any (${"nocase;".repeat(count)})`;
	assert.equal(ruleOf(many(maxOptions)).options.length, maxOptions);
	assert.match(problemOf(many(maxOptions + 1)), /^options: there are more than/);
});

test("any text gives an answer and nothing is thrown", () => {
	fc.assert(
		fc.property(fc.string({ unit: "binary" }), (text) => {
			parseRuleLine(text);
			parseRuleLine(`alert tcp any any -> any any (${text})`);
		}),
	);
});
