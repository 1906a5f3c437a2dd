/** What of a configuration an operator may see. */
import { branchWords } from "#config/path.ts";
import { type BranchNode, type Child, findByName, isBranchNode } from "#config/schema.ts";
import { type Branch, type Slot, withSlot } from "#config/tree.ts";

/** Decides for one statement: its words from the root and the permission that it or a statement above it names. */
export type MayShow = (words: readonly string[], permission: string | undefined) => boolean;

/**
 * The branch without the statements that may not be shown. `path` and `permission` are those of the branch itself.
 * What is wholly visible is the same object.
 */
export function visibleBranch(
	node: BranchNode,
	branch: Branch,
	mayShow: MayShow,
	path: readonly string[] = [],
	permission?: string,
): Branch {
	let result = branch;
	for (const [name, slot] of branch.children) {
		const child = findByName(node, name);
		if (child !== undefined)
			result = withSlot(result, name, visibleSlot(child, slot, mayShow, path, child.node.permission ?? permission));
	}
	return result;
}

function visibleSlot(
	child: Child,
	slot: Slot,
	mayShow: MayShow,
	path: readonly string[],
	permission: string | undefined,
): Slot | undefined {
	const { node } = child;
	if (slot.kind === "leaf" || slot.kind === "leaf-list" || !isBranchNode(node))
		return mayShow([...path, child.name], permission) ? slot : undefined;
	if (slot.kind === "branch") return visibleBelow(child, node, slot, mayShow, path, permission);
	let entries = slot;
	for (const entry of slot) {
		const visible = visibleBelow(child, node, entry, mayShow, path, permission);
		if (visible !== entry) entries = visible === undefined ? entries.delete(entry.keys) : entries.set(visible);
	}
	return entries;
}

function visibleBelow(
	child: Child,
	node: BranchNode,
	branch: Branch,
	mayShow: MayShow,
	path: readonly string[],
	permission: string | undefined,
): Branch | undefined {
	const words = [...path, ...branchWords(child, branch.keys)];
	return mayShow(words, permission) ? visibleBranch(node, branch, mayShow, words, permission) : undefined;
}
