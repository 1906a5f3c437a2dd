/**
 * `npm run bench:rules [-- --rules N --rounds N --output DIR]`: what intrusion detection costs. A gateway without signatures and one
 * with N of them fetch the same in turn, so that what else the machine does meets both: in each round a quarter of a gibibyte as one
 * download and as pages, and small answers; CPU of all processes is compared. Writes results/rules.md and results/rules.json
 * beside this file, or to DIR. Four minutes on a busy machine.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { loadRules } from "#signature/rule-set.ts";
import { SignatureEngine } from "#signature/signature-engine.ts";
import { ruleCorpus } from "../test/support/rule-corpus.ts";
import { loadDownload } from "./load/download.ts";
import { loadKeepAlive } from "./load/keep-alive.ts";
import { describeMachine } from "./machine.ts";
import { largeOctets, pageOctets, startOrigin } from "./origin.ts";
import { sallyport, sallyportWithRules } from "./peers/sallyport.ts";
import { clearEverything, cpuSeconds, memoryKibibytes, temporaryDirectory } from "./processes.ts";
import { spread } from "./statistics.ts";
import type { Subject, SubjectKind } from "./subject.ts";

interface Figures {
	readonly download: number;
	readonly pages: number;
	readonly small: number;
}

interface Running {
	readonly subject: Subject;
	readonly rounds: Figures[];
	stop(): Promise<void>;
}

const { values } = parseArgs({
	options: { output: { type: "string" }, rules: { type: "string" }, rounds: { type: "string" } },
});
const directory = values.output ?? join(import.meta.dirname, "results");
const wanted = Number(values.rules ?? 30_000);
const rounds = Number(values.rounds ?? 4);
const lanes = 4;
const smallRequests = 4_000;
const gibibyte = 2 ** 30;
/** What a round fetches, once as one object and once as pages. */
const roundOctets = largeOctets;
const bar = 1.5;

process.on("exit", clearEverything);
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));

const folder = temporaryDirectory("rules");
const text = manyRules(wanted);
const ruleFile = join(folder, "bench.rules");
writeFileSync(ruleFile, text, "latin1");
const load = measureLoad(text);
const origin = await startOrigin();
const machine = describeMachine();
const plain = await start(sallyport);
const ruled = await start(sallyportWithRules(ruleFile));
for (let round = 0; round < rounds; round++)
	for (const running of [plain, ruled]) running.rounds.push(await measure(running));
const memory = [plain, ruled].map(({ subject }) => memoryKibibytes(subject.pids()) / 1_024);
for (const running of [plain, ruled]) await running.stop();
await origin.stop();
const [without, withRules] = [mean(plain.rounds), mean(ruled.rounds)];
const result = {
	load,
	without: { ...without, memoryMiB: memory[0] as number },
	with: { ...withRules, memoryMiB: memory[1] as number },
	ratios: { download: ratio("download"), pages: ratio("pages"), small: ratio("small") },
	rounds: { without: plain.rounds, with: ruled.rounds },
	machine,
	date: new Date().toISOString().slice(0, 16),
};
mkdirSync(directory, { recursive: true });
writeFileSync(join(directory, "rules.json"), `${JSON.stringify(result, undefined, "\t")}\n`);
writeFileSync(join(directory, "rules.md"), markdown());
process.stdout.write(markdown());
process.exit(0);

/** Starts a gateway and lets it work until what is used often is compiled. */
async function start(kind: SubjectKind): Promise<Running> {
	const place = temporaryDirectory(kind.name);
	const subject = await kind.start({ directory: place, originCaFile: origin.caFile, originPorts: origin.ports });
	const target = subject.target("resuming");
	await loadKeepAlive(target, 2_000, lanes);
	await loadKeepAlive(target, 4_000, lanes, "/page.html");
	await loadDownload(target, 1);
	const stop = async () => {
		await subject.stop();
		rmSync(place, { recursive: true, force: true });
	};
	return { subject, rounds: [], stop };
}

/** CPU seconds for a gibibyte as downloads and as pages, for 10,000 small answers: what a round takes, multiplied. */
async function measure({ subject }: Running): Promise<Figures> {
	const target = subject.target("resuming");
	const pages = roundOctets / pageOctets;
	const scale = gibibyte / roundOctets;
	const figures = {
		download: scale * (await cpuOf(subject, () => loadDownload(target, 1))),
		pages: scale * (await cpuOf(subject, () => loadKeepAlive(target, pages, lanes, "/page.html"))),
		small: (10_000 / smallRequests) * (await cpuOf(subject, () => loadKeepAlive(target, smallRequests, lanes))),
	};
	process.stderr.write(`bench: ${subject.name}: ${JSON.stringify(figures)}\n`);
	return figures;
}

function mean(list: readonly Figures[]): Figures {
	const of = (key: keyof Figures) => list.reduce((sum, figures) => sum + figures[key], 0) / list.length;
	return { download: of("download"), pages: of("pages"), small: of("small") };
}

/** The median of the rounds' ratios: each compares what stood beside each other in time. */
function ratio(key: keyof Figures): number {
	return spread(ruled.rounds.map((figures, round) => figures[key] / (plain.rounds[round] as Figures)[key])).median;
}

async function cpuOf(subject: Subject, run: () => Promise<void>): Promise<number> {
	await sleep(1_000);
	const before = cpuSeconds(subject.pids());
	await run();
	await sleep(1_000);
	return cpuSeconds(subject.pids()) - before;
}

/** Loading in this process: time and heap. */
function measureLoad(rules: string) {
	globalThis.gc?.();
	const heapBefore = process.memoryUsage().heapUsed;
	const start = process.cpuUsage();
	const set = loadRules([{ name: "bench.rules", text: rules }]);
	const parsed = process.cpuUsage(start);
	const engine = new SignatureEngine(set.signatures);
	const built = process.cpuUsage(start);
	globalThis.gc?.();
	const { heapUsed, arrayBuffers } = process.memoryUsage();
	return {
		...engine.figures,
		disabled: set.disabled.length,
		parseSeconds: seconds(parsed),
		buildSeconds: seconds(built) - seconds(parsed),
		memoryMiB: (heapUsed - heapBefore + arrayBuffers + engine.figures.searchOctets) / 1_048_576,
	};
}

function seconds({ user, system }: NodeJS.CpuUsage): number {
	return (user + system) / 1e6;
}

/** The corpus, then copies of it with other identifiers and other letters in their contents, until so many are loaded. */
function manyRules(count: number): string {
	const lines = ruleCorpus()
		.split("\n")
		.filter((line) => line !== "" && !line.startsWith("#"));
	const all: string[] = [];
	for (let copy = 0; all.length < count * 1.13; copy++)
		for (const line of lines) all.push(copy === 0 ? line : changed(line, copy));
	return all.slice(0, Math.ceil(count * 1.13)).join("\n");
}

function changed(line: string, copy: number): string {
	return line
		.replace(/\bsid:\s*(\d+)/, (_, sid: string) => `sid:${Number(sid) + copy * 100_000_000}`)
		.replaceAll(/content:(!?)"([^"]*)"/g, (_, negation: string, content: string) => {
			const other = content.replaceAll(/\|[^|]*\||[a-z]/g, (part) =>
				part.length > 1 ? part : String.fromCharCode(97 + ((part.charCodeAt(0) - 97 + 7 * copy) % 26)),
			);
			return `content:${negation}"${other}"`;
		});
}

function machineText(): string {
	const { loadAverage, ...rest } = machine;
	return `${Object.values(rest).join(", ")}; load average ${loadAverage}`;
}

function markdown(): string {
	const row = (what: string, key: "download" | "pages" | "small", unit: string) =>
		`| ${what} | ${without[key].toFixed(2)} ${unit} | ${withRules[key].toFixed(2)} ${unit} | ${result.ratios[key].toFixed(2)} |`;
	return `# Intrusion detection

Made by \`npm run bench:rules\` on ${result.date.replace("T", " ")}. Machine: ${machineText()}.
${load.signatures} signatures (${load.patterns} patterns to search for, ${load.unfiltered} signatures without one): a real rule set and copies of it with
other letters. Both gateways read HTTP and look for one pattern; one worker each; CPU of all processes. ${rounds} rounds in turn, the mean of each,
the median of their ratios.

| what | without signatures | with | ratio (bar ${bar}) |
|---|---|---|---|
${row("a GiB as one download of random octets", "download", "s")}
${row(`a GiB as ${gibibyte / pageOctets} pages of 64 KiB`, "pages", "s")}
${row("10,000 answers of 1 KiB on open connections", "small", "s")}

| loading | |
|---|---|
| reading and compiling the rules | ${load.parseSeconds.toFixed(2)} s CPU |
| making them ready for traffic | ${load.buildSeconds.toFixed(2)} s CPU |
| memory of one worker for them | ${load.memoryMiB.toFixed(0)} MiB |
| all processes of the gateway, without and with | ${result.without.memoryMiB.toFixed(0)} and ${result.with.memoryMiB.toFixed(0)} MiB |
`;
}
