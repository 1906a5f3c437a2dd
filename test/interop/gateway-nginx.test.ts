/** nginx as the origin behind the gateway, with curl before it: kept connections, large files, ranges, client certificates. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { eventually, freePort, Program, startGateway } from "../support/gateway.ts";
import { TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

const eicar = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].join("");
const owner = { after };
const ca = new TestCa();
const folder = mkdtempSync(join(tmpdir(), "sallyport-nginx-"));
after(() => rmSync(folder, { recursive: true, force: true }));
// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";

const large = randomBytes(64 * 1_048_576);
const small = randomBytes(100_000);
const files: Readonly<Record<string, string | Uint8Array>> = {
	"large.bin": large,
	"small.bin": small,
	"page.html": "<p>origin</p>".repeat(1000),
	"eicar.html": `<p>${eicar}</p>`.padEnd(5000),
};
mkdirSync(join(folder, "www"));
for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, "www", name), content);
const identity = ca.identity(["app.test"]);
writeFileSync(join(folder, "chain.pem"), identity.cert);
writeFileSync(join(folder, "key.pem"), identity.key);
writeFileSync(join(folder, "clients.pem"), new TestCa("Clients").root.pem);

const ports = {
	plain: await freePort(),
	http2: await freePort(),
	optional: await freePort(),
	required: await freePort(),
};
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	mappings: { "app.test": "inet 127.0.0.1;" },
	gateway: "workers 1;",
});
/** For sessions that are opened, and for those that are not. */
const roots = join(folder, "roots.pem");
writeFileSync(roots, gateway.caPem + ca.root.pem);
let nginx: Promise<void> | undefined;
let running: Program | undefined;
// Here and not where it starts: there it would end with the test that was first.
after(() => running?.child.kill());

test("five pages of two kinds go over one connection of each leg", async (t) => {
	if (!(await isReady(t))) return;
	const pages = ["page.html", "small.bin", "page.html", "small.bin", "page.html"];
	const { transfers, bodies, output } = await curl(t, "plain", pages, ["--compressed"]);
	assert.deepEqual(
		transfers.map(({ num_connects }) => num_connects),
		[1, 0, 0, 0, 0],
		output,
	);
	for (const [index, page] of pages.entries()) assert.deepEqual(bodies[index], Buffer.from(files[page] ?? ""));
	const record = await gateway.record(transfers[0]?.local_port);
	assert.deepEqual([record.requests, record.inspection, record.serverTrust], [5, "inspected", "trusted"]);
});

test("a file of 64 MiB arrives octet by octet as it was sent, inspected", async (t) => {
	if (!(await isReady(t))) return;
	const { status, transfers, bodies, output } = await curl(t, "plain", ["large.bin"]);
	assert.equal(status, 0, output);
	assert.equal(digest(bodies[0]), digest(large));
	const record = await gateway.record(transfers[0]?.local_port);
	assert.equal(record.inspection, "inspected");
	assert.ok(record.octetsToClient > large.length);
});

test("a file of 64 MiB arrives whole over HTTP/2", async (t) => {
	if (!(await isReady(t))) return;
	const { transfers, bodies, output } = await curl(t, "http2", ["large.bin"], ["--http2"]);
	assert.equal(transfers[0]?.http_version, "2", output);
	assert.equal(digest(bodies[0]), digest(large));
	const record = await gateway.record(transfers[0]?.local_port);
	assert.deepEqual([record.clientLeg?.alpn, record.inspection], ["h2", "inspected"]);
});

test("a range comes with 206, two of them as parts, one behind the end with 416", async (t) => {
	if (!(await isReady(t))) return;
	const one = await curl(t, "plain", ["small.bin"], ["--range", "1000-1999"]);
	assert.equal(one.transfers[0]?.http_code, 206, one.output);
	assert.deepEqual(one.bodies[0], small.subarray(1000, 2000));
	const last = await curl(t, "plain", ["small.bin"], ["--range", "-10"]);
	assert.deepEqual(last.bodies[0], small.subarray(-10));
	const two = await curl(t, "plain", ["small.bin"], ["--range", "0-99,5000-5099"]);
	assert.equal(two.transfers[0]?.http_code, 206);
	for (const part of [small.subarray(0, 100), small.subarray(5000, 5100)]) assert.ok(two.bodies[0]?.includes(part));
	const behind = await curl(t, "plain", ["small.bin"], ["--range", "200000-"]);
	assert.equal(behind.transfers[0]?.http_code, 416);
});

test("a page that nginx compresses on the way is searched, and blocked", async (t) => {
	if (!(await isReady(t))) return;
	const { transfers, bodies, output } = await curl(t, "plain", ["eicar.html"], ["--compressed"]);
	assert.equal(transfers[0]?.http_code, 403, output);
	assert.ok(!bodies[0]?.includes(eicar));
	const record = await gateway.record(transfers[0]?.local_port);
	assert.deepEqual(
		record.findings.map(({ name, where, verdict }) => [name, where, verdict]),
		[["eicar", "response-body", "block"]],
	);
});

for (const version of ["1.2", "1.3"]) {
	test(`the second connection in TLS ${version} resumes the session that nginx gave to the first`, async (t) => {
		if (!(await isReady(t))) return;
		const resumed: (boolean | undefined)[] = [];
		for (let count = 0; count < 2; count++) {
			const { transfers, output } = await curl(t, "plain", ["page.html"], ["--tls-max", version]);
			assert.equal(transfers[0]?.http_code, 200, output);
			const record = await gateway.record(transfers[0]?.local_port);
			assert.equal(record.serverLeg?.version, `TLSv${version}`);
			resumed.push(record.serverLeg?.isResumed);
		}
		assert.equal(resumed[1], true);
	});

	test(`M18: nginx that would take a client certificate in TLS ${version} is let be, and serves without one`, async (t) => {
		if (!(await isReady(t))) return;
		const { transfers, bodies, output } = await curl(t, "optional", ["page.html"], ["--tls-max", version]);
		assert.equal(transfers[0]?.http_code, 200, output);
		assert.equal(bodies[0]?.toString(), files["page.html"]);
	});

	test(`M18: nginx that demands a client certificate in TLS ${version} is let be, and says so to the client`, async (t) => {
		if (!(await isReady(t))) return;
		const { transfers, bodies, output } = await curl(t, "required", ["page.html"], ["--tls-max", version]);
		assert.equal(transfers[0]?.http_code, 400, output);
		assert.match(bodies[0]?.toString() ?? "", /No required SSL certificate was sent/);
	});
}

/** False when a program is missing; starts nginx once otherwise. */
async function isReady(t: TestContext): Promise<boolean> {
	if (!requirePeers(t, ["nginx", "curl"])) return false;
	nginx ??= startNginx();
	await nginx;
	return true;
}

async function startNginx(): Promise<void> {
	const configuration = join(folder, "nginx.conf");
	writeFileSync(configuration, nginxConfiguration());
	const program = new Program(spawn(peerPath("nginx"), ["-e", "stderr", "-p", folder, "-c", configuration]));
	running = program;
	await eventually(async () => {
		if (program.isOver) throw new Error(`nginx ended: ${program.output}`);
		return await new Promise<boolean>((resolve) => {
			const socket = connect(ports.required, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
			socket.on("connect", () => socket.destroy());
		});
	}, "nginx");
}

function nginxConfiguration(): string {
	const site = (port: number, statements = "", flags = "") =>
		`server { listen 127.0.0.1:${port} ssl ${flags}; root ${join(folder, "www")}; ${statements} }`;
	const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
		(name) => `${name}_temp_path ${join(folder, name)};`,
	);
	return `
		daemon off;
		master_process off;
		pid ${join(folder, "nginx.pid")};
		events { worker_connections 64; }
		http {
			access_log off;
			${temporary.join("\n")}
			types { text/html html; application/octet-stream bin; }
			gzip on;
			gzip_min_length 100;
			ssl_certificate ${join(folder, "chain.pem")};
			ssl_certificate_key ${join(folder, "key.pem")};
			ssl_protocols TLSv1.2 TLSv1.3;
			ssl_session_cache shared:all:1m;
			ssl_client_certificate ${join(folder, "clients.pem")};
			${site(ports.plain)}
			${site(ports.http2, "", "http2")}
			${site(ports.optional, "ssl_verify_client optional;")}
			${site(ports.required, "ssl_verify_client on;")}
		}
	`;
}

/** Fetches files of one site with curl through the gateway. */
async function curl(
	t: TestContext,
	site: keyof typeof ports,
	names: readonly string[],
	options: readonly string[] = [],
) {
	const own = mkdtempSync(join(folder, "run-"));
	const outputs = names.map((_, index) => join(own, `${index}`));
	const { status, output } = await run(t, peerPath("curl"), [
		...["--disable", "--silent", "--show-error", "--write-out", "\n@%{json}\n", "--noproxy", ""],
		...["--proxy", `http://127.0.0.1:${gateway.ports.ipv4}`, "--cacert", roots, ...options],
		...names.flatMap((name, index) => ["--output", outputs[index] ?? "", `https://app.test:${ports[site]}/${name}`]),
	]);
	const transfers = output
		.split("\n")
		.filter((line) => line.startsWith("@{"))
		.map(
			(line) =>
				JSON.parse(line.slice(1)) as Record<"http_code" | "local_port" | "num_connects", number> & {
					http_version: string;
				},
		);
	return { status, output, transfers, bodies: status === 0 ? outputs.map((file) => readFileSync(file)) : [] };
}

function digest(octets: Uint8Array | undefined): string {
	return createHash("sha256")
		.update(octets ?? "")
		.digest("hex");
}
