/** Which files a checkout holds, without asking git: the house checks also run on trees made by their tests. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout that this file lies in, as an absolute path. */
export const projectRoot = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/**
 * The files below `folder` of the tree at `root`, as sorted paths relative to `root` with forward slashes. Folders named
 * in `.gitignore` (`name/`), dot folders other than `.ci` and symbolic links are left out.
 */
export function listFiles(root: string, folder = "."): string[] {
	const found: string[] = [];
	const ignored = ignoredFolders(root);
	const walk = (directory: string) => {
		for (const entry of readdirSync(directory, { withFileTypes: true })) {
			const path = join(directory, entry.name);
			if (entry.isDirectory()) {
				if (!ignored.has(entry.name) && (!entry.name.startsWith(".") || entry.name === ".ci")) walk(path);
			} else if (entry.isFile()) found.push(relative(root, path).split(sep).join("/"));
		}
	};
	const start = join(root, folder);
	if (statSync(start, { throwIfNoEntry: false })?.isDirectory()) walk(start);
	return found.sort();
}

/** The TypeScript files below `src`. */
export function listSources(root: string): string[] {
	return listFiles(root, "src").filter((file) => file.endsWith(".ts"));
}

/** True for the files that may do I/O, read the clock and draw randomness (ARCHITECTURE.md, rule 1). */
export function isShell(file: string): boolean {
	return file.startsWith("src/daemon/") || /-shell(?:\.test)?\.ts$/.test(file);
}

/** The text of one file of the tree. */
export function readText(root: string, file: string): string {
	return readFileSync(join(root, file), "utf8");
}

function ignoredFolders(root: string): Set<string> {
	const names = new Set(["node_modules"]);
	if (statSync(join(root, ".gitignore"), { throwIfNoEntry: false })?.isFile()) {
		for (const line of readText(root, ".gitignore").split("\n")) {
			const match = /^\/?([^/*!#]+)\/$/.exec(line.trim());
			if (match?.[1] !== undefined) names.add(match[1]);
		}
	}
	return names;
}
