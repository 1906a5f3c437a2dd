/** The results as Markdown and as JSON. */
import { formatBar, type Judgement, judge } from "./bars.ts";
import { type FigureKey, figures, type Medians } from "./figures.ts";
import type { Machine } from "./machine.ts";
import type { Sample } from "./measure.ts";
import { type Spread, spread } from "./statistics.ts";

export interface Run {
	readonly date: string;
	readonly machine: Machine;
	readonly isQuick: boolean;
	readonly rounds: number;
	/** Program versions by subject, in the order shown. */
	readonly versions: Readonly<Record<string, string>>;
	/** Why a subject was left out. */
	readonly missing: Readonly<Record<string, string>>;
	/** What went wrong, by subject and round; the report is then not whole. */
	readonly failures: readonly string[];
	/** Samples by subject, one a round; empty where it failed. */
	readonly samples: Readonly<Record<string, readonly Sample[]>>;
}

type Spreads = Partial<Record<FigureKey, Record<string, Spread>>>;

/** The subject that stands for no proxy; latency is told as the difference to it. */
export const baseline = "direct";

/** Everything measured, the spreads and the judgements, for programs. */
export function reportJson(run: Run): string {
	const spreads = spreadsOf(run);
	return `${JSON.stringify({ ...run, spreads, judgements: judge(mediansOf(spreads)) }, undefined, "\t")}\n`;
}

/** The table with bars and verdicts, for people. */
export function reportMarkdown(run: Run): string {
	const spreads = spreadsOf(run);
	const judgements = judge(mediansOf(spreads));
	const subjects = Object.keys(run.samples).filter((name) => name !== baseline);
	return [
		"# Benchmark results",
		"",
		...describeRun(run),
		"",
		"## Figures",
		"",
		`| figure (median, least..most of ${run.rounds}) | ${subjects.join(" | ")} |`,
		`|---|${subjects.map(() => "---").join("|")}|`,
		...figures.flatMap(({ key, title, digits }) => {
			const row = spreads[key];
			if (row === undefined) return [];
			return [`| ${title} | ${subjects.map((name) => formatSpread(row[name], digits)).join(" | ")} |`];
		}),
		"",
		"## Bars",
		"",
		"| figure | subject | bar | allowed | reached | verdict |",
		"|---|---|---|---|---|---|",
		...judgements.map(formatJudgement),
		"",
		"## How it was measured",
		"",
		...method,
		"",
	].join("\n");
}

/** Whether any bar was measured and missed. */
export function hasMissedBar(run: Run): boolean {
	return judge(mediansOf(spreadsOf(run))).some(({ verdict }) => verdict === "missed");
}

function describeRun({ date, machine, isQuick, rounds, versions, missing, failures }: Run): string[] {
	return [
		`${date}, ${rounds} interleaved rounds${isQuick ? ", **quick: about a fifth of the load, not to be judged**" : ""}.`,
		"",
		`Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGibibytes} GiB, ${machine.kernel}, ${machine.distribution}; load average before the run ${machine.loadAverage}. Node ${machine.node} with OpenSSL ${machine.nodeOpenssl}; the peers use ${machine.openssl}.`,
		"",
		...Object.entries(versions).map(([name, version]) => `- ${name === baseline ? "origin" : name}: ${version}`),
		...Object.entries(missing).map(([name, reason]) => `- ${name}: left out; ${reason}`),
		...failures.map((failure) => `- **failed**: ${failure}`),
	];
}

function spreadsOf({ samples }: Run): Spreads {
	const spreads: Spreads = {};
	for (const { key } of figures) {
		for (const [name, rounds] of Object.entries(samples)) {
			const values = rounds.flatMap((sample, round) => {
				const value = sample.values[key];
				const zero = key.startsWith("latency") ? samples[baseline]?.[round]?.values[key] : 0;
				return value === undefined || zero === undefined ? [] : [value - zero];
			});
			if (values.length === 0) continue;
			const row = spreads[key] ?? {};
			row[name] = spread(values);
			spreads[key] = row;
		}
	}
	return spreads;
}

function mediansOf(spreads: Spreads): Medians {
	return Object.fromEntries(
		Object.entries(spreads).map(([key, row]) => [
			key,
			Object.fromEntries(Object.entries(row).map(([name, { median }]) => [name, median])),
		]),
	);
}

function formatSpread(value: Spread | undefined, digits: number): string {
	if (value === undefined) return "-";
	const { median, least, most } = value;
	return `${median.toFixed(digits)} (${least.toFixed(digits)}..${most.toFixed(digits)})`;
}

function formatJudgement({ bar, verdict, reached, allowed }: Judgement): string {
	const figure = figures.find(({ key }) => key === bar.figure);
	const digits = figure?.digits ?? 2;
	const number = (value: number | undefined) => value?.toFixed(digits) ?? "-";
	return `| ${figure?.title ?? bar.figure} | ${bar.subject} | ${formatBar(bar)} | ${number(allowed)} | ${number(reached)} | ${verdict === "missed" ? "**missed**" : verdict} |`;
}

const method = [
	"- CPU seconds are user and system time of all of a proxy's processes from `/proc/PID/stat`, children included, from before the load until one second after it; what the load generator and the origin use does not count.",
	"- Every client connection makes a full TLS 1.3 handshake with X25519 (no session, no ticket) and trusts only the CA of the proxy under test, for the name `localhost`: a connection that was not intercepted fails the run.",
	"- Every proxy verifies the origin's ECDSA P-256 certificate against the benchmark's own CA and for its name. The origin says in a header whether the server leg was resumed.",
	"- Every proxy runs one worker (one process or thread that handles connections) and is warmed up with 5,000 connections before CPU is measured: all of them are programs that run for months, and a just-in-time compiler needs some thousands to settle.",
	"- New connections and keep-alive requests run 8 at a time; each response is checked for status and length. The download is 1 GiB of random octets over one connection.",
	"- Idle memory is the growth of the proportional set size (PSS) of all processes with 1,000 connections open that each fetched 1 KB, on a young process; the kernel's socket buffers are not in it.",
	"- Latency is the time to the first octet of the response, one request at a time, less the same percentile straight to the origin in the same round.",
	"- Squid: `ssl_bump` stare then bump (the generated certificate follows the origin's, on a P-256 key), nothing cached. mitmproxy (RSA-2048 leaves, its default): `mitmdump`, no flows kept, bodies above 1 MB streamed. HAProxy: a plain TLS bridge in TCP mode with one fixed certificate; it decrypts, but neither looks inside nor makes certificates, and is reached directly rather than by CONNECT.",
];
