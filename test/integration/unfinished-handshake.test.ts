/** A client that has the gateway's ServerHello and does not go on: whatever ends the session is a reset, nothing in clear. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { TestCa, tlsOrigin } from "../support/origins.ts";
import { type Conversation, openTunnel } from "../support/proxy-client.ts";
import { capturedHello } from "../support/tls-hello.ts";

const owner = { after };
const ca = new TestCa();
const origin = await tlsOrigin(owner, ca.identity(["app.test"]), () => undefined);
const start = (seconds: number) =>
	startGateway(owner, {
		trust: ca.root.pem,
		hosts: ["app.test"],
		gateway: `workers 1; timeouts { handshake ${seconds}; }`,
	});

/** A client that waits for the end of the gateway's first flight and says nothing. */
async function waitingClient(gateway: Gateway): Promise<Conversation> {
	const client = await openTunnel(gateway, `app.test:${origin.port}`);
	client.send(capturedHello("openssl-tls13").octets);
	// A handshake record, and behind it encrypted ones.
	await client.receives((received) => received[0] === 22 && received.length > 600);
	return client;
}

test("M13: an origin that resets amid the client's handshake is a reset for the client", async () => {
	const gateway = await start(15);
	const client = await waitingClient(gateway);
	const before = client.received.length;
	origin.sockets.at(-1)?.resetAndDestroy();
	assert.equal(await client.over(), "reset");
	assert.equal(client.received.length, before, "no alert in clear behind the handshake's records");
	assert.equal((await gateway.record(client.localPort)).faultCode, "SERVER_HANDSHAKE_FAILED");
});

test("a client that does not finish its handshake in time is reset", async () => {
	const gateway = await start(1);
	const client = await waitingClient(gateway);
	assert.equal(await client.over(), "reset");
	const { faultCode, serverLeg, clientLeg } = await gateway.record(client.localPort);
	assert.deepEqual([faultCode, clientLeg], ["CLIENT_HANDSHAKE_FAILED", undefined]);
	assert.equal(serverLeg?.version, "TLSv1.3");
});
