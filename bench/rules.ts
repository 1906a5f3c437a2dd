/**
 * `npm run bench:rules [-- --rules N --parts N --output DIR]`: what intrusion detection costs. A gateway without signatures and one with
 * N of them fetch the same gibibyte, as one download and as pages, and small answers; CPU of all processes is compared. Writes
 * results/rules.md and results/rules.json beside this file, or to DIR.
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
import type { Subject, SubjectKind } from "./subject.ts";

interface Figures {
	readonly download: number;
	readonly pages: number;
	readonly small: number;
	readonly memoryMiB: number;
}

const { values } = parseArgs({
	options: { output: { type: "string" }, rules: { type: "string" }, parts: { type: "string" } },
});
const directory = values.output ?? join(import.meta.dirname, "results");
const wanted = Number(values.rules ?? 30_000);
const lanes = 4;
const smallRequests = 10_000;
const gibibyte = 2 ** 30;
/** A fraction of the gibibyte is fetched, and the figures are multiplied: for a busy machine. */
const parts = Number(values.parts ?? 1);
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
const without = await measure(sallyport);
const withRules = await measure(sallyportWithRules(ruleFile));
await origin.stop();
const ratios = {
	download: withRules.download / without.download,
	pages: withRules.pages / without.pages,
	small: withRules.small / without.small,
};
const result = {
	load,
	without,
	with: withRules,
	ratios,
	machine: describeMachine(),
	date: new Date().toISOString().slice(0, 16),
};
mkdirSync(directory, { recursive: true });
writeFileSync(join(directory, "rules.json"), `${JSON.stringify(result, undefined, "\t")}\n`);
writeFileSync(join(directory, "rules.md"), markdown());
process.stdout.write(markdown());
process.exit(0);

/** CPU seconds for a gibibyte as one download and as pages, for 10,000 small answers; memory of all processes. */
async function measure(kind: SubjectKind): Promise<Figures> {
	const place = temporaryDirectory(kind.name);
	const subject = await kind.start({ directory: place, originCaFile: origin.caFile, originPorts: origin.ports });
	try {
		const target = subject.target("resuming");
		// The rules are loaded while the first sessions wait, and the runtime compiles what is used often.
		await loadKeepAlive(target, 2_000, lanes);
		await loadKeepAlive(target, 4_000, lanes, "/page.html");
		await loadDownload(target, 1);
		const downloads = Math.max(1, gibibyte / largeOctets / parts);
		const pages = gibibyte / pageOctets / parts;
		const scale = gibibyte / (downloads * largeOctets);
		const figures = {
			download: scale * (await cpuOf(subject, () => loadDownload(target, downloads))),
			pages: parts * (await cpuOf(subject, () => loadKeepAlive(target, pages, lanes, "/page.html"))),
			small: await cpuOf(subject, () => loadKeepAlive(target, smallRequests, lanes)),
			memoryMiB: memoryKibibytes(subject.pids()) / 1_024,
		};
		process.stderr.write(`bench: ${kind.name}: ${JSON.stringify(figures)}\n`);
		return figures;
	} finally {
		await subject.stop();
		rmSync(place, { recursive: true, force: true });
	}
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
		memoryMiB: (heapUsed - heapBefore + arrayBuffers) / 1_048_576,
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
	return Object.values(describeMachine()).join(", ");
}

function markdown(): string {
	const row = (what: string, key: "download" | "pages" | "small", unit: string) =>
		`| ${what} | ${without[key].toFixed(2)} ${unit} | ${withRules[key].toFixed(2)} ${unit} | ${ratios[key].toFixed(2)} |`;
	return `# Intrusion detection

Made by \`npm run bench:rules\` on ${result.date.replace("T", " ")}. Machine: ${machineText()}.
${load.signatures} signatures (${load.patterns} patterns to search for, ${load.unfiltered} signatures without one): a real rule set and copies of it with
other letters. Both gateways read HTTP and look for one pattern; one worker each; CPU of all processes.

| what | without signatures | with | ratio (bar ${bar}) |
|---|---|---|---|
${row("a GiB as one download of random octets", "download", "s")}
${row(`a GiB as ${gibibyte / pageOctets} pages of 64 KiB`, "pages", "s")}
${row(`${smallRequests} answers of 1 KiB on open connections`, "small", "s")}

| loading | |
|---|---|
| reading and compiling the rules | ${load.parseSeconds.toFixed(2)} s CPU |
| making them ready for traffic | ${load.buildSeconds.toFixed(2)} s CPU |
| memory of one worker for them | ${load.memoryMiB.toFixed(0)} MiB |
| all processes of the gateway, without and with | ${without.memoryMiB.toFixed(0)} and ${withRules.memoryMiB.toFixed(0)} MiB |
`;
}
