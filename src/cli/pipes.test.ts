import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { splitLine } from "#cli/parse-line.ts";
import { isTextPipe, type Pipe, PipeLine, parsePipes } from "#cli/pipes.ts";

function pipes(line: string): readonly Pipe[] {
	const split = splitLine(line);
	assert.ok(split.ok);
	const parsed = parsePipes(split.parts.slice(1));
	assert.ok(parsed.ok, JSON.stringify(parsed));
	return parsed.pipes;
}

function problem(line: string): string {
	const split = splitLine(line);
	assert.ok(split.ok);
	const parsed = parsePipes(split.parts.slice(1));
	return parsed.ok ? "" : `${parsed.at} ${parsed.message}`;
}

function through(line: string, text: string): string {
	const stages = new PipeLine(pipes(`x ${line}`), 24);
	return stages.push(text).text + stages.end().text;
}

const poem = "One\ntwo\nThree\nfour\n";

test("match keeps lines whatever their case, except drops them", () => {
	assert.equal(through("| match O", poem), "One\ntwo\nfour\n");
	assert.equal(through('| match "^t|four"', poem), "two\nThree\nfour\n");
	assert.equal(through("| except o", poem), "Three\n");
});

test("find begins at the first line that matches, or says that none does", () => {
	assert.equal(through("| find three", poem), "Three\nfour\n");
	assert.equal(through("| find nine", poem), "Pattern not found\n");
});

test("count counts lines, the last one without its end too", () => {
	assert.equal(through("| count", `${poem}five`), "Count: 5 lines\n");
	assert.equal(through("| match o | count", poem), "Count: 3 lines\n");
	assert.equal(through("| count", ""), "Count: 0 lines\n");
});

test("last keeps the last lines; without a number a screen of them", () => {
	assert.equal(through("| last 2", poem), "Three\nfour\n");
	assert.equal(through("| last 9", poem), poem);
	const many = Array.from({ length: 5_000 }, (_, index) => `${index}\n`).join("");
	assert.equal(through("| last", many), many.split("\n").slice(-24).join("\n"));
});

test("trim leaves out the first columns", () => {
	assert.equal(through("| trim 2", poem), "e\no\nree\nur\n");
	assert.equal(through("| trim 4", poem), "\n\ne\n\n");
});

test("save takes the text away, tee copies it, append is a save too", () => {
	const row = pipes("x | match o | tee all | match n | save some");
	const stages = new PipeLine(row, 24);
	const flow = stages.push(poem);
	assert.equal(flow.text, "");
	assert.deepEqual(
		flow.files.map(({ pipe, text }) => [pipe.values.file, text]),
		[
			["all", "One\ntwo\nfour\n"],
			["some", "One\n"],
		],
	);
});

test("pipes are shortened as commands are, and told with their place when they are wrong", () => {
	assert.equal(pipes("x | ma o | cou")[0]?.kind, "match");
	assert.equal(problem("show | bogus"), "7 syntax error.");
	assert.equal(problem("show | "), "7 missing argument.");
	assert.equal(problem("show | match"), "12 missing argument.");
	assert.match(problem("show | match ("), /^13 invalid regular expression/);
	assert.match(problem("show | trim x"), /^12 Invalid numeric value/);
	assert.match(problem(`show ${"| count ".repeat(40)}`), /more than 32 pipes/);
});

test("display keeps its words, compare its number; neither changes text", () => {
	const [display, compare] = pipes("show | display set relative | compare rollback 3");
	assert.deepEqual(display?.words, ["set", "relative"]);
	assert.equal(compare?.values.rollback, "3");
	assert.ok(display !== undefined && !isTextPipe(display));
});

test("text may come in any pieces", () => {
	const lines = fc.array(fc.stringMatching(/^[a-d ]{0,6}$/), { maxLength: 20 });
	const row = fc.constantFrom(
		"| match a",
		"| except b",
		"| find c",
		"| count",
		"| last 3",
		"| trim 1",
		"| match a | last 2",
	);
	fc.assert(
		fc.property(lines, row, fc.array(fc.nat(20), { maxLength: 10 }), (all, line, cuts) => {
			const text = all.map((one) => `${one}\n`).join("");
			const stages = new PipeLine(pipes(`x ${line}`), 24);
			let out = "";
			let from = 0;
			for (const cut of [...cuts].sort((a, b) => a - b)) {
				out += stages.push(text.slice(from, Math.max(from, cut))).text;
				from = Math.max(from, cut);
			}
			out += stages.push(text.slice(from)).text + stages.end().text;
			assert.equal(out, through(line, text));
		}),
	);
});

test("an expression that makes others hang is matched in linear time", () => {
	const started = performance.now();
	assert.equal(through('| match "(a+)+$"', `${"a".repeat(5_000)}!\n`), "");
	assert.ok(performance.now() - started < 1_000);
});

test("a line without an end is cut, not kept", () => {
	const stages = new PipeLine(pipes("x | match a"), 24);
	let out = 0;
	for (let part = 0; part < 40; part++) out += stages.push("a".repeat(65_536)).text.length;
	assert.ok(out > 2_000_000);
});
