import assert from "node:assert/strict";
import { test } from "node:test";
import { type PatternPlace, type PatternRule, patternPlaces, patternService } from "#inspect/pattern-service.ts";
import { type Place, places } from "#inspect/service.ts";

const octets = (text: string) => Buffer.from(text, "latin1");
const rule = (name: string, parts: Partial<PatternRule> = {}): PatternRule => ({
	name,
	octets: octets(name),
	ignoresCase: false,
	places: patternPlaces,
	verdict: "block",
	...parts,
});
const open = (...rules: PatternRule[]) => patternService(rules).open();

test("a pattern is found in the places it is for and in no other", () => {
	for (const wanted of patternPlaces) {
		const connection = open(rule("evil", { places: [wanted] }));
		const found = places.filter((place) => connection.octets(place, octets("--evil--")) !== undefined);
		const expected: Readonly<Partial<Record<PatternPlace, readonly Place[]>>> = {
			stream: ["stream-to-server", "stream-to-client"],
		};
		assert.deepEqual(found, expected[wanted] ?? [wanted]);
	}
});

test("a finding names its pattern, its place and its verdict", () => {
	const connection = open(rule("evil"), rule("odd", { verdict: "report" }));
	assert.deepEqual(connection.octets("url", octets("/odd")), { name: "odd", place: "url", verdict: "report" });
	assert.deepEqual(connection.octets("url", octets("/evil")), { name: "evil", place: "url", verdict: "block" });
	assert.equal(connection.octets("url", octets("/fine")), undefined);
});

test("a pattern cut over chunks of one place is found; over two places it is none", () => {
	const connection = open(rule("evil"));
	assert.equal(connection.octets("request-body", octets("ev")), undefined);
	assert.equal(connection.octets("response-body", octets("il")), undefined);
	assert.equal(connection.octets("request-body", octets("il"))?.name, "evil");
});

test("a place that ended begins anew", () => {
	const connection = open(rule("evil"));
	connection.octets("request-body", octets("ev"));
	connection.ended("request-body");
	assert.equal(connection.octets("request-body", octets("il")), undefined);
	connection.ended("url");
});

test("a pattern that blocks wins over reported ones of the same chunk, wherever they stand", () => {
	for (const text of ["odd evil", "evil odd", "odd odd evil odd"]) {
		const found = open(rule("odd", { verdict: "report" }), rule("evil")).octets("stream-to-client", octets(text));
		assert.equal(found?.name, "evil", text);
	}
});

test("a reported pattern is reported once, and again when the place began anew", () => {
	const connection = open(rule("odd", { verdict: "report" }));
	assert.equal(connection.octets("response-body", octets("odd odd"))?.name, "odd");
	assert.equal(connection.octets("response-body", octets("odd")), undefined);
	connection.ended("response-body");
	assert.equal(connection.octets("response-body", octets("odd"))?.name, "odd");
});

test("letters match in either case only where the pattern says so", () => {
	const connection = open(rule("Evil", { ignoresCase: true }), rule("Odd"));
	assert.equal(connection.octets("url", octets("EVIL"))?.name, "Evil");
	assert.equal(connection.octets("url", octets("ODD")), undefined);
});

test("connections share the compiled patterns and nothing else", () => {
	const service = patternService([rule("evil")]);
	const one = service.open();
	const other = service.open();
	one.octets("request-body", octets("ev"));
	assert.equal(other.octets("request-body", octets("il")), undefined);
	assert.equal(one.octets("request-body", octets("il"))?.name, "evil");
});

test("without patterns nothing is found", () => {
	assert.equal(open().octets("url", octets("anything")), undefined);
});
