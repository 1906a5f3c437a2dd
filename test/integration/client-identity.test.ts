/** Who a client is: certificates of clients at an offloading listener, and the PROXY protocol before and behind listeners. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, test } from "node:test";
import tls, { type TLSSocket } from "node:tls";
import { purposeOid } from "#pki/oids.ts";
import { decodeProxiedTls } from "#proxy/proxied-tls.ts";
import { decodeProxyHeader, proxyTlv } from "#proxy/proxy-protocol.ts";
import { proxyTlvType } from "#proxy/proxy-tlv.ts";
import { eventually, freePort, startGateway } from "../support/gateway.ts";
import { makeCertificate } from "../support/make-certificate.ts";
import { httpsOrigin, TestCa, tcpOrigin } from "../support/origins.ts";

const owner = { after };
const ca = new TestCa();
const server = ca.identity(["shop.test"]);
const issuer = makeCertificate({ subject: "CN=Clients", isCa: true });
const alice = makeCertificate({ subject: "CN=alice", issuer, extendedKeyUsage: [purposeOid.clientAuth] });
const mallory = makeCertificate({ subject: "CN=mallory", extendedKeyUsage: [purposeOid.clientAuth] });

/** What arrived at the server, the newest connection last. */
const arrived: Buffer[] = [];
const listening = await tcpOrigin(owner, (socket) => {
	socket.on("error", () => undefined);
	const index = arrived.push(Buffer.alloc(0)) - 1;
	socket.on("data", (chunk) => {
		const whole = Buffer.concat([arrived[index] as Buffer, Buffer.from(chunk)]);
		arrived[index] = whole;
		if (whole.includes("hello\r\n")) socket.write("seen");
	});
});
const behind = await httpsOrigin(owner, server, (request, response) => response.end(request.socket.remoteAddress));

const names = ["required", "optional", "behindProxy", "fixed"] as const;
const ports = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await freePort()]))) as Record<
	(typeof names)[number],
	number
>;
const gateway = await startGateway(owner, {
	certificates: { shop: server },
	trust: issuer.pem,
	security: "pki { ca-profile test { ca-identity test; } }",
	tls: `termination {
		profile strict { server-certificate shop; client-authentication { required; trusted-ca test; } }
		profile easy { server-certificate shop; client-authentication { optional; trusted-ca test; } }
		profile plain { server-certificate shop; }
	}`,
	gateway: `
		offload required { listen 127.0.0.1:${ports.required}; server 127.0.0.1:${listening.port}; termination-profile strict; send-proxy-protocol v2; }
		offload optional { listen 127.0.0.1:${ports.optional}; server 127.0.0.1:${listening.port}; termination-profile easy; send-proxy-protocol v2; }
		offload behind { listen 127.0.0.1:${ports.behindProxy}; server 127.0.0.1:${listening.port}; termination-profile plain; send-proxy-protocol v1; accept-proxy-protocol 127.0.0.0/8; }
		pass-through fixed { listen 127.0.0.1:${ports.fixed}; server 127.0.0.1:${listening.port}; send-proxy-protocol v1; }
		timeouts { request 1; }
	`,
});

/** A client that has said hello and was answered, or the error. TLS 1.3 tells a refusal only when it reads. */
async function speak(port: number, options: tls.ConnectionOptions = {}): Promise<TLSSocket | Error> {
	const socket = tls.connect({ port, host: "127.0.0.1", ca: ca.root.pem, servername: "shop.test", ...options });
	socket.unref();
	return new Promise((resolve) => {
		socket.once("secureConnect", () => socket.write("hello\r\n"));
		socket.once("data", () => resolve(socket));
		socket.once("error", resolve);
		socket.once("close", () => resolve(new Error("closed")));
	});
}

const newest = () => arrived.at(-1) as Buffer;
const identityOf = (pair: { readonly keyPem: string; readonly pem: string }) => ({ key: pair.keyPem, cert: pair.pem });

test("R28: a client that proves who it is reaches the server, which hears of it in a PROXY header", async () => {
	const socket = await speak(ports.required, identityOf(alice));
	assert.ok(socket instanceof tls.TLSSocket, String(socket));
	const { localPort } = socket;
	const header = decodeProxyHeader(newest());
	assert.ok(header.kind === "done");
	const told = decodeProxiedTls(proxyTlv(header.value, proxyTlvType.ssl) as Uint8Array);
	assert.ok(told.kind === "done");
	assert.deepEqual([told.value.commonName, told.value.isVerified], ["alice", true]);
	assert.ok(header.value.addresses.kind === "ip" && header.value.addresses.source.port === localPort);
	assert.equal(newest().subarray(header.octets).toString(), "hello\r\n");
	socket.destroy();
	assert.equal((await gateway.record(localPort)).clientIdentity, "alice");
});

test("R28: a client without a certificate, or with one of a stranger, reaches nothing", async () => {
	const before = arrived.filter(({ length }) => length > 0).length;
	assert.ok((await speak(ports.required)) instanceof Error);
	assert.ok((await speak(ports.required, identityOf(mallory))) instanceof Error);
	const refused = await eventually(
		() => gateway.records().find(({ faultCode }) => faultCode === "CLIENT_CERTIFICATE_REFUSED"),
		"the record",
	);
	assert.match(refused.endedBecause, /client-authentication trusted-ca/);
	assert.equal(arrived.filter(({ length }) => length > 0).length, before);
});

test("where certificates are optional a client without one is served and proves nothing", async () => {
	const socket = await speak(ports.optional);
	assert.ok(socket instanceof tls.TLSSocket, String(socket));
	const header = decodeProxyHeader(newest());
	assert.ok(header.kind === "done");
	const told = decodeProxiedTls(proxyTlv(header.value, proxyTlvType.ssl) as Uint8Array);
	assert.ok(told.kind === "done");
	assert.equal(told.value.isVerified, false);
	socket.destroy();
	assert.ok((await speak(ports.optional, identityOf(mallory))) instanceof Error);
});

test("a proxy in front tells the client, and the server behind hears of that one", async () => {
	const transport = connect(ports.behindProxy, "127.0.0.1");
	await once(transport, "connect");
	transport.write("PROXY TCP4 203.0.113.9 198.51.100.1 50123 443\r\n");
	const socket = await speak(ports.behindProxy, { socket: transport });
	assert.ok(socket instanceof tls.TLSSocket, String(socket));
	assert.match(newest().toString("latin1"), /^PROXY TCP4 203\.0\.113\.9 127\.0\.0\.1 50123 \d+\r\nhello\r\n$/);
	socket.destroy();
	const record = await eventually(() => gateway.records().find(({ client }) => client.port === 50_123), "the record");
	assert.equal(record.client.address, "203.0.113.9");
});

test("a proxy in front that sends no header, or half of one, is ended with its fault", async () => {
	assert.ok((await speak(ports.behindProxy)) instanceof Error);
	const slow = connect(ports.behindProxy, "127.0.0.1");
	slow.on("error", () => undefined);
	slow.write("PROXY TCP4 203.0.113.9");
	await new Promise((resolve) => slow.once("close", resolve));
	const faults = await eventually(() => {
		const found = gateway.records().filter(({ faultCode }) => faultCode === "PROXY_HEADER_MALFORMED");
		return found.length === 2 ? found : undefined;
	}, "both records");
	assert.ok(faults.some(({ endedBecause }) => /in time/.test(endedBecause)));
});

test("a pass-through listener tells its server the client before the ClientHello", async () => {
	const socket = tls.connect({ port: ports.fixed, host: "127.0.0.1", servername: "shop.test" });
	socket.on("error", () => undefined);
	await eventually(
		() =>
			newest().toString("latin1").startsWith("PROXY TCP4 127.0.0.1 127.0.0.1 ") &&
			newest().includes(Buffer.from([13, 10, 0x16, 3])),
		"both",
	);
	socket.destroy();
	assert.ok(behind.port > 0);
});
