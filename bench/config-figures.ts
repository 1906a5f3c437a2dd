/** What `npm run bench:config` measures, its bars, and its report. */
import type { Machine } from "./machine.ts";
import { spread } from "./statistics.ts";

export interface ConfigFigure {
	readonly key: string;
	readonly title: string;
	readonly unit: "ms" | "MiB";
	/** At most; undefined where there is no bar. */
	readonly bar?: number;
}

export const configFigures = [
	{ key: "load", title: "load override of the whole text", unit: "ms", bar: 3_000 },
	{ key: "load-cpu", title: "CPU time of that load, all processes of the gateway", unit: "ms" },
	{ key: "commit-whole", title: "its first commit", unit: "ms" },
	{ key: "commit", title: "commit of a one-line change", unit: "ms", bar: 1_000 },
	{ key: "commit-cpu", title: "CPU time of that commit, all processes of the gateway", unit: "ms" },
	{ key: "compare", title: "show \\| compare of that change", unit: "ms" },
	{ key: "completion", title: "`?` after the beginning of a name, the slowest of four places", unit: "ms", bar: 20 },
	{ key: "memory-managed", title: "memory of the managing process (PSS)", unit: "MiB" },
	{ key: "memory-worker", title: "memory of a worker (PSS)", unit: "MiB" },
] as const satisfies readonly ConfigFigure[];

export type ConfigKey = (typeof configFigures)[number]["key"];

/** One round. */
export type ConfigSample = Readonly<Record<ConfigKey, number>>;

export interface ConfigRun {
	readonly date: string;
	readonly machine: Machine;
	readonly policies: number;
	readonly addresses: number;
	readonly octets: number;
	readonly samples: readonly ConfigSample[];
}

/** The figures whose median is above the bar. */
export function missedBars({ samples }: ConfigRun): readonly ConfigKey[] {
	return configFigures.flatMap(({ key, ...rest }: ConfigFigure & { readonly key: ConfigKey }) => {
		const { median } = spread(samples.map((sample) => sample[key]));
		return rest.bar !== undefined && median > rest.bar ? [key] : [];
	});
}

/** The table, for people. */
export function configReport(run: ConfigRun): string {
	const { machine, samples } = run;
	const missed = new Set<string>(missedBars(run));
	const rows = configFigures.map((figure: ConfigFigure & { readonly key: ConfigKey }) => {
		const { median, least, most } = spread(samples.map((sample) => sample[figure.key]));
		const bar = figure.bar === undefined ? "-" : `<= ${figure.bar} ${figure.unit}`;
		const verdict = figure.bar === undefined ? "-" : missed.has(figure.key) ? "**missed**" : "met";
		const digits = median < 100 ? 1 : 0;
		const value = `${median.toFixed(digits)} (${least.toFixed(digits)}..${most.toFixed(digits)}) ${figure.unit}`;
		return `| ${figure.title} | ${value} | ${bar} | ${verdict} |`;
	});
	return [
		"# A large configuration",
		"",
		`${run.date}: ${run.policies} security policies and ${run.addresses} address-book entries, ${(run.octets / 2 ** 20).toFixed(1)} MiB of text; ${samples.length} rounds, each on a new gateway.`,
		"",
		`Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGibibytes} GiB, ${machine.kernel}, ${machine.distribution}; load average before the run ${machine.loadAverage}. Node ${machine.node}.`,
		"",
		`| figure | median (least..most) of ${samples.length} | bar | verdict |`,
		"|---|---|---|---|",
		...rows,
		"",
		"Everything is asked over the socket of the command line, as a user does it: a load ends when the prompt is back, a commit when every",
		"worker follows the new configuration and it lies on disk, a completion when its list is there. The one-line change gives an",
		"address-book entry, a policy and an exemption from decryption another value in turn; of the three commits the median counts.",
		"",
	].join("\n");
}
