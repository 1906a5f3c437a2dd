/** A slow side slows the other down; what waits in between stays small, however large the transfer. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { after, describe, test } from "node:test";
import { eventually, residentOctets, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa, tcpOrigin } from "../support/origins.ts";
import { type Conversation, openTls, openTunnel } from "../support/proxy-client.ts";
import { capturedHello } from "../support/tls-hello.ts";

const mib = 1_048_576;
/** Much more than all buffers on the way can hold. */
const size = 192 * mib;
/** Both sockets' buffers in the gateway, in the kernel and at the ends, and the collector's slack. */
const allowance = 96 * mib;
const owner = { after };
const ca = new TestCa();

/** Octets that differ from chunk to chunk, so that a lost or doubled one shows. */
const chunk = Buffer.alloc(mib);
for (let at = 0; at < chunk.length; at++) chunk[at] = (at * 31) ^ (at >> 8);
const expected = createHash("sha256");
for (let sent = 0; sent < size; sent += mib) expected.update(numbered(sent));
const digest = expected.digest("hex");

function numbered(position: number): Buffer {
	const copy = Buffer.from(chunk);
	copy.writeUInt32BE(position / mib, 0);
	return copy;
}

/** Writes the whole size, waiting for each drain; answers how much was written so far. */
async function sendAll(socket: Socket | NodeJS.WritableStream, progress: { octets: number }): Promise<void> {
	for (let sent = 0; sent < size; sent += mib) {
		if (!socket.write(numbered(sent))) await once(socket as Socket, "drain");
		progress.octets = sent + mib;
	}
}

const serverProgress = { octets: 0 };
const uploaded = { octets: 0, digest: "" };
let mayRead = Promise.withResolvers<void>();
const origin = await httpsOrigin(owner, ca.identity(["app.test"]), async (request, response) => {
	if (request.method === "POST") {
		const hash = createHash("sha256");
		uploaded.octets = 0;
		await mayRead.promise;
		for await (const part of request) {
			uploaded.octets += part.length;
			hash.update(part);
		}
		uploaded.digest = hash.digest("hex");
		return response.end("taken");
	}
	response.writeHead(200, request.url === "/chunked" ? {} : { "Content-Length": size });
	await sendAll(response, serverProgress);
	response.end();
});
const sink = await tcpOrigin(owner, async (socket) => {
	await once(socket, "data");
	await sendAll(socket, serverProgress).catch(() => undefined);
	socket.end();
});
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["app.test"],
	gateway: "workers 1;",
	profile: "never-decrypt-source 127.0.0.9/32;",
});
const [worker = 0] = gateway.workers();

/** Resolves when the sender has come to a stop: the same progress for a while, and not all of it. */
async function isHeldUp(progress: { octets: number }): Promise<void> {
	let before = -1;
	let same = 0;
	await eventually(() => {
		same = progress.octets === before ? same + 1 : 0;
		before = progress.octets;
		return same >= 15;
	}, "the sender to be held up");
}

/** Reads on to the end and answers a hash of what came, and how much. */
async function readAll(client: Conversation<Socket>, skip: number): Promise<{ octets: number; digest: string }> {
	const hash = createHash("sha256");
	let octets = 0;
	let skipped = 0;
	const take = (part: Buffer) => {
		const behind = Math.min(part.length, skip - skipped);
		skipped += behind;
		octets += part.length - behind;
		hash.update(part.subarray(behind));
	};
	take(client.take());
	const socket = client.release();
	socket.on("data", take);
	socket.resume();
	await eventually(() => octets >= size, "the whole transfer", 60);
	return { octets, digest: hash.digest("hex") };
}

describe("a client that reads nothing for a while", () => {
	for (const { says, open } of [
		{
			says: "an inspected download with a length",
			open: async () =>
				(await openTls(gateway, `app.test:${origin.port}`)).send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n"),
		},
		{
			says: "a bypassed download",
			open: async () =>
				(await openTunnel(gateway, `app.test:${sink.port}`, { localAddress: "127.0.0.9" })).send(
					capturedHello("curl").octets,
				),
		},
	]) {
		test(`${says} waits for it, in bounded memory, and arrives whole`, async () => {
			serverProgress.octets = 0;
			const client: Conversation<Socket> = await open();
			client.socket.pause();
			const before = residentOctets(worker);
			await isHeldUp(serverProgress);
			assert.ok(serverProgress.octets < size / 2, `the origin sent ${serverProgress.octets} octets to nobody`);
			const grown = residentOctets(worker) - before;
			assert.ok(grown < allowance, `the worker grew by ${grown} octets`);
			client.socket.resume();
			await client.receives((received) => received.length > 1000);
			const head = client.text.startsWith("HTTP/1.1") ? client.text.indexOf("\r\n\r\n") + 4 : 0;
			const { octets, digest: got } = await readAll(client, head);
			assert.deepEqual([octets, got], [size, digest]);
			client.socket.destroy();
			assert.ok(residentOctets(worker) - before < allowance);
		});
	}
});

test("an origin that reads nothing for a while holds the client up, in bounded memory, and gets all of it", async () => {
	mayRead = Promise.withResolvers();
	const client = await openTls(gateway, `app.test:${origin.port}`);
	client.send(`POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${size}\r\n\r\n`);
	const before = residentOctets(worker);
	const progress = { octets: 0 };
	const sent = sendAll(client.socket, progress);
	await isHeldUp(progress);
	assert.ok(progress.octets < size / 2, `the client sent ${progress.octets} octets to nobody`);
	assert.ok(residentOctets(worker) - before < allowance);
	mayRead.resolve();
	await sent;
	assert.equal((await client.response()).body.toString(), "taken");
	assert.deepEqual(uploaded, { octets: size, digest });
	client.socket.end();
	assert.equal((await gateway.record(client.localPort)).octetsToServer > size, true);
});

test("a client that never reads loses nothing to the gateway and is forgotten when it goes", async () => {
	serverProgress.octets = 0;
	const client = await openTls(gateway, `app.test:${origin.port}`);
	client.send("GET /chunked HTTP/1.1\r\nHost: app.test\r\n\r\n").socket.pause();
	await isHeldUp(serverProgress);
	client.socket.destroy();
	const record = await gateway.record(client.localPort);
	assert.match(record.endedBecause, /^the client (reset|closed) the connection/);
});
