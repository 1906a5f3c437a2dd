/** The programs of nghttp2 at both ends of the gateway: nghttpd as its origin; nghttp, h2load and curl as its clients. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { freePort, Program, startGateway } from "../support/gateway.ts";
import { TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { openTunnel } from "../support/proxy-client.ts";
import { listen, run } from "../support/tls-legs.ts";

const owner = { after };
const ca = new TestCa();
const folder = mkdtempSync(join(tmpdir(), "sallyport-nghttp-"));
after(() => rmSync(folder, { recursive: true, force: true }));
// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";

const content = randomBytes(200_000);
mkdirSync(join(folder, "www"));
writeFileSync(join(folder, "www/file"), content);
writeFileSync(join(folder, "www/small"), "small");
const identity = ca.identity(["app.test"]);
writeFileSync(join(folder, "chain.pem"), identity.cert);
writeFileSync(join(folder, "key.pem"), identity.key);
const gateway = await startGateway(owner, { trust: ca.root.pem, mappings: { "app.test": "inet 127.0.0.1;" } });

test("M11: nghttp fetches a file forty times in streams of one connection, with its trailers", async (t) => {
	if (!requirePeers(t, ["nghttp", "nghttpd"])) return;
	const { port, clientPorts } = await forwarder(t, await startOrigin(t));
	const { status, output } = await run(t, peerPath("nghttp"), [
		...["--null-out", "--verbose", "--multiply=40", "--header=:authority: app.test"],
		...["--no-verify-peer", `https://127.0.0.1:${port}/file`],
	]);
	assert.equal(status, 0, output);
	assert.match(output, /The negotiated protocol: h2/);
	assert.equal([...output.matchAll(/recv \(stream_id=\d+\) :status: 200/g)].length, 40);
	assert.equal([...output.matchAll(/recv \(stream_id=\d+\) x-digest: abc/g)].length, 40);
	assert.equal(clientPorts.length, 1);
	const record = await gateway.record(clientPorts[0]);
	assert.deepEqual([record.clientLeg?.alpn, record.serverLeg?.alpn], ["h2", "h2"]);
	assert.deepEqual([record.inspection, record.faultCode], ["inspected", undefined]);
	assert.ok(record.octetsToClient > 40 * content.length);
});

test("h2load gets each of a thousand answers over four connections of fifty streams", async (t) => {
	if (!requirePeers(t, ["h2load", "nghttpd"])) return;
	const { port, clientPorts } = await forwarder(t, await startOrigin(t));
	const { status, output } = await run(t, peerPath("h2load"), [
		...["--requests=1000", "--clients=4", "--max-concurrent-streams=50", "--header=:authority: app.test"],
		`https://127.0.0.1:${port}/small`,
	]);
	assert.equal(status, 0, output);
	assert.match(output, /1000 total, 1000 started, 1000 done, 1000 succeeded, 0 failed, 0 errored, 0 timeout/);
	assert.equal(clientPorts.length, 4);
	for (const clientPort of clientPorts) assert.equal((await gateway.record(clientPort)).faultCode, undefined);
});

test("curl fetches a file fifty times at once over one connection to nghttpd", async (t) => {
	if (!requirePeers(t, ["curl", "nghttpd"])) return;
	const origin = await startOrigin(t);
	const own = mkdtempSync(join(folder, "curl-"));
	const { status, output } = await run(t, peerPath("curl"), [
		...["--disable", "--silent", "--show-error", "--http2", "--noproxy", "", "--cacert", gateway.caFile],
		...["--proxy", `http://127.0.0.1:${gateway.ports.ipv4}`, "--parallel", "--parallel-max", "50"],
		...["--write-out", "\n@%{http_code} %{http_version} %{local_port}\n", "--output", `${own}/#1`],
		`https://app.test:${origin}/file?[1-50]`,
	]);
	assert.equal(status, 0, output);
	// In parallel curl shows its progress even when it is told to be silent.
	const lines = output.split("\n").filter((line) => line.startsWith("@"));
	assert.equal(lines.length, 50, output);
	for (const line of lines) assert.match(line, /^@200 2 \d+$/);
	assert.equal(new Set(lines).size, 1, "one connection");
	for (let number = 1; number <= 50; number++) assert.deepEqual(readFileSync(join(own, `${number}`)), content);
});

/** Starts nghttpd, which ends each answer with a trailer; answers its port. */
async function startOrigin(t: TestContext): Promise<number> {
	const port = await freePort();
	const program = new Program(
		spawn(peerPath("nghttpd"), [
			...["--verbose", "--address=127.0.0.1", `--htdocs=${join(folder, "www")}`, "--trailer=x-digest: abc"],
			...[`${port}`, join(folder, "key.pem"), join(folder, "chain.pem")],
		]),
	);
	t.after(() => program.child.kill());
	await program.says(`listen 127.0.0.1:${port}`);
	return port;
}

/** A port whose connections go to the origin through the gateway, for clients that cannot speak CONNECT. */
async function forwarder(t: TestContext, origin: number) {
	const clientPorts: number[] = [];
	const port = await listen(t, (socket) => {
		openTunnel(gateway, `app.test:${origin}`).then(
			(tunnel) => {
				clientPorts.push(tunnel.localPort);
				const toGateway = tunnel.release();
				for (const end of [socket, toGateway]) end.setNoDelay();
				socket.pipe(toGateway).pipe(socket);
				socket.once("close", () => toGateway.destroy());
				toGateway.once("close", () => socket.destroy());
			},
			() => socket.destroy(),
		);
	});
	return { port, clientPorts };
}
