/**
 * strongSwan as a peer: one charon in a network namespace of its own, joined to the one of this process by a pair of virtual
 * interfaces. To be used by a process that is alone in its namespace (`unshare -n`): nothing of the host is touched, and all
 * of it goes with the processes.
 *
 *     this process 198.51.100.1 == 198.51.100.2 charon, with 10.2.0.1 behind it
 *
 * ESP of charon is in user space (kernel-libipsec), as the kernel of the machine need not have any; it always goes in UDP.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { peerPath } from "./peers.ts";

export const ownAddress = "198.51.100.1";
export const peerAddress = "198.51.100.2";
export const ownHost = "10.1.0.1";
export const peerHost = "10.2.0.1";
const peerNetwork = "10.2.0.0/24";

/** The programs that must be there. */
export const strongswanCommands = ["charon-systemd", "swanctl", "ip", "unshare", "nsenter", "setpriv"];

/** A certificate for charon: PEM. */
export interface SwanCredentials {
	readonly certificate: string;
	readonly key: string;
	readonly authority: string;
}

export class Strongswan {
	readonly #folder: string;
	readonly #process: ChildProcess;

	/** Starts charon, which ends with this process, with one connection `t` and one child `c`; `connection` is the text of `swanctl.conf`. */
	static async start(folder: string, connection: string, credentials?: SwanCredentials): Promise<Strongswan> {
		mkdirSync(join(folder, "swanctl"), { recursive: true });
		writeFileSync(join(folder, "strongswan.conf"), strongswanSettings(folder));
		writeFileSync(join(folder, "swanctl", "swanctl.conf"), connection);
		if (credentials !== undefined) writeSwanCredentials(folder, credentials);
		const charon = spawn(
			peerPath("unshare"),
			["-n", peerPath("setpriv"), "--pdeathsig", "KILL", peerPath("charon-systemd")],
			{
				env: { ...process.env, STRONGSWAN_CONF: join(folder, "strongswan.conf") },
				stdio: "ignore",
			},
		);
		const peer = new Strongswan(folder, charon);
		await peer.#join();
		await until("charon's socket", () => existsSync(join(folder, "charon.vici")));
		await peer.control("--load-all", "--noprompt");
		return peer;
	}

	constructor(folder: string, charon: ChildProcess) {
		this.#folder = folder;
		this.#process = charon;
	}

	/** Runs swanctl and gives what it printed; meanwhile this process goes on, as charon may need its answers. */
	control(...words: readonly string[]): Promise<string> {
		const env = {
			...process.env,
			STRONGSWAN_CONF: join(this.#folder, "strongswan.conf"),
			SWANCTL_DIR: join(this.#folder, "swanctl"),
		};
		const [command = "", ...rest] = words;
		const socket = `unix://${join(this.#folder, "charon.vici")}`;
		return new Promise((resolve) => {
			const all = [command, "--uri", socket, ...rest];
			execFile(peerPath("swanctl"), all, { env, timeout: 20_000 }, (_, out, err) => resolve(`${out}${err}`));
		});
	}

	/** Starts a program beside charon, in its namespace; it ends with this process. */
	startBeside(program: string, ...words: readonly string[]): ChildProcess {
		const inside = ["-t", String(this.#process.pid), "-n", peerPath("setpriv"), "--pdeathsig", "KILL", program];
		return spawn(peerPath("nsenter"), [...inside, ...words], { stdio: ["ignore", "pipe", "inherit"] });
	}

	/** What charon wrote. */
	log(): string {
		const file = join(this.#folder, "log");
		return existsSync(file) ? readFileSync(file, "utf8") : "";
	}

	async #join(): Promise<void> {
		const pid = String(this.#process.pid);
		const own = readlinkSync("/proc/self/ns/net");
		await until("a namespace of charon's own", () => readlinkSync(`/proc/${pid}/ns/net`) !== own);
		const inside = (...words: readonly string[]) => run("nsenter", "-t", pid, "-n", peerPath("ip"), ...words);
		run("ip", "link", "add", "wan", "type", "veth", "peer", "name", "wan", "netns", pid);
		run("ip", "addr", "add", `${ownAddress}/24`, "dev", "wan");
		inside("addr", "add", `${peerAddress}/24`, "dev", "wan");
		inside("addr", "add", `${peerHost}/24`, "dev", "lo");
		for (const device of ["lo", "wan"]) {
			run("ip", "link", "set", device, "up");
			inside("link", "set", device, "up");
		}
	}
}

/** Puts a certificate where swanctl looks for it: `certs = peer.pem`. */
export function writeSwanCredentials(folder: string, { certificate, key, authority }: SwanCredentials): void {
	for (const name of ["x509", "x509ca", "private"]) mkdirSync(join(folder, "swanctl", name), { recursive: true });
	writeFileSync(join(folder, "swanctl/x509/peer.pem"), certificate);
	writeFileSync(join(folder, "swanctl/private/peer.pem"), key);
	writeFileSync(join(folder, "swanctl/x509ca/authority.pem"), authority);
}

/** A device of packets for what goes into tunnels: this host is `ownHost`, the network behind charon lies there. */
export function configureTunnelDevice(name: string): void {
	run("ip", "addr", "add", `${ownHost}/32`, "dev", name);
	run("ip", "link", "set", name, "up", "mtu", "1400");
	run("ip", "route", "add", peerNetwork, "dev", name, "src", ownHost);
}

async function until(what: string, holds: () => boolean): Promise<void> {
	for (let waited = 0; !holds(); waited += 20) {
		if (waited > 10_000) throw new Error(`${what} did not come in 10 s`);
		await sleep(20);
	}
}

function run(command: string, ...words: readonly string[]): void {
	const done = spawnSync(peerPath(command), words, { encoding: "utf8" });
	if (done.status !== 0) throw new Error(`${command} ${words.join(" ")}: ${done.stderr}`);
}

/** The text of strongswan.conf for a charon whose files lie in `folder`; `more`: further settings of charon. */
export function strongswanSettings(folder: string, more = ""): string {
	return `charon {
  ${more}
  load = random nonce openssl x509 revocation constraints pubkey pkcs1 pkcs8 pem sha1 sha2 md5 hmac kdf kernel-libipsec kernel-netlink socket-default eap-identity eap-mschapv2 eap-tls vici
  plugins { vici { socket = unix://${folder}/charon.vici }
    kernel-libipsec { allow_peer_ts = yes } }
  retransmit_tries = 3
  retransmit_timeout = 1.0
  filelog { log { path = ${folder}/log
      append = no
      flush_line = yes
      default = 1
      ike = 2
      cfg = 2 } }
}
swanctl { load = random openssl x509 pubkey pkcs1 pkcs8 pem sha1 sha2 }
`;
}
