/** Chromium as the client of the gateway: a site that it trusts, and those that it must not. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { eventually, type Gateway, startGateway } from "../support/gateway.ts";
import { http2Origin, httpsOrigin, selfSigned, TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

const owner = { after };
const ca = new TestCa();
const day = 86_400_000;
const page = "<!doctype html><title>t</title><p id=a>from the origin</p><script>document.title = 'script ran'</script>";
const origin = await http2Origin(owner, ca.identity(["site.test", "*.site.test"]), (server) => {
	server.on("request", (_, response) => {
		response.setHeader("Content-Type", "text/html");
		response.end(page);
	});
});
const expired = await httpsOrigin(
	owner,
	ca.identity(["old.test"], { notBefore: Date.now() - 40 * day, notAfter: Date.now() - 10 * day }),
	(_, response) => response.end(page),
);
const unsigned = await httpsOrigin(owner, selfSigned(["self.test"]), (_, response) => response.end(page));
const elsewhere = await httpsOrigin(owner, ca.identity(["other.test"]), (_, response) => response.end(page));
const eicar = await httpsOrigin(owner, ca.identity(["virus.test"]), (_, response) => {
	response.setHeader("Content-Type", "text/html");
	response.end(["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].join(""));
});
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["site.test", "deep.site.test", "old.test", "self.test", "wrong.test", "virus.test"],
});

/** Loads a page in a browser of its own that trusts the gateway's CA; answers the page as the browser sees it. */
async function load(t: TestContext, through: Gateway, url: string): Promise<string> {
	const home = mkdtempSync(join(tmpdir(), "sallyport-chromium-"));
	t.after(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
	const database = join(home, ".pki/nssdb");
	mkdirSync(database, { recursive: true });
	for (const args of [
		["-N", "--empty-password"],
		["-A", "-t", "C,,", "-n", "gateway", "-i", through.caFile],
	]) {
		const { status, output } = await run(t, peerPath("certutil"), ["-d", `sql:${database}`, ...args]);
		assert.equal(status, 0, output);
	}
	const { host, port } = through.proxy();
	const child = spawn(
		peerPath("chromium"),
		[
			...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
			...["--disable-background-networking", "--disable-component-update", `--user-data-dir=${join(home, "profile")}`],
			...[`--proxy-server=http://${host}:${port}`, "--dump-dom", url],
		],
		{ env: { ...process.env, HOME: home }, stdio: ["ignore", "pipe", "ignore"], timeout: 60_000 },
	);
	t.after(() => child.kill("SIGKILL"));
	let text = "";
	child.stdout.on("data", (chunk: Buffer) => {
		text += chunk;
	});
	await new Promise((resolve) => child.on("close", resolve));
	return text;
}

/** The newest record of a session with the host. */
const recordOf = (host: string) =>
	eventually(() => gateway.records().findLast(({ server }) => server.host === host), `the record of ${host}`);

for (const host of ["site.test", "deep.site.test"]) {
	test(`Chromium takes the minted certificate of ${host}, over HTTP/2 and with a post-quantum key exchange`, async (t) => {
		if (!requirePeers(t, ["chromium", "certutil"])) return;
		const seen = await load(t, gateway, `https://${host}:${origin.port}/`);
		assert.match(seen, /from the origin/);
		assert.match(seen, /<title>script ran<\/title>/);
		const record = await recordOf(host);
		assert.deepEqual([record.decision, record.serverTrust, record.faultCode], ["decrypt", "trusted", undefined]);
		assert.deepEqual([record.clientLeg?.version, record.clientLeg?.group], ["TLSv1.3", "X25519MLKEM768"]);
		assert.deepEqual([record.clientLeg?.alpn, record.serverLeg?.alpn], ["h2", "h2"]);
		assert.match(record.ja4 ?? "", /^t13d\d{4}h2_/);
	});
}

for (const [host, port] of [
	["old.test", expired.port],
	["self.test", unsigned.port],
	["wrong.test", elsewhere.port],
] as const) {
	test(`M12 R66: Chromium refuses ${host}, whose certificate is not trusted`, async (t) => {
		if (!requirePeers(t, ["chromium", "certutil"])) return;
		const seen = await load(t, gateway, `https://${host}:${port}/`);
		assert.doesNotMatch(seen, /from the origin/);
		const record = await recordOf(host);
		assert.equal(record.faultCode, "CLIENT_DOES_NOT_TRUST_CA");
		assert.match(record.endedBecause, /certificate_unknown/);
	});
}

test("Chromium shows the page of a blocked answer", async (t) => {
	if (!requirePeers(t, ["chromium", "certutil"])) return;
	const seen = await load(t, gateway, `https://virus.test:${eicar.port}/`);
	assert.match(seen, /The content of this exchange was blocked/);
	const record = await recordOf("virus.test");
	assert.ok(seen.includes(record.id));
	assert.equal(record.findings[0]?.name, "eicar");
});
