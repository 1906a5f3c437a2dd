import assert from "node:assert/strict";
import { test } from "node:test";
import type { DatagramPlan } from "#proxy/compile-datagram.ts";
import type { DatagramFlow, FlowPorts } from "#proxy/datagram-flow.ts";
import { DatagramListener } from "#proxy/datagram-listener-shell.ts";
import { Resolver } from "#proxy/resolver-shell.ts";
import { helloDatagram } from "../../test/support/dtls-hello.ts";
import { udpSocket } from "../../test/support/dtls-peers.ts";
import { eventually, freePort } from "../../test/support/gateway.ts";
import { portless } from "../../test/support/portless.ts";
import { runAlone } from "../../test/support/run-alone.ts";

const planAt = (port: number): DatagramPlan => ({
	name: "datagram d",
	path: "services gateway datagram d",
	listen: { host: "127.0.0.1", port },
	way: { kind: "pass-through", server: { host: "127.0.0.1", port: 1 } },
	mayReachLocal: true,
	fromZone: undefined,
	flow: { permitsServersWithoutCookie: false, idleMs: 1_000 },
});

/** A listener whose flows say back what they hear. */
async function listen(isFull = false) {
	const port = await freePort();
	const seen = { flows: 0, strayed: 0, unrecorded: 0, records: 0, released: 0 };
	const listener = new DatagramListener(planAt(port), {
		admit: () => {
			if (isFull) return undefined;
			seen.flows++;
			return {
				resolver: new Resolver(new Map(), 1, 1),
				begin: echoFlow,
				released: () => seen.released++,
			};
		},
		tell: () => undefined,
		ended: () => seen.records++,
		strayed: () => seen.strayed++,
		unrecorded: () => seen.unrecorded++,
	});
	await listener.open();
	return { listener, port, seen };
}

function echoFlow(ports: FlowPorts): DatagramFlow {
	let isOver = false;
	return {
		get isProven() {
			return true;
		},
		get isEnded() {
			return isOver;
		},
		get isGone() {
			return isOver;
		},
		decision: undefined,
		deadline: 5,
		beginsAnew: () => false,
		fromClient: (datagram) => ports.sendClient(datagram),
		fromServer: () => undefined,
		resolved: () => undefined,
		opened: () => undefined,
		failed: () => undefined,
		tick() {
			this.end("it was time", 0);
		},
		end() {
			isOver = true;
			ports.sendClient(Buffer.from("bye"));
			ports.ended({} as never);
		},
	};
}

test("each client has a flow; what begins none is counted and not answered", async (t) => {
	const { listener, port, seen } = await listen();
	const [one, two] = [await udpSocket(t), await udpSocket(t)];
	one.socket.send("nothing", port, "127.0.0.1");
	for (const { socket } of [one, two]) socket.send(helloDatagram("a.test"), port, "127.0.0.1");
	await eventually(() => two.received[0] && one.received[0], "answers");
	one.socket.send("more", port, "127.0.0.1");
	await eventually(() => one.received[1], "an answer");
	assert.deepEqual(seen, { flows: 2, strayed: 1, unrecorded: 0, records: 0, released: 0 });
	listener.tick(6);
	assert.deepEqual([seen.records, seen.released], [2, 2]);
	listener.close("closed");
	assert.equal(seen.records, 2);
});

test("a listener that closes ends its flows; a worker that is full answers nothing", async (t) => {
	const { listener, port, seen } = await listen();
	const one = await udpSocket(t);
	one.socket.send(helloDatagram("a.test"), port, "127.0.0.1");
	await eventually(() => one.received[0], "an answer");
	listener.close("closed");
	assert.equal(seen.records, 1);
	await eventually(() => one.received[1], "the last word of its flow", 5);
	const full = await listen(true);
	one.socket.send(helloDatagram("a.test"), full.port, "127.0.0.1");
	await eventually(() => full.seen.strayed === 1 || undefined, "the datagram");
	full.listener.close("closed");
	assert.equal(one.received.length, 2);
});

test("an address that is taken is a fault that names it", async (t) => {
	const { listener, port } = await listen();
	t.after(() => listener.close(""));
	const other = new DatagramListener(planAt(port), {} as never);
	await assert.rejects(
		other.open(),
		/UDP address 127\.0\.0\.1:\d+ is already in use; .*'services gateway datagram d listen'/,
	);
});

test("a datagram from port 0, which nobody can answer, begins nothing and ends nothing", (t) => {
	const output = runAlone(
		t,
		`${portless}
		const { createSocket } = await import("node:dgram");
		const { DatagramListener } = await import("#proxy/datagram-listener-shell.ts");
		const heard = [];
		const flow = (ports) => ({ isGone: false, deadline: Infinity, beginsAnew: () => false, end: () => {},
			fromClient: (datagram) => { heard.push(String(datagram)); ports.sendClient(datagram); } });
		const plan = { listen: { host: "127.0.0.1", port: 5_000 }, way: { kind: "encrypt" } };
		let strayed = 0;
		const listener = new DatagramListener(plan, {
			admit: () => ({ resolver: undefined, begin: flow, released: () => {} }), strayed: () => strayed++,
		});
		await listener.open();
		sendPortless(Buffer.from("nobody"), 5_000);
		const client = createSocket("udp4");
		const answered = new Promise((resolve) => client.once("message", resolve));
		client.send("somebody", 5_000, "127.0.0.1");
		await answered;
		console.log(heard.join(), strayed);
		process.exit();`,
	);
	if (output !== undefined) assert.equal(output, "somebody 1\n");
});
