import assert from "node:assert/strict";
import { test } from "node:test";
import { isInRange, parseRange } from "#signature/number-range.ts";

function holds(text: string, number: number): boolean {
	const range = parseRange(text);
	assert.ok(range !== undefined, text);
	return isInRange(range, number);
}

test("each comparison holds on its side and not on the other", () => {
	const cases: [string, number, number][] = [
		["5", 5, 4],
		["=5", 5, 6],
		["!5", 4, 5],
		["!=5", 4, 5],
		["<5", 4, 5],
		[">5", 6, 5],
		["<=5", 5, 6],
		[">=5", 5, 4],
		["> 5", 6, 5],
		["5<>9", 6, 5],
		["5<>9", 8, 9],
	];
	for (const [text, inside, outside] of cases) {
		assert.equal(holds(text, inside), true, `${text} ${inside}`);
		assert.equal(holds(text, outside), false, `${text} ${outside}`);
	}
});

test("what is no range is undefined", () => {
	for (const text of ["", "x", "5<>5", "9<>5", "<>5", "-1", "99999999999", "5<", "1.5"])
		assert.equal(parseRange(text), undefined, text);
});
