/** Datagram listeners while workers die, and while the configuration changes. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { helloDatagram } from "../support/dtls-hello.ts";
import { udpSocket } from "../support/dtls-peers.ts";
import { eventually, freePort, startGateway } from "../support/gateway.ts";

const owner = { after };
const echo = await udpSocket(owner, (datagram, port, socket) => socket.send(datagram, port, "127.0.0.1"));
const port = await freePort();
const gateway = await startGateway(owner, {
	gateway: `
		datagram d { listen 127.0.0.1:${port}; server 127.0.0.1:${echo.port}; pass-through; }
		workers 2;`,
	mayLoseWorkers: true,
});

test("the listeners come back with the worker that has them", async (t) => {
	const client = await udpSocket(t);
	const ask = async () => {
		const before = client.received.length;
		await eventually(() => {
			client.socket.send(helloDatagram("a.test"), port, "127.0.0.1");
			return client.received.length > before;
		}, "an answer");
	};
	await ask();
	const workers = gateway.workers();
	for (const worker of workers) process.kill(worker, "SIGKILL");
	await eventually(() => {
		const now = gateway.workers();
		return now.length === workers.length && now.every((worker) => !workers.includes(worker));
	}, "new workers");
	await ask();
	assert.equal(gateway.workers().length, 2);
});
