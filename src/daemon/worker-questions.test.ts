import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkerQuestions } from "#daemon/worker-questions.ts";

test("a question is answered once all have answered, each with its own number", async () => {
	const questions = new WorkerQuestions<string>();
	const numbers: number[] = [];
	const [one, two] = ["one", "two"].map(() =>
		questions.ask((number) => {
			numbers.push(number);
			return 2;
		}),
	);
	assert.deepEqual(numbers, [1, 2]);
	questions.answered(2, "b");
	questions.answered(1, "a");
	questions.answered(7, "nobody asked");
	questions.answered(2, "c");
	questions.answered(1, "d");
	questions.answered(1, "too late");
	assert.deepEqual(
		[await one, await two],
		[
			["a", "d"],
			["b", "c"],
		],
	);
});

test("who does not answer in time is left out; where nobody was told there is no answer", async () => {
	const questions = new WorkerQuestions<string>(20);
	const asked = questions.ask(() => 2);
	questions.answered(1, "a");
	assert.deepEqual(await asked, ["a"]);
	assert.deepEqual(await questions.ask(() => 0), []);
});
