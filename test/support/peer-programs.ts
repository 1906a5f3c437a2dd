/** Programs that run while a test does: nginx, redis, dovecot, postfix and openssl as servers on loopback. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, type Owner, Program } from "./gateway.ts";
import type { Identity } from "./origins.ts";
import { peerPath } from "./peers.ts";

/** A directory that other users may enter, which goes with its owner. */
export function peerFolder(owner: Owner): string {
	const folder = mkdtempSync(join(tmpdir(), "sallyport-peer-"));
	chmodSync(folder, 0o755);
	owner.after(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** Starts a command and waits until something accepts at each port. It is ended with its owner. */
export async function startPeer(
	owner: Owner,
	command: string,
	args: readonly string[],
	ports: readonly number[],
): Promise<Program> {
	const program = new Program(spawn(peerPath(command), [...args], { stdio: ["pipe", "pipe", "pipe"] }));
	owner.after(async () => {
		program.child.kill("SIGTERM");
		const timer = setTimeout(() => program.child.kill("SIGKILL"), 5_000);
		await program.ended;
		clearTimeout(timer);
	});
	for (const port of ports) {
		await eventually(async () => {
			if (program.isOver) throw new Error(`${command} ended: ${program.output}`);
			return await accepts(port);
		}, `${command} at port ${port}`);
	}
	return program;
}

/** A redis that keeps nothing on disk. */
export function startRedis(owner: Owner, port: number): Promise<Program> {
	const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", tmpdir()];
	return startPeer(owner, "redis-server", args, [port]);
}

/** Dovecot with one mailbox, user pat, password secret; ports 0 are not served. The mailbox holds nothing at first. */
export function startDovecot(
	owner: Owner,
	identity: Identity,
	ports: { readonly imap: number; readonly imaps: number; readonly pop3s: number; readonly pop3?: number },
	ssl: "yes" | "no" | "required" = "yes",
): Promise<Program> {
	const folder = peerFolder(owner);
	const mail = join(folder, "mail");
	mkdirSync(mail);
	chmodSync(mail, 0o777);
	writeFileSync(join(folder, "chain.pem"), identity.cert);
	writeFileSync(join(folder, "key.pem"), identity.key);
	const listener = (name: string, port: number, statements = "") =>
		`inet_listener ${name} {\naddress = 127.0.0.1\nport = ${port}\n${statements}\n}`;
	const configuration = join(folder, "dovecot.conf");
	writeFileSync(
		configuration,
		`
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = /dev/stderr
protocols = imap pop3
ssl = ${ssl}
ssl_cert = <${folder}/chain.pem
ssl_key = <${folder}/key.pem
disable_plaintext_auth = ${ssl === "required" ? "yes" : "no"}
mail_location = maildir:${mail}/%u
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${mail}
}
protocol imap {
  mail_plugins = imap_zlib
}
service imap-login {
  ${listener("imap", ports.imap)}
  ${listener("imaps", ports.imaps, "ssl = yes")}
}
service pop3-login {
  ${listener("pop3", ports.pop3 ?? 0)}
  ${listener("pop3s", ports.pop3s, "ssl = yes")}
}
`,
	);
	const served = [ports.imap, ports.imaps, ports.pop3s, ports.pop3 ?? 0].filter((port) => port !== 0);
	return startPeer(owner, "dovecot", ["-F", "-c", configuration], served);
}

/**
 * Postfix that takes mail for anybody at mail.test and throws it away. It starts as root only. `tls`: with the first octet, by
 * STARTTLS and not without, or none.
 */
export async function startPostfix(
	owner: Owner,
	identity: Identity,
	port: number,
	tls: "first" | "starttls" | "none" = "first",
): Promise<void> {
	const folder = peerFolder(owner);
	for (const name of ["etc", "queue", "data"]) mkdirSync(join(folder, name));
	chownSync(join(folder, "data"), userId("postfix"), 0);
	writeFileSync(join(folder, "chain.pem"), identity.key + identity.cert);
	writeFileSync(
		join(folder, "etc/main.cf"),
		`
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file = ${folder}/log
maillog_file_prefixes = ${folder}
multi_instance_enable = no
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.test
mydestination = mail.test
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
local_recipient_maps =
local_transport = discard
smtpd_tls_chain_files = ${folder}/chain.pem
smtpd_tls_security_level = ${tls === "none" ? "none" : "encrypt"}
smtpd_tls_received_header = yes
`,
	);
	const services = [
		"cleanup unix n - n - 0 cleanup",
		"qmgr unix n - n 300 1 qmgr",
		"rewrite unix - - n - - trivial-rewrite",
	];
	for (const name of ["bounce", "defer", "trace"]) services.push(`${name} unix - - n - 0 bounce`);
	services.push(
		"discard unix - - n - - discard",
		"error unix - - n - - error",
		"postlog unix-dgram n - n - 1 postlogd",
	);
	services.push("tlsmgr unix - - n 1000? 1 tlsmgr", "anvil unix - - n - 1 anvil", "flush unix n - n 1000? 0 flush");
	services.push(`127.0.0.1:${port} inet n - n - - smtpd${tls === "first" ? " -o smtpd_tls_wrappermode=yes" : ""}`);
	writeFileSync(join(folder, "etc/master.cf"), `${services.join("\n")}\n`);
	spawnSync(peerPath("postfix"), ["-c", join(folder, "etc"), "start"], { stdio: "ignore" });
	await eventually(() => accepts(port), `postfix at port ${port}`);
	// Its master is no child of that command.
	const master = Number(readFileSync(join(folder, "queue/pid/master.pid"), "utf8"));
	owner.after(() => void process.kill(master));
}

function userId(name: string): number {
	const fields = new RegExp(`^${name}:[^:]*:(\\d+):`, "m").exec(readFileSync("/etc/passwd", "utf8"));
	return Number(fields?.[1]);
}

function accepts(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
		socket.on("connect", () => socket.destroy());
	});
}
