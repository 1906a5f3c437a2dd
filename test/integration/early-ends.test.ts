/** Servers that speak, are blocked or leave in the moment in which the handshakes end. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";
import { startGateway } from "../support/gateway.ts";
import { TestCa, tlsOrigin } from "../support/origins.ts";
import { openTls, openTunnel, startTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const identity = ca.identity(["app.test"]);
const eicar = Buffer.from(shippedPatterns.get("eicar") ?? []);
const infected = await tlsOrigin(owner, identity, (socket) => socket.write(eicar));
const greeting = await tlsOrigin(owner, identity, (socket) => socket.end("220 and good bye\r\n"));
const leaving = await tlsOrigin(owner, identity, (socket) => socket.end());
const resetting = await tlsOrigin(owner, identity, () => resetting.sockets.at(-1)?.resetAndDestroy());
const gateway = await startGateway(owner, { trust: ca.root.pem, hosts: ["app.test"], gateway: "workers 1;" });
const workers = gateway.workers();
const at = (origin: { port: number }) => `app.test:${origin.port}`;

for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
	describe(maxVersion, () => {
		test("a server whose first octets are blocked is cut, 30 times, and the worker lives", async () => {
			for (let round = 0; round < 30; round++) {
				const tunnel = await openTunnel(gateway, at(infected));
				// Whether the client's handshake is over by then is a matter of luck.
				const client = await startTls(gateway, tunnel, "app.test", { maxVersion }).catch(() => undefined);
				await client?.over();
				assert.ok(client === undefined || !client.received.includes("EICAR"));
				if (round > 0) continue;
				const record = await gateway.record(tunnel.localPort);
				assert.equal(record.endedBecause, 'blocked by pattern "eicar" in stream-to-client');
			}
			assert.deepEqual(gateway.workers(), workers);
		});

		test("the last words of a server that ends at once arrive", async () => {
			const client = await openTls(gateway, at(greeting), { maxVersion });
			assert.notEqual(await client.over(), "reset");
			assert.equal(client.text, "220 and good bye\r\n");
			assert.equal((await gateway.record(client.localPort)).endedBecause, "the server closed the connection");
		});

		test("a server that ends at once without a word ends the session at once", async () => {
			const tunnel = await openTunnel(gateway, at(leaving));
			await startTls(gateway, tunnel, "app.test", { maxVersion }).catch(() => undefined);
			assert.match((await gateway.record(tunnel.localPort)).endedBecause, /^the server/);
		});

		test("a server that resets at once ends the session at once", async () => {
			const tunnel = await openTunnel(gateway, at(resetting));
			const client = await startTls(gateway, tunnel, "app.test", { maxVersion }).catch(() => undefined);
			await client?.over();
			const record = await gateway.record(tunnel.localPort);
			assert.match(record.endedBecause, /server/);
		});

		test("a client that ends at once after its handshake ends the session", async () => {
			for (let round = 0; round < 10; round++) {
				const client = await openTls(gateway, at(infected), { maxVersion }).catch(() => undefined);
				client?.socket.destroy();
			}
			assert.deepEqual(gateway.workers(), workers);
		});
	});
}
