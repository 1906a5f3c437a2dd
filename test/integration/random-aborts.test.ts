/** Whoever goes away at whatever moment: no worker dies, no socket stays open, every session has its record. */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import type { Socket } from "node:net";
import { after, test } from "node:test";
import { eventually, openSockets, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa, tcpOrigin } from "../support/origins.ts";
import { type Conversation, dial, startTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const names = ["app.test", "exempt.test", "other.test"];
const bad = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].join("");
const pause = (most: number) => new Promise((resolve) => setTimeout(resolve, randomInt(0, most + 1)));

const origin = await httpsOrigin(owner, ca.identity(names), async (request, response) => {
	request.resume();
	const { socket } = request;
	response.write("x".repeat(randomInt(1, 40_000)));
	await pause(10);
	const how = randomInt(0, 6);
	if (how === 0) return void socket.destroy();
	if (how === 1) return void origin.sockets.at(-1)?.resetAndDestroy();
	if (how === 2) response.write(bad);
	response.end("end");
});
/** A server that goes away at some moment of its handshake, or never says a word. */
const broken = await tcpOrigin(owner, async (socket) => {
	socket.resume();
	await pause(20);
	const how = randomInt(0, 4);
	if (how === 0) socket.resetAndDestroy();
	else if (how === 1) socket.end();
	else if (how === 2) socket.end(Buffer.from("15030300020228", "hex"));
});
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: names,
	gateway: "workers 1; timeouts { request 1; client-hello 1; handshake 1; idle 2; }",
	profile: "decryption-policy exemptions;",
	profiles: "decryption-policy exemptions { never-decrypt-domains exempt.test; }",
});
const [worker = 0] = gateway.workers();

/** Goes some way through a session and leaves it, one way or the other. Answers the port it came from. */
async function wander(): Promise<number | undefined> {
	const client = await dial(gateway);
	const { localPort } = client;
	const target = `${names[randomInt(0, names.length)]}:${randomInt(0, 4) === 0 ? broken.port : origin.port}`;
	const steps: (() => unknown)[] = [
		() => client.send(`CONNECT ${target} HT`),
		() => client.send("TP/1.1\r\n\r\n"),
		() => client.receives("\r\n\r\n"),
		() => {
			client.take();
			return secure(client, target);
		},
	];
	const last = randomInt(0, steps.length * 2);
	for (const [index, step] of steps.entries()) {
		if (index >= last) break;
		// Whatever goes wrong here is meant to, and nobody waits for long.
		const done = Promise.resolve(step()).catch(() => undefined);
		await Promise.race([done, pause(100)]);
	}
	// A client that resets before it was accepted has no address any more, and no record.
	const wasAccepted = client.socket.bytesRead > 0;
	return leave(client.socket) === "reset" && !wasAccepted ? undefined : localPort;
}

async function secure(client: Conversation, target: string): Promise<void> {
	const version = randomInt(0, 2) === 0 ? "TLSv1.2" : "TLSv1.3";
	const roots = randomInt(0, 4) === 0 ? undefined : `${gateway.caPem}${ca.root.pem}`;
	const started = startTls(gateway, client, target, { ca: roots, maxVersion: version });
	if (randomInt(0, 3) === 0) {
		started.catch(() => undefined);
		return;
	}
	const conversation = await started;
	conversation.socket.on("error", () => undefined);
	conversation.send(`GET / HTTP/1.1\r\nHost: ${target}\r\n\r\n`.slice(0, randomInt(1, 60)));
	if (randomInt(0, 2) === 0) conversation.send(`GET / HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
	await pause(30);
}

function leave(socket: Socket): "reset" | "closed" | "stays" {
	const how = (["reset", "closed", "stays"] as const)[randomInt(0, 3)] ?? "stays";
	if (how === "reset") socket.resetAndDestroy();
	if (how === "closed") socket.destroy();
	// One that stays says nothing more: the gateway's times end it.
	return how;
}

test("800 sessions that end anyhow leave nothing behind", async () => {
	const before = openSockets(worker);
	const ports: (number | undefined)[] = [];
	for (let round = 0; round < 20; round++) {
		ports.push(...(await Promise.all(Array.from({ length: 40 }, () => wander()))));
	}
	assert.deepEqual(gateway.workers(), [worker], "the worker died");
	await eventually(() => openSockets(worker) <= before, "the last socket to be closed", 30);
	await eventually(() => {
		const recorded = new Set(gateway.records().map(({ client }) => client.port));
		return ports.every((port) => port === undefined || recorded.has(port));
	}, "a record of every session");
	for (const { endedBecause, faultCode } of gateway.records()) {
		assert.notEqual(endedBecause, "");
		assert.notEqual(faultCode, "INTERNAL");
	}
	assert.equal(gateway.program.errors, "");
});
