import assert from "node:assert/strict";
import { test } from "node:test";
import { type MonitorEffect, type MonitorEvent, newMonitor, stepMonitor } from "#ike/monitor-machine.ts";

const settings = { interval: 10_000, threshold: 3, isOptimized: false };

/** A monitor that is told what happens, second by second. */
function watch(more: Partial<typeof settings> = {}) {
	let state = newMonitor;
	let now = 0;
	const give = (event: MonitorEvent): readonly MonitorEffect[] => {
		const { next, effects } = stepMonitor(state, event, { ...settings, ...more }, now);
		state = next;
		return effects;
	};
	/** Lets so many seconds pass; answers what was asked for, requests answered at once while `answers`. */
	const run = (seconds: number, answers = false): string[] => {
		const said: string[] = [];
		for (const end = now + seconds * 1_000; now < end; now += 1_000)
			for (const effect of give({ type: "time-passed" })) {
				said.push(effect.type === "change-state" ? (effect.isUp ? "up" : "down") : effect.type);
				if (effect.type !== "send-echo" || !answers) continue;
				for (const { type, ...one } of give({ type: "echo-answered", sequence: effect.sequence }))
					said.push("isUp" in one && one.isUp ? "up" : type);
			}
		return said;
	};
	return { give, run, isUp: () => state.isUp };
}

test("B52: an echo request at each interval while there is a tunnel, none without one", () => {
	const { give, run, isUp } = watch();
	assert.deepEqual(run(60), []);
	give({ type: "tunnel-established" });
	assert.deepEqual(run(30, true), ["send-echo", "send-echo", "send-echo"]);
	give({ type: "tunnel-established" });
	assert.deepEqual(run(10, true), ["send-echo"]);
	give({ type: "tunnel-removed" });
	assert.deepEqual(run(60), []);
	assert.ok(isUp());
});

test("B52: after so many requests without an answer it is down and made anew; the first answer brings it up", () => {
	const { give, run, isUp } = watch();
	give({ type: "tunnel-established" });
	assert.deepEqual(run(30), ["send-echo", "send-echo", "send-echo"]);
	assert.deepEqual(run(10), ["send-echo", "down", "renew-tunnel"]);
	give({ type: "tunnel-removed" });
	assert.deepEqual(run(11), ["want-tunnel"]);
	give({ type: "tunnel-established" });
	assert.equal(isUp(), false);
	// As long as nothing comes back it is tried again, without a word.
	assert.deepEqual(run(40), ["send-echo", "send-echo", "send-echo", "send-echo", "renew-tunnel"]);
	assert.deepEqual(run(10, true), ["send-echo", "up"]);
	assert.ok(isUp());
});

test("an answer to another request is none; one answer forgives those that were missed", () => {
	const { give, run } = watch();
	give({ type: "tunnel-established" });
	run(20);
	assert.deepEqual(give({ type: "echo-answered", sequence: 1 }), []);
	run(10, true);
	assert.deepEqual(run(30), ["send-echo", "send-echo", "send-echo"]);
});

test("B52: optimized: what arrives counts as an answer, and no request is sent meanwhile", () => {
	const plain = watch();
	plain.give({ type: "tunnel-established" });
	run30(plain);
	const { give, run, isUp } = watch({ isOptimized: true });
	give({ type: "tunnel-established" });
	assert.deepEqual(run(1), ["send-echo"]);
	for (let at = 0; at < 10; at++) {
		give({ type: "traffic-received" });
		assert.deepEqual(run(10), []);
	}
	assert.deepEqual(run(40), ["send-echo", "send-echo", "send-echo", "send-echo", "down", "renew-tunnel"]);
	assert.deepEqual(give({ type: "traffic-received" }), [{ type: "change-state", isUp: true }]);
	assert.ok(isUp());
});

/** Without `optimized` traffic is no answer. */
function run30({ give, run }: ReturnType<typeof watch>): void {
	for (let at = 0; at < 4; at++) {
		give({ type: "traffic-received" });
		assert.equal(run(10).at(-1), at < 3 ? "send-echo" : "renew-tunnel");
	}
}
