/** haproxy and nginx read the PROXY headers that we write; haproxy writes such as we read. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { concat } from "#base/bytes.ts";
import { decodeProxiedTls } from "#proxy/proxied-tls.ts";
import { decodeProxyHeader, encodeProxyHeader, type ProxyHeader, proxyTlv } from "#proxy/proxy-protocol.ts";
import { proxyTlvType } from "#proxy/proxy-tlv.ts";
import { eventually, freePort, Program } from "../support/gateway.ts";
import { TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";

// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";
const folder = mkdtempSync(join(tmpdir(), "sallyport-proxy-protocol-"));
after(() => rmSync(folder, { recursive: true, force: true }));

for (const [flag, version] of [
	["send-proxy", 1],
	["send-proxy-v2", 2],
] as const) {
	test(`haproxy says with ${flag} from where its client comes`, async (t) => {
		if (!requirePeers(t, ["haproxy"])) return;
		const reader = await startReader(t);
		const port = await freePort();
		await startHaproxy(t, port, `listen front\n bind 127.0.0.1:${port}\n server s 127.0.0.1:${reader.port} ${flag}\n`);
		const client = connect(port, "127.0.0.1");
		await once(client, "connect");
		const clientPort = client.localPort ?? 0;
		client.end("hello");
		const { header, rest } = await reader.read();
		assert.equal(header.version, version);
		assert.deepEqual(header.addresses, {
			kind: "ip",
			transport: "stream",
			source: { host: "127.0.0.1", port: clientPort },
			destination: { host: "127.0.0.1", port },
		});
		assert.equal(rest.toString(), "hello");
	});
}

test("haproxy tells of TLS: version, cipher, ALPN and the name of the server; its checksum is right", async (t) => {
	if (!requirePeers(t, ["haproxy"])) return;
	const reader = await startReader(t);
	const port = await freePort();
	const identity = new TestCa().identity(["front.test"]);
	const pem = join(folder, "front.pem");
	writeFileSync(pem, `${identity.cert}\n${identity.key}`);
	const options = "send-proxy-v2-ssl-cn proxy-v2-options ssl,cert-cn,ssl-cipher,crc32c,authority,unique-id";
	await startHaproxy(
		t,
		port,
		`listen front\n bind 127.0.0.1:${port} ssl crt ${pem} alpn h2,http/1.1\n unique-id-format id-%ci\n server s 127.0.0.1:${reader.port} ${options}\n`,
	);
	const client = connectTls({
		port,
		host: "127.0.0.1",
		servername: "front.test",
		ALPNProtocols: ["http/1.1"],
		rejectUnauthorized: false,
	});
	client.on("error", () => {});
	await once(client, "secureConnect");
	client.end("hello");
	const { header } = await reader.read();
	const tls = decodeProxiedTls(proxyTlv(header, proxyTlvType.ssl) ?? assert.fail("no TLV of TLS"));
	assert.ok(tls.kind === "done");
	assert.deepEqual([tls.value.isTls, tls.value.hasCertificate, tls.value.version], [true, false, "TLSv1.3"]);
	assert.match(tls.value.cipher ?? "", /^TLS_/);
	assert.equal(Buffer.from(proxyTlv(header, proxyTlvType.authority) ?? []).toString(), "front.test");
	assert.ok(proxyTlv(header, proxyTlvType.crc32c) !== undefined);
	// What we write of the same header is what haproxy wrote.
	const again = decodeProxyHeader(encodeProxyHeader(header));
	assert.ok(again.kind === "done");
	assert.deepEqual(plain(again.value), plain(header));
});

const claimed: ProxyHeader["addresses"] = {
	kind: "ip",
	transport: "stream",
	source: { host: "192.0.2.77", port: 4711 },
	destination: { host: "198.51.100.1", port: 443 },
};
const headers: readonly ProxyHeader[] = [
	{ version: 1, isLocal: false, addresses: claimed, tlvs: [] },
	{
		version: 2,
		isLocal: false,
		addresses: claimed,
		tlvs: [
			{ type: proxyTlvType.authority, value: Buffer.from("a.test") },
			{ type: proxyTlvType.crc32c, value: new Uint8Array(4) },
		],
	},
];

for (const header of headers) {
	test(`nginx takes the addresses of a header of version ${header.version} that we wrote`, async (t) => {
		if (!requirePeers(t, ["nginx"])) return;
		const port = await freePort();
		await startNginx(
			t,
			port,
			`http { access_log off; ${temporaries()} server { listen 127.0.0.1:${port} proxy_protocol; location / { return 200 "$proxy_protocol_addr:$proxy_protocol_port"; } } }`,
		);
		assert.match(await ask(port, header), /\r\n\r\n192\.0\.2\.77:4711$/);
	});

	test(`haproxy takes the addresses of a header of version ${header.version} that we wrote, and passes them on`, async (t) => {
		if (!requirePeers(t, ["haproxy"])) return;
		const reader = await startReader(t);
		const port = await freePort();
		await startHaproxy(
			t,
			port,
			`listen front\n bind 127.0.0.1:${port} accept-proxy\n server s 127.0.0.1:${reader.port} send-proxy-v2\n`,
		);
		const client = connect(port, "127.0.0.1");
		client.end(concat([encodeProxyHeader(header), Buffer.from("hello")]));
		assert.deepEqual((await reader.read()).header.addresses, claimed);
	});
}

/** The header with its octets as numbers: Buffers and other views are not alike to the comparison. */
function plain(header: ProxyHeader) {
	return { ...header, tlvs: header.tlvs.map(({ type, value }) => ({ type, value: [...value] })) };
}

/** A server that reads the header of the next connection and all that follows it. */
async function startReader(t: TestContext) {
	const sockets: Socket[] = [];
	const waiting = Promise.withResolvers<{ header: ProxyHeader; rest: Buffer }>();
	const server = createServer((socket) => {
		sockets.push(socket);
		const chunks: Buffer[] = [];
		socket.on("error", () => {});
		socket.on("data", (chunk: Buffer) => chunks.push(chunk));
		socket.on("end", () => {
			const all = Buffer.concat(chunks);
			const decoded = decodeProxyHeader(all);
			// A connection that only looked whether somebody listens.
			if (all.length === 0 || (decoded.kind === "done" && decoded.octets === all.length)) return;
			if (decoded.kind === "done") {
				waiting.resolve({ header: decoded.value, rest: all.subarray(decoded.octets) });
			} else waiting.reject(new Error(JSON.stringify(decoded)));
			socket.end();
		});
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	return { port: (server.address() as AddressInfo).port, read: () => waiting.promise };
}

async function ask(port: number, header: ProxyHeader): Promise<string> {
	const socket = connect(port, "127.0.0.1");
	socket.write(
		concat([encodeProxyHeader(header), Buffer.from("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")]),
	);
	let text = "";
	for await (const chunk of socket) text += chunk;
	return text;
}

async function startHaproxy(t: TestContext, port: number, sections: string): Promise<void> {
	const file = join(mkdtempSync(join(folder, "haproxy-")), "haproxy.cfg");
	writeFileSync(
		file,
		`global\n maxconn 100\ndefaults\n mode tcp\n timeout connect 5s\n timeout client 10s\n timeout server 10s\n${sections}`,
	);
	await started(t, port, new Program(spawn(peerPath("haproxy"), ["-db", "-f", file])));
}

async function startNginx(t: TestContext, port: number, section: string): Promise<void> {
	const prefix = mkdtempSync(join(folder, "nginx-"));
	mkdirSync(join(prefix, "logs"));
	const file = join(prefix, "nginx.conf");
	writeFileSync(
		file,
		`daemon off; master_process off; pid ${join(prefix, "pid")}; error_log stderr; events {} ${section}`,
	);
	await started(t, port, new Program(spawn(peerPath("nginx"), ["-e", "stderr", "-p", prefix, "-c", file])));
}

function temporaries(): string {
	return ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
		.map((name) => `${name}_temp_path ${join(folder, name)};`)
		.join(" ");
}

async function started(t: TestContext, port: number, program: Program): Promise<void> {
	t.after(() => program.child.kill());
	await eventually(async () => {
		if (program.isOver) throw new Error(`the program ended: ${program.output}`);
		return await new Promise<boolean>((resolve) => {
			const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
			socket.on("connect", () => socket.destroy());
		});
	}, "the peer");
}
