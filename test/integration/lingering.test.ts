/** A client that was answered for good loses its connection soon, however much it goes on sending. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { eventually, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { type Conversation, dial, openTls } from "../support/proxy-client.ts";

const ca = new TestCa();
const origin = await httpsOrigin({ after }, ca.identity(["upload.test"]), (incoming, outgoing) => {
	incoming.resume();
	outgoing.end("taken");
});
const gateway = await startGateway({ after }, { hosts: ["upload.test"], trust: ca.root.pem, gateway: "workers 1;" });

test("a refused client that goes on sending is disconnected within seconds", async (t) => {
	const client = await dial(gateway, { allowHalfOpen: true });
	client.send("GET / HTTP/1.1\r\n\r\n");
	await client.receives("400 Bad Request");
	await isCutWhileSending(t, client);
});

test("a client whose upload was blocked and that goes on sending is disconnected within seconds", async (t) => {
	const client = await openTls(gateway, `upload.test:${origin.port}`, { allowHalfOpen: true });
	client.send("POST / HTTP/1.1\r\nHost: upload.test\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk size\r\n");
	await client.receives("400 Bad Request");
	await isCutWhileSending(t, client);
});

async function isCutWhileSending(t: { after(end: () => void): void }, client: Conversation): Promise<void> {
	let isClosed = false;
	client.socket.on("close", () => {
		isClosed = true;
	});
	const drip = setInterval(() => client.socket.writable && client.send("x"), 200);
	t.after(() => clearInterval(drip));
	await eventually(() => isClosed, "the end of the connection");
	assert.ok(isClosed);
}
