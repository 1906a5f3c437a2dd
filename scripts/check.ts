/**
 * The house checks (`npm run check`): runs each in order, prints one line each, and all faults at the end.
 *
 * Usage: npm run check [-- NAME ...], the names being those that it prints.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { checkLayers } from "./check-layers.ts";
import { checkLinks } from "./check-links.ts";
import { checkTestsBeside } from "./check-tests-beside.ts";
import { checkWords } from "./check-words.ts";
import { checkReference } from "./reference.ts";
import { projectRoot } from "./source-files.ts";

/** One check of the checkout at `root`: what it answers is its faults, a line each. */
export interface Check {
	readonly name: string;
	readonly shows: string;
	readonly run: (root: string) => string[];
}

export const checks: readonly Check[] = [
	{ name: "types", shows: "TypeScript, strict", run: (root) => runTool(root, "typescript/bin/tsc", ["-p", "."]) },
	{
		name: "biome",
		shows: "format and lint",
		run: (root) =>
			runTool(root, "@biomejs/biome/bin/biome", [
				"ci",
				"--colors=off",
				"--error-on-warnings",
				"--max-diagnostics=200",
				".",
			]),
	},
	{ name: "layers", shows: "folder order, cores and shells, cycles", run: (root) => checkLayers(root) },
	{ name: "tests", shows: "a test beside each source file", run: checkTestsBeside },
	{
		name: "dead-code",
		shows: "unused files, exports, dependencies",
		run: (root) => runTool(root, "knip/bin/knip.js", ["--no-progress"]),
	},
	{ name: "reference", shows: "generated pages are up to date", run: checkReference },
	{ name: "words", shows: "nothing of one machine, nothing unfinished", run: checkWords },
	{ name: "links", shows: "links of the documents", run: checkLinks },
];

/** Runs a program of this checkout's node_modules with this Node, in the tree at `root`. */
function runTool(root: string, path: string, args: readonly string[]): string[] {
	const done = spawnSync(process.execPath, [join(projectRoot, "node_modules", path), ...args], {
		cwd: root,
		encoding: "utf8",
		env: { ...process.env, NO_COLOR: "1" },
		maxBuffer: 64 * 1024 * 1024,
		timeout: 300_000,
	});
	if (done.status === 0) return [];
	const lines = `${done.stdout}${done.stderr}`.split("\n").filter((line) => line.trim() !== "");
	return [...lines, `${path} ended with ${done.error?.message ?? done.signal ?? `exit status ${done.status}`}`];
}

function main(wanted: readonly string[]): number {
	const unknown = wanted.filter((name) => !checks.some((check) => check.name === name));
	if (unknown.length > 0) {
		console.error(`no check ${unknown.join(", ")}; existing: ${checks.map((one) => one.name).join(", ")}`);
		return 1;
	}
	const faults: string[] = [];
	for (const check of checks.filter((one) => wanted.length === 0 || wanted.includes(one.name))) {
		const startedAt = performance.now();
		const found = check.run(projectRoot);
		const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(5);
		console.log(`${found.length === 0 ? "ok  " : "FAIL"}  ${check.name.padEnd(10)} ${seconds} s  ${check.shows}`);
		if (found.length > 0) faults.push("", `${check.name}:`, ...found.map((line) => `  ${line}`));
	}
	for (const line of faults) console.error(line);
	return faults.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
