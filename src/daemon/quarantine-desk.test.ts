import assert from "node:assert/strict";
import { test } from "node:test";
import { QuarantineDesk } from "#daemon/quarantine-desk.ts";
import type { EntryUse, IpActionFacts, QuarantineEntry } from "#inspect/quarantine-list.ts";
import { AddressSet } from "#policy/address-set.ts";
import { formatEvent } from "#telemetry/event-table.ts";

function desk() {
	const published: (readonly QuarantineEntry[])[] = [];
	const events: string[] = [];
	let now = 0;
	const settings = { hosts: [], exceptions: new AddressSet(), durationMs: 1, maximumHosts: 2, redirect: undefined };
	const made = new QuarantineDesk({
		settings: () => settings,
		publish: (entries) => published.push(entries),
		event: (event) => events.push(formatEvent(event)),
		now: () => now,
	});
	const passTo = (at: number) => {
		now = at;
	};
	return { made, published, events, passTo };
}

test("what a worker shuts off is told to all workers and to the operator, and ends", () => {
	const { made, published, events, passTo } = desk();
	made.noted({ address: "10.0.0.1", until: 5_000, why: "signature 1" });
	assert.deepEqual(
		published.at(-1)?.map(({ address }) => address),
		["10.0.0.1"],
	);
	assert.match(events[0] ?? "", /client 10\.0\.0\.1 is shut off until 1970-01-01T00:00:05.000Z: signature 1/);
	passTo(5_000);
	assert.deepEqual(made.entries(), []);
});

test("a host is let go by any way to write its address", () => {
	const { made, published } = desk();
	made.noted({ address: "2001:db8::1", until: Number.POSITIVE_INFINITY, why: "x" });
	assert.equal(made.clear("2001:0db8::0001"), 1);
	assert.deepEqual(published.at(-1), []);
});

test("what a worker that was taken over says does no more than shut off a bounded number of hosts", () => {
	const { made, published } = desk();
	for (const odd of [{ address: "x" }, { until: "soon" }, { until: Number.NaN }, { why: 5 }])
		made.noted({ address: "10.0.0.1", until: 5, why: "x", ...odd } as unknown as QuarantineEntry);
	assert.deepEqual(published, []);
	for (let last = 1; last < 9; last++) made.noted({ address: `10.0.0.${last}`, until: 1e300, why: "x".repeat(9_999) });
	assert.deepEqual([made.entries().length, made.entries()[0]?.why.length], [2, 255]);
});

const ipAction: IpActionFacts = {
	action: "close",
	target: "service",
	key: "client 10.0.0.1 server 192.0.2.1 port 443",
	timeoutMs: 5_000,
	isLogged: true,
	isRefreshed: true,
};

test("an ip-action is no host of the quarantine; its beginning is told where the rule says so, and its use", () => {
	const { made, published, events } = desk();
	made.noted({ address: "10.0.0.1", until: 5_000, why: "signature 1", ipAction });
	assert.deepEqual([made.hosts().length, made.ipActions().length, events], [0, 1, []]);
	made.noted({ address: "10.0.0.1", until: 5_000, why: "signature 1", ipAction }, true);
	made.used([{ key: ipAction.key, count: 3, until: 7_000 }]);
	assert.deepEqual(events, [
		"ip-action close of client 10.0.0.1 server 192.0.2.1 port 443 until 1970-01-01T00:00:05.000Z, after an attack of 10.0.0.1: signature 1",
		"ip-action close of client 10.0.0.1 server 192.0.2.1 port 443 was applied to 3 connections: signature 1",
	]);
	assert.deepEqual(
		made.ipActions().map(({ connections, until }) => [connections, until]),
		[[3, 5_000]],
	);
	assert.equal(published.length, 3);
	assert.deepEqual([made.clear(), made.clearIpActions("10.0.0.2"), made.clearIpActions("10.0.0.1")], [0, 0, 1]);
	assert.deepEqual(made.ipActions(), []);
});

test("a host that an ip-action refuses is in quarantine, and is let go by either command", () => {
	const { made, events } = desk();
	const host = { ...ipAction, target: "source-address", key: "10.0.0.1" } as const;
	made.noted({ address: "10.0.0.1", until: 5_000, why: "x", ipAction: host });
	assert.match(events[0] ?? "", /^client 10\.0\.0\.1 is shut off until/);
	assert.deepEqual([made.hosts().length, made.ipActions().length], [1, 1]);
	assert.equal(made.clearIpActions(), 1);
	made.noted({ address: "10.0.0.1", until: 5_000, why: "x", ipAction: host });
	assert.equal(made.clear("10.0.0.1"), 1);
	made.noted({ address: "10.0.0.1", until: 5_000, why: "x", ipAction: { ...host, action: "notify" } });
	assert.equal(made.hosts().length, 0);
});

test("odd ip-actions of a worker that was taken over are nothing", () => {
	const { made, events } = desk();
	for (const odd of [
		{ target: "constructor" },
		{ action: "pass" },
		{ key: "x".repeat(9_999) },
		{ timeoutMs: Number.NaN },
	])
		made.noted({
			address: "10.0.0.1",
			until: 5_000,
			why: "x",
			ipAction: { ...ipAction, ...odd } as unknown as IpActionFacts,
		});
	made.used([{ key: "no such", count: 1, until: 1 }, { key: 5, count: 1 } as unknown as EntryUse]);
	assert.deepEqual([made.entries(), events], [[], []]);
});
