/** What the policy denies gets an answer that says so, and the origin gets nothing. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { hostBook, hostPolicy, startGateway } from "../support/gateway.ts";
import { TestCa, tcpOrigin } from "../support/origins.ts";
import { dial, openTls, openTunnel, startTls } from "../support/proxy-client.ts";

const ca = new TestCa();
let octetsAtOrigin = 0;
const origin = await tcpOrigin({ after }, (socket) => {
	socket.on("data", (chunk: Buffer) => {
		octetsAtOrigin += chunk.length;
	});
	socket.on("end", () => socket.end());
});
const rules = `
	policy no-port { match { source-address any; destination-address any; application telnet; } then { reject; } }
	policy no-net { match { source-address any; destination-address net; application any; } then { reject; } }
	policy no-net6 { match { source-address any; destination-address net6; application any; } then { reject; } }
	policy no-client { match { source-address visitor; destination-address any; application any; } then { reject; } }
`;
const gateway = await startGateway(
	{ after },
	{
		trust: ca.root.pem,
		hosts: ["bad.test", "www.bad.test", "good.test"],
		mappings: { "hidden.test": "inet 127.0.0.66;" },
		security: `${hostBook({ bad: "*.bad.test" })} address-book more { address net 127.0.0.66/32; address net6 2001:db8::/32; address visitor 127.0.0.7/32; }`,
		policies: rules + hostPolicy("bad", "reject;"),
		top: "applications { application telnet { destination-port 23; } }",
	},
);

for (const { says, target, localAddress, rule, fact } of [
	{
		says: "a host by its name",
		target: "www.bad.test:443",
		rule: "bad",
		fact: "requested host www.bad.test is in bad (*.bad.test)",
	},
	{ says: "an address", target: "127.0.0.66:443", rule: "no-net", fact: "server 127.0.0.66 is in net (127.0.0.66/32)" },
	{
		says: "an IPv6 address",
		target: "[2001:db8::7]:443",
		rule: "no-net6",
		fact: "server 2001:db8::7 is in net6 (2001:db8::/32)",
	},
	{
		says: "a name by its address",
		target: "hidden.test:443",
		rule: "no-net",
		fact: "server 127.0.0.66 is in net (127.0.0.66/32)",
	},
	{ says: "a port", target: "good.test:23", rule: "no-port", fact: "port 23 is application telnet" },
	{
		says: "a client",
		target: "good.test:443",
		localAddress: "127.0.0.7",
		rule: "no-client",
		fact: "client 127.0.0.7 is in visitor (127.0.0.7/32)",
	},
]) {
	test(`${says} is blocked at CONNECT, with a page that names rule and session`, async () => {
		const client = await dial(gateway, localAddress === undefined ? {} : { localAddress });
		client.send(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
		const response = await client.response();
		assert.equal(response.status, 403);
		assert.equal(response.headers.get("connection"), "close");
		await client.over();
		client.socket.end();
		const record = await gateway.record(client.localPort);
		assert.deepEqual([record.decision, record.rule, record.fact], ["block", rule, fact]);
		assert.equal(record.endedBecause, `blocked by ${rule} because ${fact}`);
		assert.equal(record.faultCode, undefined);
		const page = response.body.toString();
		assert.ok(page.includes(rule) && page.includes(record.id), page);
	});
}

test("a server name is blocked at the ClientHello with an alert; the origin saw no octet", async () => {
	octetsAtOrigin = 0;
	const tunnel = await openTunnel(gateway, `127.0.0.1:${origin.port}`);
	await assert.rejects(
		startTls(gateway, tunnel, "x", { servername: "www.bad.test" }),
		/alert.*(access denied|number 49)/i,
	);
	const record = await gateway.record(tunnel.localPort);
	assert.deepEqual([record.decision, record.rule], ["block", "bad"]);
	assert.equal(record.fact, "server name www.bad.test is in bad (*.bad.test)");
	assert.deepEqual([record.sni, record.serverLeg, record.clientLeg], ["www.bad.test", undefined, undefined]);
	assert.equal(octetsAtOrigin, 0);
});

test("one blocked name of the two is enough: a permitted host cannot vouch for the server name", async () => {
	await assert.rejects(
		openTls(gateway, `good.test:${origin.port}`, { servername: "www.bad.test" }),
		/access denied|number 49/i,
	);
});

test("the gateway's own listener is no target (F14)", async () => {
	for (const family of ["ipv4", "ipv6"] as const) {
		const { host, port } = gateway.proxy(family);
		const target = `${family === "ipv6" ? `[${host}]` : host}:${port}`;
		const client = await dial(gateway);
		client.send(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
		assert.equal((await client.response()).status, 403);
		client.socket.end();
		assert.equal((await gateway.record(client.localPort)).faultCode, "PROXY_LOOP_REFUSED");
	}
});
