/**
 * Runs the tests (`npm test`), in three phases: unit, integration, interop.
 *
 * Usage: npm test [-- [--only unit|integration|interop] [--verbose] [--compact] [PATH ...]]
 * A PATH is a part of a test file's path: `src/http`, `client-hello`. The last line is always
 * `N passed, N failed, N skipped`; the exit status is 1 when a test failed or none ran.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join, relative, resolve } from "node:path";
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

/** What the runner prints: every test, or only what failed or was skipped. */
type Output = "full" | "compact";

/** How one batch is run: what it prints and where to, and how long it may take. */
export interface BatchOptions {
	readonly output: Output;
	readonly limitSeconds: number;
	readonly print: (text: string) => void;
}

interface Counts {
	passed: number;
	failed: number;
	skipped: number;
}

/**
 * The phase that a test file belongs to. Unit tests are those of the cores, in `test/fuzz` too: they get no network, no child process and no
 * writing. Everything else runs free.
 */
export function phaseOf(file: string): PhaseName {
	if (file.startsWith("test/interop/")) return "interop";
	if (file.startsWith("test/fuzz/")) return "unit";
	return file.startsWith("src/") && !isShell(file) ? "unit" : "integration";
}

/** The batches of a phase: one per source folder for unit tests, one per file otherwise; the largest first. */
export function batchesOf(phase: PhaseName, files: readonly string[]): Batch[] {
	const own = files.filter((file) => phaseOf(file) === phase);
	const titleOf = (file: string) => (phase === "unit" ? file.split("/").slice(0, 2).join("/") : file);
	return [...Map.groupBy(own, titleOf)]
		.map(([title, inside]) => ({ title, files: inside }))
		.sort((a, b) => b.files.length - a.files.length);
}

/** The arguments of Node for one batch of a phase. */
export function nodeArguments(phase: PhaseName, batch: Batch): string[] {
	return [
		"--disallow-code-generation-from-strings",
		"--disable-warning=ExperimentalWarning",
		...(phase === "unit" ? ["--permission", "--allow-fs-read=*"] : []),
		...preloads(),
		"--test",
		"--test-isolation=none",
		`--test-timeout=${phases[phase].testSeconds * timeFactor() * 1000}`,
		"--test-reporter=./scripts/test-reporter.ts",
		...batch.files,
	];
}

/** True when the file's path contains one of the filters, or when there are none. */
export function isWanted(file: string, filters: readonly string[]): boolean {
	return filters.length === 0 || filters.some((filter) => file.includes(filter));
}

/** Runs one batch in a process group of its own, so that the whole of it can be ended, and prints what it printed. */
export async function runBatch(phase: PhaseName, batch: Batch, options: BatchOptions): Promise<Counts> {
	const { output, limitSeconds } = options;
	const startedAt = performance.now();
	const child = spawn(process.execPath, nodeArguments(phase, batch), {
		cwd: projectRoot,
		env: { ...process.env, TEST_OUTPUT: output, ...(phase !== "unit" && { NODE_COMPILE_CACHE: compiled }) },
		stdio: ["ignore", "pipe", "pipe", "ipc"],
		detached: true,
	});
	running.add(child);
	let tally: Tally | undefined;
	child.on("message", (message) => {
		tally = message as Tally;
	});
	const printed: Buffer[] = [];
	child.stdout?.on("data", (chunk: Buffer) => printed.push(chunk));
	child.stderr?.on("data", (chunk: Buffer) => printed.push(chunk));
	let ending: string | undefined;
	let leftBehind: NodeJS.Timeout | undefined;
	const limit = setTimeout(() => {
		ending = `did not end within ${limitSeconds} s and was stopped`;
		endGroup(child);
	}, limitSeconds * 1000);
	await new Promise<void>((settle) => {
		child.on("error", (error) => {
			ending = `could not be started: ${error.message}`;
			settle();
		});
		child.on("exit", () => {
			leftBehind = setTimeout(() => {
				ending ??= "left processes behind, which were stopped";
				endGroup(child);
			}, 3_000);
		});
		child.on("close", (code, signal) => {
			if (signal !== null) ending ??= `was ended by ${signal}`;
			else if (code !== 0) ending ??= `ended with exit status ${code}`;
			settle();
		});
	});
	clearTimeout(limit);
	clearTimeout(leftBehind);
	endGroup(child);
	running.delete(child);
	options.print(Buffer.concat(printed).toString());
	for (const file of tally?.emptyFiles ?? []) options.print(`${relative(projectRoot, file)}: defines no test\n`);
	const counts = countsOf(tally, ending);
	const isOrdinary = counts === tally && ending?.startsWith("ended with exit status") !== false;
	if (!isOrdinary) options.print(`${batch.title}: the test process ${ending ?? "counted nothing"}\n`);
	const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
	const { passed, failed, skipped } = counts;
	options.print(`${phase} ${batch.title}: ${passed} passed, ${failed} failed, ${skipped} skipped, ${seconds} s\n`);
	return counts;
}

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

async function runPhase(phase: PhaseName, batches: readonly Batch[], output: Output): Promise<Counts> {
	const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
	const waiting = [...batches];
	const endsAt = performance.now() + phases[phase].phaseSeconds * timeFactor() * 1000;
	const worker = async () => {
		for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
			const leftSeconds = Math.ceil((endsAt - performance.now()) / 1000);
			const limitSeconds = Math.min(leftSeconds, phases[phase].batchSeconds * timeFactor());
			if (limitSeconds > 0) add(counts, await runBatch(phase, batch, { output, limitSeconds, print }));
			else {
				console.log(`${batch.title}: not run; ${phase} reached its limit of ${phases[phase].phaseSeconds} s`);
				counts.failed++;
			}
		}
	};
	await Promise.all(Array.from({ length: processes }, worker));
	return counts;
}

/** The modules to load before the tests: `FUZZ_RUNS` raises the runs of every property (scripts/fuzz.ts sets it). */
function preloads(): string[] {
	return process.env.FUZZ_RUNS === undefined ? [] : ["--import=./test/support/fuzz-runs.ts"];
}

/** Long fuzz runs need longer limits. */
function timeFactor(): number {
	return process.env.FUZZ_RUNS === undefined ? 1 : 100;
}

/** A runner that ended without counting, or unhappily without a failed test, is a failure of its own. */
function countsOf(tally: Tally | undefined, ending: string | undefined): Counts {
	if (tally !== undefined && (tally.failed > 0 || ending === undefined)) return tally;
	return { passed: tally?.passed ?? 0, failed: 1, skipped: tally?.skipped ?? 0 };
}

function print(text: string): void {
	process.stdout.write(text);
}

function add(sum: Counts, more: Counts): void {
	sum.passed += more.passed;
	sum.failed += more.failed;
	sum.skipped += more.skipped;
}

/** Ends what is left of a batch's process group; its leader may have ended long before. */
function endGroup(child: ChildProcess): void {
	if (child.pid === undefined) return;
	try {
		process.kill(-child.pid, "SIGKILL");
	} catch {
		// Nothing is left of it.
	}
}

interface Limits {
	readonly phaseSeconds: number;
	readonly batchSeconds: number;
	readonly testSeconds: number;
}

const phases: Readonly<Record<PhaseName, Limits>> = {
	unit: { phaseSeconds: 300, batchSeconds: 120, testSeconds: 60 },
	integration: { phaseSeconds: 700, batchSeconds: 300, testSeconds: 120 },
	interop: { phaseSeconds: 700, batchSeconds: 300, testSeconds: 120 },
};

/** How many processes of tests run at a time. */
const processes = 2;

/** What the runtime made of the source, kept from one process to the next: a gateway starts in less than half of the time. */
const compiled = join(projectRoot, "node_modules/.cache/compiled");

const running = new Set<ChildProcess>();

if (import.meta.main) {
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
		process.on(signal, () => {
			for (const child of running) endGroup(child);
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
