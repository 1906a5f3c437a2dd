/** Dovecot and Postfix behind the machines of the mail protocols, with curl before them: logins and messages, over TLS and without. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { ImapMachine } from "#mail/imap-machine.ts";
import { Pop3Machine } from "#mail/pop3-machine.ts";
import { SmtpMachine } from "#mail/smtp-machine.ts";
import { eventually, freePort, Program } from "../support/gateway.ts";
import { startMailRelay } from "../support/mail-relay.ts";
import { TestCa } from "../support/origins.ts";
import { peerPath, requirePeers, requireRoot } from "../support/peers.ts";
import { run } from "../support/tls-legs.ts";

// The host's OpenSSL configuration is not what is tested.
process.env.OPENSSL_CONF = "/dev/null";
const demanded = { mustUseTls: true };
const free = { mustUseTls: false };
const folder = mkdtempSync(join(tmpdir(), "sallyport-mail-"));
// The servers' own users look into it.
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const identity = new TestCa().identity(["mail.test"]);
writeFileSync(join(folder, "cert.pem"), identity.cert);
writeFileSync(join(folder, "key.pem"), identity.key);

test("a user logs in to Dovecot over TLS through the machines of IMAP and POP3", async (t) => {
	const dovecot = await startDovecot(t, "ssl = yes\ndisable_plaintext_auth = yes");
	if (dovecot === undefined) return;
	const imap = await startMailRelay(t, dovecot.imap, () => new ImapMachine(demanded));
	const listed = await curl(t, ["--ssl-reqd", "--user", "tim:secret", `imap://127.0.0.1:${imap.port}/`]);
	assert.match(listed.output, /\* LIST .* INBOX/);
	assert.deepEqual(imap.ends, ["upgrade"]);
	const pop3 = await startMailRelay(t, dovecot.pop3, () => new Pop3Machine(demanded));
	const read = await curl(t, ["--ssl-reqd", "--user", "tim:secret", `pop3://127.0.0.1:${pop3.port}/`]);
	assert.deepEqual([read.status, pop3.ends], [0, ["upgrade"]], read.output);
});

test("a Dovecot without TLS is refused where TLS is demanded, and a login passes where it is not", async (t) => {
	const dovecot = await startDovecot(t, "ssl = no\ndisable_plaintext_auth = no");
	if (dovecot === undefined) return;
	for (const [policy, status, end] of [
		[demanded, undefined, "MAIL_STARTTLS_MISSING"],
		[free, 0, "clear"],
	] as const) {
		const imap = await startMailRelay(t, dovecot.imap, () => new ImapMachine(policy));
		const pop3 = await startMailRelay(t, dovecot.pop3, () => new Pop3Machine(policy));
		for (const [scheme, relay] of [["imap", imap] as const, ["pop3", pop3] as const]) {
			const result = await curl(t, ["--user", "tim:secret", `${scheme}://127.0.0.1:${relay.port}/`]);
			assert.deepEqual(relay.ends, [end], result.output);
			if (status !== undefined) assert.equal(result.status, status, result.output);
		}
	}
});

test("a message goes to Postfix through the machine of SMTP, over TLS and where policy lets it without", async (t) => {
	const port = await startPostfix(t);
	if (port === undefined) return;
	const message = "Subject: x\r\n\r\nSTARTTLS\r\n.hidden\r\n";
	for (const [policy, flags, ends] of [
		[demanded, ["--ssl-reqd"], ["upgrade"]],
		[free, [], []],
		[demanded, [], ["MAIL_CLEAR_REFUSED"]],
	] as const) {
		const relay = await startMailRelay(t, port, () => new SmtpMachine(policy));
		const to = ["--mail-from", "a@mail.test", "--mail-rcpt", "b@mail.test", "-T", "-"];
		const result = await curl(t, [...flags, ...to, `smtp://127.0.0.1:${relay.port}/`], message);
		assert.equal(result.status === 0, ends[0] !== "MAIL_CLEAR_REFUSED", result.output);
		assert.deepEqual(relay.ends, ends, result.output);
	}
});

function curl(t: TestContext, args: readonly string[], input = "") {
	return run(t, "curl", ["-sS", "-k", "--max-time", "15", ...args], input);
}

/** False when the servers cannot run here. */
function canServe(t: TestContext, commands: readonly string[]): boolean {
	const isThere = requirePeers(t, ["curl", ...commands]);
	return isThere && requireRoot(t, "the mail servers change to users of their own");
}

async function startDovecot(t: TestContext, statements: string) {
	if (!canServe(t, ["dovecot"])) return undefined;
	const home = mkdtempSync(join(folder, "dovecot-"));
	chmodSync(home, 0o755);
	mkdirSync(join(home, "mail"));
	chmodSync(join(home, "mail"), 0o777);
	const ports = { imap: await freePort(), pop3: await freePort() };
	const login = (protocol: "imap" | "pop3") =>
		`service ${protocol}-login {\n chroot =\n inet_listener ${protocol} {\n port = ${ports[protocol]}\n }\n inet_listener ${protocol}s {\n port = 0\n }\n}\n`;
	writeFileSync(
		join(home, "dovecot.conf"),
		[
			...[`base_dir = ${home}/run`, `state_dir = ${home}/state`, "log_path = /dev/stderr", "listen = 127.0.0.1"],
			...["protocols = imap pop3", `ssl_cert = <${folder}/cert.pem`, `ssl_key = <${folder}/key.pem`, statements],
			...["default_internal_user = nobody", "default_internal_group = nogroup", "default_login_user = nobody"],
			`mail_location = maildir:${home}/mail/%u`,
			"passdb {\n driver = static\n args = password=secret\n}",
			`userdb {\n driver = static\n args = uid=nobody gid=nogroup home=${home}/mail/%u\n}`,
			"service anvil {\n chroot =\n}",
			login("imap") + login("pop3"),
		].join("\n"),
	);
	await started(t, ports.pop3, spawn(peerPath("dovecot"), ["-F", "-c", join(home, "dovecot.conf")]));
	return ports;
}

async function startPostfix(t: TestContext): Promise<number | undefined> {
	if (!canServe(t, ["postfix"])) return undefined;
	const home = mkdtempSync(join(folder, "postfix-"));
	chmodSync(home, 0o755);
	for (const name of ["queue", "data"]) mkdirSync(join(home, name));
	const { output: user } = await run(t, "id", ["-u", "postfix"]);
	chownSync(join(home, "data"), Number(user), 0);
	const port = await freePort();
	writeFileSync(
		join(home, "main.cf"),
		[
			...["compatibility_level = 3.6", `queue_directory = ${home}/queue`, `data_directory = ${home}/data`],
			...[
				`maillog_file = ${home}/log`,
				`maillog_file_prefixes = ${home}`,
				"myhostname = mail.test",
				"inet_interfaces = 127.0.0.1",
			],
			...[`smtpd_tls_cert_file = ${folder}/cert.pem`, `smtpd_tls_key_file = ${folder}/key.pem`],
			...["smtpd_tls_security_level = may", "smtpd_relay_restrictions = permit_mynetworks, reject"],
			...["mydestination = mail.test", "local_recipient_maps =", "local_transport = discard", ""],
		].join("\n"),
	);
	writeFileSync(
		join(home, "master.cf"),
		[
			`127.0.0.1:${port} inet n - n - - smtpd`,
			...["cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "tlsmgr unix - - n 1000? 1 tlsmgr"],
			...["rewrite unix - - n - - trivial-rewrite", "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce"],
			...["anvil unix - - n - 1 anvil", "discard unix - - n - - discard", "proxymap unix - - n - - proxymap"],
			...["postlog unix-dgram n - n - 1 postlogd", ""],
		].join("\n"),
	);
	// Its master leaves every process group, so it is stopped by its own command.
	t.after(() => spawnSync(peerPath("postfix"), ["-c", home, "stop"], { stdio: "ignore", timeout: 10_000 }));
	const start = spawnSync(peerPath("postfix"), ["-c", home, "start"], { stdio: "ignore", timeout: 20_000 });
	assert.equal(start.status, 0, "Postfix starts");
	await reachable(port);
	return port;
}

async function started(t: TestContext, port: number, child: ChildProcess): Promise<void> {
	const program = new Program(child);
	t.after(async () => {
		child.kill();
		await program.ended;
	});
	await reachable(port, program);
}

async function reachable(port: number, program?: Program): Promise<void> {
	await eventually(async () => {
		if (program?.isOver === true) throw new Error(`the server ended: ${program.output}`);
		return await new Promise<boolean>((resolve) => {
			const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
			socket.on("connect", () => socket.destroy());
		});
	}, "the mail server");
}
