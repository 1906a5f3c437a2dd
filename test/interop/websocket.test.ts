/** WebSockets that are inspected, between real ends: the websockets library of Python on both sides, Chromium, Node's HTTP/2. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";
import { eventually, freePort, Program, startGateway } from "../support/gateway.ts";
import { http2Origin, httpsOrigin, TestCa } from "../support/origins.ts";
import { hasPeers, peerPath, requirePeers } from "../support/peers.ts";
import { openTls } from "../support/proxy-client.ts";
import { run } from "../support/tls-legs.ts";
import { clientKey, frame, message } from "../support/websocket.ts";

const owner = { after };
const library = "/usr/lib/python3/dist-packages/websockets/__init__.py";
// The one whose packages these are: another may come first in PATH.
const python = "/usr/bin/python3";
const peers = [python, library];
const ca = new TestCa();
const identity = ca.identity(["app.test"]);
const eicar = Buffer.from(shippedPatterns.get("eicar") ?? []);
const folder = mkdtempSync(join(tmpdir(), "sallyport-websocket-"));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
for (const [name, text] of [
	["chain.pem", identity.cert],
	["key.pem", identity.key],
	["eicar", eicar],
] as const)
	writeFileSync(join(folder, name), text);

/** Echoes; at /eicar it says what it should not, in fragments. What it was told is counted. */
const serverProgram = `
import asyncio, ssl, sys, websockets
folder, port = sys.argv[1], int(sys.argv[2])
eicar = open(folder + "/eicar").read()
async def serve(socket, path):
    try:
        if path == "/eicar":
            await socket.send("first a harmless one")
            await socket.send(["compressed and ", "in fragments: " + eicar[:20], eicar[20:], " and on"])
        async for message in socket:
            print("got", len(message), flush=True)
            await socket.send(message)
    except websockets.ConnectionClosed:
        pass
    print("closed", flush=True)
async def main():
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder + "/chain.pem", folder + "/key.pem")
    async with websockets.serve(serve, "127.0.0.1", port, ssl=tls, max_size=None):
        print("ready", flush=True)
        await asyncio.Future()
asyncio.run(main())
`;

/** Goes through the proxy; does what its fourth argument says and prints what came. */
const clientProgram = `
import asyncio, socket, ssl, sys, websockets
folder, proxy, port, what, authority = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
eicar = open(folder + "/eicar").read()
async def main():
    tcp = socket.create_connection(("127.0.0.1", proxy))
    tcp.sendall(f"CONNECT app.test:{port} HTTP/1.1\\r\\nHost: app.test:{port}\\r\\n\\r\\n".encode())
    answer = b""
    while b"\\r\\n\\r\\n" not in answer: answer += tcp.recv(1)
    tls = ssl.create_default_context(cafile=authority)
    path = "/eicar" if what == "download" else "/"
    async with websockets.connect(f"wss://app.test:{port}{path}", sock=tcp, ssl=tls, server_hostname="app.test", max_size=None) as ws:
        print("extensions", ws.response_headers.get("Sec-WebSocket-Extensions"))
        try:
            if what == "upload": await ws.send(["to the server: ", eicar[:30], eicar[30:]])
            if what == "echo":
                for message in ["a", "again and again " * 2000, b"\\x00\\xff" * 200000, ""]:
                    await ws.send(message)
                    print("same", await ws.recv() == message)
                parts = ["in ", "three ", "parts"]
                await ws.send(parts)
                print("same", await ws.recv() == "".join(parts))
                await (await ws.ping())
                print("pong")
            else:
                async for message in ws: print("got", message)
        except websockets.ConnectionClosed as closed:
            print("close", closed.rcvd.code if closed.rcvd else None, closed.rcvd.reason if closed.rcvd else None)
        else:
            await ws.close()
            print("close", ws.close_code, ws.close_reason)
asyncio.run(main())
`;

const port = await freePort();
const gateway = await startGateway(owner, { trust: ca.root.pem, hosts: ["app.test"] });
const server = hasPeers(peers) ? startServer() : undefined;
await server?.says("ready");

function startServer(): Program {
	const program = new Program(spawn(python, ["-c", serverProgram, folder, `${port}`]));
	after(() => program.child.kill());
	return program;
}

function talk(t: TestContext, what: "echo" | "upload" | "download") {
	const words = ["-c", clientProgram, folder, `${gateway.ports.ipv4}`, `${port}`, what, gateway.caFile];
	return run(t, python, words);
}

function newest(where: (record: ReturnType<typeof gateway.records>[number]) => boolean) {
	return eventually(() => gateway.records().find(where), "the record of the session");
}

test("R189: messages, fragments and pings of a compressed WebSocket pass as they were sent", async (t) => {
	if (!requirePeers(t, peers)) return;
	const { status, output } = await talk(t, "echo");
	assert.equal(status, 0, output);
	assert.match(output, /extensions permessage-deflate/);
	assert.deepEqual(output.match(/^(?:same True|pong|close 1000)/gm), [
		...new Array(5).fill("same True"),
		"pong",
		"close 1000",
	]);
	const record = await newest(({ server: { port: at } }) => at === port);
	assert.deepEqual([record.inspection, record.findings, record.faultCode], ["inspected", [], undefined]);
});

for (const [what, where] of [
	["upload", "stream-to-server"],
	["download", "stream-to-client"],
] as const) {
	test(`R189: EICAR in a compressed, fragmented message is blocked (${what}): close code 1008, and the record says why`, async (t) => {
		if (!requirePeers(t, peers)) return;
		const before = server?.output.length ?? 0;
		const { status, output } = await talk(t, what);
		assert.equal(status, 0, output);
		assert.match(output, /close 1008 closed by the gateway; session [0-9a-f]{16}; rule: pattern eicar/);
		assert.doesNotMatch(output, /EICAR-STANDARD/);
		if (what === "download") assert.match(output, /got first a harmless one/);
		const record = await newest(({ findings }) => findings.some((finding) => finding.where === where));
		assert.match(record.endedBecause, /blocked by pattern "eicar"/);
		assert.equal(record.findings[0]?.request, `GET app.test:${port}${what === "download" ? "/eicar" : "/"}`);
		await eventually(() => server?.output.slice(before).includes("closed"), "the server's end of it");
		assert.doesNotMatch(server?.output.slice(before) ?? "", /got/);
	});
}

test("R189: a WebSocket of Chromium passes, and one that is blocked is closed with code 1008", async (t) => {
	if (!requirePeers(t, [...peers, "chromium", "certutil"])) return;
	const script = `
		const told = [];
		const talk = (path, ...messages) => new Promise((done) => {
			const socket = new WebSocket("wss://app.test:${port}" + path);
			socket.onopen = () => { told.push(socket.extensions); for (const one of messages) socket.send(one); };
			socket.onmessage = ({ data }) => { told.push(data.length); if (messages.length > 0) socket.close(); };
			socket.onclose = ({ code, wasClean }) => { told.push(code, wasClean); done(); };
		});
		await talk("/", "again and again ".repeat(3000));
		await talk("/eicar");
		document.title = told.join(" ");
		await fetch("/done");
	`;
	let waiting: (() => void) | undefined;
	let isDone = false;
	const { port: pages } = await httpsOrigin(t, identity, ({ url }, response) => {
		if (url === "/wait" && !isDone) waiting = () => response.end();
		else if (url === "/done") {
			isDone = true;
			waiting?.();
			response.end();
		} else response.end(`<!doctype html><title>-</title><script type=module>${script}</script><img src=/wait>`);
	});
	const shown = await browse(t, `https://app.test:${pages}/`);
	assert.match(shown, /<title>permessage-deflate\b.* 48000 1005 true permessage-deflate\b.* 20 1008 true<\/title>/);
});

test("R189: a WebSocket on a stream of HTTP/2 is inspected; one that is blocked is reset, and the others go on", async (t) => {
	const origin = await http2Origin(
		t,
		identity,
		(made) => {
			made.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
				stream.on("error", () => undefined);
				stream.respond({ ":status": 200 });
				if (headers[":method"] !== "CONNECT") return void stream.end("a page");
				stream.write(frame("hello"));
				stream.on("data", (octets: Buffer) => stream.write(frame(`${octets.length}`)));
			});
		},
		{ settings: { enableConnectProtocol: true } },
	);
	const client = await openTls(gateway, `app.test:${origin.port}`, { ALPNProtocols: ["h2"] });
	const session = connectHttp2("https://app.test", { createConnection: () => client.release() });
	t.after(() => session.destroy());
	session.on("error", () => undefined);
	await new Promise((resolve) => session.once("remoteSettings", resolve));
	assert.equal(session.remoteSettings.enableConnectProtocol, true);
	const stream = session.request({ ":method": "CONNECT", ":protocol": "websocket", ":path": "/chat" });
	let received = "";
	stream.on("data", (octets: Buffer) => {
		received += octets.toString("latin1");
	});
	const error = new Promise<Error>((resolve) => stream.once("error", resolve));
	await eventually(() => received.includes("hello"), "the first message");
	const good = frame("good", { key: clientKey });
	stream.write(good);
	await eventually(() => received.includes(`${good.length}`), "an answer");
	for (const one of message(eicar, 4, { key: clientKey })) stream.write(one);
	assert.match((await error).message, /INTERNAL_ERROR/);
	const page = session.request({ ":path": "/page" });
	const body: Buffer[] = [];
	for await (const part of page) body.push(part);
	assert.equal(Buffer.concat(body).toString(), "a page");
	session.close();
	const record = await newest(({ server: { port: at } }) => at === origin.port);
	assert.deepEqual(
		record.findings.map(({ name, where }) => [name, where]),
		[["eicar", "stream-to-server"]],
	);
});

/** What Chromium makes of a page, as HTML. */
async function browse(t: TestContext, url: string): Promise<string> {
	const database = join(folder, ".pki/nssdb");
	for (const [command, ...args] of [
		["mkdir", "-p", database],
		[peerPath("certutil"), "-d", `sql:${database}`, "-N", "--empty-password"],
		[peerPath("certutil"), "-d", `sql:${database}`, "-A", "-n", "gateway", "-t", "C,,", "-i", gateway.caFile],
	] as const) {
		const { status, output } = await run(t, command, args);
		assert.equal(status, 0, output);
	}
	const program = new Program(
		spawn(
			peerPath("chromium"),
			[
				...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
				...["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"],
				...[`--user-data-dir=${join(folder, "profile")}`, `--proxy-server=http://127.0.0.1:${gateway.ports.ipv4}`],
				...["--dump-dom", url],
			],
			{ env: { ...process.env, HOME: folder } },
		),
	);
	t.after(() => program.child.kill());
	await program.ended;
	return program.output;
}
