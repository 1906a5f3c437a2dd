/** Rules of intrusion detection over decrypted sessions: attacks are blocked or recorded, as the idp policy says. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa, tlsOrigin } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const folder = mkdtempSync(join(tmpdir(), "idp-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "own.rules");
writeFileSync(
	file,
	[
		'alert http any any -> any any (msg:"shell upload"; http.method; content:"POST"; http.request_body; content:"<?php"; classtype:web-application-attack; sid:1;)',
		'alert http any any -> any any (msg:"traversal"; http.uri; content:"/etc/passwd"; classtype:web-application-attack; sid:2;)',
		'alert http any any -> any any (msg:"a program"; flow:to_client; file.data; content:"MZ"; depth:2; classtype:policy-violation; sid:3;)',
		'alert tls any any -> any any (msg:"a name"; tls.sni; content:"app.test"; classtype:policy-violation; sid:4;)',
		'alert tcp any any -> any any (msg:"a word"; content:"launch-code"; classtype:trojan-activity; sid:5;)',
	].join("\n"),
);
const origin = await httpsOrigin(owner, ca.identity(["app.test"]), (request, response) => {
	request.resume();
	request.on("end", () => response.end(request.url === "/program" ? "MZ and more" : "fine"));
});
const plain = await tlsOrigin(owner, ca.identity(["app.test"]), (socket) => {
	socket.write("hello\n");
});
const policy = (name: string) => `policy idp {
	match { source-address any; destination-address any; application any; }
	then { permit { application-services { ssl-proxy { profile-name inspect; } idp-policy ${name}; } } }
}`;
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["app.test"],
	policies: policy("web"),
	security: `idp {
		rules { file ${file}; }
		idp-policy web { rulebase-ips {
			rule watch { match { attacks { predefined-attack-groups policy-violation; } } then { action { no-action; } } }
			rule stop { match { attacks { predefined-attack-groups all; } } then { action { close-client-and-server; } } }
		} }
	}`,
});
const target = `app.test:${origin.port}`;

test("R189 R205 R23: an attack in a request is answered with a page, and the record names the rule", async () => {
	const client = await openTls(gateway, target, { ALPNProtocols: ["http/1.1"] });
	const response = await client.request(`GET /a/..%2f/etc/passwd HTTP/1.1\nHost: ${target}`);
	assert.equal(response.status, 403);
	const { findings, endedBecause } = await gateway.record(client.localPort);
	const blocked = findings.find(({ verdict }) => verdict === "block");
	assert.deepEqual([blocked?.service, blocked?.name, blocked?.where], ["idp", "2 traversal", "request-headers"]);
	assert.equal(endedBecause, 'blocked by idp "2 traversal" in request-headers');
});

test("an attack in the body of a request goes no further", async () => {
	const client = await openTls(gateway, target, { ALPNProtocols: ["http/1.1"] });
	client.send(`POST /up HTTP/1.1\r\nHost: ${target}\r\nContent-Length: 9\r\n\r\n<?php x;;`);
	const response = await client.response();
	assert.equal(response.status, 403);
	assert.match(response.body.toString(), /idp 1 shell upload/);
});

test("what the policy only watches is recorded, and the session goes on", async () => {
	const client = await openTls(gateway, target, { ALPNProtocols: ["http/1.1"] });
	assert.equal((await client.request(`GET /program HTTP/1.1\nHost: ${target}`)).body.toString(), "MZ and more");
	assert.equal((await client.request(`GET / HTTP/1.1\nHost: ${target}`)).body.toString(), "fine");
	client.socket.end();
	const { findings } = await gateway.record(client.localPort);
	assert.deepEqual(
		findings.map(({ name, verdict }) => `${name} ${verdict}`),
		["4 a name report", "3 a program report"],
	);
});

test("octets of a protocol other than HTTP are looked at, too, and the connection is cut", async () => {
	const client = await openTls(gateway, `app.test:${plain.port}`);
	client.send("the launch-code is\n");
	await client.over();
	const { endedBecause } = await gateway.record(client.localPort);
	assert.equal(endedBecause, 'blocked by idp "5 a word" in stream-to-server');
});

test("without the file of rules sessions are blocked, unless failure-action says bypass", async (t) => {
	const start = (action: string) =>
		startGateway(t, {
			trust: ca.root.pem,
			hosts: ["app.test"],
			policies: policy("web"),
			security: `idp { rules { file ${folder}/none; } ${action}
				idp-policy web { rulebase-ips { rule all { match { attacks { predefined-attack-groups all; } } then { action { recommended; } } } } } }`,
		});
	const closed = await openTls(await start(""), target, { ALPNProtocols: ["http/1.1"] });
	assert.equal((await closed.request(`GET / HTTP/1.1\nHost: ${target}`)).status, 403);
	const open = await start("sensor-configuration { failure-action bypass; }");
	const client = await openTls(open, target, { ALPNProtocols: ["http/1.1"] });
	assert.equal((await client.request(`GET / HTTP/1.1\nHost: ${target}`)).status, 200);
	client.socket.end();
	assert.match((await open.record(client.localPort)).findings[0]?.name ?? "", /signatures are not available/);
});
