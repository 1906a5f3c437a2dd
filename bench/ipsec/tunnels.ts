/** A thousand tunnels on one instance: until they stand, what they weigh, and new keys for all of them while packets go. */
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Owner } from "../../test/support/gateway.ts";
import { Iked } from "../peers/iked.ts";
import { memoryKibibytes, processTree } from "../processes.ts";
import { addresses, makeIpsecLab } from "./lab.ts";
import { LossProbe } from "./loss.ts";
import { planOf, suites, type TunnelOfBench } from "./plans.ts";

export interface TunnelFigures {
	readonly tunnels: number;
	readonly seconds: number;
	/** KiB a tunnel, of the instance that answers. */
	readonly kibibytes: number;
	readonly rekeyed: number;
	readonly rekeySeconds: number;
	readonly sent: number;
	readonly lost: number;
	readonly loadAverage: number;
}

export async function measureTunnels(owner: Owner): Promise<TunnelFigures> {
	const loadAverage = Math.round((loadavg()[0] ?? 0) * 100) / 100;
	const lab = await makeIpsecLab(owner, false);
	lab.h2.ip(`route add local ${allNetworks} dev lo`);
	lab.g2.ip(`route add ${allNetworks} via ${addresses.h2}`);
	// Peers of their own, as far as limits for each address go.
	lab.g1.ip(...Array.from({ length: initiators }, (_, index) => `address add ${initiatorOf(index)}/24 dev wan`));
	const responder = await Iked.start(owner, lab.g2, planOf(tunnels(false), ["10.1.0.0/24"]));
	const initiator = await Iked.start(owner, lab.g1, planOf([], []));
	await sleep(3_000);
	const memory = () => memoryKibibytes(processTree(responder.pid));
	const before = memory();
	const began = performance.now();
	await initiator.configure(planOf(tunnels(true), [allNetworks]));
	// By what they tell: to ask again and again what stands would be measured, too.
	const isUp = (one: Iked) => one.count("child-established") >= count;
	await until(() => isUp(responder) && isUp(initiator), upMs);
	const seconds = (performance.now() - began) / 1_000;
	process.stderr.write(`bench: ${count} tunnels after ${seconds.toFixed(1)} s\n`);
	const networks = Array.from({ length: count }, (_, index) => networkOf(index).replace(".0/24", ""));
	const probe = await LossProbe.start(owner, lab, { networks, perSecond: 500 });
	await sleep(10_000);
	const kibibytes = (memory() - before) / count;
	process.stderr.write(`bench: ${kibibytes.toFixed(1)} KiB a tunnel\n`);
	const rekeyBegan = performance.now();
	await until(() => initiator.count("child-rekeyed") > 0, rekeyMs);
	const first = performance.now();
	await until(() => initiator.count("child-rekeyed") >= count, rekeyMs);
	const rekeySeconds = (performance.now() - first) / 1_000;
	process.stderr.write(
		`bench: new keys from ${((first - rekeyBegan) / 1_000).toFixed(0)} s on, in ${rekeySeconds.toFixed(1)} s\n`,
	);
	await sleep(2_000);
	const { sent, lost } = await probe.end();
	const rekeyed = initiator.count("child-rekeyed");
	return { tunnels: count, seconds, kibibytes, rekeyed, rekeySeconds, sent, lost, loadAverage };
}

function tunnels(isInitiator: boolean): readonly TunnelOfBench[] {
	return Array.from({ length: count }, (_, index) => ({
		name: `t${index}`,
		ownId: `${isInitiator ? "a" : "b"}${index}.example`,
		peerId: `${isInitiator ? "b" : "a"}${index}.example`,
		own: isInitiator ? initiatorOf(index) : addresses.g2,
		peer: isInitiator ? addresses.g2 : initiatorOf(index),
		ownNetwork: isInitiator ? "10.1.0.0/24" : networkOf(index),
		peerNetwork: isInitiator ? networkOf(index) : "10.1.0.0/24",
		startsImmediately: isInitiator,
		suite: suites.gcm,
		// The other end has longer, so that one asks for new keys.
		lifetime: isInitiator ? lifetimeMs : 10 * lifetimeMs,
	}));
}

function initiatorOf(index: number): string {
	return `198.51.100.${firstInitiator + (index % initiators)}`;
}

function networkOf(index: number): string {
	return `10.${128 + (index >> 8)}.${index & 255}.0/24`;
}

async function until(holds: () => boolean, limitMs: number): Promise<void> {
	for (let waited = 0; !holds(); waited += 200) {
		if (waited > limitMs) throw new Error("a thousand tunnels: waited in vain");
		await sleep(200);
	}
}

const count = 1_000;
const initiators = 50;
const firstInitiator = 110;
const allNetworks = "10.128.0.0/14";
/** New keys are asked for after four fifths of it. */
const lifetimeMs = 120_000;
const upMs = 120_000;
const rekeyMs = 150_000;
