import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { awaitsAnswer, peerIsFull, ReadGate, rateIsUsedUp } from "#proxy/read-gate-shell.ts";
import { until } from "../../test/support/tls-legs.ts";

test("a socket is read once every reason against it is gone, whatever their order", async (t) => {
	const server = createServer().listen(0, "127.0.0.1");
	t.after(() => server.close());
	await once(server, "listening");
	const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
	t.after(() => socket.destroy());
	const [peer] = (await once(server, "connection")) as [Socket];
	t.after(() => peer.destroy());
	const gate = new ReadGate(socket);
	gate.free(0);
	assert.equal(socket.isPaused(), false);
	gate.hold(peerIsFull);
	gate.hold(awaitsAnswer);
	gate.free(peerIsFull);
	assert.equal(socket.isPaused(), true);
	gate.holdFor(rateIsUsedUp, 5);
	gate.free(awaitsAnswer);
	assert.equal(socket.isPaused(), true);
	await until(() => !socket.isPaused(), "the end of the wait");
	gate.holdFor(rateIsUsedUp, 5);
	gate.close();
});
