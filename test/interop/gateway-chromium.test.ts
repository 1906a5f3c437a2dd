/** Chromium as the client of the gateway: its own TLS library, its own rules for certificates, a post-quantum hello. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { eventually, Program, startGateway } from "../support/gateway.ts";
import { http2Origin, httpsOrigin, type Identity, selfSigned, TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

const page = "<!doctype html><title>shop</title><p id=proof>this page came through</p>";
const owner = { after };
const ca = new TestCa();
const home = mkdtempSync(join(tmpdir(), "sallyport-chromium-"));
// A process of the browser may outlive the one that was started, and write once more.
after(() => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));

const identity = ca.identity(["app.test"]);
const origin = await httpsOrigin(owner, identity, (_, response) => response.end(page));
const http2 = await http2Origin(owner, identity, (server) => {
	server.on("request", (_, response) => response.end(page));
});
const day = 86_400_000;
const serve = (identity: Identity) => httpsOrigin(owner, identity, (_, response) => response.end(page));
const past = { notBefore: Date.now() - 40 * day, notAfter: Date.now() - 10 * day };
const untrusted = [
	{ says: "self-signed", origin: await serve(selfSigned(["app.test"])), shows: /ERR_CERT_AUTHORITY_INVALID/ },
	{ says: "expired", origin: await serve(ca.identity(["app.test"], past)), shows: /ERR_CERT_/ },
	{ says: "for another name", origin: await serve(ca.identity(["other.test"])), shows: /ERR_CERT_/ },
];
const eicar = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].join("");
const infected = await httpsOrigin(owner, identity, (_, response) => response.end(eicar));
const infectedHttp2 = await http2Origin(owner, identity, (server) => {
	server.on("request", (_, response) => response.end(eicar));
});
const gateway = await startGateway(owner, { trust: ca.root.pem, hosts: ["app.test"] });

for (const [says, { port }, alpn] of [
	["HTTP/1.1", origin, "http/1.1"],
	["HTTP/2", http2, "h2"],
] as const) {
	test(`Chromium that knows the gateway's CA shows a page over ${says}, and its hello is in the record`, async (t) => {
		if (!requirePeers(t, ["chromium", "certutil"])) return;
		assert.match(await browse(t, port), /this page came through/);
		// It may open connections that it does not use.
		const isUsed = ({ server, requests }: SessionRecord) => server.port === port && requests > 0;
		const record = await eventually(() => gateway.records().find(isUsed), "the record of the page");
		assert.equal(record.clientLeg?.group, "X25519MLKEM768");
		assert.equal(record.clientLeg?.version, "TLSv1.3");
		assert.deepEqual([record.clientLeg?.alpn, record.serverLeg?.alpn], [alpn, alpn]);
		assert.equal(record.inspection, "inspected");
		// Its suites have had this digest for years; the digest of its extensions changes with its releases.
		assert.match(record.ja4 ?? "", /^t13d15\d\dh2_8daaf6152771_[0-9a-f]{12}$/);
		assert.deepEqual([record.serverTrust, record.faultCode], ["trusted", undefined]);
	});
}

for (const { says, origin: site, shows } of untrusted) {
	test(`M12: Chromium refuses a site whose certificate is ${says}`, async (t) => {
		if (!requirePeers(t, ["chromium", "certutil"])) return;
		const shown = await browse(t, site.port);
		assert.match(shown, shows);
		assert.doesNotMatch(shown, /this page came through/);
		const record = await recordOf(site.port);
		assert.equal(record.faultCode, "CLIENT_REFUSED_UNTRUSTED_SERVER");
		assert.notEqual(record.serverTrust, "trusted");
	});
}

for (const [says, { port }] of [
	["HTTP/1.1", infected],
	["HTTP/2", infectedHttp2],
] as const) {
	test(`Chromium shows the gateway's page in place of a blocked answer over ${says}`, async (t) => {
		if (!requirePeers(t, ["chromium", "certutil"])) return;
		const shown = await browse(t, port);
		assert.match(shown, /The content of this exchange was blocked/);
		// The browser asks for more than the page, over connections of their own: the page names the one that it came over.
		const named = await eventually(
			() => gateway.records().find(({ id, server }) => server.port === port && shown.includes(id)),
			"the record of the session that the page names",
		);
		assert.ok(named.findings.length > 0);
		for (const { name, verdict } of named.findings) assert.deepEqual([name, verdict], ["eicar", "block"]);
	});
}

let trusts: Promise<void> | undefined;

/** What Chromium makes of the site's first page, as HTML. */
async function browse(t: TestContext, port: number): Promise<string> {
	trusts ??= trustGateway(t);
	await trusts;
	const program = new Program(
		spawn(
			peerPath("chromium"),
			[
				...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
				...["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"],
				`--user-data-dir=${mkdtempSync(join(home, "profile-"))}`,
				`--proxy-server=http://127.0.0.1:${gateway.ports.ipv4}`,
				...["--dump-dom", `https://app.test:${port}/`],
			],
			{ env: { ...process.env, HOME: home } },
		),
	);
	t.after(() => program.child.kill());
	await program.ended;
	return program.output;
}

/** Puts the gateway's CA into the database of certificates that Chromium reads on Linux. */
async function trustGateway(t: TestContext): Promise<void> {
	const database = join(home, ".pki/nssdb");
	mkdirSync(database, { recursive: true });
	for (const args of [
		["-N", "--empty-password"],
		["-A", "-n", "gateway", "-t", "C,,", "-i", gateway.caFile],
	]) {
		const { status, output } = await run(t, peerPath("certutil"), ["-d", `sql:${database}`, ...args]);
		assert.equal(status, 0, output);
	}
}

function recordOf(port: number) {
	return eventually(
		() =>
			gateway.records().find(({ server, clientLeg, faultCode }) => server.port === port && (clientLeg ?? faultCode)),
		`the record of origin ${port}`,
	);
}
