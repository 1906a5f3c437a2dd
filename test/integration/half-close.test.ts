/** How one side ends is how the other side sees it end: half-closed, closed or reset. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { after, describe, test } from "node:test";
import { eventually, startGateway } from "../support/gateway.ts";
import { type Origin, TestCa, tcpOrigin, tlsOrigin } from "../support/origins.ts";
import { type Conversation, openTls, openTunnel } from "../support/proxy-client.ts";
import { capturedHello } from "../support/tls-hello.ts";

const owner = { after };
const ca = new TestCa();
const identity = ca.identity(["app.test"]);
/** What the origins do with the next connection. */
let onSocket: (socket: Socket) => void = () => undefined;
const halfOpen = { allowHalfOpen: true, ALPNProtocols: ["raw"] };
const tls = await tlsOrigin(owner, identity, (socket) => onSocket(socket), halfOpen);
const tcp = await tcpOrigin(owner, (socket) => onSocket(socket), { allowHalfOpen: true });
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["app.test"],
	profile: "never-decrypt-source 127.0.0.9/32;",
});

/** The two ways through the gateway: opened, and relayed as it is. */
const ways: readonly { says: string; origin: Origin; open: () => Promise<Conversation<Socket>>; greeting: number }[] = [
	{
		says: "decrypted",
		origin: tls,
		open: () => openTls(gateway, `app.test:${tls.port}`, { ALPNProtocols: ["raw"], allowHalfOpen: true }),
		greeting: 0,
	},
	{
		says: "bypassed",
		origin: tcp,
		open: async () => {
			const client = await openTunnel(gateway, `app.test:${tcp.port}`, {
				allowHalfOpen: true,
				localAddress: "127.0.0.9",
			});
			return client.send(capturedHello("curl").octets);
		},
		greeting: capturedHello("curl").octets.length,
	},
];

for (const { says, open, greeting } of ways) {
	describe(says, () => {
		test("the client ends its direction and still gets the answer", async () => {
			onSocket = (socket) => {
				let octets = 0;
				socket.on("data", (chunk: Buffer) => {
					octets += chunk.length;
				});
				socket.on("end", () => socket.end(`got ${octets}`));
			};
			const client = await open();
			client.send("x".repeat(100_000));
			client.socket.end();
			await client.receives(`got ${100_000 + greeting}`);
			assert.notEqual(await client.over(), "reset");
			const record = await gateway.record(client.localPort);
			assert.equal(record.endedBecause, "the client closed the connection");
			assert.equal(record.faultCode, undefined);
		});

		test("the server ends its direction and still gets what the client sends", async () => {
			let got = 0;
			onSocket = (socket) => {
				socket.end("bye");
				socket.on("data", (chunk: Buffer) => {
					got += chunk.length;
				});
			};
			const client = await open();
			await client.receives("bye");
			assert.equal(await client.over(), "ended");
			client.send("y".repeat(50_000));
			client.socket.end();
			await eventually(() => got === 50_000 + greeting, "what the client sent");
			const record = await gateway.record(client.localPort);
			assert.equal(record.endedBecause, "the server closed the connection");
		});

		test("M13: a reset of the server reaches the client as a reset", async () => {
			onSocket = (socket) => {
				socket.write("soon");
				socket.once("data", () => origin.sockets.at(-1)?.resetAndDestroy());
			};
			const { origin } = ways.find((way) => way.says === says) as (typeof ways)[number];
			const client = await open();
			if (greeting === 0) {
				await client.receives("soon");
				client.send("now");
			}
			await eventually(() => client.state === "reset", "the reset");
			assert.equal(client.error?.code, "ECONNRESET");
			const record = await gateway.record(client.localPort);
			assert.match(record.endedBecause, /^the server reset the connection/);
		});

		test("M13: a reset of the client reaches the server as a reset", async () => {
			let failure: NodeJS.ErrnoException | undefined;
			onSocket = (socket) => {
				socket.on("error", (error) => {
					failure = error;
				});
				socket.on("data", () => socket.write("ready"));
			};
			const client = await open();
			client.send("hello\n");
			await client.receives("ready");
			const { origin } = ways.find((way) => way.says === says) as (typeof ways)[number];
			const accepted = origin.sockets.at(-1);
			accepted?.on("error", (error) => {
				failure ??= error;
			});
			transportOf(client.socket).resetAndDestroy();
			await eventually(() => failure, "the reset at the origin");
			assert.equal(failure?.code, "ECONNRESET");
			const record = await gateway.record(client.localPort);
			assert.match(record.endedBecause, /^the client reset the connection/);
		});

		test("both ends in the same moment is an ordinary end", async () => {
			onSocket = (socket) => socket.once("data", () => socket.end("bye"));
			const client = await open();
			client.send("hi");
			client.socket.end();
			await client.receives("bye");
			assert.notEqual(await client.over(), "reset");
			assert.match((await gateway.record(client.localPort)).endedBecause, /closed the connection$/);
		});
	});
}

/** The TCP socket below a TLS one. */
function transportOf(socket: Socket): Socket {
	return (socket as { _parent?: Socket })._parent ?? socket;
}
