/** What of numbered datagrams from h1 through tunnels to h2 is lost while something else happens. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Owner } from "../../test/support/gateway.ts";
import type { Namespace } from "../../test/support/namespaces.ts";
import type { SenderOptions } from "../load/numbered-datagrams.ts";
import type { Lab } from "./lab.ts";

export interface Loss {
	readonly sent: number;
	readonly lost: number;
}

export class LossProbe {
	readonly #sender: Counted;
	readonly #receiver: Counted;

	static async start(owner: Owner, { h1, h2 }: Lab, options: SenderOptions): Promise<LossProbe> {
		const receiver = await Counted.start(owner, h2, ["receive"]);
		return new LossProbe(await Counted.start(owner, h1, ["send", JSON.stringify(options)]), receiver);
	}

	constructor(sender: Counted, receiver: Counted) {
		this.#sender = sender;
		this.#receiver = receiver;
	}

	async end(): Promise<Loss> {
		const sent = await this.#sender.end();
		await sleep(500);
		return { sent, lost: sent - (await this.#receiver.end()) };
	}
}

class Counted {
	readonly #child: ChildProcess;
	#said = "";

	static async start(owner: Owner, at: Namespace, words: readonly string[]): Promise<Counted> {
		const script = join(import.meta.dirname, "../load/numbered-datagrams.ts");
		const flags = ["--disable-warning=ExperimentalWarning"];
		const [program, ...rest] = at.inside([process.execPath, ...flags, script, ...words]);
		const child = spawn(program, rest, { stdio: ["pipe", "pipe", "inherit"] });
		owner.after(() => void child.kill("SIGKILL"));
		const counted = new Counted(child);
		await once(child.stdout, "data");
		return counted;
	}

	constructor(child: ChildProcess) {
		this.#child = child;
		child.stdout?.on("data", (chunk: Buffer) => {
			this.#said += chunk;
		});
	}

	async end(): Promise<number> {
		this.#child.stdin?.end();
		await once(this.#child, "close");
		return Number(this.#said.trim().split("\n").at(-1));
	}
}
