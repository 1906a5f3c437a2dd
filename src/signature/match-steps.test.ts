import assert from "node:assert/strict";
import { test } from "node:test";
import { DatasetStore } from "#signature/dataset-store.ts";
import { StepMatcher } from "#signature/match-steps.ts";
import { anyTcp, signatureOf } from "../../test/support/signatures.ts";

function matches(options: string, text: string, view: { base?: number; isWhole?: boolean } = {}): boolean {
	const [inspection] = signatureOf(options, anyTcp).inspections;
	assert.ok(inspection !== undefined, options);
	const octets = Buffer.from(text, "latin1");
	return new StepMatcher(new DatasetStore()).matches(inspection.steps, { octets, base: 0, isWhole: true, ...view });
}

test("another occurrence is tried where a step begins at the match before it", () => {
	assert.equal(matches('content:"a"; content:"b"; distance:0; within:1;', "axaxab"), true);
	assert.equal(matches('content:"a"; pcre:"/^b/R";', "axab"), true);
	assert.equal(matches('pcre:"/a/"; content:"b"; distance:0; within:1;', "axab"), true);
	assert.equal(
		matches('content:"a"; content:"b"; distance:0; within:1; content:"c"; distance:0; within:1;', "abxabc"),
		true,
	);
});

test("a text that could be tried for ever is given up", () => {
	const options = Array.from({ length: 12 }, () => 'content:"a"; distance:0;').join(" ");
	assert.equal(matches(`content:"a"; ${options} content:"b"; distance:0; within:1;`, "a".repeat(20_000)), false);
});

test("a content that stands nowhere is told, so that nothing is compared until it comes", () => {
	const missingIn = (options: string, text: string) => {
		const [inspection] = signatureOf(options, anyTcp).inspections;
		const matcher = new StepMatcher(new DatasetStore());
		const view = { octets: Buffer.from(text, "latin1"), base: 0, isWhole: false };
		assert.equal(matcher.matches(inspection?.steps ?? [], view), false, options);
		return matcher.missing && Buffer.from(matcher.missing.octets).toString("latin1");
	};
	for (const filling of ["", ".".repeat(5_000)]) {
		const text = `${filling}aXbX`;
		assert.equal(missingIn('content:"X"; content:"c"; distance:0;', text), "c");
		assert.equal(missingIn('content:"x"; nocase; content:"C"; nocase; distance:0;', text), "c");
		assert.equal(missingIn('content:"X"; content:"a"; distance:0;', text), undefined, "it stands elsewhere");
		assert.equal(missingIn('content:!"X";', text), undefined, "it must not be there");
		assert.equal(missingIn('content:"X"; pcre:"/^y/R";', text), undefined);
	}
});

test("in the end of a long buffer places still count from its start", () => {
	const view = { base: 100 };
	assert.equal(matches('content:"b"; offset:101; depth:1;', "abc", view), true);
	assert.equal(matches('content:"b"; depth:1;', "abc", view), false);
	assert.equal(matches('content:"b"; depth:50;', "abc", view), false);
	assert.equal(matches("isdataat:102;", "abc", view), true);
	assert.equal(matches("isdataat:103;", "abc", view), false);
	assert.equal(matches("byte_test:1,=,0x62,101;", "abc", view), true);
});

test("what is absent holds only where nothing more can come", () => {
	const part = { isWhole: false };
	assert.equal(matches('content:!"x";', "abc", part), false);
	assert.equal(matches('content:!"x";', "abc"), true);
	assert.equal(matches('content:!"x"; depth:2;', "abc", part), true);
	assert.equal(matches('content:"c"; endswith;', "abc", part), false);
	assert.equal(matches('content:"c"; endswith;', "abc"), true);
	assert.equal(matches("isdataat:!9;", "abc", part), false);
	assert.equal(matches('pcre:!"/x/";', "abc", part), false);
});

test("a jump goes to octets that are there, and no further", () => {
	assert.equal(matches('byte_jump:1,0; content:"c"; distance:0; within:1;', "\x02abc"), true);
	assert.equal(matches("byte_jump:1,0;", "\x03abc"), false);
	assert.equal(matches("byte_jump:1,0;", "\xffabc"), false);
	assert.equal(matches('byte_jump:0,0,from_end,post_offset -3; content:"abc"; distance:0; within:3;', "xxabc"), true);
});
