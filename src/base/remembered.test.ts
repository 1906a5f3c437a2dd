import assert from "node:assert/strict";
import { test } from "node:test";
import { Remembered } from "#base/remembered.ts";

test("a value is made anew when its key or one of its parts is another object, and only then", () => {
	const remembered = new Remembered<object, object>();
	const [key, part] = [{}, {}];
	const made = remembered.of(key, [part, 1], () => ({}));
	assert.equal(remembered.of(key, [part, 1], assert.fail), made);
	assert.notEqual(
		remembered.of({}, [part, 1], () => ({})),
		made,
	);
	const second = remembered.of(key, [{}, 1], () => ({}));
	assert.notEqual(second, made);
	const third = remembered.of(key, [part, 1], () => ({}));
	assert.notEqual(third, made, "one value for each key");
	assert.notEqual(
		remembered.of(key, [part], () => ({})),
		third,
	);
});
