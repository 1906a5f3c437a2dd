/** Many clients at a time are served; more than the gateway may hold are told so and cost it nothing. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, test } from "node:test";
import { eventually, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { type Conversation, dial, fetchOnce, openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const origin = await httpsOrigin(owner, ca.identity(["app.test"]), (request, response) => response.end(request.url));
const target = `app.test:${origin.port}`;

test("1,000 decrypted connections at a time, each answered, each recorded", async (t) => {
	const gateway = await startGateway(t, { trust: ca.root.pem, hosts: ["app.test"] });
	const clients: Conversation[] = [];
	// Handshakes in batches, so that they do not wait for each other beyond their time.
	for (let from = 0; from < 1_000; from += 100) {
		clients.push(...(await Promise.all(Array.from({ length: 100 }, () => openTls(gateway, target)))));
	}
	const answers = await Promise.all(
		clients.map((client, index) => client.request(`GET /${index} HTTP/1.1\nHost: ${target}`)),
	);
	assert.ok(answers.every(({ status, body }, index) => status === 200 && body.toString() === `/${index}`));
	assert.ok(clients.every((client) => client.state === "open"));
	for (const client of clients) client.socket.destroy();
	await eventually(() => gateway.records().length === 1_000, "all records", 30);
	assert.ok(gateway.records().every(({ requests, faultCode }) => requests === 1 && faultCode === undefined));
	assert.equal(gateway.events("WORKER_DIED").length, 0);
});

test("R186: a session above the maximum is answered with 503, and the next is served when one has ended", async (t) => {
	const parts = { trust: ca.root.pem, hosts: ["app.test"], gateway: "workers 1; maximum-sessions 5;" };
	const gateway = await startGateway(t, parts);
	const clients = await Promise.all(Array.from({ length: 5 }, () => openTls(gateway, target)));
	for (let count = 0; count < 3; count++) {
		const refused = await dial(gateway);
		refused.send(`CONNECT ${target} HTTP/1.1\r\n\r\n`);
		const response = await refused.response();
		assert.equal(response.status, 503);
		assert.match(response.body.toString(), /the gateway holds as many sessions as it may/);
		await refused.over();
	}
	const [first, ...others] = clients;
	first?.socket.destroy();
	await gateway.record(first?.localPort);
	assert.equal((await fetchOnce(gateway, target)).status, 200);
	for (const client of others) {
		assert.equal((await client.request(`GET / HTTP/1.1\nHost: ${target}`)).status, 200);
		client.socket.destroy();
	}
});

test("clients that connect and go at once leave the gateway as it was", async (t) => {
	const gateway = await startGateway(t, { trust: ca.root.pem, hosts: ["app.test"], gateway: "workers 1;" });
	for (let round = 0; round < 5; round++) {
		const sockets = await Promise.all(Array.from({ length: 100 }, () => connected(gateway.ports.ipv4)));
		for (const [index, socket] of sockets.entries()) {
			if (index % 2 === 0) socket.resetAndDestroy();
			else socket.destroy();
		}
	}
	assert.equal((await fetchOnce(gateway, target)).status, 200);
	assert.equal(gateway.events("WORKER_DIED").length, 0);
});

async function connected(port: number): Promise<Socket> {
	const socket = connect(port, "127.0.0.1");
	socket.on("error", () => undefined);
	await once(socket, "connect");
	return socket;
}
