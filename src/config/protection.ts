/** `protect:`: what carries it may not change, and neither may what is below it. */
import { banner } from "#config/finding.ts";
import { branchWords } from "#config/path.ts";
import { type BranchNode, type Child, findByName, isBranchNode } from "#config/schema.ts";
import { type Branch, childBranch, equalSlots, type Slot, type Statement, type Step } from "#config/tree.ts";
import { joinWords } from "#config/word.ts";

/**
 * The protected statement that forbids to change what stands at `path` (and there under `leaf`), as an error in the
 * words of Junos; undefined when there is none. Reads the branches of the path alone.
 */
export function lockedAt(node: BranchNode, root: Branch, path: readonly Step[], leaf?: string): string | undefined {
	let branch: Branch | undefined = root;
	let parent = node;
	const words: string[] = [];
	for (const step of path) {
		const child = findByName(parent, step.name);
		branch = childBranch(branch, step);
		if (branch === undefined || child === undefined || !isBranchNode(child.node)) return undefined;
		const own = branchWords(child, step.keys);
		if (branch.isProtected) return locked(words, joinWords(own), "changed");
		words.push(...own);
		parent = child.node;
	}
	const slot = leaf === undefined ? undefined : branch.children.get(leaf);
	const isLocked = slot !== undefined && slot.kind !== "entries" && slot.isProtected;
	return isLocked ? locked(words, leaf ?? "", "changed") : undefined;
}

/** The first protected statement below a branch that is about to go away. `path` are the words of the branch. */
export function lockedBelow(node: BranchNode, branch: Branch, path: readonly string[]): string | undefined {
	return brokenBelow(node, branch, undefined, path);
}

/**
 * The first protected statement of `before` that `after` changes or lacks, as an error in the words of Junos; undefined
 * when there is none. What both trees share is not read.
 */
export function brokenProtection(node: BranchNode, before: Branch, after: Branch): string | undefined {
	return brokenBelow(node, before, after, []);
}

function brokenBelow(
	node: BranchNode,
	before: Branch,
	after: Branch | undefined,
	path: readonly string[],
): string | undefined {
	if (before === after) return undefined;
	for (const [name, slot] of before.children) {
		const other = after?.children.get(name);
		const child = findByName(node, name);
		if (slot === other || child === undefined) continue;
		if (slot.kind !== "entries") {
			const broken = brokenStatement(child, slot, other, path);
			if (broken !== undefined) return broken;
			continue;
		}
		const lost =
			other?.kind === "entries"
				? other.differencesFrom(slot)
				: [...slot].map((entry) => ({ before: entry, after: undefined }));
		for (const { before: entry, after: now } of lost) {
			const broken = entry === undefined ? undefined : brokenStatement(child, entry, now, path);
			if (broken !== undefined) return broken;
		}
	}
	return undefined;
}

function brokenStatement(
	child: Child,
	statement: Statement,
	other: Slot | undefined,
	path: readonly string[],
): string | undefined {
	if (statement === other) return undefined;
	const words = statement.kind === "branch" ? branchWords(child, statement.keys) : [child.name];
	if (statement.isProtected && !equalSlots(statement, other)) {
		const what = joinWords(words);
		return locked(path, what, other === undefined ? "deleted" : "changed");
	}
	if (statement.kind !== "branch" || !isBranchNode(child.node)) return undefined;
	return brokenBelow(child.node, statement, other?.kind === "branch" ? other : undefined, [...path, ...words]);
}

function locked(path: readonly string[], what: string, how: "changed" | "deleted"): string {
	return `${banner(path)}\n  '${what}'\n    statement is protected, '${what}' cannot be ${how}`;
}
