import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { FromIked, ToIked } from "#daemon/iked-protocol.ts";
import { noPeerTrust } from "#daemon/peer-trust.ts";

function start(t: TestContext) {
	const child = fork(join(import.meta.dirname, "iked.ts"), [], {
		serialization: "advanced",
		execArgv: ["--disable-warning=ExperimentalWarning"],
	});
	t.after(() => child.kill("SIGKILL"));
	const messages: FromIked[] = [];
	child.on("message", (message: FromIked) => messages.push(message));
	return { child, messages, tell: (message: ToIked) => child.send(message) };
}

test("what is said while the process still starts is answered in order; told to stop it ends", async (t) => {
	const { child, messages, tell } = start(t);
	tell({
		type: "configure",
		revision: 1,
		plan: { connections: [], tunnels: [], mss: 0, dataPlane: "auto", monitors: [], danger_logsKeys: false, trace: [] },
		trust: noPeerTrust,
	});
	tell({ type: "show", question: 7 });
	tell({ type: "signed", request: 99, signature: undefined });
	tell({ type: "clear", order: { what: "ike", associations: [1] } });
	tell({ type: "stop" });
	const [code] = await once(child, "exit");
	assert.equal(code, 0);
	assert.deepEqual(messages.map(({ type }) => type).sort(), ["configured", "state"]);
	const state = messages.find((message) => message.type === "state");
	assert.ok(state?.type === "state" && state.question === 7);
	assert.deepEqual([state.state.associations, state.state.vpns], [[], []]);
});

test("it ends when the process that started it is gone, and not by a signal to the whole group", async (t) => {
	const { child, tell, messages } = start(t);
	tell({
		type: "configure",
		revision: 1,
		plan: { connections: [], tunnels: [], mss: 0, dataPlane: "auto", monitors: [], danger_logsKeys: false, trace: [] },
		trust: noPeerTrust,
	});
	while (messages.length === 0) await once(child, "message");
	child.kill("SIGINT");
	child.kill("SIGTERM");
	tell({ type: "show", question: 1 });
	while (messages.length < 2) await once(child, "message");
	child.disconnect();
	await once(child, "exit");
});
