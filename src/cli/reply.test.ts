import assert from "node:assert/strict";
import { test } from "node:test";
import { askYesNo, failure, type Reply, silence, success } from "#cli/reply.ts";

function ask(isYesDefault: boolean): { reply: Reply & { kind: "ask" }; answers: boolean[] } {
	const answers: boolean[] = [];
	const reply = askYesNo("Sure?", isYesDefault, (isYes) => {
		answers.push(isYes);
		return silence;
	});
	assert.ok(reply.kind === "ask");
	return { reply, answers };
}

test("a question takes yes and no, shortened, in any case; nothing is the default", () => {
	const { reply, answers } = ask(true);
	assert.equal(reply.question, "Sure? [yes,no] (yes) ");
	for (const answer of ["", "y", "YES", " ye ", "n", "No"]) reply.then(answer);
	assert.deepEqual(answers, [true, true, true, true, false, false]);
	const no = ask(false);
	assert.equal(no.reply.question, "Sure? [yes,no] (no) ");
	no.reply.then("");
	assert.deepEqual(no.answers, [false]);
});

test("anything else asks again", () => {
	const { reply, answers } = ask(true);
	assert.equal(reply.then("maybe").kind, "ask");
	assert.deepEqual(answers, []);
});

test("lines of success and failure differ in what they mean for a script", () => {
	assert.deepEqual(success("a"), { kind: "lines", lines: ["a"], isOk: true });
	assert.deepEqual(failure("b"), { kind: "lines", lines: ["b"], isOk: false });
});
