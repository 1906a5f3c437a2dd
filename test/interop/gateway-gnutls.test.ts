/** GnuTLS at both ends of the gateway: gnutls-serv as its origin, gnutls-cli as its client. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { eventually, freePort, Program, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { fetchOnce, openTunnel } from "../support/proxy-client.ts";
import { listen } from "../support/tls-legs.ts";

const owner = { after };
const ca = new TestCa();
const folder = mkdtempSync(join(tmpdir(), "sallyport-gnutls-"));
after(() => rmSync(folder, { recursive: true, force: true }));
// The host's GnuTLS configuration is not what is tested.
process.env.GNUTLS_SYSTEM_PRIORITY_FILE = "/dev/null";

const identities = { ec: ca.identity(["app.test"]), rsa: ca.identity(["app.test"], { key: "rsa2048" }) };
const origin = await httpsOrigin(owner, identities.ec, (_, response) => response.end("from the origin"));
const untrusted = await httpsOrigin(owner, new TestCa("Stranger").identity(["app.test"]), (_, response) =>
	response.end("from the origin"),
);
const gateway = await startGateway(owner, { trust: ca.root.pem, mappings: { "app.test": "inet 127.0.0.1;" } });

for (const { priority, key = "ec", version, group } of [
	{ priority: "NORMAL", version: "TLSv1.3", group: "X25519" },
	{ priority: "NORMAL:-VERS-ALL:+VERS-TLS1.2", version: "TLSv1.2", group: "X25519" },
	{ priority: "NORMAL", key: "rsa", version: "TLSv1.3", group: "X25519" },
	{ priority: "NORMAL:-VERS-ALL:+VERS-TLS1.2", key: "rsa", version: "TLSv1.2", group: "X25519" },
	{ priority: "NORMAL:-GROUP-ALL:+GROUP-SECP384R1", version: "TLSv1.3", group: "P-384" },
	{ priority: "NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305", version: "TLSv1.3", group: "X25519" },
] as readonly { priority: string; key?: keyof typeof identities; version: string; group: string }[]) {
	test(`an origin of gnutls-serv with ${priority} and the key ${key} is reached`, async (t) => {
		if (!requirePeers(t, ["gnutls-serv"])) return;
		const port = await startOrigin(t, key, ["--disable-client-cert", "--priority", priority]);
		const response = await fetchOnce(gateway, `app.test:${port}`);
		assert.equal(response.status, 200);
		assert.match(response.body.toString(), /GnuTLS/);
		const record = await gateway.record(response.localPort);
		assert.deepEqual([record.serverLeg?.version, record.serverLeg?.group], [version, group]);
		assert.deepEqual([record.serverTrust, record.faultCode], ["trusted", undefined]);
	});
}

test("M18: an origin of gnutls-serv that would take a client certificate is let be", async (t) => {
	if (!requirePeers(t, ["gnutls-serv"])) return;
	const port = await startOrigin(t, "ec", []);
	const { status, localPort } = await fetchOnce(gateway, `app.test:${port}`, { ca: ca.root.pem });
	assert.deepEqual([status, (await gateway.record(localPort)).cause], [200, "client-certificate"]);
});

for (const version of ["1.2", "1.3"]) {
	const priority = `NORMAL:-VERS-ALL:+VERS-TLS${version}`;

	test(`R172: an origin of gnutls-serv that demands a client certificate in TLS ${version} is let be`, async (t) => {
		if (!requirePeers(t, ["gnutls-serv"])) return;
		const port = await startOrigin(t, "ec", ["--require-client-cert", "--priority", priority]);
		await assert.rejects(fetchOnce(gateway, `app.test:${port}`, { ca: ca.root.pem }));
		const record = await eventually(() => gateway.records().find(({ server }) => server.port === port), "the record");
		assert.equal(record.cause, "client-certificate");
	});

	test(`gnutls-cli in TLS ${version} verifies the leaf, reads the page and resumes`, async (t) => {
		if (!requirePeers(t, ["gnutls-cli"])) return;
		const { client, clientPorts } = await startClient(t, origin.port, ["--resume", "--priority", priority]);
		await client.says("This is a resumed session");
		client.child.stdin?.write("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n");
		await client.says("from the origin");
		await client.ended;
		assert.match(client.output, /Status: The certificate is trusted/);
		const records = await Promise.all(clientPorts.map((port) => gateway.record(port)));
		assert.deepEqual(
			records.map(({ clientLeg, requests }) => [clientLeg?.version, clientLeg?.isResumed, requests]),
			[
				[`TLSv${version}`, false, 0],
				[`TLSv${version}`, true, 1],
			],
		);
	});
}

test("M12: gnutls-cli refuses the leaf of an origin that is not trusted, and the record tells", async (t) => {
	if (!requirePeers(t, ["gnutls-cli"])) return;
	const { client, clientPorts } = await startClient(t, untrusted.port, []);
	assert.notEqual(await client.ended, 0);
	assert.match(client.output, /The certificate issuer is unknown/);
	const record = await gateway.record(clientPorts[0]);
	assert.equal(record.faultCode, "CLIENT_REFUSED_UNTRUSTED_SERVER");
	assert.notEqual(record.serverTrust, "trusted");
});

/** Starts gnutls-serv as an HTTP server; answers its port. */
async function startOrigin(t: TestContext, key: keyof typeof identities, args: readonly string[]): Promise<number> {
	const port = await freePort();
	const { cert, key: privateKey } = identities[key];
	const own = mkdtempSync(join(folder, "origin-"));
	writeFileSync(join(own, "chain.pem"), cert);
	writeFileSync(join(own, "key.pem"), privateKey);
	const program = new Program(
		spawn(peerPath("gnutls-serv"), [
			...["--http", "--port", `${port}`, "--x509certfile", join(own, "chain.pem")],
			...["--x509keyfile", join(own, "key.pem"), ...args],
		]),
	);
	t.after(() => program.child.kill("SIGKILL"));
	await program.says("listening on IPv4");
	return port;
}

/** Starts gnutls-cli before a forwarder of its own, since it cannot speak CONNECT. */
async function startClient(t: TestContext, originPort: number, args: readonly string[]) {
	const clientPorts: number[] = [];
	const port = await listen(t, (socket) => {
		openTunnel(gateway, `app.test:${originPort}`).then(
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
	const client = new Program(
		spawn(peerPath("gnutls-cli"), [
			...["--port", `${port}`, "--sni-hostname", "app.test", "--verify-hostname", "app.test"],
			...["--x509cafile", gateway.caFile, ...args, "127.0.0.1"],
		]),
	);
	t.after(() => client.child.kill());
	return { client, clientPorts };
}
