import assert from "node:assert/strict";
import { test } from "node:test";
import { Automaton, otherCase } from "#inspect/automaton.ts";

/** The patterns that end behind each octet of the text. */
function endings(automaton: Automaton, text: string): number[][] {
	let state = 0;
	return [...Buffer.from(text)].map((octet) => {
		state = automaton.table[state + (automaton.columns[octet] as number)] as number;
		const patterns: number[] = [];
		if (state < automaton.firstOutput) return patterns;
		for (let index = automaton.firstPattern(state); index !== -1; index = automaton.nextPattern[index] as number) {
			patterns.push(index);
		}
		return patterns.sort();
	});
}

test("the textbook's patterns end where the textbook says", () => {
	const automaton = new Automaton(
		["he", "she", "his", "hers"].map((text) => Buffer.from(text)),
		false,
	);
	assert.deepEqual(endings(automaton, "ushers"), [[], [], [], [0, 1], [], [3]]);
	assert.deepEqual(endings(automaton, "USHERS").flat(), []);
});

test("a folded automaton takes letters without case and nothing else", () => {
	const automaton = new Automaton([Buffer.from("He["), Buffer.from("hE{")], true);
	assert.deepEqual(endings(automaton, "hE[HE{"), [[], [], [0], [], [], [1]]);
});

test("equal patterns and suffixes are all told", () => {
	const automaton = new Automaton(
		["ab", "b", "ab", "b", "aab"].map((text) => Buffer.from(text)),
		false,
	);
	assert.deepEqual(endings(automaton, "aab"), [[], [], [0, 1, 2, 3, 4]]);
});

test("only ASCII letters have another case", () => {
	const pairs = Array.from({ length: 256 }, (_, octet) => octet).filter((octet) => otherCase(octet) !== octet);
	assert.equal(String.fromCharCode(...pairs), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
});
