/**
 * Runs the tests (`npm test`), in three phases: unit, integration, interop.
 *
 * Usage: npm test [-- [--only unit|integration|interop] [--verbose] [--compact] [PATH ...]]
 * A PATH is a part of a test file's path: `src/http`, `client-hello`. The last line is always
 * `N passed, N failed, N skipped`; the exit status is 1 when a test failed or none ran.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { isShell, listFiles, projectRoot } from "./source-files.ts";
import { ensurePackages } from "./system-packages.ts";
import type { Tally } from "./test-reporter.ts";

export type PhaseName = "unit" | "integration" | "interop";

/** One process of the runner: what it is called in the output, and its files. */
export interface Batch {
	readonly title: string;
	readonly files: readonly string[];
}

/**
 * The phase that a test file belongs to. Unit tests are those of the cores: they get no network, no child process and no
 * writing. Everything else runs free.
 */
export function phaseOf(file: string): PhaseName {
	if (file.startsWith("test/interop/")) return "interop";
	return file.startsWith("src/") && !isShell(file) ? "unit" : "integration";
}

/** The batches of a phase: one per source folder for unit tests, one for all files otherwise. */
export function batchesOf(phase: PhaseName, files: readonly string[]): Batch[] {
	const own = files.filter((file) => phaseOf(file) === phase);
	if (phase !== "unit") return own.length === 0 ? [] : [{ title: phase, files: own }];
	const folders = Map.groupBy(own, (file) => file.split("/").slice(0, 2).join("/"));
	return [...folders]
		.map(([title, inside]) => ({ title, files: inside }))
		.sort((a, b) => b.files.length - a.files.length);
}

/** The arguments of Node for one batch of a phase. */
export function nodeArguments(phase: PhaseName, batch: Batch): string[] {
	const own =
		phase === "unit"
			? ["--permission", "--allow-fs-read=*", "--test", "--test-isolation=none"]
			: ["--test", `--test-concurrency=${processes}`];
	return [
		"--disallow-code-generation-from-strings",
		"--disable-warning=ExperimentalWarning",
		...preloads(),
		...own,
		`--test-timeout=${phases[phase].testSeconds * timeFactor() * 1000}`,
		"--test-reporter=./scripts/test-reporter.ts",
		...batch.files,
	];
}

/** True when the file's path contains one of the filters, or when there are none. */
export function isWanted(file: string, filters: readonly string[]): boolean {
	return filters.length === 0 || filters.some((filter) => file.includes(filter));
}

/** How long a phase and one of its tests may take. A test file that runs in its own process counts as a test. */
const phases: Readonly<Record<PhaseName, { readonly seconds: number; readonly testSeconds: number }>> = {
	unit: { seconds: 300, testSeconds: 60 },
	integration: { seconds: 480, testSeconds: 180 },
	interop: { seconds: 480, testSeconds: 180 },
};

/** How many processes of tests run at a time. */
const processes = 2;

/** The modules to load before the tests: `FUZZ_RUNS` raises the runs of every property (scripts/fuzz.ts sets it). */
function preloads(): string[] {
	return process.env.FUZZ_RUNS === undefined ? [] : ["--import=./test/support/fuzz-runs.ts"];
}

/** Long fuzz runs need longer limits. */
function timeFactor(): number {
	return process.env.FUZZ_RUNS === undefined ? 1 : 100;
}

interface Counts {
	passed: number;
	failed: number;
	skipped: number;
}

async function runPhase(phase: PhaseName, batches: readonly Batch[], output: string): Promise<Counts> {
	const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
	const waiting = [...batches];
	const running = new Map<ChildProcess, Batch>();
	const limitSeconds = phases[phase].seconds * timeFactor();
	const limit = setTimeout(() => {
		const titles = [...running.values()].map((batch) => batch.title);
		console.log(`${phase}: not done after its limit of ${limitSeconds} s; stopped while running ${titles.join(", ")}`);
		counts.failed += waiting.splice(0).length;
		for (const child of running.keys()) endGroup(child);
	}, limitSeconds * 1000);
	const worker = async () => {
		for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
			add(counts, await runBatch(phase, batch, output, running));
		}
	};
	await Promise.all(Array.from({ length: phase === "unit" ? processes : 1 }, worker));
	clearTimeout(limit);
	return counts;
}

async function runBatch(
	phase: PhaseName,
	batch: Batch,
	output: string,
	running: Map<ChildProcess, Batch>,
): Promise<Counts> {
	const startedAt = performance.now();
	// Its own process group, so that the whole of it can be ended.
	const child = spawn(process.execPath, nodeArguments(phase, batch), {
		cwd: projectRoot,
		env: { ...process.env, TEST_OUTPUT: output, FORCE_COLOR: process.stdout.isTTY ? "1" : "0" },
		stdio: ["ignore", "pipe", "pipe", "ipc"],
		detached: true,
	});
	running.set(child, batch);
	groups.add(child);
	let tally: Tally | undefined;
	child.on("message", (message) => {
		tally = message as Tally;
	});
	// Batches that run beside each other print when they are done; a phase of one batch prints as it goes.
	const chunks: Buffer[] = [];
	const keep = (chunk: Buffer) => (phase === "unit" ? chunks.push(chunk) : process.stdout.write(chunk));
	child.stdout?.on("data", keep);
	child.stderr?.on("data", keep);
	const ended = await new Promise<string>((settle) => {
		child.on("error", (error) => settle(error.message));
		child.on("close", (code, signal) => settle(signal ?? `exit status ${code}`));
	});
	running.delete(child);
	groups.delete(child);
	for (const chunk of chunks) process.stdout.write(chunk);
	const counts = countsOf(batch, tally, ended);
	const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
	console.log(
		`${phase} ${batch.title}: ${batch.files.length} files, ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped, ${seconds} s`,
	);
	return counts;
}

/** A runner that ended without counting, or unhappily without a failed test, is a failure of its own. */
function countsOf(batch: Batch, tally: Tally | undefined, ended: string): Counts {
	for (const file of tally?.emptyFiles ?? []) console.log(`${relative(projectRoot, file)}: defines no test`);
	if (tally === undefined || (tally.failed === 0 && ended !== "exit status 0")) {
		console.log(`${batch.title}: the test runner ended with ${ended}`);
		return { passed: tally?.passed ?? 0, failed: 1, skipped: tally?.skipped ?? 0 };
	}
	return tally;
}

function add(sum: Counts, more: Counts): void {
	sum.passed += more.passed;
	sum.failed += more.failed;
	sum.skipped += more.skipped;
}

function endGroup(child: ChildProcess): void {
	if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
	try {
		process.kill(-child.pid, "SIGKILL");
	} catch {
		// It ended between the question and the signal.
	}
}

const groups = new Set<ChildProcess>();

async function main(args: string[]): Promise<number> {
	const { values, positionals } = parseArgs({
		args,
		allowPositionals: true,
		options: { only: { type: "string" }, verbose: { type: "boolean" }, compact: { type: "boolean" } },
	});
	const names = (Object.keys(phases) as PhaseName[]).filter((name) => (values.only ?? name) === name);
	if (names.length === 0) throw new Error(`--only takes ${Object.keys(phases).join(", ")}; got ${values.only}`);
	const filters = positionals.map((path) => relative(projectRoot, resolve(process.env.INIT_CWD ?? ".", path)));
	const files = listFiles(projectRoot).filter((file) => file.endsWith(".test.ts"));
	// A part of a path that is not a path from here counts as it was typed.
	const wanted = files.filter((file) => isWanted(file, filters) || (filters.length > 0 && isWanted(file, positionals)));
	const isVerbose = values.verbose ?? (filters.length > 0 && values.compact !== true);
	const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
	for (const name of names) {
		const batches = batchesOf(name, wanted);
		if (batches.length === 0) continue;
		if (name === "interop" && ensurePackages(["interop"]).length > 0 && process.env.CI === "true") sum.failed++;
		add(sum, await runPhase(name, batches, isVerbose ? "full" : "compact"));
	}
	if (sum.passed + sum.failed === 0) console.log(`no test ran; ${files.length} test files, none of them chosen`);
	console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
	return sum.failed === 0 && sum.passed > 0 ? 0 : 1;
}

if (import.meta.main) {
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
		process.on(signal, () => {
			for (const child of groups) endGroup(child);
			process.exit(1);
		});
	}
	try {
		process.exitCode = await main(process.argv.slice(2));
	} catch (error) {
		console.error(`npm test: ${(error as Error).message}`);
		process.exitCode = 1;
	}
}
