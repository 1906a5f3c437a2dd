/** strongSwan with ESP in user space (kernel-libipsec), without a log. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Owner } from "../../test/support/gateway.ts";
import type { Namespace } from "../../test/support/namespaces.ts";
import { peerPath } from "../../test/support/peers.ts";
import { temporaryDirectory } from "../processes.ts";

export class CharonSubject {
	readonly #folder: string;
	readonly #child: ChildProcess;

	/** `connections`: the text of `swanctl.conf`. */
	static async start(owner: Owner, at: Namespace, connections: string): Promise<CharonSubject> {
		const folder = temporaryDirectory("charon");
		mkdirSync(join(folder, "swanctl"));
		writeFileSync(join(folder, "strongswan.conf"), settings(folder));
		writeFileSync(join(folder, "swanctl/swanctl.conf"), connections);
		const [program, ...words] = at.inside([peerPath("setpriv"), "--pdeathsig", "KILL", peerPath("charon-systemd")]);
		const child = spawn(program, words, {
			env: { ...process.env, STRONGSWAN_CONF: join(folder, "strongswan.conf") },
			stdio: "ignore",
		});
		const charon = new CharonSubject(folder, child);
		owner.after(() => charon.stop());
		for (let waited = 0; !existsSync(join(folder, "charon.vici")); waited += 50) {
			if (waited > 10_000) throw new Error("strongSwan did not start");
			await sleep(50);
		}
		await charon.control("--load-all", "--noprompt");
		return charon;
	}

	constructor(folder: string, child: ChildProcess) {
		this.#folder = folder;
		this.#child = child;
	}

	get pid(): number {
		return this.#child.pid ?? 0;
	}

	/** Runs swanctl; answers what it printed. */
	control(...words: readonly string[]): Promise<string> {
		const [first = "", ...rest] = words;
		const env = {
			...process.env,
			STRONGSWAN_CONF: join(this.#folder, "strongswan.conf"),
			SWANCTL_DIR: join(this.#folder, "swanctl"),
		};
		const all = [first, "--uri", `unix://${join(this.#folder, "charon.vici")}`, ...rest];
		return new Promise((resolve) => {
			execFile(peerPath("swanctl"), all, { env, timeout: 20_000 }, (_, out, err) => resolve(`${out}${err}`));
		});
	}

	async stop(): Promise<void> {
		if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
		const ended = new Promise((resolve) => this.#child.once("exit", resolve));
		this.#child.kill("SIGKILL");
		await ended;
	}
}

function settings(folder: string): string {
	return `charon {
  load = random nonce openssl x509 revocation constraints pubkey pkcs1 pkcs8 pem sha1 sha2 md5 hmac kdf kernel-libipsec kernel-netlink socket-default vici
  plugins { vici { socket = unix://${folder}/charon.vici }
    kernel-libipsec { allow_peer_ts = yes } }
}
swanctl { load = random openssl x509 pubkey pkcs1 pkcs8 pem sha1 sha2 }
`;
}
