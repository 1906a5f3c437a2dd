/** The configuration as one user may see it: statements that are not visible are left out. */
import type { Access } from "#cli/access.ts";
import type { Entries } from "#config/entries.ts";
import { branchWords } from "#config/path.ts";
import { type BranchNode, type Child, type ContainerNode, findByName, isBranchNode } from "#config/schema.ts";
import { type Branch, type Slot, withSlot } from "#config/tree.ts";

/**
 * The tree without what the user may not see. Each leaf is decided for itself, so that an expression may open a part
 * of what is closed; a branch of which nothing is left goes too. What is wholly visible is the same object.
 */
export function visibleTree(root: ContainerNode, tree: Branch, access: Access): Branch {
	return access.seesAll ? tree : visibleBranch(root, tree, access, [], root.permission);
}

function visibleBranch(
	node: BranchNode,
	branch: Branch,
	access: Access,
	path: readonly string[],
	permission: string | undefined,
): Branch {
	let result = branch;
	for (const [name, slot] of branch.children) {
		const child = findByName(node, name);
		if (child === undefined) continue;
		const visible = visibleSlot(child, slot, access, path, child.node.permission ?? permission);
		if (visible !== slot) result = withSlot(result, name, visible);
	}
	return result;
}

function visibleSlot(
	child: Child,
	slot: Slot,
	access: Access,
	path: readonly string[],
	permission: string | undefined,
): Slot | undefined {
	const { node } = child;
	if (slot.kind === "leaf" || slot.kind === "leaf-list" || !isBranchNode(node))
		return access.mayView([...path, child.name], permission) ? slot : undefined;
	if (slot.kind === "branch") return visibleBelow(child, node, slot, access, path, permission);
	let entries: Entries<Branch> = slot;
	for (const entry of slot) {
		const visible = visibleBelow(child, node, entry, access, path, permission);
		if (visible !== entry) entries = visible === undefined ? entries.delete(entry.keys) : entries.set(visible);
	}
	return entries;
}

function visibleBelow(
	child: Child,
	node: BranchNode,
	branch: Branch,
	access: Access,
	path: readonly string[],
	permission: string | undefined,
): Branch | undefined {
	const words = [...path, ...branchWords(child, branch.keys)];
	const visible = visibleBranch(node, branch, access, words, permission);
	return visible.children.size > 0 || access.mayView(words, permission) ? visible : undefined;
}
