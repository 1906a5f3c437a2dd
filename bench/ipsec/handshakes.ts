/** Handshakes of IKEv2 with a pre-shared key that the gateway answers: the CPU time of its process for each, with the child. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Owner } from "../../test/support/gateway.ts";
import type { InitiatorOptions } from "../load/ike-initiator.ts";
import { CharonSubject } from "../peers/charon.ts";
import { Iked } from "../peers/iked.ts";
import { cpuSeconds, processTree } from "../processes.ts";
import { type Spread, spread } from "../statistics.ts";
import { addresses, type Lab, makeIpsecLab } from "./lab.ts";
import { planOf, suites, swanOf, type TunnelOfBench } from "./plans.ts";
import { type IpsecSubject, subjects } from "./throughput.ts";

export const groups = ["group14", "group19"] as const;

/** CPU milliseconds a handshake. */
export interface HandshakeFigures {
	readonly groups: Readonly<Record<string, Readonly<Record<IpsecSubject, Spread>>>>;
	readonly loadAverage: number;
}

export async function measureHandshakes(owner: Owner, rounds: number): Promise<HandshakeFigures> {
	const found: Record<string, Record<IpsecSubject, Spread>> = {};
	const loadAverage = Math.round((loadavg()[0] ?? 0) * 100) / 100;
	for (const group of groups) {
		const responders = await startResponders(owner, group);
		const samples: Record<IpsecSubject, number[]> = { sallyport: [], strongswan: [] };
		// Of a program with a just-in-time compiler; the other gets the same.
		for (const name of subjects) await run(responders[name].lab, group, "w");
		for (let round = 1; round <= rounds; round++)
			for (const name of round % 2 === 0 ? subjects : subjects.toReversed()) {
				const { lab, pid } = responders[name];
				const cpu = () => cpuSeconds(processTree(pid));
				const before = cpu();
				await run(lab, group, `r${round}-`);
				await sleep(500);
				const used = ((cpu() - before) * 1_000) / handshakes;
				samples[name].push(used);
				process.stderr.write(`bench: ${group}, round ${round}, ${name}: ${used.toFixed(2)} ms a handshake\n`);
			}
		found[group] = { sallyport: spread(samples.sallyport), strongswan: spread(samples.strongswan) };
		for (const { stop } of Object.values(responders)) await stop();
	}
	return { groups: found, loadAverage };
}

async function startResponders(owner: Owner, group: string) {
	const tunnel: TunnelOfBench = {
		name: "v",
		ownId: "g2.example",
		peerId: "%any",
		own: addresses.g2,
		peer: "%any",
		ownNetwork: "10.2.0.0/24",
		peerNetwork: "0.0.0.0/0",
		startsImmediately: false,
		suite: suites.gcm,
		group,
	};
	const [ours, theirs] = [await makeIpsecLab(owner, false), await makeIpsecLab(owner, false)];
	const iked = await Iked.start(owner, ours.g2, planOf([tunnel], []));
	const charon = await CharonSubject.start(owner, theirs.g2, swanOf(tunnel));
	return {
		sallyport: { lab: ours, pid: iked.pid, stop: () => iked.stop() },
		strongswan: { lab: theirs, pid: charon.pid, stop: () => charon.stop() },
	};
}

async function run({ g1 }: Lab, group: string, prefix: string): Promise<void> {
	const options: InitiatorOptions = {
		own: addresses.g1,
		peer: addresses.g2,
		count: handshakes,
		lanes: 4,
		group,
		prefix,
	};
	const script = join(import.meta.dirname, "../load/ike-initiator.ts");
	const words = [process.execPath, "--disable-warning=ExperimentalWarning", script, JSON.stringify(options)];
	const [program, ...rest] = g1.inside(words);
	const child = spawn(program, rest, { stdio: ["ignore", "inherit", "inherit"], timeout: 60_000 });
	const [status] = await once(child, "exit");
	if (status !== 0) throw new Error(`the initiator ended with exit status ${status}`);
}

const handshakes = 150;
