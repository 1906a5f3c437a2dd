/** Listeners with a server of their own: reverse, offload, encrypt, pass-through, and two of them as a tunnel. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttpServer, get } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { after, test } from "node:test";
import tls, { type TLSSocket } from "node:tls";
import { eventually, freePort, startGateway } from "../support/gateway.ts";
import { httpsOrigin, selfSigned, TestCa, tcpOrigin, tlsOrigin } from "../support/origins.ts";

const owner = { after };
const ca = new TestCa();
const shown = {
	shop: ca.identity(["shop.test"]),
	wild: ca.identity(["*.wild.test"]),
	rsa: ca.identity(["shop.test"], { key: "rsa2048" }),
};
const inner = ca.identity(["shop.test", "a.wild.test"], { key: "rsa2048" });
const behind = await httpsOrigin(owner, inner, (request, response) =>
	response.end(`${request.headers.host} ${(request.socket as TLSSocket).servername}`),
);
const stranger = await httpsOrigin(owner, selfSigned(["shop.test"]), (_, response) => response.end("stranger"));
const echo = await tcpOrigin(owner, (socket) => void socket.on("error", () => undefined).pipe(socket));
const clearHttp = createHttpServer((request, response) => response.end(`clear ${request.headers.host}`));
clearHttp.listen(0, "127.0.0.1");
await once(clearHttp, "listening");
after(() => clearHttp.close());
const clearPort = (clearHttp.address() as AddressInfo).port;
const greeter = await tlsOrigin(owner, ca.identity(["mail.test"]), (socket) => {
	socket.write("* OK ready\r\n");
	socket.on("data", (chunk) => void socket.write(chunk));
});

const names = [
	"reverse",
	"strange",
	"ignored",
	"offload",
	"encrypt",
	"distrusting",
	"fixed",
	"named",
	"inner",
	"outer",
	"denied",
] as const;
const ports = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await freePort()]))) as Record<
	(typeof names)[number],
	number
>;
const gateway = await startGateway(owner, {
	certificates: shown,
	trust: ca.root.pem,
	hosts: ["shop.test", "mail.test"],
	mappings: { "named.test": "inet 127.0.0.2;", "loop.test": "inet 127.0.0.1;" },
	profiles: `
		profile servers { server-certificate [ shop wild rsa ]; trusted-ca test; never-decrypt-source 127.0.0.9/32; actions { log { all; } } }
		profile trusting { server-certificate [ shop ]; actions { ignore-server-auth-failure; log { all; } } }`,
	tls: `
		termination { profile mine { server-certificate [ shop wild ]; } }
		initiation {
			profile known { trusted-ca test; }
			profile public { }
			profile inner { trusted-ca test; }
		}`,
	gateway: `
		reverse shop { listen 127.0.0.1:${ports.reverse}; server 127.0.0.1:${behind.port}; profile servers; }
		reverse strange { listen 127.0.0.1:${ports.strange}; server 127.0.0.1:${stranger.port}; profile servers; }
		reverse ignored { listen 127.0.0.1:${ports.ignored}; server 127.0.0.1:${stranger.port}; profile trusting; }
		reverse denied { listen 127.0.0.1:${ports.denied}; server 127.0.0.1:1; profile servers; }
		offload web { listen 127.0.0.1:${ports.offload}; server 127.0.0.1:${clearPort}; termination-profile mine; }
		encrypt mail { listen 127.0.0.1:${ports.encrypt}; server mail.test:${greeter.port}; initiation-profile known; }
		encrypt distrusting { listen 127.0.0.1:${ports.distrusting}; server shop.test:${stranger.port}; initiation-profile known; }
		pass-through fixed { listen 127.0.0.1:${ports.fixed}; server 127.0.0.1:${behind.port}; }
		pass-through named { listen 127.0.0.1:${ports.named}; server by-sni; }
		encrypt outer { listen 127.0.0.1:${ports.outer}; server shop.test:${ports.inner}; initiation-profile inner; }
		offload inner { listen 127.0.0.1:${ports.inner}; server 127.0.0.1:${echo.port}; termination-profile mine; }
	`,
	policies: `policy no { match { source-address any; destination-address any; application tcp-one; } then { reject; } }`,
	security: "pki { ca-profile test { ca-identity test; } }",
	top: "applications { application tcp-one { protocol tcp; destination-port 1; } }",
});

function openTls(
	port: number,
	options: tls.ConnectionOptions & { readonly localAddress?: string } = {},
): Promise<TLSSocket> {
	const socket = tls.connect({ port, host: "127.0.0.1", ca: ca.root.pem, servername: "shop.test", ...options });
	socket.unref();
	return new Promise((resolve, reject) => {
		socket.once("secureConnect", () => resolve(socket));
		socket.once("error", reject);
		socket.once("close", () => reject(new Error("closed during the handshake")));
	});
}

/** The answer to one request, and the port that it was asked from. */
async function ask(socket: Socket, host = "shop.test"): Promise<string> {
	socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
	let text = "";
	for await (const chunk of socket) text += chunk;
	return text.split("\r\n\r\n").slice(1).join("\r\n\r\n");
}

async function says(socket: Socket, text: string): Promise<string> {
	let heard = "";
	socket.on("data", (chunk) => (heard += chunk));
	socket.write(text);
	await eventually(() => (heard.includes(text) ? heard : undefined), `${text} back`);
	socket.end();
	return heard;
}

test("R2 R9 R32: a reverse listener shows its own certificate, verifies the server and inspects what is between them", async () => {
	const socket = await openTls(ports.reverse);
	assert.equal(socket.getPeerX509Certificate()?.fingerprint256, fingerprint(shown.shop.cert));
	const { localPort } = socket;
	assert.match(await ask(socket), /shop\.test shop\.test/);
	const record = await gateway.record(localPort);
	assert.deepEqual([record.listener, record.rule, record.decision], ["reverse shop", "reverse shop", "decrypt"]);
	assert.equal(record.serverTrust, "trusted");
	assert.equal(record.inspection, "inspected");
	assert.equal(record.clientLeg?.isOwnCertificate, true);
	assert.match(record.fact, /stands for the server/);
});

test("R133 R179: the certificate follows the name: exact, wildcard, by the kind of key, else the first", async () => {
	const wild = await openTls(ports.reverse, { servername: "a.wild.test" });
	assert.equal(wild.getPeerX509Certificate()?.fingerprint256, fingerprint(shown.wild.cert));
	const unknown = await openTls(ports.ignored, { servername: "other.test", rejectUnauthorized: false });
	assert.equal(unknown.getPeerX509Certificate()?.fingerprint256, fingerprint(shown.shop.cert));
	const rsa = await openTls(ports.reverse, { sigalgs: "RSA-PSS+SHA256:RSA+SHA256", maxVersion: "TLSv1.2" });
	assert.equal(rsa.getPeerX509Certificate()?.fingerprint256, fingerprint(shown.rsa.cert));
	for (const socket of [wild, unknown, rsa]) socket.destroy();
});

test("N8 R100: behind a reverse listener a server that is not trusted is blocked, unless the profile ignores it", async () => {
	await assert.rejects(openTls(ports.strange), /alert|closed/);
	const record = await eventually(
		() => gateway.records().find(({ listener }) => listener === "reverse strange"),
		"record",
	);
	assert.equal(record.faultCode, "SERVER_CERTIFICATE_INVALID");
	assert.equal(await ask(await openTls(ports.ignored)), "stranger");
});

test("R152: clients that are excepted from server inspection speak with the server itself, the others with the gateway", async () => {
	const socket = await openTls(ports.reverse, { localAddress: "127.0.0.9" });
	assert.equal(socket.getPeerX509Certificate()?.fingerprint256, fingerprint(inner.cert));
	const { localPort } = socket;
	assert.match(await ask(socket), /shop\.test shop\.test/);
	const { decision, cause, fact } = await gateway.record(localPort);
	assert.deepEqual([decision, cause], ["bypass", "exempt"]);
	assert.match(fact, /client 127\.0\.0\.9 is in never-decrypt-source 127\.0\.0\.9\/32/);
});

test("a policy that denies is above a listener of one's own", async () => {
	await assert.rejects(openTls(ports.denied), /alert|closed/);
	const record = await eventually(
		() => gateway.records().find(({ listener }) => listener === "reverse denied"),
		"record",
	);
	assert.deepEqual([record.decision, record.rule], ["block", "no"]);
});

test("R17 R36 R30 R31: an offloading listener speaks TLS and HTTP/1 by ALPN for a server that has neither", async () => {
	const socket = await openTls(ports.offload, { ALPNProtocols: ["h2", "http/1.1"] });
	assert.equal(socket.alpnProtocol, "http/1.1");
	const { localPort } = socket;
	assert.equal(await ask(socket), "clear shop.test");
	const record = await gateway.record(localPort);
	assert.equal(record.decision, "decrypt");
	assert.deepEqual([record.clientLeg?.alpn, record.serverLeg], ["http/1.1", undefined]);
	assert.equal(record.requests, 1);
});

test("an offloading listener refuses a client without TLS", async () => {
	const body = await new Promise<string>((resolve) => {
		get({ port: ports.offload, host: "127.0.0.1", path: "/" }, () => resolve("answered")).on("error", ({ message }) =>
			resolve(message),
		);
	});
	assert.match(body, /hang up|reset/);
	const record = await eventually(
		() => gateway.records().find(({ listener, faultCode }) => listener === "offload web" && faultCode !== undefined),
		"record",
	);
	assert.equal(record.faultCode, "CLIENT_NOT_TLS");
});

test("R18: an encrypting listener speaks TLS for a client that has none, also when the server speaks first", async () => {
	const socket = connect(ports.encrypt, "127.0.0.1");
	const { localPort } = await connected(socket);
	assert.match(await says(socket, "a1 NOOP\r\n"), /^\* OK ready\r\na1 NOOP/);
	const record = await gateway.record(localPort);
	assert.deepEqual([record.decision, record.serverTrust, record.clientLeg], ["decrypt", "trusted", undefined]);
	assert.equal(record.serverLeg?.version, "TLSv1.3");
});

test("V2: an encrypting listener sends nothing to a server that is not trusted", async () => {
	const socket = connect(ports.distrusting, "127.0.0.1");
	socket.on("error", () => undefined);
	const { localPort } = await connected(socket);
	socket.write("secret");
	await new Promise((resolve) => socket.once("close", resolve));
	const record = await gateway.record(localPort);
	assert.deepEqual([record.faultCode, record.octetsToServer], ["SERVER_CERTIFICATE_INVALID", 0]);
});

test("R20: a pass-through listener forwards TLS unopened, to its server or to the one that is named", async () => {
	const fixed = await openTls(ports.fixed);
	const { localPort } = fixed;
	assert.match(await ask(fixed), /shop\.test/);
	const record = await gateway.record(localPort);
	assert.deepEqual([record.decision, record.rule, record.sni], ["bypass", "pass-through fixed", "shop.test"]);
	assert.equal(record.inspection, "not decrypted");
});

test("R20 F14 F9: by-sni refuses a hello without a name, and a name that leads back to the listener", async () => {
	await assert.rejects(
		openTls(ports.named, { servername: "", rejectUnauthorized: false }),
		/unrecognized name|alert|closed/,
	);
	const record = await eventually(
		() => gateway.records().find(({ listener }) => listener === "pass-through named"),
		"record",
	);
	assert.equal(record.faultCode, "CLIENT_NAME_MISSING");
	await assert.rejects(openTls(ports.named, { servername: "loop.test" }), /alert|closed/);
	const loop = await eventually(
		() =>
			gateway
				.records()
				.find(({ listener, faultCode }) => listener === "pass-through named" && faultCode === "PROXY_LOOP_REFUSED"),
		"record",
	);
	assert.match(loop.endedBecause, /itself listens/);
});

test("R20: by-sni connects to the server that the ClientHello names, at the listener's own port", async () => {
	const server = tls.createServer({ key: shown.shop.key, cert: shown.shop.cert }, (socket) => socket.end("named"));
	server.listen(ports.named, "127.0.0.2");
	await once(server, "listening");
	try {
		const socket = await openTls(ports.named, { servername: "named.test", checkServerIdentity: () => undefined });
		let text = "";
		for await (const chunk of socket) text += chunk;
		assert.equal(text, "named");
	} finally {
		server.close();
	}
});

test("R21 R22: two listeners in tandem are a secure tunnel for a protocol without TLS", async () => {
	const socket = connect(ports.outer, "127.0.0.1");
	const { localPort } = await connected(socket);
	assert.equal(await says(socket, "PING\r\n"), "PING\r\n");
	const outer = await gateway.record(localPort);
	assert.deepEqual([outer.listener, outer.serverTrust], ["encrypt outer", "trusted"]);
	const inner = await eventually(
		() => gateway.records().find(({ listener }) => listener === "offload inner"),
		"record",
	);
	assert.equal(inner.clientLeg?.cipherSuite, outer.serverLeg?.cipherSuite);
});

async function connected(socket: Socket): Promise<Socket> {
	if (socket.connecting) await once(socket, "connect");
	return socket;
}

function fingerprint(pem: string): string {
	return new X509Certificate(pem).fingerprint256;
}
