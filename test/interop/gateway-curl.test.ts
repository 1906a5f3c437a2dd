/** curl as the client of the gateway: both versions of HTTP and of TLS, uploads, downloads, blocks, refusals. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { eventually, startGateway } from "../support/gateway.ts";
import { http2Origin, httpsOrigin, TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

/** What `--write-out %{json}` says of one transfer; the fields used here. */
interface Transfer {
	readonly http_code: number;
	readonly http_version: string;
	readonly local_port: number;
	readonly num_connects: number;
	readonly size_upload: number;
	readonly errormsg: string | null;
}

/** A curl that ran: its exit status, what it wrote besides the bodies, its transfers and their bodies. */
interface Curled {
	readonly status: number | null;
	readonly output: string;
	readonly transfers: readonly Transfer[];
	readonly bodies: readonly Buffer[];
}

const day = 86_400_000;
const eicar = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].join("");
const large = randomBytes(3_000_000);
const owner = { after };
const ca = new TestCa();
const folder = mkdtempSync(join(tmpdir(), "sallyport-curl-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const uploadFile = join(folder, "upload");
writeFileSync(uploadFile, large);
// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";

const identity = ca.identity(["app.test", "::1"]);
const modern = await http2Origin(owner, identity, (server) => {
	server.on("request", (_, response) => response.end("origin"));
});
const plain = await httpsOrigin(owner, identity, answer);
const expired = await httpsOrigin(
	owner,
	ca.identity(["app.test"], { notBefore: Date.now() - 40 * day, notAfter: Date.now() - 10 * day }),
	answer,
);
const picky = await httpsOrigin(owner, identity, answer);
for (const server of picky.servers) {
	server.on("checkContinue", (_: IncomingMessage, response: ServerResponse) => {
		response.writeHead(417, { connection: "close" }).end("no");
	});
}
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["app.test"],
	listener: "permit-local-targets;",
});

describe("versions", { concurrency: 4 }, () => {
	for (const version of ["1.2", "1.3"]) {
		for (const [protocol, origin, alpn] of [
			["--http2", modern, "h2"],
			["--http2", plain, "http/1.1"],
			["--http1.1", modern, "http/1.1"],
			["--no-alpn", modern, undefined],
		] as const) {
			const kind = origin === modern ? "that speaks HTTP/2" : "of HTTP/1.1";
			test(`M11: curl ${protocol} in TLS ${version} with an origin ${kind} agrees on ${alpn ?? "no protocol"}`, async (t) => {
				if (!requirePeers(t, ["curl"])) return;
				const options = [protocol, "--tlsv1.2", "--tls-max", version];
				const { status, transfers, bodies, output } = await curl(t, options, [`https://app.test:${origin.port}/name`]);
				assert.deepEqual([status, transfers[0]?.http_code], [0, 200], output);
				assert.equal(transfers[0]?.http_version, alpn === "h2" ? "2" : "1.1");
				assert.equal(bodies[0]?.toString(), "origin");
				const record = await gateway.record(transfers[0]?.local_port);
				assert.deepEqual([record.clientLeg?.version, record.serverLeg?.version], [`TLSv${version}`, `TLSv${version}`]);
				assert.deepEqual([record.clientLeg?.alpn, record.serverLeg?.alpn], [alpn, alpn]);
				assert.deepEqual([record.serverTrust, record.faultCode], ["trusted", undefined]);
				assert.equal(record.inspection, "inspected");
			});
		}
	}
});

for (const family of ["ipv4", "ipv6"] as const) {
	test(`curl opens an IPv6 literal over the gateway's ${family} address (R272 beaten)`, async (t) => {
		if (!requirePeers(t, ["curl"])) return;
		const url = `https://[::1]:${plain.port}/name`;
		const { status, transfers, bodies, output } = await curl(t, [], [url], family);
		assert.equal(status, 0, output);
		assert.equal(bodies[0]?.toString(), "origin");
		const record = await gateway.record(transfers[0]?.local_port);
		assert.equal(record.server.address, "::1");
		assert.equal(record.sni, undefined);
		assert.equal(record.listener, family === "ipv4" ? "v4" : "v6");
	});
}

describe("uploads", { concurrency: 4 }, () => {
	for (const [says, options] of [
		["of known length", ["--data-binary", `@${uploadFile}`, "--header", "Expect:"]],
		["in chunks", ["--upload-file", uploadFile, "--header", "Transfer-Encoding: chunked"]],
	] as const) {
		test(`an upload ${says} reaches the origin whole`, async (t) => {
			if (!requirePeers(t, ["curl"])) return;
			const url = `https://app.test:${plain.port}/digest`;
			const { transfers, bodies, output } = await curl(t, ["--http1.1", ...options], [url]);
			assert.equal(transfers[0]?.http_code, 200, output);
			assert.equal(bodies[0]?.toString(), digest(large));
		});
	}

	test("an upload with Expect: 100-continue waits for the origin's 100 and then reaches it whole", async (t) => {
		if (!requirePeers(t, ["curl"])) return;
		const options = ["--http1.1", "--verbose", "--expect100-timeout", "60", "--header", "Expect: 100-continue"];
		const url = `https://app.test:${plain.port}/digest`;
		const { bodies, output } = await curl(t, [...options, "--data-binary", `@${uploadFile}`], [url]);
		assert.match(output, /< HTTP\/1\.1 100 Continue/);
		assert.match(output, /< HTTP\/1\.1 200 OK/);
		assert.equal(bodies[0]?.toString(), digest(large));
	});

	test("an upload that the origin declines with 417 is not sent", async (t) => {
		if (!requirePeers(t, ["curl"])) return;
		const options = ["--http1.1", "--expect100-timeout", "60", "--header", "Expect: 100-continue"];
		const url = `https://app.test:${picky.port}/digest`;
		const { transfers } = await curl(t, [...options, "--upload-file", uploadFile], [url]);
		assert.deepEqual([transfers[0]?.http_code, transfers[0]?.size_upload], [417, 0]);
	});
});

describe("downloads", { concurrency: 4 }, () => {
	for (const path of ["/length", "/chunked", "/close", "/gzip"]) {
		test(`a download "${path}" arrives as the origin sent it`, async (t) => {
			if (!requirePeers(t, ["curl"])) return;
			const url = `https://app.test:${plain.port}${path}`;
			const { status, bodies, output } = await curl(t, ["--http1.1", "--compressed"], [url]);
			assert.equal(status, 0, output);
			assert.equal(bodies[0]?.length, large.length);
			assert.equal(digest(bodies[0] ?? Buffer.alloc(0)), digest(large));
		});
	}

	test("HEAD gives the head of the response without waiting for a body", async (t) => {
		if (!requirePeers(t, ["curl"])) return;
		const url = `https://app.test:${plain.port}/length`;
		const { status, bodies, output } = await curl(t, ["--http1.1", "--head", "--suppress-connect-headers"], [url, url]);
		assert.equal(status, 0, output);
		for (const body of bodies) assert.match(body.toString(), /^HTTP\/1\.1 200 OK\r\n.*content-length: 3000000\r\n/is);
	});

	test("several URLs go over one connection, and are counted in one record", async (t) => {
		if (!requirePeers(t, ["curl"])) return;
		const urls = ["/name", "/length", "/chunked", "/gzip", "/name"].map(
			(path) => `https://app.test:${plain.port}${path}`,
		);
		const { transfers, bodies, output } = await curl(t, ["--http1.1", "--compressed"], urls);
		assert.deepEqual(
			transfers.map(({ num_connects }) => num_connects),
			[1, 0, 0, 0, 0],
			output,
		);
		assert.deepEqual(
			bodies.map(({ length }) => length),
			[6, large.length, large.length, large.length, 6],
		);
		assert.equal((await gateway.record(transfers[0]?.local_port)).requests, 5);
	});
});

for (const path of ["/eicar", "/eicar.gz"]) {
	test(`curl reads the page that stands in place of ${path}`, async (t) => {
		if (!requirePeers(t, ["curl"])) return;
		const url = `https://app.test:${plain.port}${path}`;
		const { status, transfers, bodies, output } = await curl(t, ["--http1.1", "--compressed"], [url]);
		assert.deepEqual([status, transfers[0]?.http_code], [0, 403], output);
		assert.match(bodies[0]?.toString() ?? "", /<html/i);
		assert.ok(!bodies[0]?.includes(eicar));
		const record = await gateway.record(transfers[0]?.local_port);
		assert.deepEqual(
			record.findings.map(({ service, name, where, verdict }) => [service, name, where, verdict]),
			[["pattern", "eicar", "response-body", "block"]],
		);
	});
}

test("M12: curl refuses with status 60 the leaf of an origin that is not trusted", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const { status, transfers, output } = await curl(t, [], [`https://app.test:${expired.port}/name`]);
	assert.equal(status, 60, output);
	assert.match(transfers[0]?.errormsg ?? "", /issuer/);
	const record = await eventually(
		() => gateway.records().find(({ server }) => server.port === expired.port),
		"the record of the refusal",
	);
	assert.equal(record.faultCode, "CLIENT_REFUSED_UNTRUSTED_SERVER");
	assert.match(record.serverTrust ?? "", /expired|ended|valid until/);
});

/** Runs curl through the gateway, trusting its CA. */
async function curl(
	t: TestContext,
	options: readonly string[],
	urls: readonly string[],
	family: "ipv4" | "ipv6" = "ipv4",
): Promise<Curled> {
	const { host, port } = gateway.proxy(family);
	const proxy = family === "ipv4" ? `http://${host}:${port}` : `http://[${host}]:${port}`;
	const own = mkdtempSync(join(folder, "run-"));
	const files = urls.map((_, index) => join(own, `${index}`));
	const { status, output } = await run(t, peerPath("curl"), [
		...["--disable", "--silent", "--show-error", "--max-time", "9", "--write-out", "\n@%{json}\n"],
		...["--proxy", proxy, "--noproxy", "", "--cacert", gateway.caFile, ...options],
		...urls.flatMap((url, index) => ["--output", files[index] ?? "", url]),
	]);
	const lines = output.split("\n").filter((line) => line.startsWith("@{"));
	const transfers = lines.map((line) => JSON.parse(line.slice(1)) as Transfer);
	const bodies = status === 0 ? files.map((file) => readFileSync(file)) : [];
	return { status, output, transfers, bodies };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
	switch (request.url) {
		case "/digest": {
			const hash = createHash("sha256");
			request.on("data", (chunk: Buffer) => hash.update(chunk));
			request.on("end", () => response.end(hash.digest("hex")));
			return;
		}
		case "/length":
			response.setHeader("content-length", large.length);
			response.end(large);
			return;
		case "/chunked":
			for (let at = 0; at < large.length; at += 70_000) response.write(large.subarray(at, at + 70_000));
			response.end();
			return;
		case "/close":
			response.useChunkedEncodingByDefault = false;
			response.setHeader("connection", "close");
			response.write(large);
			response.end();
			return;
		case "/gzip":
			response.setHeader("content-encoding", "gzip");
			response.end(gzipSync(large));
			return;
		case "/eicar":
			response.end(eicar);
			return;
		case "/eicar.gz":
			response.setHeader("content-encoding", "gzip");
			response.end(gzipSync(`before ${eicar} behind`));
			return;
		default:
			response.end("origin");
	}
}

function digest(octets: Uint8Array): string {
	return createHash("sha256").update(octets).digest("hex");
}
