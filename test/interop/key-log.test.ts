/** Captures of `openssl s_client` over loopback, opened by the key log that it wrote. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { CaptureInspection } from "#capture/inspect-capture.ts";
import { tcpFrames } from "../support/captures.ts";
import { makeCertificate } from "../support/make-certificate.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { engineOf } from "../support/signature-traffic.ts";
import {
	answerRequests,
	keyLogOf,
	type RecordedSegment,
	recordBetween,
	requestOf,
	type TlsRecording,
} from "../support/tls-recording.ts";

const rules = [
	'alert http any any -> any any (msg:"uri"; http.uri; content:"/evil"; sid:1;)',
	'alert http any any -> any any (msg:"body"; flow:to_client; file.data; content:"malware"; sid:2;)',
];
const body = `${"x".repeat(40_000)}some malware`;
const twice = ["1 GET /evil?1", "2 GET /evil?1", "1 GET /evil?2", "2 GET /evil?2"];

for (const version of ["-tls1_2", "-tls1_3"])
	test(`R24: the key log of s_client ${version} opens its connection, and without it nothing is seen`, async (t) => {
		if (!requirePeers(t, ["openssl"])) return;
		const recording = await recordClient(t, [version]);
		assert.deepEqual(inspect(recording, false), { alerts: [], decrypted: 0, reasons: [] });
		assert.deepEqual(inspect(recording, true), { alerts: twice, decrypted: 1, reasons: [] });
	});

test("keys that s_client renews by KeyUpdate on both sides are followed", async (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const recording = await recordClient(t, ["-tls1_3"], "K\n");
	assert.deepEqual(inspect(recording, true), { alerts: twice, decrypted: 1, reasons: [] });
});

function inspect({ segments, keyLog }: TlsRecording, hasKeyLog: boolean) {
	const alerts: string[] = [];
	const inspection = new CaptureInspection(
		engineOf(rules),
		({ signature, request }) => alerts.push(`${signature.sid} ${request?.method} ${request?.target}`),
		hasKeyLog ? keyLogOf(keyLog) : undefined,
	);
	for (const [at, octets] of tcpFrames(segments, 443).entries())
		inspection.packet({ at, linkType: 1, octets, number: at + 1 });
	inspection.end();
	const { decrypted, notDecrypted } = inspection.figures;
	return { alerts, decrypted, reasons: [...notDecrypted.keys()] };
}

/** Two requests of s_client; between them the command, such as that for a KeyUpdate. */
async function recordClient(t: TestContext, args: readonly string[], command?: string): Promise<TlsRecording> {
	const folder = mkdtempSync(join(tmpdir(), "key-log-"));
	t.after(() => rmSync(folder, { recursive: true }));
	const file = join(folder, "keys");
	const segments: RecordedSegment[] = [];
	const port = await recordedServer(t, segments);
	const client = spawn(peerPath("openssl"), [
		"s_client",
		"-connect",
		`127.0.0.1:${port}`,
		"-keylogfile",
		file,
		...args,
	]);
	t.after(() => client.kill());
	const closed = once(client, "close");
	let output = "";
	for (const stream of [client.stdout, client.stderr])
		stream.on("data", (chunk) => {
			output += chunk;
			client.emit("said");
		});
	const said = async (text: string) => {
		while (!output.includes(text)) await once(client, "said");
		output = "";
	};
	await said("Verify return code");
	client.stdin.write(requestOf("/evil?1"));
	await said("some malware");
	if (command !== undefined) {
		client.stdin.write(command);
		await said("KEYUPDATE");
	}
	client.stdin.write(requestOf("/evil?2"));
	await said("some malware");
	client.stdin.end("Q\n");
	await closed;
	return { segments, keyLog: readFileSync(file, "latin1") };
}

/** The port before a server, at which everything is written down. */
async function recordedServer(t: TestContext, segments: RecordedSegment[]): Promise<number> {
	const { pem, keyPem } = makeCertificate({ key: "rsa2048" });
	const server = createTlsServer({ cert: pem, key: keyPem }, (socket) => answerRequests(socket, body));
	const origin = await listening(t, server);
	const between = createServer((client) => recordBetween(client, connect(origin, "127.0.0.1"), segments));
	return listening(t, between);
}

async function listening(t: TestContext, server: Server): Promise<number> {
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.after(() => server.close());
	return (server.address() as AddressInfo).port;
}
