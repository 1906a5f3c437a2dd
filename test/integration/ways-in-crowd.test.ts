/** A crowd at a reverse listener: idle and slow clients cost a bounded amount and harm nobody; losses are mended. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ask, idleClients, slowClients } from "../support/crowd.ts";
import { eventually, freePort, residentOctets, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";

const owner = { after };
const ca = new TestCa();
const behind = await httpsOrigin(owner, ca.identity(["shop.test"]), (request, response) => response.end(request.url));
const port = await freePort();
const parts = {
	certificates: { shop: ca.identity(["shop.test"]) },
	trust: ca.root.pem,
	hosts: ["shop.test"],
	security: "pki { ca-profile test { ca-identity test; } }",
	profiles: "profile servers { server-certificate shop; trusted-ca test; actions { log { all; } } }",
	mayLoseWorkers: true,
};
const reverse = `reverse shop { listen 127.0.0.1:${port}; server shop.test:${behind.port}; profile servers; }`;
const gateway = await startGateway(owner, { ...parts, gateway: `workers 2; timeouts { client-hello 5; } ${reverse}` });
const target = { port, ca: ca.root.pem, host: "shop.test" };

test("600 idle and 60 slow clients cost what is said of them, and others are served meanwhile", async () => {
	assert.equal(await ask(target, "/before"), "/before");
	const before = memory();
	const idle = await idleClients(target, 600, 8);
	const slow = slowClients(port, 60, 20);
	for (let count = 0; count < 40; count++) assert.equal(await ask(target, `/${count}`), `/${count}`);
	const each = (memory() - before) / 660;
	assert.ok(each < 400 * 1024, `${Math.round(each / 1024)} KiB a connection`);
	assert.ok(idle.every((client) => !client.destroyed));
	// A hello that comes octet by octet has its time, and no more.
	await slow.over;
	for (const client of idle) client.destroy();
	await eventually(() => gateway.records().length >= 701, "all records");
	const dribbled = gateway.records().filter(({ faultCode }) => faultCode === "CLIENT_HELLO_TIMEOUT");
	assert.equal(dribbled.length, 60);
	assert.equal(gateway.events("WORKER_DIED").length, 0);
});

test("a worker that is killed under load loses its own connections, and every one after is served", async () => {
	const [victim = 0] = gateway.workers();
	let isOver = false;
	let answered = 0;
	const lost: unknown[] = [];
	const lane = async (): Promise<void> => {
		while (!isOver) {
			try {
				assert.equal(await ask(target, "/load"), "/load");
				answered++;
			} catch (error) {
				lost.push(error);
			}
		}
	};
	const lanes = Array.from({ length: 8 }, lane);
	await eventually(() => answered > 20, "load");
	process.kill(victim, "SIGKILL");
	await eventually(() => gateway.events("WORKER_RESTARTED").length === 1, "the new worker");
	const since = answered;
	await eventually(() => answered > since + 20, "answers after it");
	isOver = true;
	await Promise.all(lanes);
	// Each lane may have had one connection at the worker that died, and one on its way to it.
	assert.ok(lost.length <= 16, `${lost.length} of ${answered} were lost: ${lost[0]}`);
	for (let count = 0; count < 10; count++) assert.equal(await ask(target, "/after"), "/after");
});

test("after kill -9 the gateway starts again with its listeners, its certificates and the records from before", async (t) => {
	const again = await freePort();
	const listener = reverse.replace(`:${port};`, `:${again};`);
	const first = await startGateway(t, { ...parts, gateway: `workers 1; ${listener}` });
	const there = { ...target, port: again };
	const clients = await idleClients(there, 5, 5);
	assert.equal(await ask(there, "/kept"), "/kept");
	await eventually(() => first.records().length === 1, "the record");
	first.program.child.kill("SIGKILL");
	await first.program.ended;
	await eventually(() => clients.every((client) => client.destroyed), "the end of the clients");
	const { certificates: _, ...stored } = parts;
	const second = await startGateway(t, { ...stored, state: first.state, gateway: `workers 1; ${listener}` });
	assert.equal(await ask(there, "/again"), "/again");
	await eventually(() => second.records().length === 2, "both records");
	assert.deepEqual(
		second.records().map(({ listener: at, faultCode }) => [at, faultCode]),
		[
			["reverse shop", undefined],
			["reverse shop", undefined],
		],
	);
});

/** Of all workers. */
function memory(): number {
	return gateway.workers().reduce((sum, worker) => sum + residentOctets(worker), 0);
}
