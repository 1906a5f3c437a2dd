/** What clients of the explicit proxy may speak: CONNECT, requests in clear, SOCKS5; with curl as the client. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { after, test } from "node:test";
import { eventually, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa, tcpOrigin } from "../support/origins.ts";
import { peerPath, requirePeers } from "../support/peers.ts";
import { dial } from "../support/proxy-client.ts";
import { run } from "../support/tls-legs.ts";

const owner = { after };
const ca = new TestCa();
const secure = await httpsOrigin(owner, ca.identity(["shop.test"]), (_, response) => response.end("secure"));
const heard: string[] = [];
const clear = createServer((request, response) => {
	heard.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers["proxy-connection"] ?? "-"}`);
	let body = "";
	request.on("data", (chunk) => (body += chunk));
	request.on("end", () => response.end(`clear ${request.url} ${body}`));
});
clear.listen(0, "127.0.0.1");
await once(clear, "listening");
after(() => clear.close());
const { port } = clear.address() as { port: number };
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["shop.test", "blocked.test", "exempt.test"],
	mappings: { "other.test": "inet 127.0.0.1;" },
	listener: "protocols [ http-connect http socks5 ];",
	policies: `policy no { match { source-address any; destination-address blocked; application any; } then { reject; } }`,
	security: "address-book global { address blocked dns-name blocked.test; }",
});
const proxy = `127.0.0.1:${gateway.ports.ipv4}`;
const curl = (t: Parameters<typeof run>[0], ...args: readonly string[]) =>
	run(t, peerPath("curl"), ["--silent", "--show-error", "--max-time", "20", ...args]);
const recordFor = (url: string) =>
	eventually(() => gateway.records().find(({ server }) => `${server.host}:${server.port}` === url), `record of ${url}`);

test("R1: curl over SOCKS5, by name and by address, gets a page that was decrypted and inspected", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const tls = ["--cacert", gateway.caFile, `https://shop.test:${secure.port}/`];
	const byName = await curl(t, "--proxy", `socks5h://${proxy}`, ...tls);
	assert.deepEqual([byName.status, byName.output], [0, "secure"]);
	const resolve = ["--resolve", `shop.test:${secure.port}:127.0.0.1`];
	const byAddress = await curl(t, "--proxy", `socks5://${proxy}`, ...resolve, ...tls);
	assert.deepEqual([byAddress.status, byAddress.output], [0, "secure"]);
	const record = await recordFor(`shop.test:${secure.port}`);
	assert.deepEqual([record.decision, record.inspection], ["decrypt", "inspected"]);
});

test("SOCKS5 tells a server that refuses and a policy that blocks apart", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const refused = await curl(t, "--proxy", `socks5h://${proxy}`, "http://shop.test:1/");
	assert.match(refused.output, /\(5\)|refused/i);
	const blocked = await curl(t, "--proxy", `socks5h://${proxy}`, "http://blocked.test/");
	assert.match(blocked.output, /\(2\)|not allowed/i);
});

test("a request in clear reaches its server in origin form, without the fields of the hop", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const { output } = await curl(t, "--proxy", `http://${proxy}`, "--data", "hello", `http://shop.test:${port}/a?b`);
	assert.equal(output, "clear /a?b hello");
	assert.equal(heard.at(-1), `POST /a?b shop.test:${port} -`);
	const record = await recordFor(`shop.test:${port}`);
	assert.deepEqual([record.decision, record.inspection, record.requests], ["bypass", "inspected", 1]);
	assert.match(record.fact, /HTTP in clear/);
});

test("a client that asks two servers one after the other gets both answers", async (t) => {
	if (!requirePeers(t, ["curl"])) return;
	const urls = [`http://shop.test:${port}/1`, `http://shop.test:${port}/2`, `http://other.test:${port}/3`];
	const { status, output } = await curl(t, "--proxy", `http://${proxy}`, ...urls);
	assert.deepEqual([status, output], [0, "clear /1 clear /2 clear /3 "]);
	assert.equal(heard.at(-1), `GET /3 other.test:${port} -`);
});

test("what is looked for is found in clear too: the request is answered with the block page and does not arrive", async () => {
	const before = heard.length;
	const client = await dial(gateway);
	const eicar = String.raw`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`;
	const url = `http://shop.test:${port}/`;
	client.send(`POST ${url} HTTP/1.1\r\nHost: shop.test\r\nContent-Length: ${eicar.length}\r\n\r\n${eicar}`);
	const response = await client.response();
	assert.equal(response.status, 403);
	assert.equal(heard.slice(before).join(), "");
	const record = await gateway.record(client.localPort);
	assert.equal(record.findings[0]?.verdict, "block");
});

test("a policy blocks requests in clear as it blocks tunnels", async () => {
	const client = await dial(gateway);
	client.send("GET http://blocked.test/ HTTP/1.1\r\nHost: blocked.test\r\n\r\n");
	assert.equal((await client.response()).status, 403);
	assert.equal((await gateway.record(client.localPort)).rule, "no");
});

test("F14: a request in clear to the gateway itself is a loop, and is refused", async () => {
	const client = await dial(gateway);
	client.send(`GET http://${proxy}/ HTTP/1.1\r\nHost: ${proxy}\r\n\r\n`);
	assert.equal((await client.response()).status, 403);
	assert.equal((await gateway.record(client.localPort)).faultCode, "PROXY_LOOP_REFUSED");
});

test("what becomes no request in the middle of a connection ends it with its fault", async () => {
	const silent = await tcpOrigin(owner, (socket) => void socket.resume());
	const socket = connect(gateway.ports.ipv4, "127.0.0.1");
	socket.on("error", () => undefined);
	await once(socket, "connect");
	const { localPort } = socket;
	socket.write(`GET http://127.0.0.1:${silent.port}/ HTTP/1.1\r\nHost: 127.0.0.1:${silent.port}\r\n\r\n`);
	await eventually(() => silent.sockets[0], "the request at the server");
	socket.write("GET / HTTP/1.1\r\nHost : b\r\n\r\n");
	await new Promise((resolve) => socket.once("close", resolve));
	assert.equal((await gateway.record(localPort)).faultCode, "PROXY_REQUEST_MALFORMED");
});
