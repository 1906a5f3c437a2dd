import assert from "node:assert/strict";
import { test } from "node:test";
import { figureNames, parseOptions, subjectNames } from "./options.ts";

test("without arguments everything is measured in three rounds", () => {
	const options = parseOptions([]);
	assert.deepEqual(options.figures, figureNames);
	assert.deepEqual(options.subjects, subjectNames);
	assert.equal(options.rounds, 3);
	assert.equal(options.isQuick, false);
});

test("quick is one round unless told otherwise", () => {
	assert.equal(parseOptions(["--quick"]).rounds, 1);
	assert.equal(parseOptions(["--quick", "--rounds", "2"]).rounds, 2);
});

test("choices keep the order of the report", () => {
	const options = parseOptions(["--subjects", "haproxy,sallyport", "--figures", "idle,connections"]);
	assert.deepEqual(options.subjects, ["sallyport", "haproxy"]);
	assert.deepEqual(options.figures, ["connections", "idle"]);
});

test("a wrong argument is named", () => {
	assert.throws(() => parseOptions(["--subjects", "squid,apache"]), /--subjects apache: unknown/);
	assert.throws(() => parseOptions(["--figures", "speed"]), /--figures speed: unknown/);
	assert.throws(() => parseOptions(["--rounds", "0"]), /--rounds 0/);
	assert.throws(() => parseOptions(["--fast"]), /--fast/);
});
