import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePrefix } from "#base/address.ts";
import { clearSessions } from "#daemon/clear-sessions.ts";
import { commandWorld } from "../../test/support/command-world.ts";

test("R249: sessions are asked to end by the words with which they are shown, all of them without a word", async (t) => {
	const world = await commandWorld(t);
	const asked: unknown[] = [];
	world.gateway.endSessions = async (...args) => {
		asked.push(args);
		return asked.length;
	};
	const identity = { id: "cli-1", user: "alice", terminal: "p0", processId: 1, isInteractive: true };
	const run = async (values: Readonly<Record<string, string>>) => {
		const request = { handler: "clear-proxy-sessions", values, isJson: false, identity, columns: 80 } as const;
		let text = "";
		for await (const piece of clearSessions(world, { ...request, signal: new AbortController().signal })) text += piece;
		return text;
	};
	assert.equal(await run({}), "1 session ended\n");
	assert.equal(await run({ source: "10.1.0.0/16", decision: "decrypt", session: "12ab" }), "2 sessions ended\n");
	assert.deepEqual(asked, [
		[
			{ filter: {}, id: "" },
			{ user: "alice", which: "all" },
		],
		[
			{ filter: { client: parsePrefix("10.1.0.0/16"), decision: "decrypt" }, id: "12ab" },
			{ user: "alice", which: "source 10.1.0.0/16, decision decrypt, session 12ab" },
		],
	]);
	await assert.rejects(run({ server: "no host" }), /expected a host name/);
});
