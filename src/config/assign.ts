/** Puts resolved words into the tree: what `set` does. */
import type { Assignment, Resolved } from "#config/resolve.ts";
import type { BranchNode } from "#config/schema.ts";
import { type Branch, changeBranch, leafListOf, leafOf, type Slot, type Step, withSlot } from "#config/tree.ts";

/**
 * The tree with everything that the words say. A leaf is replaced, values are added to a leaf list, a branch that is
 * there stays. With `replacesAlternatives`, what excludes a set statement is removed.
 */
export function assign(root: Branch, start: BranchNode, resolved: Resolved, replacesAlternatives = true): Branch {
	let tree = root;
	const path = resolved.passed.map((passed) => passed.step);
	if (replacesAlternatives) tree = withoutAlternatives(tree, start, resolved);
	if (path.length > 0) tree = changeBranch(tree, path, (branch) => branch);
	for (const sibling of resolved.siblings)
		tree = changeBranch(tree, [...path.slice(0, -1), sibling], (branch) => branch);
	for (const assignment of resolved.assignments)
		tree = changeBranch(tree, assignment.path, (branch) => withAssignment(branch, assignment, replacesAlternatives));
	return tree;
}

function withAssignment(branch: Branch, { parent, child, values }: Assignment, replacesAlternatives: boolean): Branch {
	const cleared = replacesAlternatives ? withoutOthers(branch, parent, child.name) : branch;
	return withSlot(
		cleared,
		child.name,
		merged(cleared.children.get(child.name), child.node.kind === "leaf-list", values),
	);
}

/** Marks and annotation of what was there stay. */
function merged(present: Slot | undefined, isList: boolean, values: readonly string[] | undefined): Slot {
	if (!isList) {
		const value = values?.[0];
		if (present?.kind !== "leaf") return leafOf(value);
		return present.value === value ? present : { ...present, value };
	}
	const added = [...new Set(values ?? [])];
	if (present?.kind !== "leaf-list") return leafListOf(added);
	const fresh = added.filter((value) => !present.values.includes(value));
	return fresh.length === 0 ? present : { ...present, values: [...present.values, ...fresh] };
}

function withoutAlternatives(root: Branch, start: BranchNode, resolved: Resolved): Branch {
	let tree = root;
	let parent = start;
	const path: Step[] = [];
	for (const { step, node } of resolved.passed) {
		if (parent.alternatives.length > 0) {
			const at = parent;
			tree = changeBranch(tree, [...path], (branch) => withoutOthers(branch, at, step.name));
		}
		path.push(step);
		parent = node;
	}
	return tree;
}

/** The branch without the statements that exclude `name`. */
function withoutOthers(branch: Branch, node: BranchNode, name: string): Branch {
	let result = branch;
	for (const { of, onSet } of node.alternatives) {
		if (onSet === "refuse" || !of.includes(name)) continue;
		for (const other of of) if (other !== name) result = withSlot(result, other, undefined);
	}
	return result;
}
