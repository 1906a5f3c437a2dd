import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListenerPlan } from "#proxy/compile-listeners.ts";
import { isListenerAddress } from "#proxy/listener-shell.ts";

const plan = { path: "", way: { kind: "explicit", protocols: new Set<never>() }, mayReachLocal: true } as const;
const plans: readonly ListenerPlan[] = [
	{ ...plan, name: "v4", listen: { host: "127.0.0.1", port: 8080 } },
	{ ...plan, name: "v6", listen: { host: "::1", port: 8081 } },
];

test("a listener is recognised by its address, and by the unspecified addresses that lead to it", () => {
	assert.equal(isListenerAddress(plans, "127.0.0.1", 8080), true);
	assert.equal(isListenerAddress(plans, "0.0.0.0", 8080), true);
	assert.equal(isListenerAddress(plans, "::", 8081), true);
	assert.equal(isListenerAddress(plans, "127.0.0.1", 8082), false);
	assert.equal(isListenerAddress(plans, "0.0.0.0", 8082), false);
	assert.equal(isListenerAddress(plans, "203.0.113.1", 8080), false);
});

test("a listener at every address of the host is recognised by each", () => {
	const wildcard: readonly ListenerPlan[] = [{ ...plan, name: "all", listen: { host: "0.0.0.0", port: 8080 } }];
	assert.equal(isListenerAddress(wildcard, "10.1.2.3", 8080), true);
	assert.equal(isListenerAddress(wildcard, "10.1.2.3", 443), false);
});
