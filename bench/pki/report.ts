/** The figures of the PKI benchmark with their bars, as Markdown and as JSON. */
import type { Machine } from "../machine.ts";
import { type Spread, spread } from "../statistics.ts";

/** One figure of all rounds. */
export interface Figure {
	readonly title: string;
	readonly unit: string;
	readonly values: readonly number[];
	/** What the median must reach: at least or at most. */
	readonly bar?: { readonly atLeast: number } | { readonly atMost: number };
}

export interface PkiRun {
	readonly date: string;
	readonly machine: Machine;
	readonly rounds: number;
	readonly figures: readonly Figure[];
}

/** `met`, `missed`, or nothing without a bar. */
export function verdictOf({ values, bar }: Figure): "met" | "missed" | undefined {
	if (bar === undefined) return undefined;
	const { median } = spread(values);
	return ("atLeast" in bar ? median >= bar.atLeast : median <= bar.atMost) ? "met" : "missed";
}

export function pkiJson(run: PkiRun): string {
	const figures = run.figures.map((figure) => ({ ...figure, ...spread(figure.values), verdict: verdictOf(figure) }));
	return `${JSON.stringify({ ...run, figures }, undefined, "\t")}\n`;
}

export function pkiMarkdown({ date, machine, rounds, figures }: PkiRun): string {
	return [
		"# Benchmark of certificates",
		"",
		`${date}, ${rounds} rounds; median, least..most.`,
		"",
		`Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGibibytes} GiB, ${machine.kernel}, ${machine.distribution}; load average before the run ${machine.loadAverage}. Node ${machine.node} with OpenSSL ${machine.nodeOpenssl}.`,
		"",
		"| figure | unit | measured | bar | verdict |",
		"|---|---|---|---|---|",
		...figures.map((figure) => {
			const verdict = verdictOf(figure);
			const shown = verdict === "missed" ? "**missed**" : (verdict ?? "");
			return `| ${figure.title} | ${figure.unit} | ${formatSpread(spread(figure.values))} | ${formatBar(figure)} | ${shown} |`;
		}),
		"",
		"## How it was measured",
		"",
		...method,
		"",
	].join("\n");
}

function formatBar({ bar }: Figure): string {
	if (bar === undefined) return "";
	return "atLeast" in bar ? `>= ${formatNumber(bar.atLeast)}` : `<= ${formatNumber(bar.atMost)}`;
}

function formatSpread({ median, least, most }: Spread): string {
	return `${formatNumber(median)} (${formatNumber(least)}..${formatNumber(most)})`;
}

function formatNumber(value: number): string {
	if (value >= 100) return Math.round(value).toLocaleString("en-US");
	return value >= 1 ? value.toFixed(1) : value.toFixed(3);
}

const method = [
	"- Minting: one process plans leaves as a worker does (`src/proxy/leaf-mint-shell.ts`) for servers with three names that were not there before, 256 sessions waiting at a time; it asks another over the channel of the child process, which checks, signs and logs each as `managed` does (`src/daemon/signing-desk.ts`), into a real event store and daemon log. Rates are per CPU second of the main thread of each side, so that they are those of one core of its own on a machine that is shared; the rate by the clock stands beside them.",
	"- TLS contexts are not made: they cost the same with a leaf from the cache.",
	"- RSA and P-384 signatures are made in threads beside the main one: their rate by the clock is what counts.",
	"- A usual chain is a server's certificate with three names, an intermediate and a root, profile web-pki, with the public suffix list, all signatures verified before.",
	"- A hostile chain is refused by a judge that has never seen it; decoding and signatures count, one CPU.",
];
