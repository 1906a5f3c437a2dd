/** How a block in the middle of a session is told (`send-tcp-reset`), and a reverse listener whose inspection is switched off. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, describe, test } from "node:test";
import tls from "node:tls";
import { sessionOutcome } from "#telemetry/session-outcome.ts";
import { eventually, freePort, hostBook, hostPolicy, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa, tlsOrigin } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const manners = ["nobody", "client", "server", "both"] as const;
const hosts = manners.map((name) => `${name}.test`);
/** How the server saw each of its connections end: the newest last. */
const ends: string[] = [];
const origin = await tlsOrigin(owner, ca.identity(hosts), (socket) => {
	let how = "closed";
	socket.on("error", (error: NodeJS.ErrnoException) => (how = error.code ?? "error"));
	socket.on("close", () => ends.push(how));
});
const web = await httpsOrigin(owner, ca.identity(["nobody.test"], { key: "rsa2048" }), (_, response) =>
	response.end("web"),
);
const reversePort = await freePort();
const cas = "root-ca sallyport-ca; untrusted-root-ca sallyport-untrusted-ca; trusted-ca test;";
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts,
	listener: "permit-local-targets;",
	patternPolicy: "words",
	certificates: { own: ca.identity(["nobody.test"]) },
	profiles: `${manners
		.filter((name) => name !== "nobody")
		.map((name) => `profile ${name} { ${cas} actions { send-tcp-reset ${name}; log { all; } } }`)
		.join("\n")}
		profile servers { server-certificate own; trusted-ca test; }
		server-inspection disable;`,
	gateway: `reverse web { listen 127.0.0.1:${reversePort}; server 127.0.0.1:${web.port}; profile servers; }`,
	security: `pki { ca-profile test { ca-identity test; } }
		${hostBook(Object.fromEntries(manners.map((name) => [name, `${name}.test`])))}
		inspection { pattern word { text "the-forbidden-word"; } pattern-policy words { patterns word; } }`,
	policies: manners
		.filter((name) => name !== "nobody")
		.map((name) =>
			hostPolicy(name, `permit { application-services { ssl-proxy { profile-name ${name}; } pattern-policy words; } }`),
		)
		.join("\n"),
});

describe("R122 R132: a request that is blocked within its session", () => {
	for (const name of manners) {
		test(`resets ${name}`, async () => {
			const target = `${name}.test:${origin.port}`;
			const before = ends.length;
			const client = await openTls(gateway, target);
			client.send(`GET /the-forbidden-word HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
			const resetsClient = name === "client" || name === "both";
			assert.equal((await client.over()) === "reset", resetsClient);
			assert.equal(client.text.startsWith("HTTP/1.1 403 "), !resetsClient);
			client.socket.destroy();
			const record = await gateway.record(client.localPort);
			assert.equal(sessionOutcome(record), "blocked");
			const resetsServer = name === "server" || name === "both";
			await eventually(() => ends.length > before, "the end at the server");
			assert.equal(ends.at(-1), resetsServer ? "ECONNRESET" : "closed");
		});
	}
});

test("R11: with server-inspection disable a reverse listener hands the server's own TLS to its clients, and the record says why", async () => {
	const socket = tls.connect({ port: reversePort, host: "127.0.0.1", ca: ca.root.pem, servername: "nobody.test" });
	await once(socket, "secureConnect");
	assert.equal(socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType, "rsa", "the server's certificate");
	const { localPort } = socket;
	socket.destroy();
	const record = await gateway.record(localPort);
	assert.deepEqual([record.decision, record.cause, sessionOutcome(record)], ["bypass", "switched-off", "ignored"]);
	assert.match(record.fact, /server-inspection is disabled/);
});
