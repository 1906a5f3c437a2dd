/** Both legs negotiate by themselves, and the record says what each agreed on. */
import assert from "node:assert/strict";
import { constants } from "node:crypto";
import { after, describe, test } from "node:test";
import type { ConnectionOptions, TlsOptions } from "node:tls";
import { extensionType } from "#tls/extension-types.ts";
import { contentType, decodeRecord } from "#tls/record.ts";
import { decodeServerFlight } from "#tls/server-hello.ts";
import { hostBook, hostPolicy, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { openTls, openTunnel, startTls } from "../support/proxy-client.ts";
import { tap } from "../support/tap.ts";
import { buildHello, inRecords, serverNameExtension } from "../support/tls-hello.ts";

const owner = { after };
const ca = new TestCa();
const names = ["app.test", "old.test"];
const ec = ca.identity(names);
const rsa = ca.identity(names, { key: "rsa2048" });
const serve = (options: TlsOptions = {}, identity = ec) =>
	httpsOrigin(owner, identity, (_, response) => response.end("ok"), options);
const origins = {
	any: await serve(),
	rsa: await serve({}, rsa),
	tls12: await serve({ maxVersion: "TLSv1.2" }),
	tls12rsa: await serve({ maxVersion: "TLSv1.2" }, rsa),
	tls13: await serve({ minVersion: "TLSv1.3" }),
	x25519: await serve({ ecdhCurve: "X25519" }),
	p256: await serve({ ecdhCurve: "P-256" }),
	p384: await serve({ ecdhCurve: "P-384" }),
	tls10: await serve({ minVersion: "TLSv1", maxVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" }),
};
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: names,
	profiles:
		"profile legacy { root-ca sallyport-ca; untrusted-root-ca sallyport-untrusted-ca; trusted-ca test; tls-grade legacy; actions { log { all; } } }",
	security: hostBook({ old: "old.test" }),
	policies: hostPolicy(
		"old",
		"permit { application-services { ssl-proxy { profile-name legacy; } pattern-policy standard; } }",
	),
});

interface Row {
	readonly client: string;
	readonly options?: ConnectionOptions;
	readonly origin: keyof typeof origins;
	/** Version and group of the client's leg, then of the server's. */
	readonly client13: readonly [string, string | undefined];
	readonly server: readonly [string, string | undefined];
}

const pq = "X25519MLKEM768";
const rows: readonly Row[] = [
	{ client: "a post-quantum client", origin: "any", client13: ["TLSv1.3", pq], server: ["TLSv1.3", pq] },
	{ client: "a post-quantum client", origin: "rsa", client13: ["TLSv1.3", pq], server: ["TLSv1.3", pq] },
	{ client: "a post-quantum client", origin: "x25519", client13: ["TLSv1.3", pq], server: ["TLSv1.3", "X25519"] },
	{ client: "a post-quantum client", origin: "p256", client13: ["TLSv1.3", pq], server: ["TLSv1.3", "P-256"] },
	{ client: "a post-quantum client", origin: "p384", client13: ["TLSv1.3", pq], server: ["TLSv1.3", "P-384"] },
	{ client: "a post-quantum client", origin: "tls12", client13: ["TLSv1.3", pq], server: ["TLSv1.2", "X25519"] },
	{ client: "a post-quantum client", origin: "tls12rsa", client13: ["TLSv1.3", pq], server: ["TLSv1.2", "X25519"] },
	{ client: "a post-quantum client", origin: "tls13", client13: ["TLSv1.3", pq], server: ["TLSv1.3", pq] },
	{
		client: "a client of X25519",
		options: { ecdhCurve: "X25519" },
		origin: "any",
		client13: ["TLSv1.3", "X25519"],
		server: ["TLSv1.3", "X25519"],
	},
	{
		client: "a client of P-256",
		options: { ecdhCurve: "P-256" },
		origin: "any",
		client13: ["TLSv1.3", "P-256"],
		server: ["TLSv1.3", "P-256"],
	},
	{
		client: "a client of P-384",
		options: { ecdhCurve: "P-384" },
		origin: "any",
		client13: ["TLSv1.3", "P-384"],
		server: ["TLSv1.3", "P-384"],
	},
	{
		client: "a client of TLS 1.2",
		options: { maxVersion: "TLSv1.2" },
		origin: "any",
		client13: ["TLSv1.2", "X25519"],
		server: ["TLSv1.2", "X25519"],
	},
	{
		client: "a client of TLS 1.2",
		options: { maxVersion: "TLSv1.2", ecdhCurve: "P-384" },
		origin: "rsa",
		client13: ["TLSv1.2", "P-384"],
		server: ["TLSv1.2", "P-384"],
	},
	{
		client: "a client of TLS 1.2 that knows no ECDSA",
		options: { maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-GCM-SHA256" },
		origin: "rsa",
		client13: ["TLSv1.2", "X25519"],
		server: ["TLSv1.2", "X25519"],
	},
	{
		client: "a client of TLS 1.3 that takes RSA signatures alone",
		options: { sigalgs: "rsa_pss_rsae_sha256:rsa_pkcs1_sha256" },
		origin: "rsa",
		client13: ["TLSv1.3", pq],
		server: ["TLSv1.3", pq],
	},
];

describe("both legs", { concurrency: 8 }, () => {
	for (const { client, options, origin, client13, server } of rows) {
		test(`R168 R223: ${client}${options === undefined ? "" : ` (${Object.values(options).join(" ")})`} and an origin "${origin}"`, async () => {
			const target = `app.test:${origins[origin].port}`;
			const conversation = await openTls(gateway, target, options ?? {});
			assert.equal((await conversation.request(`GET / HTTP/1.1\nHost: ${target}`)).status, 200);
			assert.equal(conversation.socket.getProtocol(), client13[0]);
			conversation.socket.end();
			const { clientLeg, serverLeg, ...record } = await gateway.record(conversation.localPort);
			assert.deepEqual([clientLeg?.version, clientLeg?.group], client13);
			assert.deepEqual([serverLeg?.version, serverLeg?.group], server);
			assert.deepEqual([record.serverTrust, record.faultCode], ["trusted", undefined]);
		});
	}
});

for (const { says, options, origin, alert, faultCode } of [
	{
		says: "a client of TLS 1.3 alone and an origin of TLS 1.2",
		options: { minVersion: "TLSv1.3" },
		origin: "tls12",
		alert: /protocol version|handshake failure|number (70|40)/i,
		faultCode: "SERVER_HANDSHAKE_FAILED",
	},
	{
		says: "a client of TLS 1.0 and 1.1",
		options: { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" },
		origin: "any",
		alert: /protocol version|number 70/i,
		faultCode: "TLS_VERSIONS_DO_NOT_MATCH",
	},
	{
		says: "a client of CBC suites alone",
		options: { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA" },
		origin: "any",
		alert: /handshake failure|number 40/i,
		faultCode: "TLS_CIPHERS_DO_NOT_MATCH",
	},
	{
		says: "an origin of TLS 1.0",
		options: {},
		origin: "tls10",
		alert: /handshake failure|number 40/i,
		faultCode: "SERVER_HANDSHAKE_FAILED",
	},
] as const) {
	test(`F1 F11 R113 R216 R237: ${says} get no connection, and the record says whose fault it is`, async () => {
		const target = `app.test:${origins[origin].port}`;
		const tunnel = await openTunnel(gateway, target);
		await assert.rejects(startTls(gateway, tunnel, target, options), alert);
		const record = await gateway.record(tunnel.localPort);
		assert.equal(record.faultCode, faultCode);
		assert.equal(record.clientLeg, undefined);
	});
}

test("R158: grade legacy speaks TLS 1.0 on both legs", async () => {
	const target = `old.test:${origins.tls10.port}`;
	const options = { minVersion: "TLSv1", maxVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
	const client = await openTls(gateway, target, options);
	assert.equal((await client.request(`GET / HTTP/1.1\nHost: ${target}`)).status, 200);
	client.socket.end();
	const record = await gateway.record(client.localPort);
	assert.deepEqual([record.clientLeg?.version, record.serverLeg?.version], ["TLSv1", "TLSv1"]);
});

describe("suites of CBC, where the grade has them", () => {
	const cbc = { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA" } as const;
	const target = `old.test:${origins.any.port}`;

	for (const [says, secureOptions] of [
		["encrypt-then-MAC", 0],
		["MAC-then-encrypt", constants.SSL_OP_NO_ENCRYPT_THEN_MAC],
	] as const) {
		test(`F8 R294: with ${says} a record of which anything was changed ends the connection, and the answer does not tell what`, async (t) => {
			const answers: string[] = [];
			for (const place of changedPlaces) {
				const near = await tap(t, gateway.ports.ipv4);
				const client = await openTls(near.before(gateway), target, { ...cbc, secureOptions });
				assert.equal((await client.request(`GET / HTTP/1.1\nHost: ${target}`)).status, 200);
				near.toClient = Buffer.alloc(0);
				near.change = (record) => {
					const changed = Buffer.from(record);
					const at = place < 0 ? changed.length + place : place;
					changed[at] = (changed[at] ?? 0) ^ 1;
					return changed;
				};
				client.send(`GET / HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
				await client.over();
				assert.match(client.error?.message ?? "", /bad record mac/i, `octet ${place}`);
				answers.push(near.toClient.length.toString());
				assert.match(
					(await gateway.record(near.clientPorts[0])).endedBecause,
					/^the connection to the client failed: /,
				);
			}
			assert.equal(new Set(answers).size, 1, answers.join());
		});
	}

	test("encrypt-then-MAC is agreed upon with every client that offers it (R170 beaten)", async (t) => {
		const near = await tap(t, gateway.ports.ipv4);
		const client = await openTls(near.before(gateway), target, cbc);
		client.socket.destroy();
		const flight = decodeServerFlight(near.toClient.subarray(near.toClient.indexOf("\r\n\r\n") + 4));
		assert.ok(flight.kind === "done");
		assert.ok(flight.value.extensionTypes.includes(22));
	});
});

test("F4 R169: heartbeats are not agreed upon, and one that comes all the same gets no answer but an alert", async () => {
	const client = await openTunnel(gateway, `app.test:${origins.any.port}`);
	const message = buildHello({
		cipherSuites: [0xc02b, 0xc02f],
		extensions: [
			serverNameExtension([0, "app.test"]),
			[extensionType.supportedGroups, Buffer.from("0004001d0017", "hex")],
			[extensionType.signatureAlgorithms, Buffer.from("000404030804", "hex")],
			[extensionType.heartbeat, Buffer.from("01", "hex")],
		],
	});
	client.send(inRecords(message));
	await client.receives((octets) => decodeServerFlight(octets).kind === "done");
	const flight = decodeServerFlight(client.received);
	assert.ok(flight.kind === "done" && !flight.value.extensionTypes.includes(extensionType.heartbeat));
	// A request of sixteen octets that says to have 16,384.
	client.send(Buffer.from("1803030010014000", "hex")).send(Buffer.alloc(13));
	await client.over();
	const types: number[] = [];
	for (let rest: Uint8Array = client.received; rest.length > 0; ) {
		const record = decodeRecord(rest);
		assert.ok(record.kind === "done");
		types.push(record.value.type);
		rest = rest.subarray(record.octets);
	}
	assert.deepEqual([...new Set(types)], [contentType.handshake, contentType.alert]);
	assert.equal((await gateway.record(client.localPort)).octetsToClient, 0);
});

/** Octets of a record: of its IV, of its last block but one (which is the padding's), of its last, of its middle. */
const changedPlaces = [5, -17, -1, 40];
