/**
 * Captures the first flight of real TLS clients into `client-hellos.json`, with the version of each program.
 * Run it with the pinned Node: `node test/captures/client-hello/capture.ts [name-prefix]`; it uses loopback alone.
 * Without a prefix every client is captured anew; with one only those whose name begins with it.
 */

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Capture {
	readonly name: string;
	readonly program: string;
	readonly command: string;
	readonly octets: string;
}

interface Client {
	readonly name: string;
	readonly version: readonly string[];
	readonly command: readonly string[];
	/** How many connections to keep: Chromium permutes its extensions for each. */
	readonly hellos: number;
}

const profile = mkdtempSync(join(tmpdir(), "capture-"));
const chromium = [
	"chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking",
	`--disable-component-update --disable-sync --user-data-dir=${profile}/chromium`,
	"--host-resolver-rules=MAP~*~127.0.0.1",
]
	.join(" ")
	.split(" ")
	.map((word) => word.replaceAll("~", " "));
const firefox = process.env["FIREFOX"] ?? "firefox-esr";
const host = "www.example.org";

/** A first session with a server of its own, then a connection that resumes it with early data. */
const resumption = [
	`cd ${profile}`,
	"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -subj /CN=test",
	"(sleep 4 | openssl s_server -accept 127.0.0.1:8447 -cert cert.pem -key key.pem -early_data -naccept 1 &)",
	"sleep 1",
	`(sleep 1; echo Q) | openssl s_client -connect 127.0.0.1:8447 -servername ${host} -sess_out session.pem`,
	"printf 'GET / HTTP/1.0\\r\\n\\r\\n' > early",
	`openssl s_client -connect 127.0.0.1:PORT -servername ${host} -sess_in session.pem -early_data early`,
].join("; ");

/** PORT stands for the port of the listener. */
const clients: readonly Client[] = [
	{
		name: "node",
		version: [process.execPath, "-p", "'Node ' + process.version + ', OpenSSL ' + process.versions.openssl"],
		command: [
			process.execPath,
			"-e",
			`require('tls').connect({ host: '127.0.0.1', port: PORT, servername: '${host}', ALPNProtocols: ['h2', 'http/1.1'] }).on('error', () => {})`,
		],
		hellos: 1,
	},
	{
		name: "node-fetch",
		version: [process.execPath, "-p", "'Node ' + process.version + ', OpenSSL ' + process.versions.openssl"],
		command: [process.execPath, "-e", "fetch('https://localhost:PORT/').catch(() => {})"],
		hellos: 1,
	},
	{
		name: "curl",
		version: ["curl", "--version"],
		command: ["curl", "-s", "--resolve", `${host}:PORT:127.0.0.1`, `https://${host}:PORT/`],
		hellos: 1,
	},
	{
		name: "curl-address",
		version: ["curl", "--version"],
		command: ["curl", "-s", "https://127.0.0.1:PORT/"],
		hellos: 1,
	},
	{
		name: "openssl-tls12",
		version: ["openssl", "version"],
		command: ["openssl", "s_client", "-connect", "127.0.0.1:PORT", "-servername", host, "-tls1_2"],
		hellos: 1,
	},
	{
		name: "openssl-tls13",
		version: ["openssl", "version"],
		command: ["openssl", "s_client", "-connect", "127.0.0.1:PORT", "-servername", host, "-tls1_3"],
		hellos: 1,
	},
	{
		name: "openssl-tls10-noservername",
		version: ["openssl", "version"],
		command: ["openssl", "s_client", "-connect", "127.0.0.1:PORT", "-noservername", "-tls1", "-cipher", "ALL:@SECLEVEL=0"],
		hellos: 1,
	},
	{
		name: "openssl-early-data",
		version: ["openssl", "version"],
		command: ["sh", "-c", resumption],
		hellos: 1,
	},
	{
		name: "gnutls",
		version: ["gnutls-cli", "--version"],
		command: ["gnutls-cli", "--insecure", "--sni-hostname", host, "--alpn", "h2", "-p", "PORT", "127.0.0.1"],
		hellos: 1,
	},
	{
		name: "chromium",
		version: ["chromium", "--version"],
		command: [...chromium, "--dump-dom", `https://${host}:PORT/`],
		hellos: 4,
	},
	{
		name: "firefox",
		version: [firefox, "--version"],
		command: [firefox, "--headless", "--no-remote", "--profile", profile, "https://localhost:PORT/"],
		hellos: 1,
	},
];

const file = join(import.meta.dirname, "client-hellos.json");
const prefix = process.argv[2] ?? "";
const kept = prefix === "" ? [] : (JSON.parse(readFileSync(file, "utf8")) as Capture[]);
const captures = kept.filter((capture) => !capture.name.startsWith(prefix));
for (const client of clients.filter((client) => client.name.startsWith(prefix))) {
	const hellos = await capture(client);
	const program = execFileSync(client.version[0] as string, client.version.slice(1), { encoding: "utf8" });
	for (const [index, octets] of hellos.entries()) {
		const name = client.hellos === 1 ? client.name : `${client.name}-${index + 1}`;
		const command = client.command.map((word) => word.replace(process.execPath, "node").replaceAll(profile, "/tmp/empty"));
		captures.push({ name, program: program.split("\n")[0] as string, command: command.join(" "), octets });
		console.log(`${name}: ${octets.length / 2} octets`);
	}
}
captures.sort((a, b) => (a.name < b.name ? -1 : 1));
writeFileSync(file, `${JSON.stringify(captures, null, "\t")}\n`);
rmSync(profile, { recursive: true, force: true });

/** Runs the client until it has opened as many connections as are wanted, and keeps the first flight of each. */
async function capture(client: Client): Promise<string[]> {
	const hellos: string[] = [];
	const { promise, resolve } = Promise.withResolvers<void>();
	const server = createServer((socket) => {
		const parts: Buffer[] = [];
		socket.on("error", () => {});
		socket.on("data", (chunk: Buffer) => {
			parts.push(chunk);
			setTimeout(() => {
				if (hellos.length < client.hellos && parts.length > 0) hellos.push(Buffer.concat(parts.splice(0)).toString("hex"));
				socket.destroy();
				if (hellos.length === client.hellos) resolve();
			}, 300).unref();
		});
	});
	server.listen(0, "127.0.0.1");
	await new Promise((listening) => server.once("listening", listening));
	const port = String((server.address() as AddressInfo).port);
	const words = client.command.map((word) => word.replaceAll("PORT", port));
	const child = spawn(words[0] as string, words.slice(1), { stdio: ["ignore", "ignore", "ignore"] });
	const timer = setTimeout(resolve, 30_000);
	await promise;
	clearTimeout(timer);
	child.kill();
	server.close();
	if (hellos.length < client.hellos) throw new Error(`${client.name}: ${hellos.length} of ${client.hellos} hellos`);
	return hellos;
}
