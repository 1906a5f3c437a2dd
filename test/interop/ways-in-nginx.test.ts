/** nginx behind a reverse listener, curl and openssl in front: both versions of HTTP, names, resumption, inspection. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { eventually, freePort, startGateway } from "../support/gateway.ts";
import { TestCa } from "../support/origins.ts";
import { peerFolder, startPeer } from "../support/peer-programs.ts";
import { hasPeers, peerPath, requirePeers } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

const eicar = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].join("");
const owner = { after };
const ca = new TestCa();
const inside = new TestCa("Inside");
const folder = peerFolder(owner);
// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";
const programs = ["nginx", "curl", "openssl"];
// Clients without a name come to the server by the address that the listener knows it by.
const names = ["shop.test", "blog.test", "a.wild.test", "b.wild.test", "127.0.0.1"];
const shown = {
	shop: ca.identity(["shop.test"]),
	"shop-rsa": ca.identity(["shop.test"], { key: "rsa2048" }),
	blog: ca.identity(["blog.test"]),
	wild: ca.identity(["*.wild.test"]),
};
const page = "<p>behind</p>".repeat(1_000);
mkdirSync(join(folder, "www"));
writeFileSync(join(folder, "www/page.html"), page);
writeFileSync(join(folder, "www/eicar.html"), `<p>${eicar}</p>`.padEnd(5_000));
writeFileSync(join(folder, "www/large.bin"), Buffer.alloc(16 * 1_048_576, "0123456789"));
writeFileSync(join(folder, "root.pem"), ca.root.pem);
const ports = { http1: await freePort(), http2: await freePort(), web: await freePort(), web2: await freePort() };
if (hasPeers(programs)) await startNginx();
const gateway = await startGateway(owner, {
	certificates: shown,
	trust: inside.root.pem,
	security: "pki { ca-profile test { ca-identity test; } }",
	profiles: `profile servers { server-certificate [ ${Object.keys(shown).join(" ")} ]; trusted-ca test; actions { log { all; } } }`,
	gateway: `
		workers 2;
		reverse web { listen 127.0.0.1:${ports.web}; server 127.0.0.1:${ports.http1}; profile servers; }
		reverse web2 { listen 127.0.0.1:${ports.web2}; server 127.0.0.1:${ports.http2}; profile servers; }`,
});

test("R2 R9: curl fetches over HTTP/1.1 from nginx, and every request of the kept connection is inspected", async (t) => {
	if (!requirePeers(t, programs)) return;
	const { status, output, transfers } = await curl(t, "web", ["shop.test"], ["page.html", "large.bin", "page.html"]);
	assert.equal(status, 0, output);
	assert.deepEqual(
		transfers.map(({ size_download, num_connects }) => [size_download, num_connects]),
		[
			[page.length, 1],
			[16 * 1_048_576, 0],
			[page.length, 0],
		],
	);
	const record = await gateway.record(transfers[0]?.local_port);
	assert.deepEqual([record.listener, record.requests, record.inspection], ["reverse web", 3, "inspected"]);
	assert.deepEqual([record.serverTrust, record.sni], ["trusted", "shop.test"]);
});

test("R2: HTTP/2 is agreed on both sides, and inspected", async (t) => {
	if (!requirePeers(t, programs)) return;
	const { output, transfers } = await curl(t, "web2", ["blog.test"], ["page.html", "large.bin"], ["--http2"]);
	assert.deepEqual(
		transfers.map(({ http_version, size_download }) => [http_version, size_download]),
		[
			["2", page.length],
			["2", 16 * 1_048_576],
		],
		output,
	);
	const record = await gateway.record(transfers[0]?.local_port);
	assert.deepEqual([record.clientLeg?.alpn, record.serverLeg?.alpn], ["h2", "h2"]);
	assert.equal(record.inspection, "inspected");
});

test("R2: a client that knows HTTP/1.1 alone gets it from a server of HTTP/2, and is inspected", async (t) => {
	if (!requirePeers(t, programs)) return;
	const { transfers, output } = await curl(t, "web2", ["shop.test"], ["page.html"], ["--http1.1"]);
	assert.equal(transfers[0]?.http_version, "1.1", output);
	assert.equal((await gateway.record(transfers[0]?.local_port)).inspection, "inspected");
});

test("R25: a page with a pattern is answered with 403 in the server's place", async (t) => {
	if (!requirePeers(t, programs)) return;
	const { transfers, output } = await curl(t, "web", ["shop.test"], ["eicar.html"]);
	assert.equal(transfers[0]?.http_code, 403, output);
	const record = await gateway.record(transfers[0]?.local_port);
	assert.deepEqual(
		record.findings.map(({ name, verdict }) => [name, verdict]),
		[["eicar", "block"]],
	);
});

test("R133 R179: openssl is shown the certificate of the name it asks for, in the kind of key that it takes", async (t) => {
	if (!requirePeers(t, programs)) return;
	for (const [id, args] of [
		["shop", ["-servername", "shop.test"]],
		["shop", ["-servername", "SHOP.test"]],
		["blog", ["-servername", "blog.test"]],
		["wild", ["-servername", "b.wild.test"]],
		["shop", ["-noservername"]],
		["shop-rsa", ["-servername", "shop.test", "-tls1_2", "-sigalgs", "RSA-PSS+SHA256:RSA+SHA256"]],
	] as const) {
		const { output } = await sClient(t, args);
		const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(output)?.[0];
		assert.ok(pem, `${args.join(" ")}: ${output}`);
		assert.equal(new X509Certificate(pem).fingerprint256, new X509Certificate(shown[id].cert).fingerprint256, id);
		assert.match(output, /Verify return code: 0 \(ok\)/);
	}
});

test("V2: a name that the server behind has no certificate for is refused, and the record tells both names", async (t) => {
	if (!requirePeers(t, programs)) return;
	const { output } = await sClient(t, ["-servername", "x.a.wild.test"]);
	assert.match(output, /alert unknown ca/);
	const record = await eventually(() => gateway.records().find(({ sni }) => sni === "x.a.wild.test"), "record");
	assert.equal(record.faultCode, "SERVER_CERTIFICATE_INVALID");
	assert.match(record.endedBecause, /the certificate is for shop\.test, .*; expected x\.a\.wild\.test/);
});

for (const version of ["1_2", "1_3"]) {
	test(`openssl that comes back in TLS ${version} resumes its session at whichever worker it meets`, async (t) => {
		if (!requirePeers(t, programs)) return;
		const file = join(folder, `session-${version}`);
		const flags = [`-tls${version}`, "-servername", "shop.test"];
		assert.match((await sClient(t, [...flags, "-sess_out", file])).output, /^New, TLSv/m);
		// A ticket of TLS 1.3 serves once; each answer brings the next.
		for (let count = 0; count < 8; count++) {
			const { output } = await sClient(t, [...flags, "-sess_in", file, "-sess_out", file]);
			assert.match(output, /^Reused, TLSv/m, `reconnect ${count + 1}`);
			assert.match(output, /behind/);
		}
	});
}

test("a session of one name is no key to another name's certificate", async (t) => {
	if (!requirePeers(t, programs)) return;
	const file = join(folder, "session-shop");
	await sClient(t, ["-servername", "shop.test", "-sess_out", file]);
	const { output } = await sClient(t, ["-servername", "blog.test", "-sess_in", file]);
	assert.match(output, /^New, TLSv/m);
	assert.match(output, /subject=CN = blog\.test|subject=CN=blog\.test/);
});

test("nginx that is gone is told as an alert, with its address in the record", async (t) => {
	if (!requirePeers(t, programs)) return;
	const away = await freePort();
	const listen = await freePort();
	const alone = await startGateway(t, {
		certificates: { shop: shown.shop },
		trust: inside.root.pem,
		security: "pki { ca-profile test { ca-identity test; } }",
		profiles: "profile servers { server-certificate shop; trusted-ca test; actions { log { all; } } }",
		gateway: `reverse web { listen 127.0.0.1:${listen}; server 127.0.0.1:${away}; profile servers; }`,
	});
	const { output } = await sClient(t, ["-servername", "shop.test"], listen);
	assert.match(output, /alert internal error/);
	const record = await eventually(() => alone.records()[0], "record");
	assert.equal(record.faultCode, "SERVER_UNREACHABLE");
	assert.match(record.endedBecause, new RegExp(`127\\.0\\.0\\.1:${away} ECONNREFUSED`));
});

async function startNginx(): Promise<void> {
	const identity = inside.identity(names, { key: "rsa2048" });
	writeFileSync(join(folder, "chain.pem"), identity.cert);
	writeFileSync(join(folder, "key.pem"), identity.key);
	const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
		(one) => `${one}_temp_path ${folder}/${one};`,
	);
	const site = (port: number, flags: string) => `server { listen 127.0.0.1:${port} ssl ${flags}; root ${folder}/www; }`;
	const configuration = join(folder, "nginx.conf");
	writeFileSync(
		configuration,
		`
		daemon off;
		master_process off;
		pid ${folder}/nginx.pid;
		events { worker_connections 256; }
		http {
			access_log off;
			${temporary.join("\n")}
			types { text/html html; }
			ssl_certificate ${folder}/chain.pem;
			ssl_certificate_key ${folder}/key.pem;
			ssl_protocols TLSv1.2 TLSv1.3;
			${site(ports.http1, "")}
			${site(ports.http2, "http2")}
		}`,
	);
	await startPeer(owner, "nginx", ["-e", "stderr", "-p", folder, "-c", configuration], [ports.http1, ports.http2]);
}

async function curl(
	t: TestContext,
	listener: "web" | "web2",
	[host]: readonly [string],
	paths: readonly string[],
	options: readonly string[] = [],
) {
	const port = ports[listener];
	const { status, output } = await run(t, peerPath("curl"), [
		...["--disable", "--silent", "--show-error", "--write-out", "\n@%{json}\n", "--noproxy", "*"],
		...["--cacert", join(folder, "root.pem"), "--resolve", `${host}:${port}:127.0.0.1`, ...options],
		...paths.flatMap((path) => ["--output", "/dev/null", `https://${host}:${port}/${path}`]),
	]);
	const transfers = output
		.split("\n")
		.filter((line) => line.startsWith("@{"))
		.map(
			(line) =>
				JSON.parse(line.slice(1)) as Record<"http_code" | "local_port" | "num_connects" | "size_download", number> & {
					http_version: string;
				},
		);
	return { status, output, transfers };
}

function sClient(t: TestContext, args: readonly string[], port = ports.web) {
	const request = "GET /page.html HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n";
	const trust = ["-no-CApath", "-no-CAstore", "-CAfile", join(folder, "root.pem")];
	return run(
		t,
		peerPath("openssl"),
		["s_client", "-connect", `127.0.0.1:${port}`, ...trust, "-ign_eof", ...args],
		request,
	);
}
