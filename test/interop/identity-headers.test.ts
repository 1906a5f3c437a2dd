/** R28: what a client has proved by its certificate reaches an HTTP server in fields, and nothing that it says itself; Alt-Svc. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import tls from "node:tls";
import { purposeOid } from "#pki/oids.ts";
import { eventually, freePort, startGateway } from "../support/gateway.ts";
import { makeCertificate } from "../support/make-certificate.ts";
import { http2Origin, TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

const owner = { after };
const ca = new TestCa();
const identity = ca.identity(["shop.test"]);
const issuer = makeCertificate({ subject: "CN=Clients", isCa: true });
const alice = makeCertificate({ subject: "O=Shop,CN=alice", issuer, extendedKeyUsage: [purposeOid.clientAuth] });
const folder = mkdtempSync(join(tmpdir(), "sallyport-identity-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const aliceFile = join(folder, "alice.pem");
writeFileSync(aliceFile, alice.pem + alice.keyPem, { mode: 0o600 });

/** What the servers behind were told, the newest last. */
const heard: IncomingHttpHeaders[] = [];
const altSvc = { "alt-svc": 'h3=":443"; ma=86400', "x-kept": "yes" };
const clear = createServer((request, response) => {
	heard.push(request.headers);
	response.writeHead(200, altSvc).end("clear");
});
clear.listen(0, "127.0.0.1");
await once(clear, "listening");
after(() => clear.close());
const clearPort = (clear.address() as AddressInfo).port;
const modern = await http2Origin(owner, identity, (server) => {
	server.on("session", (session) => session.altsvc('h3=":443"', "https://shop.test"));
	server.on("request", (request, response) => {
		heard.push(request.headers);
		response.writeHead(200, altSvc);
		response.end("modern");
	});
});

const names = ["offload", "easy", "reverse"] as const;
const ports = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await freePort()]))) as Record<
	(typeof names)[number],
	number
>;
const all = "identity-headers { client-cert; subject X-Subject; fingerprint X-Fingerprint; certificate X-Cert; }";
const gateway = await startGateway(owner, {
	certificates: { shop: identity },
	trust: issuer.pem + ca.root.pem,
	hosts: ["shop.test"],
	listener: "permit-local-targets;",
	security: "pki { ca-profile test { ca-identity test; } }",
	actions: "strip-alt-svc;",
	profiles: `profile servers {
		server-certificate shop; trusted-ca test;
		client-authentication { optional; trusted-ca test; ${all} }
		actions { log { all; } }
	}`,
	tls: `termination {
		profile strict { server-certificate shop; client-authentication { required; trusted-ca test; ${all} } }
		profile easy { server-certificate shop; client-authentication { optional; trusted-ca test; identity-headers { } } }
	}`,
	gateway: `
		offload strict { listen 127.0.0.1:${ports.offload}; server 127.0.0.1:${clearPort}; termination-profile strict; }
		offload easy { listen 127.0.0.1:${ports.easy}; server 127.0.0.1:${clearPort}; termination-profile easy; }
		reverse shop { listen 127.0.0.1:${ports.reverse}; server shop.test:${modern.port}; profile servers; }
	`,
});
const forged = [
	"Client-Cert: :Zm9yZ2Vk:",
	"client_cert: forged",
	"X_Subject: CN=root",
	"X-Cert: forged",
	"Client-Cert-Chain: x",
];

async function curl(t: TestContext, port: number, ...args: readonly string[]): Promise<string> {
	const { output } = await run(t, peerPath("curl"), [
		...["--disable", "--silent", "--show-error", "--max-time", "20", "--noproxy", "*", "--include"],
		...["--cacert", join(folder, "root.pem"), "--resolve", `shop.test:${port}:127.0.0.1`, ...args],
		`https://shop.test:${port}/`,
	]);
	return output;
}
writeFileSync(join(folder, "root.pem"), ca.root.pem);

const headers = (lines: readonly string[]) => lines.flatMap((line) => ["--header", line]);
const certificateOf = (value: unknown) => Buffer.from(/^:([^:]+):$/.exec(String(value))?.[1] ?? "", "base64");

for (const [way, version, port] of [
	["offload", "--http1.1", ports.offload],
	["reverse", "--http1.1", ports.reverse],
	["reverse", "--http2", ports.reverse],
] as const) {
	test(`R28: by ${way} a server hears in ${version} whom curl has proved to be, and not what curl says`, async (t) => {
		if (!requirePeers(t, ["curl"])) return;
		const output = await curl(t, port, version, "--cert", aliceFile, "--header", "X-Kept: 1", ...headers(forged));
		assert.match(output, /^HTTP\/(?:1\.1|2) 200/);
		const told = heard.at(-1) ?? {};
		assert.deepEqual(certificateOf(told["client-cert"]), Buffer.from(alice.der));
		assert.equal(told["x-subject"], "CN=alice,O=Shop");
		assert.match(String(told["x-fingerprint"]), /^[0-9a-f]{64}$/);
		assert.match(String(told["x-cert"]), /^-----BEGIN%20CERTIFICATE-----%0A/);
		assert.equal(told["x-kept"], "1");
		for (const name of ["client_cert", "x_subject", "client-cert-chain"]) assert.equal(told[name], undefined, name);
	});
}

test("R28: of a client without a certificate a server hears nothing, whatever it says", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	for (const [port, version] of [
		[ports.easy, "--http1.1"],
		[ports.reverse, "--http2"],
	] as const) {
		assert.match(await curl(t, port, version, ...headers(forged), "--header", "Connection: Client-Cert"), / 200/);
		const told = heard.at(-1) ?? {};
		for (const name of ["client-cert", "client_cert", "client-cert-chain"]) assert.equal(told[name], undefined, name);
		assert.doesNotMatch(String(told.connection), /client-cert/i);
	}
});

test("R28: where a server believes fields, what is not HTTP does not reach it", async () => {
	const before = heard.length;
	const socket = tls.connect({ port: ports.easy, host: "127.0.0.1", ca: ca.root.pem, servername: "shop.test" });
	socket.on("error", () => undefined);
	let text = "";
	socket.on("data", (chunk) => (text += chunk));
	socket.write("\x01GET / HTTP/1.1\r\nHost: shop.test\r\nClient-Cert: forged\r\n\r\n");
	await new Promise((resolve) => socket.once("close", resolve));
	assert.match(text, /^HTTP\/1\.1 400 /);
	assert.equal(heard.length, before);
	// A chunked body and a second request in one packet.
	const piped = tls.connect({ port: ports.easy, host: "127.0.0.1", ca: ca.root.pem, servername: "shop.test" });
	piped.on("error", () => undefined);
	piped.resume();
	const first =
		"POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nClient-Cert: x\r\n\r\n";
	piped.write(`${first}GET / HTTP/1.1\r\nHost: shop.test\r\nCLIENT-cert: forged\r\n\r\n`);
	await eventually(() => heard.length === before + 2, "both requests");
	piped.destroy();
	assert.deepEqual(
		heard.slice(before).map((told) => told["client-cert"]),
		[undefined, undefined],
	);
});

test("M14: with strip-alt-svc responses lose Alt-Svc in both versions, and nothing else; elsewhere it stays", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	for (const version of ["--http1.1", "--http2"]) {
		const { output } = await run(t, peerPath("curl"), [
			...["--disable", "--silent", "--show-error", "--max-time", "20", "--include", version],
			...["--cacert", gateway.caFile, "--proxy", `http://127.0.0.1:${gateway.ports.ipv4}`],
			`https://shop.test:${modern.port}/`,
		]);
		assert.match(output, /x-kept: yes/i);
		assert.doesNotMatch(output, /alt-svc/i);
	}
	assert.match(await curl(t, ports.reverse, "--http2"), /alt-svc: h3/i);
});
