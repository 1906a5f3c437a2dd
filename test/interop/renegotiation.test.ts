/** Renegotiation in TLS 1.2 at both ends of the gateway, as `actions renegotiation` says: s_client, s_server and gnutls-cli. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { eventually, freePort, hostBook, hostPolicy, Program, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { openTunnel } from "../support/proxy-client.ts";
import { makeTree } from "../support/tree.ts";

// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";

const owner = { after };
const ca = new TestCa();
const actions = { secure: "allow-secure", unsafe: "allow" };
const names = ["drop.test", "secure.test", "unsafe.test"];
const identity = ca.identity(names);
const origin = await httpsOrigin(owner, identity, (_, response) => response.end("origin"));
const open = (profile: string) =>
	`permit { application-services { ssl-proxy { profile-name ${profile}; } pattern-policy standard; } }`;
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: names,
	gateway: "workers 1;",
	profiles: Object.entries(actions)
		.map(
			([name, action]) =>
				`profile ${name} { root-ca sallyport-ca; trusted-ca test; actions { log { all; } renegotiation ${action}; } }`,
		)
		.join("\n"),
	security: hostBook(Object.fromEntries(Object.keys(actions).map((name) => [name, `${name}.test`]))),
	policies: Object.keys(actions)
		.map((name) => hostPolicy(name, open(name)))
		.join("\n"),
});

function start(t: TestContext, program: string, args: readonly string[]): Program {
	const started = new Program(spawn(peerPath(program), [...args]));
	t.after(() => started.child.kill());
	return started;
}

/** s_client in TLS 1.2 through the gateway, once it has shaken hands. */
async function client(t: TestContext, host: string, port: number): Promise<Program> {
	const { host: proxy, port: proxyPort } = gateway.proxy();
	const program = start(t, "openssl", [
		...["s_client", "-proxy", `${proxy}:${proxyPort}`, "-connect", `${host}:${port}`, "-servername", host],
		...["-no-CApath", "-no-CAstore", "-CAfile", gateway.caFile, "-tls1_2", "-crlf"],
	]);
	await program.says("Verify return code: 0");
	return program;
}

const count = (program: Program, text: string) => program.output.split(text).length - 1;
const recordTo = (host: string, port: number) =>
	eventually(
		() => gateway.records().find(({ server }) => server.host === host && server.port === port),
		`the record of ${host}`,
	);

describe("R173 F2: a client that renegotiates", () => {
	test("goes on where that is allowed, but not more often than three times", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const program = await client(t, "secure.test", origin.port);
		for (let round = 1; round <= 3; round++) {
			program.child.stdin?.write("R\n");
			await eventually(() => count(program, "RENEGOTIATING") === round, "the renegotiation");
			program.child.stdin?.write("GET / HTTP/1.1\nHost: secure.test\n\n");
			await eventually(() => count(program, "\r\n\r\norigin") === round, `answer ${round}: ${program.output}`);
		}
		program.child.stdin?.write("R\n");
		await program.ended;
		const record = await recordTo("secure.test", origin.port);
		assert.equal(record.requests, 3);
		assert.match(record.endedBecause, /it renegotiated more than 3 times within 600 s/);
	});

	test("is refused by default", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const program = await client(t, "drop.test", origin.port);
		program.child.stdin?.write("R\n");
		await program.says("no renegotiation");
		await program.ended;
		assert.equal((await recordTo("drop.test", origin.port)).requests, 0);
	});

	for (const [host, isAllowed] of [
		["secure.test", false],
		["unsafe.test", true],
	] as const) {
		test(`without RFC 5746 ${isAllowed ? "goes on only with allow" : "is refused with allow-secure"}`, async (t) => {
			if (!requirePeers(t, ["gnutls-cli"])) return;
			const door = createServer(async (socket) => {
				const tunnel = await openTunnel(gateway, `${host}:${origin.port}`);
				const server = tunnel.release();
				socket.on("error", () => server.destroy());
				server.on("error", () => socket.destroy());
				socket.pipe(server).pipe(socket);
			});
			door.listen(0, "127.0.0.1");
			await once(door, "listening");
			t.after(() => void door.close());
			const program = start(t, "gnutls-cli", [
				...["--port", String((door.address() as AddressInfo).port), "--sni-hostname", host, "--verify-hostname", host],
				...["--x509cafile", gateway.caFile, "--rehandshake", "127.0.0.1"],
				...["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION"],
			]);
			await program.says(isAllowed ? "ReHandshake was completed" : "ReHandshake has failed");
			program.child.kill();
		});
	}
});

describe("R173 F2: a server that renegotiates", () => {
	for (const [host, isAllowed] of [
		["secure.test", true],
		["drop.test", false],
	] as const) {
		test(isAllowed ? "goes on where that is allowed" : "is refused by default", async (t) => {
			if (!requirePeers(t, ["openssl"])) return;
			const port = await freePort();
			const folder = makeTree(t, { "key.pem": identity.key, "cert.pem": identity.cert });
			const files = ["-key", join(folder, "key.pem"), "-cert", join(folder, "cert.pem")];
			const server = start(t, "openssl", [
				...[
					"s_server",
					"-accept",
					`127.0.0.1:${port}`,
					"-tls1_2",
					"-msg",
					...files,
					"-cert_chain",
					join(folder, "cert.pem"),
				],
			]);
			await server.says("ACCEPT");
			const program = await client(t, host, port);
			program.child.stdin?.write(`GET / HTTP/1.1\nHost: ${host}\n\n`);
			await server.says("GET / HTTP/1.1");
			server.child.stdin?.write("r\n");
			if (!isAllowed) return void (await server.says("no renegotiation"));
			await eventually(() => count(server, "], ClientHello") === 2, "a second handshake");
			// s_server sends whole lines: the line's end is the sixth octet of the body.
			server.child.stdin?.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nagain\n");
			await program.says("again");
		});
	}
});
