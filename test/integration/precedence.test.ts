/** What goes before signatures, over real connections: bypass rules, traffic management, feeds, quarantine. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { shippedPatterns } from "#inspect/shipped-patterns.ts";
import { eventually, hostBook, runProgram, startGateway } from "../support/gateway.ts";
import { http2Origin, httpsOrigin, TestCa } from "../support/origins.ts";
import { dial, openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const folder = mkdtempSync(join(tmpdir(), "sallyport-precedence-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const names = ["app", "let", "closed", "trusted", "evil", "slow", "exempt"].map((name) => `${name}.test`);
const eicar = Buffer.from(shippedPatterns.get("eicar") ?? []);
const large = Buffer.alloc(400_000, "x");
const origin = await http2Origin(owner, ca.identity(names), (server) => {
	server.on("request", ({ url }, response) => {
		response.end(url === "/eicar" ? eicar : url === "/large" ? large : "fine");
	});
});
const marked = ca.identity(["marked.test"]);
const markedOrigin = await httpsOrigin(owner, marked, (_, response) => void response.end("fine"));
writeFileSync(join(folder, "prints"), `${new X509Certificate(marked.cert).fingerprint.toLowerCase()} 9\n`);
writeFileSync(join(folder, "names"), "evil.test 9\nlet.test 9\n");
writeFileSync(join(folder, "urls"), `app.test/bad 9\ntrusted.test/bad 9\n`);
writeFileSync(
	join(folder, "rules"),
	'alert http any any -> any any (msg:"a worm"; http.uri; content:"/worm"; sid:7;)\n',
);

const services =
	"ssl-proxy { profile-name inspect; } pattern-policy standard; idp-policy web; security-intelligence-policy feeds;";
const profile = (category: string) => `profile ${category} {
	category ${category};
	default-rule { then { action { block { close; } } log; } }
}`;
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: [...names, "marked.test"],
	profile: "whitelist exempt;",
	policies: `policy all { match { source-address any; destination-address any; application any; }
		then { permit { application-services { ${services} } } } }`,
	security: `
	${hostBook(Object.fromEntries(names.map((name) => [name.replace(".test", ""), name])))}
	inspection {
		bypass-rule let { match { destination-address let; } }
		traffic-management let { match { destination-address let; } then { block; } }
		traffic-management closed { match { destination-address closed; } then { block; } }
		traffic-management trusted { match { destination-address trusted; } then { trust; } }
		traffic-management slow { match { destination-address slow; } then { rate-limit 16000; } }
		quarantine { hosts 127.0.0.66/32; }
	}
	intelligence {
		feed names { category command-and-control; file ${join(folder, "names")}; }
		feed prints { category certificate; file ${join(folder, "prints")}; }
		${profile("certificate")}
		feed urls { category url; file ${join(folder, "urls")}; }
		${profile("command-and-control")}
		${profile("url")}
		policy feeds { profile [ command-and-control url certificate ]; }
	}
	idp {
		rules { file ${join(folder, "rules")}; }
		idp-policy web { rulebase-ips { rule worm {
			match { attacks { predefined-attack-groups all; } }
			then { action { drop-connection; } ip-action { ip-block; timeout 0; } }
		} } }
	}`,
});
const target = (name: string) => `${name}.test:${origin.port}`;

function get(name: string, path: string, options: { localAddress?: string } = {}) {
	return openTls(gateway, target(name), { ALPNProtocols: ["http/1.1"], ...options }).then(async (client) => {
		const response = await client.request(`GET ${path} HTTP/1.1\nHost: ${target(name)}\nConnection: close`);
		return { response, record: await gateway.record(client.localPort) };
	});
}

test("R204: a bypass rule goes before traffic management and feeds: the client talks to the server itself", async () => {
	const client = await openTls(gateway, target("let"), { ca: ca.root.pem });
	client.socket.end();
	const record = await gateway.record(client.localPort);
	assert.deepEqual([record.decision, record.stage, record.cause], ["bypass", "inspection-bypass", "bypass-rule"]);
	const explained = await run("explain", "--state", gateway.state, record.id);
	assert.match(
		explained,
		/the stage inspection-bypass said: relay it untouched; the fact that decided: bypass-rule let/,
	);
});

test("R209: what traffic management blocks is refused before the server is asked for TLS", async () => {
	const client = await dial(gateway);
	client.send(`CONNECT ${target("closed")} HTTP/1.1\r\nHost: ${target("closed")}\r\n\r\n`);
	await client.receives("HTTP/1.1 403 ");
	const record = await gateway.record(client.localPort);
	assert.deepEqual([record.decision, record.stage], ["block", "traffic-management"]);
	assert.match(record.endedBecause, /^blocked by traffic-management closed because /);
});

test("R208 R182: what is trusted is opened and not looked into, not by feeds either", async () => {
	const { response, record } = await get("trusted", "/eicar");
	assert.deepEqual(response.body, eicar);
	assert.deepEqual([record.decision, record.stage], ["decrypt", "traffic-management"]);
	assert.equal(record.inspection, "decrypted, not inspected");
	assert.ok(record.clientLeg?.certificateSha256 !== undefined);
	assert.equal((await get("trusted", "/bad")).response.status, 200);
});

test("R198: a server name in a feed is refused before it is opened; its event tells of no TLS", async () => {
	await assert.rejects(openTls(gateway, target("evil")));
	const record = await eventually(
		() => gateway.records().find(({ server }) => server.host === "evil.test"),
		"the record of the refused session",
	);
	assert.deepEqual([record.decision, record.stage, record.clientLeg], ["block", "reputation", undefined]);
	assert.match(
		record.fact,
		/^reputation profile command-and-control default-rule: server name evil\.test is in feed names/,
	);
	const { fields } = await matched(record.id);
	assert.deepEqual([fields.feed, fields.action, fields.tls], ["names", "block", "none"]);
});

test("R198 R220: a URL in a feed is refused in opened traffic, before signatures, and its event tells of TLS", async () => {
	const { response, record } = await get("app", "/bad/worm");
	assert.equal(response.status, 403);
	assert.deepEqual(
		record.findings.map(({ service, verdict }) => [service, verdict]),
		[["reputation", "block"]],
	);
	const { fields } = await matched(record.id);
	assert.deepEqual([fields.feed, fields.action], ["urls", "block"]);
	assert.match(fields.tls, /^TLSv1\.3 TLS_/);
});

test("a server whose certificate is in a feed is refused before the client sees a certificate", async () => {
	await assert.rejects(openTls(gateway, `marked.test:${markedOrigin.port}`));
	const record = await eventually(
		() => gateway.records().find(({ server }) => server.host === "marked.test"),
		"the record of the refused session",
	);
	assert.deepEqual([record.decision, record.stage, record.clientLeg], ["block", "reputation", undefined]);
	assert.match(record.fact, /the server's certificate [0-9a-f]{40} is in feed prints/);
	assert.equal((await matched(record.id)).fields.action, "block");
});

test("F12: each name that a connection of HTTP/2 is used for is judged as one of its own would be", async () => {
	const client = await openTls(gateway, target("app"), { ALPNProtocols: ["h2"] });
	const session = connect(`https://${target("app")}`, { createConnection: () => client.socket });
	const status = (name: string) =>
		new Promise<number>((resolve, reject) => {
			const stream = session.request({ ":authority": target(name), ":path": "/" });
			stream.on("response", (headers) => resolve(headers[":status"] ?? 0));
			stream.on("error", reject);
			stream.resume();
			stream.end();
		});
	const expected = { app: 200, slow: 200, exempt: 421, let: 421, closed: 403, evil: 403 };
	for (const round of [1, 2])
		for (const [name, wanted] of Object.entries(expected)) assert.equal(await status(name), wanted, `${name} ${round}`);
	session.close();
	const { findings } = await gateway.record(client.localPort);
	const said = findings.map(({ service, name }) => `${service} ${name}`);
	assert.match(
		said.join("\n"),
		/policy a request for closed\.test: blocked by all because traffic-management closed: /,
	);
	assert.match(said.join("\n"), /policy a request for exempt\.test: it is not opened by all because /);
});

test("F12: so is a name on a connection of HTTP/1.1 that is kept", async () => {
	const client = await openTls(gateway, target("app"), { ALPNProtocols: ["http/1.1"] });
	assert.equal((await client.request(`GET / HTTP/1.1\nHost: ${target("app")}`)).status, 200);
	assert.equal((await client.request(`GET / HTTP/1.1\nHost: ${target("exempt")}`)).status, 421);
});

test("what test decryption-policy says of a feed is what a connection meets", async () => {
	const said = await cli("test decryption-policy from 127.0.0.1 host evil.test sni evil.test");
	assert.match(
		said,
		/Decision: block\nPolicy: all\nBecause: reputation profile command-and-control default-rule: server name evil\.test is/,
	);
	assert.match(said, /Stage: reputation\n[\s\S]*Outcome: blocked\n/);
});

test("a rate is shared, nothing is lost, and the record names its rule", async () => {
	const { response, record } = await get("slow", "/large");
	assert.deepEqual(response.body, large);
	assert.deepEqual([record.rateLimit, record.decision, record.inspection], ["slow", "decrypt", "inspected"]);
});

test("R206 R207 R200: a host of the quarantine is refused, untouched sessions at once, opened ones at their first request", async () => {
	const localAddress = "127.0.0.66";
	const { response, record } = await get("app", "/", { localAddress });
	assert.equal(response.status, 403);
	assert.match(response.body.toString(), /This device is shut off from the network/);
	assert.equal(record.findings[0]?.service, "quarantine");
	await assert.rejects(openTls(gateway, target("exempt"), { localAddress, ca: ca.root.pem }));
	const refused = await eventually(
		() => gateway.records().find(({ server }) => server.host === "exempt.test"),
		"the record of the refused session",
	);
	assert.deepEqual([refused.decision, refused.stage], ["block", "quarantine"]);
});

test("a signature with an ip-action shuts its client off, for all workers, until it is cleared", async () => {
	const localAddress = "127.0.0.77";
	assert.equal((await get("app", "/", { localAddress })).response.status, 200);
	assert.equal((await get("app", "/worm", { localAddress })).response.status, 403);
	await eventually(async () => /127\.0\.0\.77: until it is cleared; signature 7 a worm/.test(await show()), "the host");
	const { response, record } = await get("app", "/", { localAddress });
	assert.equal(response.status, 403);
	assert.equal(record.findings[0]?.service, "quarantine");
	assert.equal((await get("app", "/")).response.status, 200);
	assert.match(await cli("clear security inspection quarantine address 127.0.0.77"), /1 host let go/);
	assert.doesNotMatch(await show(), /127\.0\.0\.77/);
	await eventually(
		async () => (await get("app", "/", { localAddress })).response.status === 200,
		"the host to be let go",
	);
});

function show(): Promise<string> {
	return cli("show security inspection quarantine");
}

function cli(command: string): Promise<string> {
	return run("cli", "--state", gateway.state, "-c", command);
}

async function run(...words: readonly string[]): Promise<string> {
	const { status, output } = await runProgram(owner, words);
	assert.equal(status, 0, output);
	return output;
}

function matched(session: string) {
	return eventually(
		() => gateway.events("REPUTATION_MATCHED").find(({ fields }) => fields.session === session),
		"the event of the feed",
	);
}
