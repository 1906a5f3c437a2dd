/** Measures one running subject: load, and what it cost its processes. */
import { setTimeout as sleep } from "node:timers/promises";
import type { FigureKey } from "./figures.ts";
import { loadDownload } from "./load/download.ts";
import { withIdleConnections } from "./load/idle.ts";
import { loadKeepAlive } from "./load/keep-alive.ts";
import { timeKeepAlive, timeNewConnections } from "./load/latency.ts";
import { loadNewConnections } from "./load/new-connections.ts";
import type { FigureName, Options } from "./options.ts";
import { largeOctets } from "./origin.ts";
import { cpuSeconds, memoryKibibytes } from "./processes.ts";
import { percentile } from "./statistics.ts";
import type { Subject } from "./subject.ts";

/** What one subject gave in one round. */
export interface Sample {
	readonly values: Partial<Record<FigureKey, number>>;
	/** Wall seconds by figure, for information. */
	readonly wallSeconds: Partial<Record<FigureKey, number>>;
}

/** How much load makes a sample. */
export interface Load {
	readonly connections: number;
	readonly downloads: number;
	readonly keepAliveRequests: number;
	readonly idleConnections: number;
	readonly timedConnections: number;
	readonly timedRequests: number;
	readonly warmUpConnections: number;
}

/** The full load, or about a fifth of it. */
export function loadFor(options: Options): Load {
	return options.isQuick ? quickLoad : fullLoad;
}

/**
 * Runs the chosen figures on one subject. Idle memory comes first, on a young process; then a warm-up, then the rest.
 *
 * Units: CPU is user and system time of all its processes, until one second after the load has ended, so that what a
 *        proxy writes down afterwards counts too.
 */
export async function measureSubject(subject: Subject, chosen: readonly FigureName[], load: Load): Promise<Sample> {
	const sample: Sample = { values: {}, wallSeconds: {} };
	const isProxy = subject.pids().length > 0;
	const fresh = subject.target("not-resuming");
	await loadNewConnections(fresh, 100, lanes);
	if (isProxy && chosen.includes("idle")) sample.values.idle = await measureIdle(subject, load);
	if (isProxy) await loadNewConnections(fresh, load.warmUpConnections, lanes);

	if (isProxy && chosen.includes("connections")) {
		const { connections } = load;
		await measureCpu(subject, sample, "connections", 1_000 / connections, () =>
			loadNewConnections(fresh, connections, lanes),
		);
		const resuming = subject.target("resuming");
		await loadNewConnections(resuming, 20, 1);
		const { resumed } = await measureCpu(subject, sample, "connections-resuming", 1_000 / connections, () =>
			loadNewConnections(resuming, connections, lanes),
		);
		sample.values.resumed = (resumed * 1_000) / connections;
	}
	if (isProxy && chosen.includes("keepalive")) {
		await loadKeepAlive(fresh, load.keepAliveRequests / 10, lanes);
		await measureCpu(subject, sample, "keep-alive", 10_000 / load.keepAliveRequests, () =>
			loadKeepAlive(fresh, load.keepAliveRequests, lanes),
		);
	}
	if (isProxy && chosen.includes("download")) {
		await loadDownload(fresh, 1);
		const gibibytes = (load.downloads * largeOctets) / 2 ** 30;
		await measureCpu(subject, sample, "download", 1 / gibibytes, () => loadDownload(fresh, load.downloads));
	}
	if (chosen.includes("latency")) {
		const first = await timeNewConnections(fresh, load.timedConnections);
		sample.values["latency-new-p50"] = percentile(first, 0.5);
		sample.values["latency-new-p99"] = percentile(first, 0.99);
		const next = await timeKeepAlive(fresh, load.timedRequests);
		sample.values["latency-keep-alive-p50"] = percentile(next, 0.5);
		sample.values["latency-keep-alive-p99"] = percentile(next, 0.99);
	}
	return sample;
}

async function measureIdle(subject: Subject, load: Load): Promise<number> {
	await sleep(2_000);
	const before = memoryKibibytes(subject.pids());
	const idle = await withIdleConnections(subject.target("not-resuming"), load.idleConnections, async () => {
		await sleep(3_000);
		return memoryKibibytes(subject.pids()) - before;
	});
	return idle.result / idle.open;
}

async function measureCpu<T>(
	subject: Subject,
	sample: Sample,
	key: FigureKey,
	factor: number,
	run: () => Promise<T>,
): Promise<T> {
	await sleep(settleMilliseconds);
	const before = cpuSeconds(subject.pids());
	const start = performance.now();
	const result = await run();
	sample.wallSeconds[key] = (performance.now() - start) / 1_000;
	await sleep(settleMilliseconds);
	sample.values[key] = (cpuSeconds(subject.pids()) - before) * factor;
	return result;
}

const lanes = 8;
const settleMilliseconds = 1_000;
const fullLoad: Load = {
	connections: 2_000,
	downloads: 4,
	keepAliveRequests: 10_000,
	idleConnections: 1_000,
	timedConnections: 400,
	timedRequests: 2_000,
	warmUpConnections: 5_000,
};
const quickLoad: Load = {
	connections: 200,
	downloads: 1,
	keepAliveRequests: 2_000,
	idleConnections: 200,
	timedConnections: 60,
	timedRequests: 400,
	warmUpConnections: 1_000,
};
