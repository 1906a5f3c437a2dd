import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type JsonPointer, jsonError, jsonPlaces, maxJsonDepth } from "#config/json-places.ts";

function told(source: string): string | undefined {
	const error = jsonError(source);
	return error && `${error.line}:${error.column} ${error.message}`;
}

test("the first error of a text is told with its line and column", () => {
	assert.equal(told('{ "a": [1, 2.5e-3, "x\\u00e4\\n", true, null, {}], "b": [] }'), undefined);
	assert.equal(told(""), "1:1 expected a value before the end of the text");
	assert.equal(told('{\n  "a": 1\n  "b": 2 }'), "3:3 expected ',' or '}'");
	assert.equal(told('{"a" 1}'), "1:6 expected ':'");
	assert.equal(told("{a: 1}"), "1:2 expected a name in quotes");
	assert.equal(told('[1, 2,\n"x]'), "2:4 unterminated string");
	assert.equal(told('["a\\q"]'), "1:4 unterminated string");
	assert.equal(told("[1}"), "1:3 expected ',' or ']'");
	assert.equal(told("[1,]"), "1:4 expected a value");
	assert.equal(told('{"a": 01}'), "1:8 expected ',' or '}'");
	assert.equal(told("{} x"), "1:4 expected the end of the text");
	assert.equal(told("[".repeat(1_000_000)), `1:${maxJsonDepth + 1} more than ${maxJsonDepth} levels`);
});

test("values are found by their way, or the nearest one above", () => {
	const source = '{ "a": [ 1,\n  { "b": "x" } ],\n"c": {} }';
	assert.deepEqual(jsonPlaces(source, [["a", 1, "b"], ["c"], [], ["a", 0], ["a", 7, "b"], ["d"]]), [
		{ line: 2, column: 10 },
		{ line: 3, column: 6 },
		{ line: 1, column: 1 },
		{ line: 1, column: 10 },
		{ line: 1, column: 8 },
		{ line: 1, column: 1 },
	]);
});

test("a text is in error exactly when it is not JSON, wherever it was changed", () => {
	const change = fc.tuple(fc.nat(60), fc.nat(2), fc.constantFrom(...'{}[],:"\\ 01.e-+tnu\n\u0001x'));
	fc.assert(
		fc.property(fc.json(), fc.array(change, { maxLength: 3 }), (text, changes) => {
			let source = text;
			for (const [at, gone, fresh] of changes) source = source.slice(0, at) + fresh + source.slice(at + gone);
			let isJson = true;
			try {
				JSON.parse(source);
			} catch {
				isJson = false;
			}
			const error = jsonError(source);
			assert.equal(error === undefined, isJson, JSON.stringify(source));
			if (error !== undefined) assert.ok(error.line >= 1 && error.column >= 1);
		}),
		{ numRuns: 2_000 },
	);
});

test("what stands at the place of a value is that value", () => {
	fc.assert(
		fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 4), (value, indent) => {
			const source = JSON.stringify(value, null, indent);
			const lines = source.split("\n");
			const pointers = [...waysTo(value)].slice(0, 20);
			for (const [index, { line, column }] of jsonPlaces(
				source,
				pointers.map(([pointer]) => pointer),
			).entries()) {
				const rest = `${lines[line - 1]?.slice(column - 1)}\n${lines.slice(line).join("\n")}`;
				const first = JSON.stringify(pointers[index]?.[1])[0] as string;
				assert.equal(rest[0], first, source);
			}
		}),
	);
});

function* waysTo(value: unknown, pointer: JsonPointer = []): Generator<readonly [JsonPointer, unknown]> {
	yield [pointer, value];
	if (typeof value !== "object" || value === null) return;
	for (const [key, below] of Object.entries(value))
		yield* waysTo(below, [...pointer, Array.isArray(value) ? Number(key) : key]);
}
