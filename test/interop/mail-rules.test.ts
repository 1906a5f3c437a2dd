/** Mail to Postfix behind a reverse listener, with curl before it, and what rules of idp policies say about it. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { eventually, freePort, startGateway } from "../support/gateway.ts";
import { TestCa } from "../support/origins.ts";
import { peerFolder, startPostfix } from "../support/peer-programs.ts";
import { hasPeers, peerPath, requirePeers } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

const owner = { after };
const ca = new TestCa();
const inside = new TestCa("Inside");
const folder = peerFolder(owner);
process.env.OPENSSL_CONF = "/dev/null";
writeFileSync(join(folder, "root.pem"), ca.root.pem);
const isRoot = process.getuid?.() === 0;
const peers = ["postfix", "curl"];
const [behind, port] = [await freePort(), await freePort()];
if (hasPeers(peers) && isRoot) await startPostfix(owner, inside.identity(["mail.test"]), behind);
const rules = [
	'alert smtp any any -> any any (msg:"envelope"; smtp.helo; content:"me.test"; smtp.mail_from; content:"a@mail.test"; smtp.rcpt_to; content:"<b@mail.test>"; bsize:13; sid:1;)',
	'drop smtp any any -> any any (msg:"subject"; email.subject; content:"Prize"; nocase; sid:2;)',
	'drop smtp any any -> any any (msg:"link"; email.url; content:"http://bad.example/"; startswith; sid:3;)',
	'drop smtp any any -> any any (msg:"file"; email.x_mailer; content:"Own"; file.data; content:"a bad word"; sid:4;)',
];
writeFileSync(join(folder, "mail.rules"), rules.join("\n"));
const gateway = await startGateway(owner, {
	certificates: { mail: ca.identity(["mail.test"]) },
	trust: inside.root.pem,
	hosts: ["mail.test"],
	profiles: "profile servers { server-certificate mail; trusted-ca test; actions { log { all; } } }",
	gateway: `reverse smtps { listen 127.0.0.1:${port}; server mail.test:${behind}; profile servers; }`,
	policies: `policy mail {
		match { source-address any; destination-address any; application any; }
		then { permit { application-services { ssl-proxy { profile-name inspect; } idp-policy mail; } } }
	}`,
	security: `pki { ca-profile test { ca-identity test; } }
		idp {
			rules { file ${join(folder, "mail.rules")}; }
			idp-policy mail { rulebase-ips { rule all {
				match { attacks { predefined-attack-groups all; } } then { action { recommended; } }
			} } }
		}`,
});

test("rules see the envelope, subject, links and decoded parts of mail to Postfix; what they block is not taken", async (t) => {
	if (!requirePeers(t, peers)) return;
	if (!isRoot) return t.skip("postfix is started by root only");
	const coded = (text: string) => Buffer.from(text).toString("base64");
	for (const [name, head, text, found] of [
		["good", "Subject: hello", "nothing", []],
		["encoded", `Subject: =?utf-8?B?${coded("A prize for you")}?=`, "nothing", ["2 subject"]],
		["link", "Subject: hello", "see <http://bad.example/x>", ["3 link"]],
		["file", "Subject: hello\r\nX-Mailer: Own 1", "with a bad word", ["4 file"]],
	] as const) {
		const isBlocked = found.length > 0;
		const output = await send(t, name, `${head}\r\nContent-Transfer-Encoding: base64\r\n\r\n${coded(text)}\r\n`);
		assert.equal(/queued as/.test(output), !isBlocked, `${name}: ${output}`);
		if (isBlocked) assert.match(output, /554 5\.7\.1 The content was blocked by idp|Send failure|Broken pipe|reset/);
		const { findings } = await nextRecord();
		assert.deepEqual(
			findings.map((one) => `${one.name} ${one.verdict}`).sort(),
			["1 envelope report", ...found.map((one) => `${one} block`)],
			name,
		);
	}
});

async function send(t: TestContext, name: string, text: string): Promise<string> {
	const file = join(folder, name);
	writeFileSync(file, text, "latin1");
	const envelope = ["--mail-from", "a@mail.test", "--mail-rcpt", "b@mail.test", "--upload-file", file];
	const trust = ["--cacert", join(folder, "root.pem"), "--resolve", `mail.test:${port}:127.0.0.1`];
	const url = `smtps://mail.test:${port}/me.test`;
	const { output } = await run(t, peerPath("curl"), [
		"--silent",
		"--show-error",
		"--verbose",
		"--max-time",
		"20",
		...trust,
		...envelope,
		url,
	]);
	return output;
}

const told = new Set<string>();

async function nextRecord(): Promise<SessionRecord> {
	const record = await eventually(() => gateway.records().find(({ id }) => !told.has(id)), "the record of the session");
	told.add(record.id);
	return record;
}
