/** redis in clear through a tunnel of two gateways: encrypt at the clients' place, offload at the server's. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, type TestContext, test } from "node:test";
import { eventually, freePort, startGateway } from "../support/gateway.ts";
import { TestCa, tcpOrigin } from "../support/origins.ts";
import { startRedis } from "../support/peer-programs.ts";
import { hasPeers, peerPath, requirePeers } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

const owner = { after };
const ca = new TestCa();
const impostors = new TestCa("Impostors");
const ports = {
	redis: await freePort(),
	inner: await freePort(),
	outer: await freePort(),
	deceived: await freePort(),
	impostor: await freePort(),
};
/** What crosses the network between the two gateways. */
const wire: Buffer[] = [];
const network = await tcpOrigin(owner, (near) => {
	const far = connect(ports.inner, "127.0.0.1");
	const pass = (from: Socket, to: Socket) => {
		from.on("data", (chunk: Buffer) => {
			wire.push(chunk);
			to.write(chunk);
		});
		from.on("end", () => to.end());
		from.on("error", () => to.destroy());
		from.on("close", () => to.destroySoon());
	};
	pass(near, far);
	pass(far, near);
});
const tunnel = ca.identity(["tunnel.test"]);
const offload = (name: string, port: number) =>
	`offload ${name} { listen 127.0.0.1:${port}; server 127.0.0.1:${ports.redis}; termination-profile tunnel; }`;
const termination = { tls: "termination { profile tunnel { server-certificate tunnel; enable-session-cache; } }" };
const atServer = await startGateway(owner, {
	...termination,
	certificates: { tunnel },
	gateway: offload("redis", ports.inner),
});
const impostor = await startGateway(owner, {
	...termination,
	certificates: { tunnel: impostors.identity(["tunnel.test"]) },
	gateway: offload("redis", ports.impostor),
});
const atClients = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["tunnel.test"],
	security: "pki { ca-profile test { ca-identity test; } }",
	tls: "initiation { profile tunnel { trusted-ca test; enable-session-cache; } }",
	gateway: `
		encrypt redis { listen 127.0.0.1:${ports.outer}; server tunnel.test:${network.port}; initiation-profile tunnel; }
		encrypt deceived { listen 127.0.0.1:${ports.deceived}; server tunnel.test:${ports.impostor}; initiation-profile tunnel; }`,
});
const programs = ["redis-server", "redis-cli", "redis-benchmark"];
// Not in a test: there it would end with the test that was first.
if (hasPeers(programs)) await startRedis(owner, ports.redis);

test("R21 R22: redis-cli and redis-server speak in clear, and between two gateways nothing of it is seen", async (t) => {
	if (!requirePeers(t, programs)) return;
	const secret = "the-secret-of-the-tunnel";
	assert.equal((await redisCli(t, ports.outer, ["SET", "key", secret])).trim(), "OK");
	assert.equal((await redisCli(t, ports.outer, ["GET", "key"])).trim(), secret);
	const octets = Buffer.concat(wire);
	assert.deepEqual([...octets.subarray(0, 2)], [0x16, 0x03]);
	assert.ok(!octets.includes(secret) && !octets.includes("SET"));
	const outer = await eventually(() => atClients.records().find(({ listener }) => listener === "encrypt redis"), "it");
	assert.deepEqual([outer.serverTrust, outer.serverLeg?.version, outer.clientLeg], ["trusted", "TLSv1.3", undefined]);
	const inner = await eventually(() => atServer.records().find(({ listener }) => listener === "offload redis"), "it");
	assert.deepEqual([inner.sni, inner.serverLeg], ["tunnel.test", undefined]);
	assert.equal(inner.clientLeg?.certificateSha256, outer.serverLeg?.certificateSha256);
});

test("a value of 8 MiB and a pipeline of 10,000 commands come through whole", async (t) => {
	if (!requirePeers(t, programs)) return;
	const value = "x".repeat(8 * 1_048_576);
	const set = await run(t, peerPath("redis-cli"), ["-p", `${ports.outer}`, "-x", "SET", "large"], value);
	assert.equal(set.output.trim(), "OK");
	assert.equal((await redisCli(t, ports.outer, ["STRLEN", "large"])).trim(), `${value.length}`);
	assert.equal((await redisCli(t, ports.outer, ["GET", "large"])).trim().length, value.length);
	const commands = Array.from({ length: 10_000 }, (_, index) => `INCRBY sum ${index}\r\n`).join("");
	const piped = await run(t, peerPath("redis-cli"), ["-p", `${ports.outer}`, "--pipe"], commands);
	assert.match(piped.output, /errors: 0, replies: 10000/);
	assert.equal((await redisCli(t, ports.outer, ["GET", "sum"])).trim(), `${(10_000 * 9_999) / 2}`);
});

test("redis-benchmark with 50 clients gets an answer to everything, and the tunnel's sessions resume", async (t) => {
	if (!requirePeers(t, programs)) return;
	const args = ["-p", `${ports.outer}`, "-n", "5000", "-c", "50", "-t", "set,get", "-q"];
	const { status, output } = await run(t, peerPath("redis-benchmark"), args);
	assert.equal(status, 0, output);
	assert.match(output, /GET: .* requests per second/);
	await redisCli(t, ports.outer, ["PING"]);
	await eventually(() => atClients.records().some(({ serverLeg }) => serverLeg?.isResumed === true), "a resumption");
});

test("a subscriber hears what another client publishes", async (t) => {
	if (!requirePeers(t, programs)) return;
	const heard: string[] = [];
	const subscriber = connect(ports.outer, "127.0.0.1", () => subscriber.write("SUBSCRIBE news\r\n"));
	t.after(() => subscriber.destroy());
	subscriber.setEncoding("utf8").on("data", (text: string) => heard.push(text));
	await eventually(() => heard.join("").includes("subscribe"), "the subscription");
	assert.equal((await redisCli(t, ports.outer, ["PUBLISH", "news", "extra"])).trim(), "1");
	await eventually(() => heard.join("").includes("extra"), "the news");
});

test("V2: at an impostor the tunnel ends before anything of the client is sent, and the record names the reason", async (t) => {
	if (!requirePeers(t, programs)) return;
	const output = await redisCli(t, ports.deceived, ["SET", "key", "not-for-impostors"]);
	assert.match(output, /reset|closed|Error/i);
	const record = await eventually(
		() => atClients.records().find(({ listener }) => listener === "encrypt deceived"),
		"record",
	);
	assert.deepEqual([record.faultCode, record.octetsToServer], ["SERVER_CERTIFICATE_INVALID", 0]);
	assert.match(record.endedBecause, /^server tunnel\.test:\d+ is blocked; /);
	const met = await eventually(() => impostor.records().find(({ listener }) => listener === "offload redis"), "it");
	assert.deepEqual([met.requests, met.octetsToServer], [0, 0]);
});

test("the tunnel tells a server that is gone, and works again when it is back", async (t) => {
	if (!requirePeers(t, programs)) return;
	const port = ports.redis;
	await redisCli(t, ports.outer, ["SHUTDOWN", "NOSAVE"]);
	const output = await redisCli(t, ports.outer, ["PING"]);
	assert.doesNotMatch(output, /PONG/);
	const record = await eventually(
		() => atServer.records().find(({ faultCode }) => faultCode === "SERVER_UNREACHABLE"),
		"record",
	);
	assert.match(record.endedBecause, new RegExp(`127\\.0\\.0\\.1:${port}`));
	await startRedis(t, ports.redis);
	assert.equal((await redisCli(t, ports.outer, ["PING"])).trim(), "PONG");
});

async function redisCli(t: TestContext, port: number, args: readonly string[]): Promise<string> {
	return (await run(t, peerPath("redis-cli"), ["-p", `${port}`, ...args])).output;
}
