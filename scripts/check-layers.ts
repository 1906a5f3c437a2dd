/**
 * The rules of ARCHITECTURE.md that concern imports and globals: folder order, cores and shells, no barrel, no default
 * export, no cycle. The layers stand in `scripts/layers.json`.
 */
import { posix } from "node:path";
import { blankText, type ImportLine, importsOf, lineAt } from "./code-text.ts";
import { isShell, listSources, readText } from "./source-files.ts";

/** `layers`: the folders of `src`, each may use only those before it. `apart`: pairs that never import each other. */
export interface Layers {
	readonly layers: readonly string[];
	readonly apart: readonly (readonly [string, string])[];
	/** What is not ours that a core may import, besides types. */
	readonly coreMayImport: readonly string[];
}

/** Every breach below `src` of the tree at `root`, as `file:line: what`. */
export function checkLayers(root: string, rules: Layers = readLayers(root)): string[] {
	const files = listSources(root);
	const sources = new Map(files.map((file) => [file, readText(root, file)]));
	const faults: string[] = [];
	const uses = new Map<string, string[]>();
	for (const [file, source] of sources) {
		const imports = importsOf(source);
		faults.push(...ownFaults(file, source, imports, rules));
		for (const line of imports) {
			const target = targetOf(file, line.specifier);
			const say = (what: string) => faults.push(`${file}:${line.line}: ${what}`);
			const isSupport = isTest(file) && target?.startsWith("test/") === true;
			if (line.specifier.includes("../../..") && !isSupport) say(`imports ${line.specifier}; write #folder/file.ts`);
			if (target === undefined) externalFault(file, line, rules, say);
			else {
				if (target.startsWith("src/") && !sources.has(target)) say(`imports ${target}, which does not exist`);
				internalFault(file, target, rules, say);
				if (!line.isTypeOnly) uses.set(file, [...(uses.get(file) ?? []), target]);
			}
		}
	}
	return [...faults, ...cycles(uses).map((cycle) => `${cycle[0]}: import cycle: ${cycle.join(" -> ")}`)];
}

function readLayers(root: string): Layers {
	return JSON.parse(readText(root, "scripts/layers.json")) as Layers;
}

/** The file that an import names, relative to the root; undefined for Node's modules and packages. */
function targetOf(file: string, specifier: string): string | undefined {
	if (specifier.startsWith("#")) return `src/${specifier.slice(1)}`;
	return specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : undefined;
}

function folderOf(file: string): string {
	return file.split("/")[1] ?? "";
}

function isTest(file: string): boolean {
	return file.endsWith(".test.ts");
}

function ownFaults(file: string, source: string, imports: readonly ImportLine[], rules: Layers): string[] {
	const faults: string[] = [];
	const code = blankText(source);
	if (!rules.layers.includes(folderOf(file))) {
		faults.push(
			`${file}: folder "${folderOf(file)}" is not in scripts/layers.json; existing: ${rules.layers.join(", ")}`,
		);
	}
	for (const match of code.matchAll(/\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/g)) {
		faults.push(`${file}:${lineAt(code, match.index)}: default export; export by name`);
	}
	if (imports.some((line) => line.isReExport) && isBarrel(code)) {
		faults.push(`${file}: only re-exports others; import them from where they are`);
	}
	if (isShell(file) || isTest(file)) return faults;
	for (const match of code.matchAll(forbiddenInCores)) {
		faults.push(
			`${file}:${lineAt(code, match.index)}: ${match[0].trim()} in a core; only *-shell.ts and src/daemon touch clock, randomness, timers and the process`,
		);
	}
	return faults;
}

/** True when nothing is left once the imports and re-exports are taken away. */
function isBarrel(code: string): boolean {
	const rest = code
		.replace(/\bimport\b[^;]*;/g, "")
		.replace(/\bexport\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})(?:\s*from\s*["'][^"']*["'])?\s*;/g, "");
	return rest.trim() === "";
}

function externalFault(file: string, line: ImportLine, rules: Layers, say: (what: string) => void): void {
	if (isShell(file) || isTest(file) || line.isTypeOnly || rules.coreMayImport.includes(line.specifier)) return;
	say(`a core imports ${line.specifier}; cores may import ${rules.coreMayImport.join(", ")}`);
}

function internalFault(file: string, target: string, rules: Layers, say: (what: string) => void): void {
	if (!target.startsWith("src/")) {
		if (!isTest(file) || !target.startsWith("test/")) say(`imports ${target}, which lies outside src`);
		return;
	}
	if (isShell(target) && !isShell(file)) say(`a core imports the shell ${target}`);
	const [from, to] = [folderOf(file), folderOf(target)];
	if (rules.layers.indexOf(to) > rules.layers.indexOf(from)) say(`${from} may not use ${to}, which comes after it`);
	if (rules.apart.some(([a, b]) => (from === a && to === b) || (from === b && to === a))) {
		say(`${from} and ${to} stay apart`);
	}
}

/** One path for each cycle of imports that exist at run time; each cycle is told once, from its first file by name. */
function cycles(uses: ReadonlyMap<string, readonly string[]>): string[][] {
	const found = new Map<string, string[]>();
	const done = new Set<string>();
	const visit = (file: string, path: readonly string[]) => {
		const start = path.indexOf(file);
		if (start !== -1) {
			const cycle = path.slice(start);
			const first = cycle.indexOf([...cycle].sort()[0] ?? file);
			const turned = [...cycle.slice(first), ...cycle.slice(0, first)];
			found.set(turned.join(" "), [...turned, turned[0] ?? file]);
		} else if (!done.has(file)) {
			for (const next of uses.get(file) ?? []) visit(next, [...path, file]);
			done.add(file);
		}
	};
	for (const file of [...uses.keys()].sort()) visit(file, []);
	return [...found.values()];
}

const forbiddenInCores = new RegExp(
	`(?<![.\\w$#])(?:${[
		"Date\\.now\\b",
		"(?:new\\s+)?Date\\(\\s*\\)",
		"new\\s+Date\\b(?!\\s*\\()",
		"performance\\.now\\b",
		"set(?:Timeout|Interval|Immediate)\\b",
		"Math\\.random\\b",
		"process\\s*[.?[]",
		"globalThis\\b",
		"console\\s*\\.",
		"fetch\\s*\\(",
	].join(
		"|",
	)})|\\b(?:random(?:Bytes|Fill|FillSync|Int|UUID)|getRandomValues|generate(?:KeyPair|Key|Prime)(?:Sync)?)\\b`,
	"g",
);
