/** Captures of curl and nghttp that speak HTTP/2 with a server over loopback, opened by key logs. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createSecureServer } from "node:http2";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { CaptureInspection } from "#capture/inspect-capture.ts";
import { tcpFrames } from "../support/captures.ts";
import { makeCertificate } from "../support/make-certificate.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { engineOf } from "../support/signature-traffic.ts";
import { keyLogOf, type RecordedSegment, recordBetween } from "../support/tls-recording.ts";

const rules = [
	'alert http any any -> any any (msg:"uri"; flow:to_server; http.uri; content:"/evil"; sid:1;)',
	'alert http any any -> any any (msg:"answer"; flow:to_client; file.data; content:"malware"; sid:2;)',
	'alert http any any -> any any (msg:"host"; http.host; content:"shop.example"; http.user_agent; content:"curious"; sid:3;)',
	'alert http any any -> any any (msg:"upload"; flow:to_server; http.method; content:"POST"; http.request_body; content:"<?php"; sid:4;)',
	'alert http any any -> any any (msg:"status"; flow:to_client; http.stat_code; content:"404"; sid:5;)',
];
const clients: Readonly<Record<string, (port: number, upload: string) => readonly string[][]>> = {
	curl: (port, upload) => {
		const named = ["-k", "-s", "--http2", "-A", "curious", "--resolve", `shop.example:${port}:127.0.0.1`];
		const url = (path: string) => `https://shop.example:${port}${path}`;
		return [
			[...named, "-o", "/dev/null", url("/evil?1"), "-o", "/dev/null", url("/none")],
			[...named, "-o", "/dev/null", "--data-binary", `@${upload}`, url("/upload")],
		];
	},
	nghttp: (port, upload) => {
		const named = ["-n", "-H", `:authority: shop.example:${port}`, "-H", "user-agent: curious"];
		const url = (path: string) => `https://127.0.0.1:${port}${path}`;
		// Both requests of the first are under way at once.
		return [
			[...named, url("/evil?1"), url("/none")],
			[...named, "-H", ":method: POST", "-d", upload, url("/upload")],
		];
	},
};

for (const [program, commands] of Object.entries(clients))
	test(`what ${program} says in HTTP/2 is found in buffers of HTTP, bodies decoded; without the key log nothing is`, async (t) => {
		if (!requirePeers(t, [program])) return;
		const folder = mkdtempSync(join(tmpdir(), "key-log-"));
		t.after(() => rmSync(folder, { recursive: true }));
		const upload = join(folder, "upload");
		writeFileSync(upload, `${"x".repeat(100_000)}<?php`);
		const keys = join(folder, "keys");
		const recordings: RecordedSegment[][] = [];
		const ofServer: string[] = [];
		const port = await recordedServer(t, recordings, ofServer);
		for (const args of commands(port, upload)) {
			const client = spawn(peerPath(program), args, { env: { ...process.env, SSLKEYLOGFILE: keys }, stdio: "ignore" });
			t.after(() => client.kill());
			const [status] = await once(client, "close");
			assert.equal(status, 0);
		}
		// nghttp writes no secrets down: those of the server are the same.
		const keyLog = existsSync(keys) ? readFileSync(keys, "latin1") : ofServer.join("");
		assert.equal(existsSync(keys), program === "curl");
		const [first, second] = recordings as [RecordedSegment[], RecordedSegment[]];
		assert.deepEqual(inspect(first, undefined), { alerts: [], decrypted: 0 });
		assert.deepEqual(inspect(first, keyLog), {
			alerts: ["1 GET /evil?1", "2 GET /evil?1", "3 GET /evil?1", "3 GET /none", "5 GET /none"],
			decrypted: 1,
		});
		assert.deepEqual(inspect(second, keyLog), { alerts: ["3 POST /upload", "4 POST /upload"], decrypted: 1 });
	});

function inspect(segments: readonly RecordedSegment[], keyLog: string | undefined) {
	const alerts: string[] = [];
	const inspection = new CaptureInspection(
		engineOf(rules),
		({ signature, request }) => alerts.push(`${signature.sid} ${request?.method} ${request?.target}`),
		keyLog === undefined ? undefined : keyLogOf(keyLog),
	);
	for (const [at, octets] of tcpFrames(segments.flatMap(packetsOf), 443).entries())
		inspection.packet({ at, linkType: 1, octets, number: at + 1 });
	inspection.end();
	const { decrypted, notDecrypted } = inspection.figures;
	assert.deepEqual([...notDecrypted.keys()], []);
	return { alerts: alerts.sort(), decrypted };
}

function packetsOf({ fromClient, payload }: RecordedSegment): RecordedSegment[] {
	const count = Math.ceil(payload.length / 1_400);
	return Array.from({ length: count }, (_, at) => ({
		fromClient,
		payload: payload.subarray(at * 1_400, (at + 1) * 1_400),
	}));
}

/** The port before a server of HTTP/2, at which each connection is written down. */
async function recordedServer(t: TestContext, recordings: RecordedSegment[][], keys: string[]): Promise<number> {
	const { pem, keyPem } = makeCertificate({ key: "rsa2048" });
	const server = createSecureServer({ cert: pem, key: keyPem }, (request, response) => {
		request.resume();
		request.on("end", () => {
			if (request.url === "/none") return response.writeHead(404).end("nothing");
			response.setHeader("content-encoding", "gzip");
			return response.end(gzipSync(request.url === "/upload" ? "taken" : `${"x".repeat(70_000)} malware`));
		});
	});
	server.on("keylog", (line) => keys.push(String(line)));
	const origin = await listening(t, server);
	const between = createServer((client) => {
		const segments: RecordedSegment[] = [];
		recordings.push(segments);
		recordBetween(client, connect(origin, "127.0.0.1"), segments);
	});
	return listening(t, between);
}

async function listening(t: TestContext, server: Server): Promise<number> {
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => server.close());
	return (server.address() as AddressInfo).port;
}
