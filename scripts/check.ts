/**
 * The house checks (`npm run check`): runs each in order, prints one line each, and all faults at the end.
 *
 * Usage: npm run check [-- NAME ...], the names being those that it prints.
 */
import { spawnSync } from "node:child_process";
import { checkLayers } from "./check-layers.ts";
import { checkLinks } from "./check-links.ts";
import { checkTestsBeside } from "./check-tests-beside.ts";
import { checkWords } from "./check-words.ts";
import { projectRoot } from "./source-files.ts";

/** One check: what it answers is its faults, a line each. */
interface Check {
	readonly name: string;
	readonly shows: string;
	readonly run: () => string[];
}

const checks: readonly Check[] = [
	{ name: "types", shows: "TypeScript, strict", run: () => tool("typescript/bin/tsc", ["-p", "."]) },
	{ name: "biome", shows: "format and lint", run: () => tool("@biomejs/biome/bin/biome", ["ci", "--colors=off", "."]) },
	{ name: "layers", shows: "folder order, cores and shells, cycles", run: () => checkLayers(projectRoot) },
	{ name: "tests", shows: "a test beside each source file", run: () => checkTestsBeside(projectRoot) },
	{
		name: "dead-code",
		shows: "unused files, exports, dependencies",
		run: () => tool("knip/bin/knip.js", ["--no-progress"]),
	},
	{
		name: "reference",
		shows: "generated pages are up to date",
		run: () => script("scripts/reference.ts", ["--check"]),
	},
	{ name: "words", shows: "nothing of one machine, nothing unfinished", run: () => checkWords(projectRoot) },
	{ name: "links", shows: "links of the documents", run: () => checkLinks(projectRoot) },
];

/** Runs a program of node_modules with this Node. */
function tool(path: string, args: readonly string[]): string[] {
	return script(`node_modules/${path}`, args);
}

function script(path: string, args: readonly string[]): string[] {
	const done = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", path, ...args], {
		cwd: projectRoot,
		encoding: "utf8",
		env: { ...process.env, NO_COLOR: "1" },
		maxBuffer: 64 * 1024 * 1024,
		timeout: 300_000,
	});
	if (done.status === 0) return [];
	const lines = `${done.stdout}${done.stderr}`.split("\n").filter((line) => line.trim() !== "");
	return [...lines, `${path} ended with ${done.error?.message ?? done.signal ?? `exit status ${done.status}`}`];
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !checks.some((check) => check.name === name));
const faults: string[] = [];
for (const check of unknown.length > 0 ? [] : checks) {
	if (wanted.length > 0 && !wanted.includes(check.name)) continue;
	const startedAt = performance.now();
	const found = check.run();
	const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
	console.log(
		`${found.length === 0 ? "ok  " : "FAIL"}  ${check.name.padEnd(10)} ${seconds.padStart(5)} s  ${check.shows}`,
	);
	if (found.length > 0) faults.push("", `${check.name}:`, ...found.map((line) => `  ${line}`));
}
if (unknown.length > 0)
	faults.push(`no check ${unknown.join(", ")}; existing: ${checks.map((one) => one.name).join(", ")}`);
for (const line of faults) console.error(line);
process.exitCode = faults.length === 0 ? 0 : 1;
