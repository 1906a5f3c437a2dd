/** The process of VPNs as `managed` starts it, alone: it is told a plan, and asked what stands. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FromIked, ToIked } from "#daemon/iked-protocol.ts";
import { noPeerTrust } from "#daemon/peer-trust.ts";
import type { VpnPlan } from "#ike/vpn-plan.ts";
import type { VpnsState } from "#ike/vpn-state.ts";
import { projectRoot } from "../../scripts/source-files.ts";
import type { Owner } from "../../test/support/gateway.ts";
import type { Namespace } from "../../test/support/namespaces.ts";

export class Iked {
	readonly #child: ChildProcess;
	/** What it told of, one after the other. */
	readonly heard: FromIked[] = [];
	#next = 1;

	static async start(owner: Owner, at: Namespace, plan: VpnPlan): Promise<Iked> {
		const [program, ...words] = at.inside([process.execPath, ...flags, join(projectRoot, "src/daemon/iked.ts")]);
		const child = spawn(program, words, {
			serialization: "advanced",
			stdio: ["ignore", "inherit", "inherit", "ipc"],
		});
		const iked = new Iked(child);
		owner.after(() => iked.stop());
		await iked.configure(plan);
		return iked;
	}

	constructor(child: ChildProcess) {
		this.#child = child;
		child.on("message", (message: FromIked) => void this.heard.push(message));
	}

	get pid(): number {
		return this.#child.pid ?? 0;
	}

	/** Resolves when the plan is in force; throws when some of it is not run. */
	async configure(plan: VpnPlan): Promise<void> {
		const revision = this.#next++;
		this.#tell({ type: "configure", revision, plan, trust: noPeerTrust });
		const done = await this.#await(
			(one) => (one.type === "configured" && one.revision === revision) || one.type === "failed",
		);
		if (done.type === "failed") throw new Error(done.reason);
		if (done.type === "configured" && done.problems.length > 0)
			throw new Error(JSON.stringify(done.problems.slice(0, 3)));
	}

	async state(): Promise<VpnsState> {
		const question = this.#next++;
		this.#tell({ type: "show", question });
		const answer = await this.#await((one) => one.type === "state" && one.question === question);
		if (answer.type !== "state") throw new Error("no state");
		return answer.state;
	}

	/** Children that are in force. */
	async tunnels(): Promise<number> {
		const { vpns } = await this.state();
		return vpns.reduce((sum, { children }) => sum + children.length, 0);
	}

	count(what: string): number {
		return this.heard.filter((one) => one.type === "report" && one.what === what).length;
	}

	async stop(): Promise<void> {
		if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
		const ended = new Promise((resolve) => this.#child.once("exit", resolve));
		this.#child.kill("SIGKILL");
		await ended;
	}

	#tell(message: ToIked): void {
		this.#child.send(message);
	}

	async #await(isIt: (message: FromIked) => boolean): Promise<FromIked> {
		for (let waited = 0; waited < 60_000; waited += 20) {
			const found = this.heard.find(isIt);
			if (found !== undefined) return found;
			if (this.#child.exitCode !== null || this.#child.signalCode !== null) break;
			await sleep(20);
		}
		throw new Error("the process of VPNs did not answer");
	}
}

const flags = ["--disable-warning=ExperimentalWarning"];
