import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	parseByteExtract,
	parseByteJump,
	parseByteMath,
	parseByteTest,
	parseDataAt,
	parseNumber,
	type VariableNames,
} from "#signature/byte-keywords.ts";

function names(...known: string[]): VariableNames {
	return {
		find: (name) => (known.includes(name) ? known.indexOf(name) : undefined),
		define: (name) => (known.length < 4 ? known.push(name) - 1 : undefined),
	};
}

const reading = { octets: 2, offset: 0, isRelative: false, isLittleEndian: false, base: undefined, bitmask: undefined };

test("numbers are decimal or hexadecimal", () => {
	assert.deepEqual(["12", "-3", "0x1F", "x", "", "1.5"].map(parseNumber), [
		12,
		-3,
		31,
		undefined,
		undefined,
		undefined,
	]);
});

test("isdataat reads its place, its negation and whether it is relative", () => {
	assert.deepEqual(parseDataAt("!1,relative", names()), { type: "isdataat", isNegated: true, at: 1, isRelative: true });
	assert.deepEqual(parseDataAt("len, rawbytes", names("len")), {
		type: "isdataat",
		isNegated: false,
		at: { variable: 0 },
		isRelative: false,
	});
	assert.match(String(parseDataAt("x", names())), /neither a number/);
	assert.match(String(parseDataAt("1,near", names())), /"near"/);
});

test("byte_test reads operator, value, place and how the number is written", () => {
	assert.deepEqual(parseByteTest("2,=,0x01,0", names()), {
		type: "byte_test",
		...reading,
		isNegated: false,
		operator: "=",
		value: 1,
	});
	assert.deepEqual(parseByteTest("4,!>=,v,1,relative,string,dec,bitmask 0xf0", names("v")), {
		type: "byte_test",
		octets: 4,
		offset: 1,
		isRelative: true,
		isLittleEndian: false,
		base: 10,
		bitmask: 0xf0,
		isNegated: true,
		operator: ">=",
		value: { variable: 0 },
	});
	assert.match(String(parseByteTest("2,?,1,0", names())), /operator/);
	assert.match(String(parseByteTest("9,=,1,0", names())), /9 octets/);
	assert.match(String(parseByteTest("2,=,1,0,dce", names())), /"dce"/);
});

test("byte_jump reads where it jumps from and by how much", () => {
	assert.deepEqual(
		parseByteJump("2, 0, relative, little, multiplier 4, align, from_beginning, post_offset -3", names()),
		{
			type: "byte_jump",
			...reading,
			isRelative: true,
			isLittleEndian: true,
			multiplier: 4,
			postOffset: -3,
			from: "beginning",
			isAligned: true,
		},
	);
	const jump = parseByteJump("0,0,from_end,post_offset -8", names());
	assert.ok(typeof jump !== "string" && jump.from === "end");
	assert.match(String(parseByteJump("2,0,sideways", names())), /sideways/);
	assert.match(String(parseByteJump("2,0,multiplier 0", names())), /multiplier/);
});

test("byte_extract and byte_math name a variable", () => {
	assert.deepEqual(parseByteExtract("2,0,size,relative,multiplier 2,align 4", names()), {
		type: "byte_extract",
		...reading,
		isRelative: true,
		multiplier: 2,
		align: 4,
		variable: 0,
	});
	assert.deepEqual(
		parseByteMath("bytes 2, offset 0, oper <<, rvalue a, result b, relative, endian little, string hex", names("a")),
		{
			type: "byte_math",
			...reading,
			isRelative: true,
			isLittleEndian: true,
			base: 16,
			operator: "<<",
			value: { variable: 0 },
			variable: 1,
		},
	);
	assert.match(String(parseByteExtract("2,0,5x", names())), /name of a variable/);
	assert.match(String(parseByteExtract("2,0,e", names("a", "b", "c", "d"))), /too many/);
	assert.match(String(parseByteMath("bytes 2, offset 0, oper %, rvalue 1, result b", names())), /operator/);
});

test("any text gives an answer and nothing is thrown", () => {
	const unit = fc.constantFrom(..."0129,!<>=&^ relative-xstring");
	fc.assert(
		fc.property(fc.string({ unit }), (text) => {
			for (const parse of [parseDataAt, parseByteTest, parseByteJump, parseByteExtract, parseByteMath])
				parse(text, names("a"));
		}),
	);
});
