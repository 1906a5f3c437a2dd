import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { FeedQuestions } from "#daemon/feed-questions.ts";
import type { ToWorker } from "#daemon/worker-protocol.ts";

const facts = { client: parseAddress("10.0.0.1") as Address, requestedName: "www.evil.example" };
const hit = { feed: "bad", entry: "evil.example", level: 9 };

test("the first worker's answer is what is known; later ones are passed over", async () => {
	const told: ToWorker[] = [];
	const questions = new FeedQuestions((message) => told.push(message) + 1);
	const answer = questions.ask(facts);
	assert.deepEqual(told, [{ type: "ask-feeds", question: 1, facts }]);
	questions.answered(1, [{ category: "command-and-control", hit }]);
	questions.answered(1, []);
	const tables = await answer;
	assert.deepEqual(tables?.get("command-and-control")?.matchName("www.evil.example"), [hit]);
	assert.equal(tables?.get("url"), undefined);
});

test("without a worker that answers nothing is known", async () => {
	assert.equal(await new FeedQuestions(() => 0).ask(facts), undefined);
	assert.equal(await new FeedQuestions(() => 1, 1).ask(facts), undefined);
});
