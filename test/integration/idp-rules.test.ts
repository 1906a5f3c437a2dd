/** Rules of idp policies over real connections: whom they are about, how attacks are told, and what they shut off. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { eventually, hostBook, runProgram, startGateway } from "../support/gateway.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";

const owner = { after };
const ca = new TestCa();
const folder = mkdtempSync(join(tmpdir(), "idp-rules-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const rule = (sid: number, name: string, more = "") =>
	`alert http any any -> any any (msg:"${name}"; flow:to_server; http.uri; content:"/${name}"; endswith; classtype:trojan-activity; ${more} sid:${sid};)`;
writeFileSync(
	join(folder, "own.rules"),
	[
		rule(1, "worm"),
		rule(2, "scan"),
		rule(3, "probe", "metadata:signature_severity Critical;"),
		rule(4, "service"),
		rule(5, "kept"),
		rule(6, "again"),
		rule(7, "zoned"),
	].join("\n"),
);
const names = ["app.test", "partner.test"];
const origin = await httpsOrigin(owner, ca.identity(names), (_, response) => response.end("fine"));
const ips = (name: string, sid: number, action: string, more = "", match = "") =>
	`rule ${name} { match { ${match} attacks { predefined-attacks ${sid}; } } then { action { ${action}; } ${more} } }`;
const log = "notification { log-attacks; }";
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: names,
	gateway: "workers 2;",
	listener: "from-zone trust;",
	policies: `policy idp {
		match { source-address any; destination-address any; application any; }
		then { permit { application-services { ssl-proxy { profile-name inspect; } idp-policy web; } } }
	}`,
	security: `
	zones { security-zone trust; security-zone untrust; }
	${hostBook({ partner: "partner.test" }).replace(/ }$/, " address office 127.0.0.8/32; }")}
	idp {
		rules { file ${join(folder, "own.rules")}; }
		sensor-configuration { log { suppression { max-time-report 10; } } }
		dynamic-attack-group critical { filters { severity { values critical; } } }
		idp-policy web {
			rulebase-ips {
				${ips("office", 1, "no-action", log, "source-address office;")}
				${ips("worm", 1, "close-client", `severity critical; notification { log-attacks { alert; } }`)}
				${ips("scan", 2, "no-action", "ip-action { ip-notify; timeout 600; log; log-create; }")}
				rule critical { match { attacks { dynamic-attack-groups critical; } } then { action { close-client; } ${log} } }
				${ips("service", 4, "close-client", "ip-action { ip-close; target service; timeout 600; log-create; }")}
				${ips("kept", 5, "close-client", "notification { packet-log { pre-attack 20; post-attack 5; } }")}
				${ips("elsewhere", 7, "close-client", "", "from-zone untrust;")}
				${ips("zoned", 7, "no-action", "ip-action { ip-block; target source-zone-address; timeout 600; }", "from-zone trust;")}
				${ips("again", 6, "close-client", "ip-action { ip-close; timeout 600; refresh-timeout; target service; }")}
			}
			rulebase-exempt { rule partner { match { destination-address partner; attacks { predefined-attacks 1; } } } }
		}
	}`,
});

function get(path: string, { host = "app.test", localAddress }: { host?: string; localAddress?: string } = {}) {
	const target = `${host}:${origin.port}`;
	const from = localAddress === undefined ? {} : { localAddress };
	return openTls(gateway, target, { ALPNProtocols: ["http/1.1"], ...from }).then(async (client) => {
		const response = await client.request(`GET ${path} HTTP/1.1\nHost: ${target}\nConnection: close`);
		return { status: response.status, body: response.body.toString(), record: await gateway.record(client.localPort) };
	});
}

async function cli(command: string): Promise<string> {
	const { status, output } = await runProgram(owner, ["cli", "--state", gateway.state, "-c", command]);
	assert.equal(status, 0, output);
	return output;
}

const json = async (command: string) => JSON.parse(await cli(`${command} | display json`));

test("R189: a rule is about the connections that it matches, the next one about the others, and an exemption about its own", async () => {
	assert.equal((await get("/worm")).status, 403);
	const watched = await get("/worm", { localAddress: "127.0.0.8" });
	assert.deepEqual([watched.status, watched.record.findings[0]?.name], [200, "1 worm"]);
	const spared = await get("/worm", { host: "partner.test" });
	assert.deepEqual([spared.status, spared.record.findings], [200, []]);
	assert.equal((await get("/probe")).status, 403, "a group that follows from severity");
});

test("an attack is an event where its rule says so, an alert with alert, and a line of EVE; equal ones are told together", async () => {
	const answers = await Promise.all(Array.from({ length: 8 }, () => get("/worm", { localAddress: "127.0.0.9" })));
	assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([403]));
	const told = await eventually(() => {
		const found = gateway.events("IDP_ATTACK_ALERT").filter(({ fields }) => fields.client === "127.0.0.9");
		return found.reduce((sum, { fields }) => sum + fields.count, 0) === 8 ? found : undefined;
	}, "the events of eight attacks");
	assert.ok(told.length < 8, `${told.length} events`);
	assert.deepEqual(
		[told[0]?.fields.attack, told[0]?.fields.severity, told[0]?.fields.action, told[0]?.fields.rule],
		["1 worm", "critical", "blocked", "worm"],
	);
	const lines = readFileSync(join(gateway.state, "eve.json"), "utf8")
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line))
		.filter(({ src_ip }) => src_ip === "127.0.0.9");
	assert.equal(lines.length, told.length);
	const { event_type, alert, http, tls, sallyport } = lines[0];
	assert.deepEqual(
		[event_type, alert.signature_id, alert.action, alert.severity, http.url, tls.sni, sallyport.idp_policy],
		["alert", 1, "blocked", 1, "/worm", "app.test", "web"],
	);
	const quiet = gateway.events("IDP_ATTACK").filter(({ fields }) => fields.attack.startsWith("2 "));
	assert.deepEqual(quiet, [], "a rule without log-attacks tells nothing");
});

test("ip-notify lets connections pass, and tells of them", async () => {
	const localAddress = "127.0.0.10";
	assert.equal((await get("/scan", { localAddress })).status, 200);
	const created = await eventually(
		() => gateway.events("IP_ACTION_CREATED").find(({ fields }) => fields.client === localAddress),
		"the event of the ip-action",
	);
	assert.deepEqual([created.fields.action, created.fields.target], ["notify", `notify ${localAddress}`]);
	await eventually(async () => {
		assert.equal((await get("/", { localAddress })).status, 200);
		return gateway.events("IP_ACTION_APPLIED").some(({ fields }) => fields.target === `notify ${localAddress}`);
	}, "the event of a connection");
	const [entry] = (await json("show security flow ip-action")).filter(
		({ address }: { address: string }) => address === localAddress,
	);
	assert.deepEqual([entry.action, entry.why, entry.connections > 0], ["notify", "signature 2 scan", true]);
	assert.doesNotMatch(await cli("show security inspection quarantine"), /127\.0\.0\.10/);
});

test("target service shuts the client off from that server and port, at all workers, over a commit, until it is cleared", async () => {
	const localAddress = "127.0.0.11";
	const other = await httpsOrigin(owner, ca.identity(names), (_, response) => response.end("other"));
	assert.equal((await get("/service", { localAddress })).status, 403);
	await eventually(
		async () => /ip-action.* 127\.0\.0\.11|client 127\.0\.0\.11 server/.test(await cli("show security idp ip-action")),
		"the entry",
	);
	const refused = async () => {
		const answers = await Promise.all(Array.from({ length: 6 }, () => get("/", { localAddress })));
		return answers.every(({ status, record }) => status === 403 && record.findings[0]?.service === "quarantine");
	};
	assert.ok(await refused());
	assert.equal((await get("/")).status, 200, "others are let be");
	const target = `app.test:${other.port}`;
	const elsewhere = await openTls(gateway, target, { ALPNProtocols: ["http/1.1"], localAddress });
	assert.equal(
		(await elsewhere.request(`GET / HTTP/1.1\nHost: ${target}\nConnection: close`)).body.toString(),
		"other",
	);
	const { status, output } = await runProgram(owner, [
		...["cli", "--state", gateway.state, "-c"],
		"configure; set security idp idp-policy web rulebase-ips rule scan description changed; commit",
	]);
	assert.equal(status, 0, output);
	assert.match(output, /commit complete/);
	assert.ok(await refused(), "a commit changes nothing of it");
	assert.match(await cli("restart gateway"), /2 workers restarted/);
	await eventually(() => refused().catch(() => false), "workers that start again to know of it");
	assert.match(await cli("clear security flow ip-action source-address 127.0.0.11"), /1 ip-action ended/);
	await eventually(async () => (await get("/", { localAddress })).status === 200, "the client to be let go");
});

test("R201: what was said around an attack is kept, decrypted, as a capture in which its rule is found again", async () => {
	const target = `app.test:${origin.port}`;
	const client = await openTls(gateway, target, { ALPNProtocols: ["http/1.1"], localAddress: "127.0.0.13" });
	assert.equal((await client.request(`GET /before HTTP/1.1\nHost: ${target}`)).body.toString(), "fine");
	assert.equal((await client.request(`GET /kept HTTP/1.1\nHost: ${target}`)).status, 403);
	const { id } = await gateway.record(client.localPort);
	const { fields } = await eventually(
		() => gateway.events("PACKET_LOG_WRITTEN").find(({ fields }) => fields.session === id),
		"the packet log",
	);
	assert.deepEqual([fields.attack, fields.client], ["5 kept", "127.0.0.13"]);
	const file = join(gateway.state, fields.file);
	assert.equal(statSync(file).mode & 0o777, 0o600);
	const said = readFileSync(file).toString("latin1");
	for (const words of ["GET /before HTTP/1.1", "fine", "GET /kept HTTP/1.1"]) assert.ok(said.includes(words), words);
	const { output } = await runProgram(owner, ["inspect-pcap", file, "--rules", join(folder, "own.rules")]);
	assert.match(output, /1:5:0 {2}kept {2}127\.0\.0\.13:\d+ -> 127\.0\.0\.1:\d+ GET \/kept/);
	assert.match(output, /1 connections, 1 alerts/);
});

test("the zone of the listener is that of its clients, for rules and for what they shut off", async () => {
	const localAddress = "127.0.0.14";
	const watched = await get("/zoned", { localAddress });
	assert.deepEqual([watched.status, watched.record.findings[0]?.verdict], [200, "report"]);
	const refused = await eventually(async () => {
		const answer = await get("/", { localAddress });
		return answer.status === 403 ? answer : undefined;
	}, "the refusal at either worker");
	assert.match(refused.record.endedBecause, /zone trust client 127\.0\.0\.14 is shut off until .*; signature 7 zoned/);
	assert.match(refused.body, /Connections like this one are shut off after an attack/);
	assert.equal((await get("/")).status, 200);
});

test("with refresh-timeout the time begins again at each connection", async () => {
	const localAddress = "127.0.0.12";
	const until = async () => {
		const entries: { address: string; until: number }[] = await json("show security flow ip-action");
		return entries.find(({ address }) => address === localAddress)?.until ?? 0;
	};
	assert.equal((await get("/again", { localAddress })).status, 403);
	const before = await eventually(until, "the entry");
	await eventually(async () => {
		assert.equal((await get("/", { localAddress })).status, 403);
		return (await until()) > before;
	}, "a later end");
});

test("what was found stands in the table, and what a rule looks for is told", async () => {
	assert.match(await cli("show security idp status"), /State of intrusion detection: running\nPolicies in use: web\n/);
	const table = await json("show security idp attack table");
	const worm = table.find(({ sid }: { sid: number }) => sid === 1);
	assert.ok(worm.hits >= 10 && worm.blocked >= 9 && worm.blocked < worm.hits, JSON.stringify(worm));
	assert.match(await cli("show security idp attack detail probe"), /severity: critical\n(.*\n)*found: 1 times/);
	const before = await json("show security idp counters");
	assert.ok(before.attacks_found >= 8 && before.ip_actions_created >= 3, JSON.stringify(before));
	await cli("clear security idp counters");
	assert.equal((await json("show security idp counters")).attacks_found, 0);
	assert.match(await cli("clear security idp attack table"), /attacks forgotten/);
	assert.deepEqual(await json("show security idp attack table"), []);
});
