/** A flood of first messages from invented addresses: what it does to a tunnel that stands, to memory, and what is answered. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Owner } from "../../test/support/gateway.ts";
import type { FloodOptions, FloodResult } from "../load/ike-flood.ts";
import { Iked } from "../peers/iked.ts";
import { memoryKibibytes, processTree } from "../processes.ts";
import { addresses, type Lab, makeIpsecLab } from "./lab.ts";
import { type Loss, LossProbe } from "./loss.ts";
import { planOf, suites, type TunnelOfBench } from "./plans.ts";

export interface FloodFigures extends FloodResult, Loss {
	readonly flooded: number;
	readonly seconds: number;
	/** MiB of the process before, at the end of the flood, and a while after it. */
	readonly memory: readonly [number, number, number];
	readonly loadAverage: number;
}

export async function measureFlood(owner: Owner): Promise<FloodFigures> {
	const loadAverage = Math.round((loadavg()[0] ?? 0) * 100) / 100;
	const lab = await makeIpsecLab(owner, false);
	lab.h2.ip("route add local 10.66.0.0/16 dev lo", "route add local 10.2.9.0/24 dev lo");
	lab.g2.ip("route add 10.66.0.0/16 via 10.2.0.10", "route add 10.2.9.0/24 via 10.2.0.10");
	// Strangers are answered where anybody may come; the tunnel is one of them.
	const flooded = await Iked.start(owner, lab.g2, planOf([tunnel(false)], ["10.1.0.0/24"]));
	const peer = await Iked.start(owner, lab.g1, planOf([tunnel(true)], ["10.2.9.0/24"]));
	for (let waited = 0; (await peer.tunnels()) === 0; waited += 200) {
		if (waited > 20_000) throw new Error("the tunnel did not come up");
		await sleep(200);
	}
	const memory = () => memoryKibibytes(processTree(flooded.pid)) / 1_024;
	// What the engine does of this kind for the first time is not counted.
	await flood(lab, 3);
	await sleep(35_000);
	const before = memory();
	const probe = await LossProbe.start(owner, lab, { networks: ["10.2.9"], perSecond: 200 });
	const result = await flood(lab, seconds);
	const during = memory();
	const loss = await probe.end();
	await sleep(3_000);
	process.stderr.write(`bench: flood: ${JSON.stringify(result)}, ${loss.lost} of ${loss.sent} lost\n`);
	return { ...result, ...loss, flooded: result.sent, seconds, memory: [before, during, memory()], loadAverage };
}

function tunnel(isPeer: boolean): TunnelOfBench {
	return {
		name: "v",
		ownId: isPeer ? "g1.example" : "g2.example",
		peerId: isPeer ? "g2.example" : "%any",
		own: isPeer ? addresses.g1 : addresses.g2,
		peer: isPeer ? addresses.g2 : "%any",
		ownNetwork: isPeer ? "10.1.0.0/24" : "10.2.0.0/16",
		peerNetwork: isPeer ? "10.2.0.0/16" : "0.0.0.0/0",
		startsImmediately: isPeer,
		suite: suites.gcm,
	};
}

async function flood({ h2 }: Lab, forSeconds: number): Promise<FloodResult> {
	const options: FloodOptions = { target: addresses.g2, seconds: forSeconds };
	const script = join(import.meta.dirname, "../load/ike-flood.ts");
	const words = [process.execPath, "--disable-warning=ExperimentalWarning", script, JSON.stringify(options)];
	const [program, ...rest] = h2.inside(words);
	const child = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit"] });
	let said = "";
	child.stdout.on("data", (chunk: Buffer) => {
		said += chunk;
	});
	await once(child, "close");
	return JSON.parse(said) as FloodResult;
}

const seconds = 10;
