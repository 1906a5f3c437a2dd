import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestWindow, ResponseWindow } from "#ike/v2/request-window.ts";

const settings = { first: 1_000, longest: 5_000, times: 4 };
const datagrams = [Uint8Array.of(1)];

test("a request is sent again after 1, 2, 4, 5, 5 s and then given up", () => {
	const window = new RequestWindow(settings);
	window.open(datagrams, 0);
	const at: number[] = [];
	for (let now = 0; now <= 20_000; now += 1_000) {
		const due = window.overdue(now);
		if (due === "send-again") at.push(now);
		if (due === "give-up") at.push(-now);
	}
	assert.deepEqual(at, [1_000, 3_000, 7_000, 12_000, -17_000]);
	assert.ok(window.isOpen);
	assert.equal(window.deadline, Number.POSITIVE_INFINITY);
});

test("only the answer to the outstanding request opens the window, and the next ID is one higher", () => {
	const window = new RequestWindow(settings);
	assert.ok(!window.close(0));
	window.open(datagrams, 0);
	assert.deepEqual([window.isOpen, window.id, window.deadline], [false, 0, 1_000]);
	assert.ok(!window.close(1));
	assert.ok(window.close(0));
	assert.deepEqual([window.isOpen, window.id], [true, 1]);
	assert.ok(!window.close(0));
	assert.deepEqual(window.datagrams, []);
});

test("a request of the peer is new, the last one again, or out of the window", () => {
	const window = new ResponseWindow();
	assert.deepEqual([window.judge(0), window.judge(1), window.judge(-1)], ["new", "out-of-window", "out-of-window"]);
	window.answered(datagrams);
	assert.deepEqual([window.judge(0), window.judge(1), window.judge(2)], ["again", "new", "out-of-window"]);
	assert.equal(window.answer, datagrams);
	assert.equal(window.expectedId, 1);
	window.answered(datagrams);
	assert.equal(window.judge(0), "out-of-window");
});
