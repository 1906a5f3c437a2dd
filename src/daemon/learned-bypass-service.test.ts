import assert from "node:assert/strict";
import { test } from "node:test";
import { LearnedBypassService } from "#daemon/learned-bypass-service.ts";
import type { LearnedEntry } from "#proxy/learned-bypass.ts";

test("what workers tell is put together, told once, published, and cleared at every worker", () => {
	const published: (readonly LearnedEntry[])[] = [];
	const learned: LearnedEntry[] = [];
	const service = new LearnedBypassService({
		settings: (profile) => (profile === "p" ? { clients: 2, lifetimeMs: 1_000, maximum: 10 } : undefined),
		publish: (entries) => published.push(entries),
		learned: (entry) => learned.push(entry),
		now: () => 5,
	});
	const server = { profile: "p", host: "pin.example", port: 443, sni: "pin.example" };
	service.refused(server, "10.0.0.1");
	service.refused({ ...server, profile: "off" }, "10.0.0.1");
	service.refused({ ...server, profile: "off" }, "10.0.0.2");
	service.refused({ ...server, host: "x".repeat(300) }, "10.0.0.1");
	service.refused({ ...server, host: "x".repeat(300) }, "10.0.0.2");
	assert.deepEqual(published, []);
	service.refused(server, "10.0.0.2");
	assert.deepEqual(learned, [{ ...server, clients: 2, learnedAt: 5, until: 1_005 }]);
	assert.deepEqual(published, [learned]);
	assert.equal(service.clear("pin.example"), 1);
	assert.deepEqual(published.at(-1), []);
});
