/**
 * Runs the property and fuzz tests of the cores with many runs (`npm run fuzz`).
 *
 * Usage: npm run fuzz [-- [--runs N] [PATH ...]]: N runs a property (100,000 unless told), in the test files whose path
 * contains PATH. A failure prints the seed and path that repeat it.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isShell, listFiles, listSources, projectRoot, readText } from "./source-files.ts";

/** The test files of cores that use fast-check, and those of `test/fuzz`. */
export function fuzzFiles(root: string, filters: readonly string[]): string[] {
	return [...listSources(root), ...listFiles(root, "test/fuzz")].filter(
		(file) =>
			file.endsWith(".test.ts") &&
			!isShell(file) &&
			(filters.length === 0 || filters.some((filter) => file.includes(filter))) &&
			readText(root, file).includes('"fast-check"'),
	);
}

if (import.meta.main) {
	const { values, positionals } = parseArgs({ allowPositionals: true, options: { runs: { type: "string" } } });
	const runs = values.runs ?? "100000";
	const files = fuzzFiles(projectRoot, positionals);
	if (!/^[1-9][0-9]*$/.test(runs) || files.length === 0) {
		console.error(files.length === 0 ? "no fuzz test matches" : `--runs takes a number above 0; got ${runs}`);
		process.exitCode = 1;
	} else {
		console.log(`${runs} runs of each property in ${files.length} files`);
		const done = spawnSync(
			process.execPath,
			[join(projectRoot, "scripts/run-tests.ts"), "--only", "unit", "--verbose", ...files],
			{
				stdio: "inherit",
				env: { ...process.env, FUZZ_RUNS: runs },
			},
		);
		process.exitCode = done.status ?? 1;
	}
}
