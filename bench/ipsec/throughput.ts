/** One flow of TCP through a tunnel: what it carries, and what a packet costs the gateway that sends and the one that receives. */
import { spawn } from "node:child_process";
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, type Owner } from "../../test/support/gateway.ts";
import type { Namespace } from "../../test/support/namespaces.ts";
import { peerPath } from "../../test/support/peers.ts";
import { CharonSubject } from "../peers/charon.ts";
import { Iked } from "../peers/iked.ts";
import { cpuSeconds, processTree } from "../processes.ts";
import { type Spread, spread } from "../statistics.ts";
import { addresses, type Lab, makeIpsecLab } from "./lab.ts";
import { planOf, type Suite, swanOf, type TunnelOfBench } from "./plans.ts";

/** Of one subject. */
export interface FlowFigures {
	readonly megabits: Spread;
	/** CPU microseconds a packet of 1,400 octets. */
	readonly sending: Spread;
	readonly receiving: Spread;
}

export interface ThroughputFigures {
	readonly sallyport: FlowFigures;
	readonly strongswan: FlowFigures;
	readonly loadAverage: number;
}

export const subjects = ["sallyport", "strongswan"] as const;
export type IpsecSubject = (typeof subjects)[number];

interface Pair {
	readonly lab: Lab;
	readonly sender: number;
	readonly receiver: number;
	readonly samples: { megabits: number; sending: number; receiving: number }[];
}

export async function measureThroughput(owner: Owner, suite: Suite, rounds: number): Promise<ThroughputFigures> {
	const pairs = { sallyport: await startIkeds(owner, suite), strongswan: await startCharons(owner, suite) };
	for (const pair of Object.values(pairs)) {
		startServer(owner, pair.lab.h2);
		await eventually(() => canPing(pair.lab), "an echo through the tunnel");
		// A just-in-time compiler needs some thousands of packets; the others get the same.
		await run(pair.lab, 2);
	}
	const loadAverage = Math.round((loadavg()[0] ?? 0) * 100) / 100;
	for (let round = 1; round <= rounds; round++)
		for (const name of round % 2 === 0 ? subjects : subjects.toReversed()) {
			const pair = pairs[name];
			const sample = await measure(pair);
			pair.samples.push(sample);
			process.stderr.write(
				`bench: ${suite.name}, round ${round}, ${name}: ${sample.megabits.toFixed(0)} Mbit/s, ${sample.sending.toFixed(1)} and ${sample.receiving.toFixed(1)} us a packet\n`,
			);
		}
	return { sallyport: figuresOf(pairs.sallyport), strongswan: figuresOf(pairs.strongswan), loadAverage };
}

function figuresOf({ samples }: Pair): FlowFigures {
	return {
		megabits: spread(samples.map(({ megabits }) => megabits)),
		sending: spread(samples.map(({ sending }) => sending)),
		receiving: spread(samples.map(({ receiving }) => receiving)),
	};
}

/** The ends of the tunnel between the networks of the lab. */
export function tunnelOf(suite: Suite, isSender: boolean): TunnelOfBench {
	const [own, peer] = isSender ? [1, 2] : [2, 1];
	return {
		name: "v",
		ownId: `g${own}.example`,
		peerId: `g${peer}.example`,
		own: `198.51.100.${own}`,
		peer: isSender ? addresses.g2 : addresses.g1Translated,
		ownNetwork: `10.${own}.0.0/24`,
		peerNetwork: `10.${peer}.0.0/24`,
		startsImmediately: isSender,
		suite,
	};
}

async function startIkeds(owner: Owner, suite: Suite): Promise<Pair> {
	const lab = await makeIpsecLab(owner, true);
	const receiver = await Iked.start(owner, lab.g2, planOf([tunnelOf(suite, false)], ["10.1.0.0/24"]));
	const sender = await Iked.start(owner, lab.g1, planOf([tunnelOf(suite, true)], ["10.2.0.0/24"]));
	return { lab, sender: sender.pid, receiver: receiver.pid, samples: [] };
}

async function startCharons(owner: Owner, suite: Suite): Promise<Pair> {
	const lab = await makeIpsecLab(owner, true);
	const receiver = await CharonSubject.start(owner, lab.g2, swanOf(tunnelOf(suite, false)));
	const sender = await CharonSubject.start(owner, lab.g1, swanOf(tunnelOf(suite, true)));
	const said = await sender.control("--initiate", "--child", "c", "--timeout", "10");
	if (!said.includes("completed successfully")) throw new Error(`strongSwan brings no tunnel up: ${said.slice(-400)}`);
	return { lab, sender: sender.pid, receiver: receiver.pid, samples: [] };
}

function canPing({ h1 }: Lab): boolean {
	return h1.try([peerPath("ping"), "-c", "1", "-W", "1", addresses.h2]).status === 0;
}

function startServer(owner: Owner, at: Namespace): void {
	const [program, ...words] = at.inside([peerPath("iperf3"), "--server"]);
	const child = spawn(program, words, { stdio: "ignore" });
	owner.after(() => void child.kill("SIGKILL"));
}

async function measure({ lab, sender, receiver }: Pair): Promise<Pair["samples"][number]> {
	await sleep(300);
	const cpu = () => [sender, receiver].map((pid) => cpuSeconds(processTree(pid)));
	const before = cpu();
	const { octets, megabits } = await run(lab, runSeconds);
	const after = cpu();
	const packets = octets / segmentOctets;
	const [sending = 0, receiving = 0] = after.map((used, index) => ((used - (before[index] ?? 0)) * 1e6) / packets);
	return { megabits, sending, receiving };
}

async function run({ h1 }: Lab, seconds: number): Promise<{ readonly octets: number; readonly megabits: number }> {
	const [program, ...words] = h1.inside([peerPath("iperf3"), "-J", "-t", String(seconds), "-c", addresses.h2]);
	const child = spawn(program, words, { stdio: ["ignore", "pipe", "ignore"] });
	let said = "";
	child.stdout.on("data", (chunk: Buffer) => {
		said += chunk;
	});
	await new Promise((resolve) => child.once("close", resolve));
	const { end, error } = JSON.parse(said) as {
		readonly end?: { readonly sum_received?: { readonly bytes: number; readonly bits_per_second: number } };
		readonly error?: string;
	};
	if (end?.sum_received === undefined) throw new Error(`iperf3: ${error}`);
	return { octets: end.sum_received.bytes, megabits: end.sum_received.bits_per_second / 1e6 };
}

const runSeconds = 3;
/** What TCP with its options carries in a packet of 1,400 octets. */
const segmentOctets = 1_348;
