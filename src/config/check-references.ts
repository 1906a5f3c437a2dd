/** References from one object to another: every name must be an entry of one of the lists that its type points at. */
import { nearestName } from "#config/advice.ts";
import type { BranchResult } from "#config/check-result.ts";
import { banner, error, type Finding } from "#config/finding.ts";
import { shown } from "#config/leaf-types.ts";
import { type Child, findByName, isBranchNode, type SchemaNode } from "#config/schema.ts";
import type { Branch, BranchEntries } from "#config/tree.ts";

/** The errors of all names that point at nothing. Looks each name up once in each list. */
export function unresolvedReferences(root: BranchResult): Finding[] {
	const findings: Finding[] = [];
	walk([root], [], new Map(), findings);
	return findings;
}

/**
 * The lists at a reference path, seen from the innermost of `branches` (the root first).
 *
 * Shape: words separated by blanks; `..` goes one branch up from the innermost; without it the path begins at the
 *        root; `*` stands for every entry of the list before it.
 */
export function referencedLists(branches: readonly Branch[], path: string): BranchEntries[] {
	const words = path.split(" ");
	let up = 0;
	while (words[up] === "..") up++;
	const start = up === 0 ? branches[0] : branches.at(-1 - up);
	return start === undefined ? [] : listsBelow(start, words.slice(up));
}

type ListCache = Map<Branch, Map<string, BranchEntries[]>>;

/** `above` are the branches from the root to the one that is looked at. */
function walk(above: readonly BranchResult[], path: readonly string[], cache: ListCache, into: Finding[]): void {
	const result = above.at(-1) as BranchResult;
	const branches = above.map(({ branch }) => branch);
	for (const { type, statement, values } of result.references) {
		const paths = type.references ?? [];
		for (const value of values) {
			const isDefined = paths.some((to) =>
				cachedLists(branches, to, cache).some((entries) => entries.get([value])?.isInactive === false),
			);
			if (!isDefined) into.push(error(path, statement, undefinedName(value, paths, above, into.length)));
		}
	}
	for (const { words, result: below } of result.below) walk([...above, below], [...path, ...words], cache, into);
}

function cachedLists(branches: readonly Branch[], path: string, cache: ListCache): BranchEntries[] {
	const start = path.startsWith("..") ? branches.at(-1) : branches[0];
	if (start === undefined) return [];
	let lists = cache.get(start);
	if (lists === undefined) {
		lists = new Map();
		cache.set(start, lists);
	}
	let found = lists.get(path);
	if (found === undefined) {
		found = referencedLists(branches, path);
		lists.set(path, found);
	}
	return found;
}

function listsBelow(branch: Branch, words: readonly string[]): BranchEntries[] {
	const [name = "", ...rest] = words;
	const slot = branch.children.get(name);
	if (slot?.kind === "branch") return slot.isInactive ? [] : listsBelow(slot, rest);
	if (slot?.kind !== "entries") return [];
	if (rest.length === 0) return [slot];
	const found: BranchEntries[] = [];
	for (const entry of slot)
		if (!entry.isInactive) found.push(...listsBelow(entry, rest[0] === "*" ? rest.slice(1) : rest));
	return found;
}

function undefinedName(
	value: string,
	paths: readonly string[],
	above: readonly BranchResult[],
	earlier: number,
): string {
	const message = `'${shown(value)}' is not defined under ${paths.map((path) => listBanner(above, path)).join(" or ")}`;
	if (earlier >= maxAdvised) return message;
	const branches = above.map(({ branch }) => branch);
	const names: string[] = [];
	for (const path of paths)
		for (const list of referencedLists(branches, path)) names.push(...list.namesFrom("", maxNames));
	if (names.length === 0) return message;
	const near = nearestName(value, names);
	if (near !== undefined) return `${message}; did you mean '${near}'?`;
	return `${message}; defined: ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", ..." : ""}`;
}

/** The path of a list as it is typed: `*` for an entry on the way, no names of unnamed statements. */
function listBanner(above: readonly BranchResult[], path: string): string {
	const words = path.split(" ");
	const up = words.filter((word) => word === "..").length;
	let node: SchemaNode | undefined = (up === 0 ? above[0] : above.at(-1 - up))?.node;
	const shownWords: string[] = [];
	const names = words.slice(up).filter((word) => word !== "*");
	for (const [index, name] of names.entries()) {
		const child: Child | undefined = node !== undefined && isBranchNode(node) ? findByName(node, name) : undefined;
		if (child?.node.unnamed !== true) shownWords.push(name);
		if (child?.node.kind === "list" && index < names.length - 1) shownWords.push("*");
		node = child?.node;
	}
	return banner(shownWords);
}

/** Advice is given for so many names of one configuration, among so many candidates. */
const maxAdvised = 20;
const maxNames = 1_000;
