/** What `npm run bench:http2` measures, its bars, and its report. */
import type { Machine } from "./machine.ts";
import { spread } from "./statistics.ts";

export interface Http2Figure {
	readonly key: string;
	readonly title: string;
	/** Inspected costs at most so many times what opaque does. */
	readonly bar: number;
}

export const http2Figures = [
	{ key: "download", title: "CPU s per GiB downloaded", bar: 1.4 },
	{ key: "requests-many", title: "CPU s per 10,000 requests of 1 KB, 20 streams at a time", bar: 2 },
	{ key: "requests-single", title: "CPU s per 10,000 requests of 1 KB, one stream at a time", bar: 2 },
] as const satisfies readonly Http2Figure[];

export type Http2Key = (typeof http2Figures)[number]["key"];
export type Http2Sample = Readonly<Record<Http2Key, number>>;

export const inspected = "sallyport";
export const opaque = "sallyport-opaque";

export interface Http2Run {
	readonly date: string;
	readonly machine: Machine;
	readonly versions: Readonly<Record<string, string>>;
	/** By subject, a sample a round. */
	readonly samples: Readonly<Record<string, readonly Http2Sample[]>>;
}

/** The ratio of medians, inspected to opaque. */
export function ratio({ samples }: Http2Run, key: Http2Key): number {
	const median = (subject: string) => spread((samples[subject] ?? []).map((sample) => sample[key])).median;
	return median(inspected) / median(opaque);
}

export function missedBars(run: Http2Run): readonly Http2Key[] {
	return http2Figures.filter(({ key, bar }) => ratio(run, key) > bar).map(({ key }) => key);
}

/** The table, for people. */
export function http2Report(run: Http2Run): string {
	const { machine, samples, versions } = run;
	const missed = new Set<string>(missedBars(run));
	const subjects = Object.keys(samples);
	const rows = http2Figures.map(({ key, title, bar }) => {
		const cells = subjects.map((subject) => {
			const { median, least, most } = spread((samples[subject] ?? []).map((sample) => sample[key]));
			return `${median.toFixed(2)} (${least.toFixed(2)}..${most.toFixed(2)})`;
		});
		const judged = missed.has(key) ? "**missed**" : "met";
		return `| ${title} | ${cells.join(" | ")} | ${ratio(run, key).toFixed(2)} | <= ${bar} | ${judged} |`;
	});
	return [
		"# HTTP/2, inspected and not",
		"",
		`${run.date}; rounds: ${samples[inspected]?.length}. ${Object.entries(versions)
			.map(([name, version]) => `${name}: ${version}`)
			.join("; ")}.`,
		"",
		`Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGibibytes} GiB, ${machine.kernel}, ${machine.distribution}; load average before the run ${machine.loadAverage}. Node ${machine.node}.`,
		"",
		`| figure, median (least..most) | ${subjects.join(" | ")} | inspected / opaque | bar | verdict |`,
		`|---|${subjects.map(() => "---|").join("")}---|---|---|`,
		...rows,
		"",
		"h2load is the client, nginx with HTTP/2 the origin; CPU is user and system time of all processes of the subject. `sallyport` searches heads",
		"and bodies for a pattern, `sallyport-opaque` relays the same decrypted octets unseen, nghttpx forwards streams and looks for nothing.",
		"",
	].join("\n");
}
