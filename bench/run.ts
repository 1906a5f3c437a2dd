/** `npm run bench`: measures the gateway and its peers side by side and writes bench/results/. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeMachine } from "./machine.ts";
import { loadFor, measureSubject, type Sample } from "./measure.ts";
import { type Options, parseOptions, type SubjectName, usage } from "./options.ts";
import { type Origin, startOrigin } from "./origin.ts";
import { direct } from "./peers/direct.ts";
import { haproxy } from "./peers/haproxy.ts";
import { mitmproxy } from "./peers/mitmproxy.ts";
import { plainNode } from "./peers/plain-node.ts";
import { sallyport, sallyportOpaque } from "./peers/sallyport.ts";
import { squid } from "./peers/squid.ts";
import { clearEverything, temporaryDirectory } from "./processes.ts";
import { hasMissedBar, type Run, reportJson, reportMarkdown } from "./report.ts";
import type { SubjectKind } from "./subject.ts";

const kinds: Readonly<Record<SubjectName, SubjectKind>> = {
	sallyport,
	"sallyport-opaque": sallyportOpaque,
	squid,
	mitmproxy,
	haproxy,
	"plain-node": plainNode,
};

process.on("exit", clearEverything);
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));
process.on("SIGHUP", () => process.exit(129));
await main();

async function main(): Promise<void> {
	let options: Options;
	try {
		options = parseOptions(process.argv.slice(2));
	} catch (error) {
		process.stderr.write(`bench: ${(error as Error).message}\n${usage}`);
		process.exit(2);
	}
	const missing: Record<string, string> = {};
	const present: SubjectKind[] = [];
	for (const kind of [direct, ...options.subjects.map((name) => kinds[name])]) {
		const reason = kind.missing();
		if (reason === undefined) present.push(kind);
		else {
			missing[kind.name] = reason;
			process.stderr.write(`bench: ${kind.name} is left out: ${reason}\n`);
		}
	}
	if (direct.missing() !== undefined) process.exit(1);
	if (process.env.CI === "true" && Object.keys(missing).length > 0) process.exit(1);
	const machine = describeMachine();
	const failures: string[] = [];
	const samples = await measureRounds(options, present, failures);
	const run: Run = {
		date: new Date().toISOString().slice(0, 16).replace("T", " "),
		machine,
		isQuick: options.isQuick,
		rounds: options.rounds,
		versions: Object.fromEntries(present.map((kind) => [kind.name, kind.version()])),
		missing,
		failures,
		samples,
	};
	writeResults(options, run);
	process.exit(failures.length > 0 ? 1 : 0);
}

/** Every round visits every subject once, in turn, so that a change of the machine's mood meets all of them. */
async function measureRounds(
	options: Options,
	present: readonly SubjectKind[],
	failures: string[],
): Promise<Record<string, Sample[]>> {
	const origin = await startOrigin();
	const samples: Record<string, Sample[]> = {};
	for (let round = 1; round <= options.rounds; round++) {
		for (const kind of present) {
			const place = `${kind.name}, round ${round} of ${options.rounds}`;
			const sample = await measureOnce(options, kind, origin).catch((error: Error): Sample => {
				failures.push(`${place}: ${error.message}`);
				process.stderr.write(`bench: ${place} failed: ${error.stack}\n`);
				return { values: {}, wallSeconds: {} };
			});
			samples[kind.name] = [...(samples[kind.name] ?? []), sample];
			process.stderr.write(`bench: ${place}: ${oneLine(sample)}\n`);
		}
	}
	await origin.stop();
	return samples;
}

async function measureOnce(options: Options, kind: SubjectKind, origin: Origin): Promise<Sample> {
	const directory = temporaryDirectory(kind.name);
	const subject = await kind.start({ directory, originCaFile: origin.caFile, originPorts: origin.ports });
	try {
		return await measureSubject(subject, options.figures, loadFor(options));
	} finally {
		await subject.stop();
		rmSync(directory, { recursive: true, force: true });
	}
}

function writeResults(options: Options, run: Run): void {
	const directory = options.outputDirectory ?? join(import.meta.dirname, "results");
	mkdirSync(directory, { recursive: true });
	writeFileSync(join(directory, "results.json"), reportJson(run));
	writeFileSync(join(directory, "results.md"), reportMarkdown(run));
	process.stdout.write(reportMarkdown(run));
	process.stderr.write(`bench: wrote results.md and results.json to ${directory}\n`);
	if (hasMissedBar(run)) process.stderr.write("bench: at least one bar was missed; see the table\n");
}

function oneLine({ values }: Sample): string {
	return Object.entries(values)
		.map(([key, value]) => `${key} ${value.toFixed(2)}`)
		.join(", ");
}
