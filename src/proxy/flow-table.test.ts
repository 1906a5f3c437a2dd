import assert from "node:assert/strict";
import { test } from "node:test";
import { beginsFlow, FlowTable, maxUnproven, maxUnprovenPerSource } from "#proxy/flow-table.ts";
import { handshake, helloDatagram, inRecord } from "../../test/support/dtls-hello.ts";

/** A flow that takes every ClientHello of another random for a new beginning. */
const flowOf = (name: string, random: number) => ({
	name,
	beginsAnew: (datagram: Uint8Array) => datagram.length > 40 && datagram[27] !== random,
});
type Flow = ReturnType<typeof flowOf>;
const place = (port: number, source = "192.0.2.7") => ({ key: `${source} ${port}`, source, port });
const secret = inRecord(new Uint8Array(80), 23, 1);

test("datagrams of one client go to its flow, and those of a stranger to none", () => {
	const table = new FlowTable<Flow>();
	const flow = flowOf("one", 5);
	assert.equal(table.add(place(1), flow), undefined);
	assert.equal(table.find(place(1).key, secret), flow);
	assert.equal(table.find(place(2).key, secret), undefined);
	table.remove(flow, place(1));
	assert.deepEqual([table.find(place(1).key, secret), table.size], [undefined, 0]);
});

test("a client that begins anew keeps its old flow until the new one is proven, so that a forged hello ends nothing", () => {
	const table = new FlowTable<Flow>();
	const [before, after] = [flowOf("before", 5), flowOf("after", 6)];
	table.add(place(1), before);
	table.proved(before, place(1));
	const hello = helloDatagram("a.test", { random: 6 });
	assert.equal(table.find(place(1).key, hello), undefined);
	table.add(place(1), after);
	assert.equal(table.find(place(1).key, hello), after);
	assert.equal(table.find(place(1).key, secret), before);
	const answer = inRecord(handshake(16, new Uint8Array(4)));
	assert.deepEqual([table.find(place(1).key, answer), table.findOther(place(1).key, answer)], [before, after]);
	assert.equal(table.findOther(place(1).key, secret), undefined);
	assert.equal(table.proved(after, place(1)), before);
	assert.equal(table.find(place(1).key, secret), after);
	table.remove(before, place(1));
	assert.deepEqual([table.size, [...table.flows()]], [1, [after]]);
});

test("when the newer flow goes unproven, the older one stays", () => {
	const table = new FlowTable<Flow>();
	const [before, after, third] = [flowOf("before", 5), flowOf("after", 6), flowOf("third", 7)];
	table.add(place(1), before);
	table.add(place(1), after);
	assert.equal(table.add(place(1), third), after);
	table.remove(third, place(1));
	assert.equal(table.find(place(1).key, secret), before);
});

test("unproven flows are bounded: of one source by number, of all by the oldest giving way", () => {
	const table = new FlowTable<Flow>();
	const first = flowOf("first", 5);
	const proven = flowOf("proven", 5);
	table.add(place(1), proven);
	table.proved(proven, place(1));
	table.add(place(2, "192.0.2.8"), first);
	for (let index = 0; index < maxUnproven - 1; index++)
		assert.equal(table.add(place(3, `10.0.${index >> 8}.${index & 255}`), flowOf("other", 5)), undefined);
	assert.equal(table.add(place(3, "198.51.100.1"), flowOf("last", 5)), first);
	assert.equal(table.size, maxUnproven + 1);
	for (let port = 4; table.mayBegin("198.51.100.1"); port++) table.add(place(port, "198.51.100.1"), flowOf("more", 5));
	const mine = [...table.flows()].filter(({ name }) => name === "more").length;
	assert.equal(mine, maxUnprovenPerSource - 1);
	assert.equal(table.mayBegin("198.51.100.2"), true);
});

test("a flow is begun by a first ClientHello alone, and by anything where clients speak in clear", () => {
	const server = { host: "192.0.2.1", port: 1 };
	const pass = { kind: "pass-through", server } as const;
	assert.equal(beginsFlow(pass, helloDatagram("a.test")), true);
	assert.equal(beginsFlow(pass, helloDatagram("a.test", { sequence: 1 })), false);
	const opens = { kind: "offload", server, profile: {} as never } as const;
	assert.equal(beginsFlow(opens, helloDatagram("a.test", { sequence: 1 })), true);
	assert.equal(beginsFlow(opens, helloDatagram("a.test", { sequence: 4 })), false);
	assert.equal(beginsFlow(pass, inRecord(handshake(16, new Uint8Array(4)))), false);
	assert.equal(beginsFlow(pass, secret), false);
	const clear = { kind: "encrypt", server, profile: {} as never } as const;
	assert.equal(beginsFlow(clear, Uint8Array.of(1)), true);
	assert.equal(beginsFlow(clear, new Uint8Array(0)), false);
});
