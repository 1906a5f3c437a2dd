/** The page that the explicit proxy answers itself: its files, the test inside TLS, and what hostile requests get. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { decodeCrl } from "#pki/crl.ts";
import { crlPath } from "#pki/mint.ts";
import { eventually, gatewayConfiguration, makeStateDirectory, startGateway } from "../support/gateway.ts";
import { makeCertificate } from "../support/make-certificate.ts";
import { dial, fetchOnce, openTls, openTunnel } from "../support/proxy-client.ts";

const owner = { after };
const gateway = await startGateway(owner, {
	trust: makeCertificate({ subject: "CN=Test Root", isCa: true }).pem,
	listener: "protocols http-connect;",
	gateway: `timeouts { request 1; client-hello 1; connect 1; handshake 2; } onboarding { contact "Service desk, 4711"; }`,
});
const host = "Host: sallyport.test";

async function get(target: string, headers = host, method = "GET") {
	const client = await dial(gateway);
	const response = await client.request(`${method} ${target} HTTP/1.1\n${headers}`);
	await client.over();
	return { ...response, localPort: client.localPort };
}

describe("the onboarding page", { concurrency: 8 }, () => {
	test("R53: a client of the proxy gets it by its name, and the record says onboarding", async () => {
		const { status, body, localPort } = await get("http://sallyport.test/");
		assert.equal(status, 200);
		for (const part of ["Service desk, 4711", `127.0.0.1:${gateway.ports.ipv4}`, "NODE_EXTRA_CA_CERTS"])
			assert.ok(body.includes(part), part);
		const record = await gateway.record(localPort);
		assert.deepEqual([record.decision, record.fact, record.faultCode], ["none", "onboarding", undefined]);
		assert.equal(record.endedBecause, "the onboarding page was sent");
	});

	test("R65: its certificate is the trusted CA's, and nothing on it is the untrusted one", async () => {
		const { body } = await get("http://sallyport.test/sallyport-ca.crt");
		assert.equal(new X509Certificate(body).fingerprint256, new X509Certificate(gateway.caPem).fingerprint256);
		const page = (await get("http://sallyport.test/")).body.toString();
		assert.ok(page.includes(new X509Certificate(gateway.caPem).fingerprint256));
		assert.ok(!page.includes(new X509Certificate(gateway.untrustedCaPem).fingerprint256));
		for (const id of ["sallyport-untrusted-ca.crt", "sallyport-untrusted-ca.pem"])
			assert.equal((await get(`http://sallyport.test/${id}`)).status, 404, id);
	});

	test("the signing CAs' revocation lists are served as they are", async () => {
		for (const id of ["sallyport-ca", "sallyport-untrusted-ca"]) {
			const { status, headers, body } = await get(`http://sallyport.test${crlPath(id)}`);
			assert.deepEqual([status, headers.get("content-type")], [200, "application/pkix-crl"]);
			assert.equal(decodeCrl(body).kind, "done");
		}
		assert.equal((await get("http://sallyport.test/crl/other.crl")).status, 404);
	});

	for (const family of ["ipv4", "ipv6"] as const) {
		test(`a browser that opens the listener's own address gets it, too (${family})`, async () => {
			const client = await dial(gateway, { family });
			const authority = family === "ipv4" ? `127.0.0.1:${gateway.ports.ipv4}` : `[::1]:${gateway.ports.ipv6}`;
			const { status, body } = await client.request(`GET / HTTP/1.1\nHost: ${authority}`);
			assert.equal(status, 200);
			assert.ok(body.includes(`http://${authority}`));
		});
	}

	test("HEAD gets a head; the connection ends behind each answer", async () => {
		const { status, headers, body } = await get("http://sallyport.test/", host, "HEAD");
		assert.deepEqual([status, body.length, headers.get("connection")], [200, 0, "close"]);
	});

	for (const { says, octets, status } of [
		{ says: "another host", octets: "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", status: 405 },
		{
			says: "the name as a user of another host",
			octets: `GET http://sallyport.test@evil.test/ HTTP/1.1\r\n${host}\r\n\r\n`,
			status: 405,
		},
		{
			says: "a foreign name that was pointed at the gateway",
			octets: "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n",
			status: 405,
		},
		{
			says: "a Host that differs",
			octets: "GET http://sallyport.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n",
			status: 400,
		},
		{ says: "POST", octets: `POST http://sallyport.test/ HTTP/1.1\r\n${host}\r\n\r\n`, status: 405 },
		{ says: "TRACE", octets: `TRACE http://sallyport.test/ HTTP/1.1\r\n${host}\r\nCookie: zq7\r\n\r\n`, status: 405 },
		{
			says: "a request with another one smuggled in its body",
			octets: `GET http://sallyport.test/ HTTP/1.1\r\n${host}\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET http://zq7.test/ HTTP/1.1\r\n\r\n`,
			status: 400,
		},
		{
			says: "a huge head",
			octets: `GET http://sallyport.test/ HTTP/1.1\r\n${host}\r\nA: ${"zq7".repeat(10_000)}\r\n\r\n`,
			status: 431,
		},
		{ says: "a slow head", octets: "GET http://sallyport.test/zq7", status: 408 },
		{
			says: "a path that is not there",
			octets: `GET http://sallyport.test/zq7 HTTP/1.1\r\n${host}\r\n\r\n`,
			status: 404,
		},
	]) {
		test(`${says} gets ${status}, and nothing of it back`, async () => {
			const client = await dial(gateway);
			client.send(octets);
			const response = await client.response();
			assert.equal(response.status, status);
			assert.ok(!response.body.includes("zq7"));
			await client.over();
			assert.equal(client.received.length, 0, "one answer and no more");
			assert.equal((await gateway.record(client.localPort)).decision, "none");
		});
	}

	test("a second request behind the first gets no answer", async () => {
		const client = await dial(gateway);
		client.send(`GET http://sallyport.test/ HTTP/1.1\r\n${host}\r\n\r\n`.repeat(3));
		assert.equal((await client.response()).status, 200);
		await client.over();
		assert.equal(client.received.length, 0);
	});
});

describe("the test of the CA", { concurrency: 8 }, () => {
	const check = "check.sallyport.test:443";

	test("a client that trusts the CA reads the test's page over TLS, and the record tells of its leg", async () => {
		const { status, body, localPort } = await fetchOnce(gateway, check);
		assert.equal(status, 200);
		assert.match(body.toString(), /This client trusts the gateway's CA/);
		const record = await gateway.record(localPort);
		assert.deepEqual(
			[record.server.host, record.fact, record.faultCode],
			["check.sallyport.test", "onboarding", undefined],
		);
		assert.equal(record.clientLeg?.version, "TLSv1.3");
		assert.match(record.clientLeg?.certificateSha256 ?? "", /^[0-9a-f]{64}$/);
	});

	test("a client that trusts other CAs does not get that far, and the record says what that may mean", async () => {
		const other = makeCertificate({ subject: "CN=Other", isCa: true });
		const tunnel = openTls(gateway, check, { ca: other.pem });
		await assert.rejects(tunnel, /unable to verify|self.signed/i);
		await eventually(
			() => gateway.records().find(({ endedBecause }) => /check\.sallyport\.test.* does not trust/.test(endedBecause)),
			"the record of the client that does not trust",
		);
	});

	test("TLS 1.2 with RSA alone is answered, too; HTTP/2 alone is not chosen", async () => {
		const old = { maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-GCM-SHA256" } as const;
		assert.equal((await fetchOnce(gateway, check, { ...old, path: "/trust.txt" })).body.toString(), "trusted\n");
		const client = await openTls(gateway, check, { ALPNProtocols: ["h2", "http/1.1"] });
		assert.equal(client.socket.alpnProtocol, "http/1.1");
		client.socket.destroy();
	});

	test("garbage, silence and a huge request inside do no harm", async () => {
		const garbage = await openTunnel(gateway, check);
		garbage.send("GET / HTTP/1.1\r\n\r\n");
		await garbage.over();
		const silent = await openTunnel(gateway, check);
		await silent.over();
		assert.deepEqual([...silent.received], [0x15, 3, 3, 0, 2, 2, 40]);
		const huge = await openTls(gateway, check);
		huge.send(`GET / HTTP/1.1\r\nA: ${"b".repeat(60_000)}`);
		await huge.over();
		assert.equal(huge.received.length, 0);
		assert.equal((await gateway.record(huge.localPort)).faultCode, "PROXY_HEAD_TOO_LARGE");
		const mute = await openTls(gateway, check);
		await mute.over();
		assert.equal((await gateway.record(mute.localPort)).faultCode, "PROXY_HEAD_TIMEOUT");
	});
});

test("R65: a gateway that signs with an intermediate CA offers the root of its chain", async () => {
	const root = makeCertificate({ subject: "O=Corp,CN=Corp Root", isCa: true });
	const signer = makeCertificate({ subject: "O=Corp,CN=Corp Inspection", isCa: true, pathLength: 0, issuer: root });
	const state = makeStateDirectory(owner);
	mkdirSync(join(state, "keys"), { recursive: true, mode: 0o700 });
	mkdirSync(join(state, "trust"), { recursive: true });
	writeFileSync(join(state, "keys/corp.key"), signer.keyPem, { mode: 0o600 });
	writeFileSync(join(state, "keys/corp.crt"), signer.pem, { mode: 0o600 });
	writeFileSync(join(state, "trust/corp-root.pem"), root.pem);
	const corp = await startGateway(owner, {
		state,
		configuration: (ports) => gatewayConfiguration(ports).replace("root-ca sallyport-ca", "root-ca corp"),
		trust: root.pem,
	});
	const client = await dial(corp);
	const { body } = await client.request("GET http://sallyport.test/sallyport-ca.crt HTTP/1.1\nHost: sallyport.test");
	assert.deepEqual(body, Buffer.from(root.der));
	// The intermediate comes in the handshake: the root is all that a client needs.
	const tested = await fetchOnce(corp, "check.sallyport.test:443", { ca: root.pem, path: "/trust.txt" });
	assert.equal(tested.body.toString(), "trusted\n");
	assert.equal(readFileSync(join(state, "ca.pem"), "latin1"), root.pem);
});
