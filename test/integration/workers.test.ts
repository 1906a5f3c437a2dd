/** A worker that dies takes its own sessions with it and nothing else. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { eventually, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { type Conversation, fetchOnce, openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
// Idle connections are the gateway's to keep: on a busy host a worker takes longer to start than Node waits.
const patient = { keepAliveTimeout: 0 };
const origin = await httpsOrigin(owner, ca.identity(["app.test"]), (_, response) => response.end("ok"), patient);
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["app.test"],
	gateway: "workers 2;",
	mayLoseWorkers: true,
});
const target = `app.test:${origin.port}`;
const get = (client: Conversation) => client.request(`GET / HTTP/1.1\nHost: ${target}`);

test("the sessions of the other worker go on, a new one takes the place, and new sessions work", async () => {
	// The kernel spreads the clients, so that both workers have some.
	const clients = await Promise.all(Array.from({ length: 24 }, () => openTls(gateway, target)));
	for (const client of clients) assert.equal((await get(client)).status, 200);
	const [victim = 0, other = 0] = gateway.workers();
	process.kill(victim, "SIGKILL");
	await eventually(() => gateway.events("WORKER_RESTARTED").length === 1, "the new worker");

	// The ends of the others may still be on their way here: who answers has survived.
	const answers = await Promise.allSettled(clients.map(get));
	const survivors = clients.filter((_, index) => answers[index]?.status === "fulfilled");
	assert.ok(survivors.length > 0 && survivors.length < clients.length, `${survivors.length} survived`);

	const [died] = gateway.events("WORKER_DIED");
	assert.deepEqual([died?.fields.processId, died?.fields.reason], [victim, "signal SIGKILL"]);
	assert.match(gateway.program.errors, /died: signal SIGKILL; its sessions are lost, the others go on/);
	const now = gateway.workers();
	assert.ok(now.length === 2 && now.includes(other) && !now.includes(victim));
	for (let count = 0; count < 12; count++) assert.equal((await fetchOnce(gateway, target)).status, 200);
	for (const client of survivors) client.socket.destroy();
	for (const client of survivors) assert.equal((await gateway.record(client.localPort)).faultCode, undefined);
});

test("a worker that dies again and again is started again each time", async () => {
	const before = gateway.events("WORKER_RESTARTED").length;
	for (let round = 1; round <= 2; round++) {
		const [victim = 0] = gateway.workers();
		process.kill(victim, "SIGKILL");
		await eventually(() => gateway.events("WORKER_RESTARTED").length === before + round, "the new worker");
	}
	assert.equal((await fetchOnce(gateway, target)).status, 200);
});

test("without managed the workers end, so that nothing runs that nobody watches", async () => {
	const lonely = await startGateway(owner, { gateway: "workers 2;", mayLoseWorkers: true });
	const workers = lonely.workers();
	assert.equal(workers.length, 2);
	process.kill(lonely.program.child.pid ?? 0, "SIGKILL");
	await eventually(() => workers.every((worker) => !isAlive(worker)), "the end of the workers");
});

function isAlive(processId: number): boolean {
	try {
		return !/^State:\s+Z/m.test(readFileSync(`/proc/${processId}/status`, "utf8"));
	} catch {
		return false;
	}
}
