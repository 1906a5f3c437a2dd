import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { beginFlow } from "#proxy/begin-flow.ts";
import { OpenedFlow } from "#proxy/opened-flow.ts";
import { PassedFlow } from "#proxy/passed-flow.ts";
import type { WayIn } from "#proxy/way-in.ts";
import { gradeLegs } from "#tls/leg-settings.ts";

test("R34: the way in says whether a flow is opened", () => {
	const server = { host: "192.0.2.9", port: 1 };
	const profile = { legs: gradeLegs("strict") } as never;
	const client = { address: parseAddress("10.1.4.7") as Address, port: 1, reachedAt: "192.0.2.1:1" };
	const flow = { permitsServersWithoutCookie: false, idleMs: 1 };
	const of = (way: WayIn) => {
		const context = { way, listener: "datagram d", timeouts: { helloMs: 1 } } as never;
		return beginFlow("3f9c2a1b77d0e452", { way, flow }, client, context, {} as never, {} as never, 0);
	};
	assert.ok(of({ kind: "pass-through", server }) instanceof PassedFlow);
	for (const kind of ["reverse", "offload", "encrypt"] as const)
		assert.ok(of({ kind, server, profile }) instanceof OpenedFlow);
});
