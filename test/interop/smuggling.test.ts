/**
 * Request smuggling: the gateway in front of nginx, HAProxy and Apache. Whatever is sent, the requests that the gateway
 * saw and passed on are those that the origin saw, and the hidden one is not among them (F15).
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { eventually, freePort, startGateway } from "../support/gateway.ts";
import { TestCa } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { fetchOnce, openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const folder = mkdtempSync(join(tmpdir(), "sallyport-smuggling-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const identity = ca.identity(["app.test"]);
const chain = join(folder, "chain.pem");
const key = join(folder, "key.pem");
writeFileSync(chain, identity.cert);
writeFileSync(key, identity.key);
writeFileSync(join(folder, "both.pem"), identity.cert + identity.key);
const gateway = await startGateway(owner, { trust: ca.root.pem, mappings: { "app.test": "inet 127.0.0.1;" } });

/** What lies where one reader sees a body and another the next request. */
const hidden = "GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n";
const chunked = `1\r\nx\r\n0\r\n\r\n${hidden}`;

/** Heads behind `POST /seen HTTP/1.1` and `Host`, and what follows; `\n` stands for CR LF, `{LF}` and `{CR}` for one alone. */
const attacks: readonly [name: string, head: string, rest: string][] = [
	["CL.TE", `Content-Length: ${6 + hidden.length}\nTransfer-Encoding: chunked`, `0\r\n\r\n${hidden}`],
	["TE.CL", "Content-Length: 4\nTransfer-Encoding: chunked", `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`],
	["CL.CL", `Content-Length: 0\nContent-Length: ${hidden.length}`, hidden],
	["CL list", `Content-Length: 0, ${hidden.length}`, hidden],
	["CL with a sign", `Content-Length: +${hidden.length}`, hidden],
	["CL in hexadecimal", "Content-Length: 0x0", hidden],
	["CL with a space inside", "Content-Length: 0 0", hidden],
	["TE.TE with another coding", "Transfer-Encoding: chunked\nTransfer-Encoding: identity", chunked],
	["TE.TE the other way", "Transfer-Encoding: identity\nTransfer-Encoding: chunked", chunked],
	["TE that is only like chunked", "Content-Length: 0\nTransfer-Encoding: xchunked", hidden],
	["TE in quotes", 'Content-Length: 0\nTransfer-Encoding: "chunked"', hidden],
	["TE with a tab", "Content-Length: 0\nTransfer-Encoding:\tchunked", hidden],
	["TE with a vertical tab", "Content-Length: 0\nTransfer-Encoding: \vchunked", hidden],
	["TE with a space before the colon", "Content-Length: 0\nTransfer-Encoding : chunked", hidden],
	["TE behind a folded line", "Content-Length: 0\nX-A: b\n Transfer-Encoding: chunked", hidden],
	["TE folded", "Content-Length: 0\nTransfer-Encoding:\n chunked", hidden],
	["TE behind a bare LF", "Content-Length: 0\nX-A: b{LF}Transfer-Encoding: chunked", hidden],
	["TE behind a bare CR", "Content-Length: 0\nX-A: b{CR}Transfer-Encoding: chunked", hidden],
	["TE with NUL", "Content-Length: 0\nTransfer-Encoding: chunked\0", hidden],
	["TE in a name with a NUL", "Content-Length: 0\nTransfer\0-Encoding: chunked", hidden],
	["TE chunked twice", "Transfer-Encoding: chunked, chunked", chunked],
	["a line without a colon", "Content-Length: 0\nTransfer-Encoding chunked", hidden],
	["an empty name", "Content-Length: 0\n: chunked", hidden],
	["underscores for hyphens", "Content_Length: 5\nContent-Length: 0", hidden.slice(0, 0)],
	["a head that ends with LF LF", "Content-Length: 0{LF}{LF}GET /smuggled HTTP/1.1\nHost: app.test", ""],
	["a chunk size behind which LF stands alone", "Transfer-Encoding: chunked", `1\nx\r\n0\r\n\r\n${hidden}`],
	["a chunk size with a sign", "Transfer-Encoding: chunked", `+1\r\nx\r\n0\r\n\r\n${hidden}`],
	["a chunk size with 0x", "Transfer-Encoding: chunked", `0x1\r\nx\r\n0\r\n\r\n${hidden}`],
	["a chunk size beyond 64 bits", "Transfer-Encoding: chunked", `10000000000000001\r\nx\r\n0\r\n\r\n${hidden}`],
	["a chunk extension with a bare LF", "Transfer-Encoding: chunked", `1;a\n${hidden}`],
	["a chunk extension with a bare CR", "Transfer-Encoding: chunked", `1;a\rb\r\nx\r\n0\r\n\r\n${hidden}`],
	["chunk data that is too long", "Transfer-Encoding: chunked", `1\r\nxx\r\n0\r\n\r\n${hidden}`],
	["a trailer section that hides a request", "Transfer-Encoding: chunked", `0\r\nX: y\n\r\n${hidden}`],
	["Host twice", "Host: other.test\nContent-Length: 0", ""],
	[
		"upgrade to HTTP/2",
		"Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAAQAAP__\nContent-Length: 0",
		"",
	],
];

interface Server {
	readonly port: number;
	/** Targets of the requests that it answered, in order. */
	seen(): string[];
}

const servers: readonly [command: string, start: () => Promise<Server>][] = [
	["nginx", startNginx],
	["haproxy", startHaproxy],
	["apache2", startApache],
];

for (const [command, start] of servers) {
	test(`F15: no request is seen by ${command} that the gateway did not see`, async (t) => {
		if (!requirePeers(t, [command])) return;
		const server = await start();
		for (const [index, [name, head, rest]] of attacks.entries()) {
			await t.test(name, async () => {
				const before = server.seen().length;
				const client = await openTls(gateway, `app.test:${server.port}`);
				const lines = `POST /seen-${index} HTTP/1.1\nHost: app.test\n${head}\n\n`.replaceAll("\n", "\r\n");
				client.send(lines.replaceAll("{LF}", "\n").replaceAll("{CR}", "\r") + rest);
				await client.receives("\r\n\r\n").catch(() => client);
				client.socket.destroy();
				const record = await gateway.record(client.localPort);
				const sentinel = `/sentinel-${index}`;
				await fetchOnce(gateway, `app.test:${server.port}`, { path: sentinel });
				await eventually(() => server.seen().includes(sentinel), `${sentinel} in the log of ${command}`);
				const seen = server
					.seen()
					.slice(before)
					.filter((target) => target !== sentinel);
				const isBlocked = record.findings.some(({ verdict }) => verdict === "block");
				const wasRefused = record.faultCode !== undefined || isBlocked;
				const one = [`/seen-${index}`];
				const allowed = wasRefused || record.requests === 0 ? [[], one] : [one, [...one, "/smuggled"]];
				assert.ok(
					allowed.some((list) => list.join() === seen.join()),
					`the gateway ${wasRefused ? `refused: ${record.endedBecause}` : "passed it"}; the origin saw ${seen.join() || "nothing"}`,
				);
				// What follows a whole request in the open is a request, and both saw it.
				if (seen.includes("/smuggled")) assert.equal(record.requests, 2, name);
			});
		}
	});
}

test("F15: the same body in the open is two requests, to the gateway and to the origin", async (t) => {
	if (!requirePeers(t, ["nginx"])) return;
	const server = await startNginx();
	const client = await openTls(gateway, `app.test:${server.port}`);
	client.send(`POST /first HTTP/1.1\r\nHost: app.test\r\nContent-Length: 0\r\n\r\n${hidden}`);
	await eventually(() => server.seen().length === 2, "both requests");
	client.socket.destroy();
	// The port of one of the many connections before may be used again.
	const isThis = (record: SessionRecord) => record.client.port === client.localPort && record.requests === 2;
	await eventually(() => gateway.records().find(isThis), "the record of both requests");
	assert.deepEqual(server.seen(), ["/first", "/smuggled"]);
});

async function startNginx(): Promise<Server> {
	const [own, port] = await place("nginx");
	writeFileSync(
		join(own, "nginx.conf"),
		`daemon off; master_process off; pid ${own}/pid; events {}
http { log_format target '$request_uri'; access_log ${own}/access.log target;
	client_body_temp_path ${own}/body; proxy_temp_path ${own}/proxy; fastcgi_temp_path ${own}/fastcgi;
	uwsgi_temp_path ${own}/uwsgi; scgi_temp_path ${own}/scgi;
	server { listen 127.0.0.1:${port} ssl; ssl_certificate ${chain}; ssl_certificate_key ${key};
		location / { return 200 "ok"; } } }`,
	);
	return await run("nginx", ["-c", join(own, "nginx.conf"), "-e", join(own, "error.log")], port, own);
}

async function startHaproxy(): Promise<Server> {
	const [own, port] = await place("haproxy");
	writeFileSync(
		join(own, "haproxy.cfg"),
		`global
	log stdout format raw local0
defaults
	mode http
	timeout client 10s
	timeout connect 10s
	timeout server 10s
	log global
	log-format "%HPO"
frontend site
	bind 127.0.0.1:${port} ssl crt ${join(folder, "both.pem")} alpn http/1.1
	http-request return status 200 content-type text/plain string ok
`,
	);
	return await run("haproxy", ["-db", "-f", join(own, "haproxy.cfg")], port, own);
}

async function startApache(): Promise<Server> {
	const [own, port] = await place("apache");
	const modules = "/usr/lib/apache2/modules";
	writeFileSync(join(own, "ok"), "ok");
	writeFileSync(
		join(own, "apache.conf"),
		`ServerRoot ${own}
ServerName app.test
PidFile ${own}/pid
DefaultRuntimeDir ${own}
ErrorLog ${own}/error.log
LoadModule mpm_event_module ${modules}/mod_mpm_event.so
LoadModule authz_core_module ${modules}/mod_authz_core.so
LoadModule alias_module ${modules}/mod_alias.so
LoadModule ssl_module ${modules}/mod_ssl.so
Listen 127.0.0.1:${port}
LogFormat "%U" target
CustomLog ${own}/access.log target
SSLEngine on
SSLCertificateFile ${chain}
SSLCertificateKeyFile ${key}
DocumentRoot ${own}
AliasMatch "^/.*$" ${own}/ok
<Directory ${own}>
	Require all granted
</Directory>
`,
	);
	return await run("apache2", ["-X", "-f", join(own, "apache.conf")], port, own);
}

async function place(name: string): Promise<[string, number]> {
	const own = mkdtempSync(join(folder, `${name}-`));
	mkdirSync(join(own, "logs"));
	return [own, await freePort()];
}

/** Starts a server that writes the target of each request into `access.log` or to its output. */
async function run(command: string, args: readonly string[], port: number, own: string): Promise<Server> {
	const output = openSync(join(own, "output.log"), "a");
	const child = spawn(peerPath(command), args, { stdio: ["ignore", output, output] });
	closeSync(output);
	after(() => child.kill("SIGKILL"));
	const text = (name: string) => (existsSync(join(own, name)) ? readFileSync(join(own, name), "latin1") : "");
	await eventually(() => isListening(port), `${command} at port ${port}: ${text("output.log")}`);
	const log = command === "haproxy" ? "output.log" : "access.log";
	return {
		port,
		seen: () =>
			text(log)
				.split("\n")
				.filter((line) => line.startsWith("/")),
	};
}

function isListening(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(port, "127.0.0.1");
		socket.once("connect", () => resolve(true));
		socket.once("error", () => resolve(false));
		socket.once("connect", () => socket.destroy());
	});
}
