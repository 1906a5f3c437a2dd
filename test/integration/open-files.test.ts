/** A limit of open files that is too low for the sessions that are permitted: who is beyond it is told so, the others go on. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { eventually, openSockets, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const origin = await httpsOrigin(owner, ca.identity(["app.test"]), (_, response) => response.end("ok"));

test("N4: beyond what the files are enough for clients get 503, an event names the limit, and what is open works", async () => {
	const gateway = await startGateway(owner, {
		trust: ca.root.pem,
		hosts: ["app.test"],
		gateway: "workers 1;",
		inside: (words) => ["/bin/sh", "-c", 'ulimit -n 296; exec "$@"', "sh", ...words],
	});
	const [event] = await eventually(() => {
		const events = gateway.events("OPEN_FILES_LOW");
		return events.length > 0 && events;
	}, "the event");
	assert.deepEqual([event?.fields.limit, event?.fields.capacity], [296, 20]);
	assert.match(gateway.log, /may open 296 files, which is enough for 20 sessions at a time/);
	const target = `app.test:${origin.port}`;
	const clients = await Promise.all(Array.from({ length: 20 }, () => openTls(gateway, target)));
	for (let count = 0; count < 5; count++) await assert.rejects(openTls(gateway, target), /503/);
	for (const client of clients) assert.equal((await client.request("GET / HTTP/1.1\nHost: app.test")).status, 200);
	const [worker = 0] = gateway.workers();
	assert.ok(openSockets(worker) < 60, `${openSockets(worker)} sockets`);
	clients[0]?.socket.end();
	await eventually(async () => {
		const again = await openTls(gateway, target).catch(() => undefined);
		again?.socket.end();
		return again !== undefined;
	}, "a place that is free again");
	for (const client of clients) client.socket.destroy();
});
