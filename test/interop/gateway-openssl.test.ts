/** OpenSSL at both ends of the gateway: s_client as its client, s_server as its origin, x509 and verify as judges of leaves. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { eventually, freePort, type Owner, Program, startGateway } from "../support/gateway.ts";
import { type CertificateRequest, type Made, makeCertificate } from "../support/make-certificate.ts";
import { distributionPoint } from "../support/make-crl.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { dial, fetchOnce } from "../support/proxy-client.ts";
import { run } from "../support/tls-legs.ts";

const day = 86_400_000;
const owner = { after };
const ca = new TestCa();
const folder = mkdtempSync(join(tmpdir(), "sallyport-openssl-"));
after(() => rmSync(folder, { recursive: true, force: true }));
// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";

const identity = ca.identity(["app.test"]);
const startedAt = Math.floor(Date.now() / 1000) * 1000;
const shop = await serve(
	owner,
	makeCertificate({
		subject: "O=Shop & Söhne,CN=app.test",
		names: ["app.test", "*.app.test", "192.0.2.7", "2001:db8::7"],
		issuer: ca.intermediate,
		notBefore: startedAt - 2 * day,
		notAfter: startedAt + 11 * day,
	}),
);
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	mappings: { "app.test": "inet 127.0.0.1;" },
});
const get = "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n";
let shopLeafFile: Promise<string> | undefined;
let saved = 0;

describe("s_client", { concurrency: 4 }, () => {
	for (const version of ["1.2", "1.3"]) {
		const flag = `-tls${version.replace(".", "_")}`;

		test(`F3: s_client in TLS ${version} verifies the leaf, agrees on no compression and reads the page`, async (t) => {
			if (!requirePeers(t, ["openssl"])) return;
			const { port } = await serve(t);
			const { status, output } = await sClient(t, port, [flag]);
			assert.equal(status, 0, output);
			assert.match(output, /Verify return code: 0 \(ok\)/);
			assert.match(output, /^Compression: NONE$/m);
			assert.match(output, new RegExp(`^New, TLSv${version}, Cipher is `, "m"));
			assert.match(output, /\r\n\r\norigin|^origin/m);
			const record = await recordOf(port);
			assert.equal(record.clientLeg?.version, `TLSv${version}`);
			assert.notEqual(record.clientLeg?.certificateSha256, record.serverLeg?.certificateSha256);
		});

		test(`s_client resumes its session in TLS ${version}`, async (t) => {
			if (!requirePeers(t, ["openssl"])) return;
			const { port } = await serve(t);
			const file = join(folder, `session${flag}`);
			assert.match((await sClient(t, port, [flag, "-sess_out", file])).output, /^New, TLSv/m);
			const again = await sClient(t, port, [flag, "-sess_in", file]);
			assert.match(again.output, new RegExp(`^Reused, TLSv${version}, `, "m"));
			assert.match(again.output, /origin/);
			const records = await eventually(() => {
				const found = recordsOf(port);
				return found.length === 2 && found;
			}, "two records");
			assert.deepEqual(records.map(({ clientLeg }) => clientLeg?.isResumed).sort(), [false, true]);
		});
	}

	test("M17: no ticket permits early data, so that s_client sends none, and what it would have sent is asked once", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const { port } = await serve(t);
		const session = join(folder, "early-session");
		await sClient(t, port, ["-tls1_3", "-sess_out", session]);
		const request = join(folder, "early-data");
		writeFileSync(request, get);
		const { output } = await sClient(t, port, ["-tls1_3", "-sess_in", session, "-early_data", request]);
		assert.match(output, /^Reused, TLSv1\.3, /m);
		assert.match(output, /^Early data was not sent$/m);
		const records = await eventually(() => {
			const found = recordsOf(port);
			return found.length === 2 && found;
		}, "two records");
		assert.deepEqual(
			records.map(({ requests }) => requests),
			[1, 1],
		);
	});

	for (const name of ["X25519", "P-256", "P-384", "P-521", "X448"]) {
		test(`s_client that offers the group ${name} alone gets it, and the record tells`, async (t) => {
			if (!requirePeers(t, ["openssl"])) return;
			const { port } = await serve(t);
			const { status, output } = await sClient(t, port, ["-groups", name]);
			assert.equal(status, 0, output);
			const record = await recordOf(port);
			assert.deepEqual([record.clientLeg?.group, record.serverLeg?.group], [name, name]);
		});
	}

	test("R176: s_client that offers a group out of use alone is told so by an alert", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const { port } = await serve(t);
		const { output } = await sClient(t, port, ["-groups", "ffdhe2048"]);
		assert.match(output, /SSL alert number 40/);
		assert.equal((await recordOf(port)).faultCode, "TLS_OPTIONS_NOT_SUPPORTED");
	});

	test("s_client offers X25519MLKEM768 where it can, and this Node otherwise; an OpenSSL origin is served all the same", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const port = await sServer(t, ["-www"]);
		const version = /OpenSSL (\d+)\.(\d+)/.exec((await run(t, peerPath("openssl"), ["version"])).output);
		const knowsIt = Number(version?.[1]) * 100 + Number(version?.[2]) >= 305;
		if (knowsIt) assert.equal((await sClient(t, port, ["-groups", "X25519MLKEM768"])).status, 0);
		else
			assert.equal((await fetchOnce(gateway, `app.test:${port}`, { ecdhCurve: "X25519MLKEM768:X25519" })).status, 200);
		const record = await recordOf(port);
		assert.equal(record.clientLeg?.group, "X25519MLKEM768");
		assert.equal(record.serverLeg?.group, knowsIt ? "X25519MLKEM768" : "X25519");
	});

	test("F2, R173: a client that asks for renegotiation in TLS 1.2 is refused", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const { port } = await serve(t);
		const client = start(t, ["s_client", ...clientArguments(port), "-tls1_2"]);
		await client.says("Verify return code: 0");
		client.child.stdin?.write("R\n");
		await client.says("RENEGOTIATING");
		await client.says("no renegotiation");
		await client.ended;
		assert.equal((await recordOf(port)).requests, 0);
	});

	test("a client that updates its keys in TLS 1.3 is served under the new ones", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const { port } = await serve(t);
		const client = start(t, ["s_client", ...clientArguments(port), "-tls1_3", "-crlf"]);
		await client.says("Verify return code: 0");
		for (let count = 0; count < 3; count++) client.child.stdin?.write("K\n");
		await client.says("KEYUPDATE");
		client.child.stdin?.write("GET / HTTP/1.1\nHost: app.test\nConnection: close\n\n");
		await client.says("origin");
		await client.ended;
		assert.equal((await recordOf(port)).requests, 1);
	});
});

describe("the minted leaf", { concurrency: 4 }, () => {
	test("M1 R8: subject and alternative names are the origin's, the issuer is the gateway's CA", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const leaf = await shopLeaf(t);
		const names = ["-subject", "-ext", "subjectAltName"];
		assert.equal(await x509(t, leaf, names), await x509(t, save(shop.made.pem), names));
		const issuer = (await x509(t, leaf, ["-issuer"])).replace(/^issuer/, "subject");
		assert.equal(issuer, await x509(t, gateway.caFile, ["-subject"]));
	});

	test("M2: the dates are not wider than the origin's and the CA's", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const [notBefore, notAfter] = await datesOf(t, await shopLeaf(t));
		const [caNotBefore, caNotAfter] = await datesOf(t, gateway.caFile);
		assert.equal(notBefore, Math.max(shop.made.certificate.notBefore, caNotBefore));
		assert.equal(notAfter, Math.min(shop.made.certificate.notAfter, caNotAfter));
	});

	test("M3, M5: it is for servers alone, its key signs and certifies nothing, and it carries no more than that", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const text = await x509(t, await shopLeaf(t), ["-text"]);
		assert.match(text, /X509v3 Extended Key Usage: *\n +TLS Web Server Authentication\n/);
		assert.match(text, /X509v3 Key Usage: critical\n +Digital Signature\n/);
		assert.match(text, /X509v3 Basic Constraints: critical\n +CA:FALSE\n/);
		assert.match(text, /Version: 3 \(0x2\)/);
		assert.deepEqual([...text.matchAll(/X509v3 ([A-Z][^:]+):/g)].map((match) => match[1]).sort(), [
			...["Authority Key Identifier", "Basic Constraints", "Extended Key Usage"],
			...["Key Usage", "Subject Alternative Name", "Subject Key Identifier"],
		]);
	});

	test("M4: its authority key identifier is the CA's subject key identifier", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const keyIdentifier = async (file: string, kind: string) =>
			/[0-9A-F]{2}(:[0-9A-F]{2}){19}/.exec(await x509(t, file, ["-ext", kind]))?.[0];
		const authority = await keyIdentifier(await shopLeaf(t), "authorityKeyIdentifier");
		assert.ok(authority);
		assert.equal(authority, await keyIdentifier(gateway.caFile, "subjectKeyIdentifier"));
	});

	test("openssl verifies it strictly for each of its names, and for nothing else", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const leaf = await shopLeaf(t);
		const ask = (...args: string[]) => verify(t, gateway.caFile, leaf, ["-x509_strict", ...args]);
		for (const question of [
			["-verify_hostname", "app.test"],
			["-verify_hostname", "any.app.test"],
			["-verify_ip", "192.0.2.7"],
			["-verify_ip", "2001:db8::7"],
		]) {
			const { status, output } = await ask("-purpose", "sslserver", ...question);
			assert.equal(status, 0, output);
		}
		assert.match((await ask("-verify_hostname", "other.test")).output, /hostname mismatch/i);
		assert.match((await ask("-purpose", "sslclient")).output, /purpose/);
	});

	test("M6: with an empty subject the alternative names are critical", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const nameless = makeCertificate({ subject: "", names: ["app.test"], issuer: ca.intermediate });
		const file = await leafOf(t, (await serve(t, nameless)).port);
		assert.equal((await x509(t, file, ["-subject"])).trim(), "subject=");
		assert.match(await x509(t, file, ["-text"]), /X509v3 Subject Alternative Name: critical\n +DNS:app\.test\n/);
	});

	test("M7 R33: serials of 64 bits and more, another one for each server certificate", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const serials = new Set<string>();
		for (let count = 0; count < 4; count++) {
			const { port } = await serve(t, ca.identity(["app.test"]).made);
			const serial = await x509(t, await leafOf(t, port), ["-serial"]);
			assert.match(serial, /^serial=[4-7][0-9A-F]{15,39}\n$/);
			serials.add(serial);
		}
		assert.equal(serials.size, 4);
	});

	test("K4: with the list that the leaf points to, openssl verifies it with -crl_check; without one it does not", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const pointing = makeCertificate({
			subject: "CN=app.test",
			names: ["app.test"],
			issuer: ca.intermediate,
			extensions: [distributionPoint(["uri:http://127.0.0.1:1/origin.crl"])],
		});
		const file = await leafOf(t, (await serve(t, pointing)).port);
		const url = /URI:(http:\/\/sallyport\.test\/crl\/\S+)/.exec(await x509(t, file, ["-text"]))?.[1];
		assert.ok(url !== undefined);
		const client = await dial(gateway);
		client.send(`GET ${url} HTTP/1.1\r\nHost: sallyport.test\r\n\r\n`);
		const { status: found, body } = await client.response();
		assert.equal(found, 200);
		const list = join(folder, "own.crl");
		writeFileSync(list, `-----BEGIN X509 CRL-----\n${body.toString("base64")}\n-----END X509 CRL-----\n`);
		const checked = await verify(t, gateway.caFile, file, ["-x509_strict", "-crl_check", "-CRLfile", list]);
		assert.equal(checked.status, 0, checked.output);
		const without = await verify(t, gateway.caFile, file, ["-crl_check"]);
		assert.match(without.output, /unable to get certificate CRL/);
	});

	test("M12: the leaf for a self-signed certificate is verified by the untrusted CA alone", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const { port } = await serve(t, makeCertificate({ subject: "CN=app.test", names: ["app.test"] }));
		const file = await leafOf(t, port);
		assert.notEqual((await verify(t, gateway.caFile, file)).status, 0);
		assert.equal((await verify(t, save(gateway.untrustedCaPem), file)).status, 0);
	});
});

describe("s_server", { concurrency: 4 }, () => {
	for (const { says, args, request, version, group } of [
		{ says: "of TLS 1.2", args: ["-tls1_2"], version: "TLSv1.2", group: "X25519" },
		{ says: "of TLS 1.3", args: ["-tls1_3"], version: "TLSv1.3", group: "X25519" },
		{ says: "with an RSA key", args: [], request: { key: "rsa2048" }, version: "TLSv1.3", group: "X25519" },
		{
			says: "with an RSA key in TLS 1.2",
			args: ["-tls1_2"],
			request: { key: "rsa3072" },
			version: "TLSv1.2",
			group: "X25519",
		},
		{
			says: "with P-384 as its key and its one group",
			args: ["-groups", "P-384"],
			request: { key: "p384" },
			version: "TLSv1.3",
			group: "P-384",
		},
	] as readonly {
		says: string;
		args: readonly string[];
		request?: CertificateRequest;
		version: string;
		group: string;
	}[]) {
		test(`an origin ${says} is reached`, async (t) => {
			if (!requirePeers(t, ["openssl"])) return;
			const port = await sServer(t, ["-www", ...args], request);
			const { status, output } = await sClient(t, port, ["-verify_hostname", "app.test"]);
			assert.equal(status, 0, output);
			assert.match(output, /HTTP\/1\.0 200 ok/);
			const { serverLeg, ...record } = await recordOf(port);
			assert.deepEqual([serverLeg?.version, serverLeg?.group], [version, group]);
			assert.deepEqual([record.serverTrust, record.faultCode], ["trusted", undefined]);
		});
	}

	for (const { says, args, request } of [
		{ says: "F1: an origin of TLS 1.1 alone", args: ["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"] },
		{
			says: "F7: an origin of RSA key transport alone",
			args: ["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
			request: { key: "rsa2048" },
		},
		{ says: "F6: an origin of finite-field groups alone", args: ["-groups", "ffdhe2048"] },
	] as readonly { says: string; args: readonly string[]; request?: CertificateRequest }[]) {
		test(`${says} is refused with an alert and a clear fault`, async (t) => {
			if (!requirePeers(t, ["openssl"])) return;
			const port = await sServer(t, ["-www", ...args], request);
			const { output } = await sClient(t, port, []);
			assert.match(output, /SSL alert number 40/);
			const record = await recordOf(port);
			assert.equal(record.faultCode, "SERVER_HANDSHAKE_FAILED");
			assert.match(record.endedBecause, /the TLS handshake with server app\.test failed: /);
			assert.equal(record.clientLeg, undefined);
		});
	}

	for (const version of ["1.3", "1.2"]) {
		for (const [says, flag] of [
			["demands", "-Verify"],
			["would take", "-verify"],
		] as const) {
			test(`R172, M18: an origin that ${says} a client certificate in TLS ${version} is let be`, async (t) => {
				if (!requirePeers(t, ["openssl"])) return;
				const port = await sServer(t, ["-www", flag, "1", `-tls${version.replace(".", "_")}`]);
				const { output } = await sClient(t, port, []);
				assert.equal(/HTTP\/1\.0 200/.test(output), flag === "-verify", output);
				assert.equal((await recordOf(port)).cause, "client-certificate");
			});
		}
	}

	test("F2: an origin that asks for renegotiation in TLS 1.2 is not followed", async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const port = await freePort();
		const server = await startServer(t, port, ["-tls1_2"]);
		const client = start(t, ["s_client", ...clientArguments(port), "-tls1_2", "-crlf"]);
		await client.says("Verify return code: 0");
		client.child.stdin?.write("GET / HTTP/1.1\nHost: app.test\n\n");
		await server.says("GET / HTTP/1.1");
		server.child.stdin?.write("r\n");
		await server.says("no renegotiation");
		await client.ended;
		const record = await recordOf(port);
		assert.deepEqual([record.requests, record.octetsToClient], [1, 0]);
		assert.match(record.endedBecause, /the connection to the server failed/);
	});
});

/** The leaf that the gateway shows for the shop, in a file. */
function shopLeaf(t: TestContext): Promise<string> {
	shopLeafFile ??= leafOf(t, shop.port);
	return shopLeafFile;
}

/** The leaf that the gateway shows for this origin, in a file. */
async function leafOf(t: TestContext, port: number): Promise<string> {
	const { output } = await sClient(t, port, ["-showcerts"]);
	const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(output)?.[0];
	assert.ok(pem, output);
	return save(pem);
}

/** An origin of Node that presents this certificate. */
async function serve(own: Owner, made: Made = identity.made): Promise<{ readonly port: number; readonly made: Made }> {
	const presented = { key: made.keyPem, cert: made.pem + ca.intermediate.pem, made };
	const { port } = await httpsOrigin(own, presented, (_, response) => response.end("origin"));
	return { port, made };
}

function clientArguments(port: number): string[] {
	const { host, port: proxyPort } = gateway.proxy();
	return [
		...["-proxy", `${host}:${proxyPort}`, "-connect", `app.test:${port}`, "-servername", "app.test"],
		...["-no-CApath", "-no-CAstore", "-CAfile", gateway.caFile],
	];
}

/** One request of s_client through the gateway. */
function sClient(t: TestContext, port: number, args: readonly string[]) {
	return run(t, peerPath("openssl"), ["s_client", ...clientArguments(port), "-ign_eof", ...args], get);
}

/** An s_server with a certificate of the trusted test CA; answers its port. */
async function sServer(t: TestContext, args: readonly string[], request: CertificateRequest = {}): Promise<number> {
	const port = await freePort();
	await startServer(t, port, args, request);
	return port;
}

async function startServer(
	t: TestContext,
	port: number,
	args: readonly string[],
	request: CertificateRequest = {},
): Promise<Program> {
	const { key, made } = ca.identity(["app.test"], request);
	const server = start(t, [
		...["s_server", "-accept", `127.0.0.1:${port}`, "-cert", save(made.pem), "-key", save(key)],
		...["-cert_chain", save(ca.intermediate.pem), "-naccept", "4", ...args],
	]);
	await server.says("ACCEPT");
	return server;
}

function start(t: TestContext, args: readonly string[]): Program {
	const program = new Program(spawn(peerPath("openssl"), [...args]));
	t.after(() => program.child.kill());
	return program;
}

function verify(t: TestContext, roots: string, leaf: string, args: readonly string[] = []) {
	return run(t, peerPath("openssl"), ["verify", "-no-CApath", "-no-CAstore", "-CAfile", roots, ...args, leaf]);
}

async function x509(t: TestContext, file: string, args: readonly string[]): Promise<string> {
	const { status, output } = await run(t, peerPath("openssl"), ["x509", "-noout", "-in", file, ...args]);
	assert.equal(status, 0, output);
	return output;
}

async function datesOf(t: TestContext, file: string): Promise<readonly [number, number]> {
	const text = await x509(t, file, ["-dates"]);
	const date = (name: string) => Date.parse(new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1] ?? "");
	return [date("notBefore"), date("notAfter")];
}

function recordsOf(port: number) {
	return gateway.records().filter(({ server }) => server.port === port);
}

function recordOf(port: number) {
	return eventually(() => recordsOf(port)[0], `the record of origin ${port}`);
}

function save(pem: string): string {
	const file = join(folder, `${saved++}.pem`);
	writeFileSync(file, pem);
	return file;
}
