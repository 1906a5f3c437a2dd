/** Puts resolved words into the tree: what `set` does. */
import type { Assignment, Resolved } from "#config/resolve.ts";
import { type BranchNode, findByName, isBranchNode } from "#config/schema.ts";
import {
	type Branch,
	branchAt,
	changeBranch,
	leafListOf,
	leafOf,
	maxListValues,
	type Slot,
	type Step,
	withSlot,
} from "#config/tree.ts";

/**
 * The tree with everything that the words say. A leaf is replaced, values are added to a leaf list, a branch that is
 * there stays. With `replacesAlternatives`, what excludes a set statement is removed.
 */
export function assign(root: Branch, start: BranchNode, resolved: Resolved, replacesAlternatives = true): Branch {
	let tree = root;
	const path = resolved.passed.map((passed) => passed.step);
	if (replacesAlternatives) tree = without(tree, displacedBy(root, start, resolved));
	// What is assigned in the branch makes it, too.
	const isMade = resolved.assignments.some((assignment) => assignment.path.length >= path.length);
	if (path.length > 0 && !isMade) tree = changeBranch(tree, path, (branch) => branch);
	for (const sibling of resolved.siblings)
		tree = changeBranch(tree, [...path.slice(0, -1), sibling], (branch) => branch);
	for (const assignment of resolved.assignments) {
		// Of alternatives in one line the last one stays, as if each had a line of its own.
		if (replacesAlternatives) tree = without(tree, excludedBy(tree, start, assignment));
		tree = changeBranch(tree, assignment.path, (branch) => withAssignment(branch, assignment));
	}
	return tree;
}

/** Why the words cannot be set: a leaf list would hold too many values. Undefined when they can. */
export function overfullList(root: Branch, resolved: Resolved): string | undefined {
	for (const { child, path, values } of resolved.assignments) {
		if (child.node.kind !== "leaf-list") continue;
		const present = branchAt(root, path)?.children.get(child.name);
		const count = (present?.kind === "leaf-list" ? present.values.length : 0) + (values?.length ?? 0);
		if (count > maxListValues) return `more than ${maxListValues} values in '${child.name}'`;
	}
	return undefined;
}

/** A statement that goes away because a set statement excludes it. */
export interface Displaced {
	readonly path: readonly Step[];
	readonly parent: BranchNode;
	readonly name: string;
}

/** The statements that exclude what the words set. */
export function displacedBy(root: Branch, start: BranchNode, resolved: Resolved): Displaced[] {
	const displaced: Displaced[] = [];
	let parent = start;
	const path: Step[] = [];
	for (const { step, node } of resolved.passed) {
		displaced.push(...excludedIn(root, [...path], parent, step.name));
		path.push(step);
		parent = node;
	}
	for (const assignment of resolved.assignments) displaced.push(...excludedBy(root, start, assignment));
	return displaced;
}

/** What the statement excludes, and every branch on the way to it. */
function excludedBy(root: Branch, start: BranchNode, { path, parent, child }: Assignment): Displaced[] {
	const displaced: Displaced[] = [];
	let node = start;
	for (const [index, { name }] of path.entries()) {
		displaced.push(...excludedIn(root, path.slice(0, index), node, name));
		const below = findByName(node, name)?.node;
		if (below === undefined || !isBranchNode(below)) return displaced;
		node = below;
	}
	return [...displaced, ...excludedIn(root, path, parent, child.name)];
}

/** What stands beside a statement of this name although it may not. */
function excludedIn(root: Branch, path: readonly Step[], parent: BranchNode, name: string): Displaced[] {
	const excluding = parent.alternatives.filter(({ of, onSet }) => onSet !== "refuse" && of.includes(name));
	if (excluding.length === 0) return [];
	const branch = branchAt(root, path);
	const others = excluding.flatMap(({ of }) => of.filter((other) => other !== name && branch?.children.has(other)));
	return others.map((other) => ({ path, parent, name: other }));
}

function without(root: Branch, displaced: readonly Displaced[]): Branch {
	return displaced.reduce(
		(tree, { path, name }) => changeBranch(tree, path, (branch) => withSlot(branch, name, undefined)),
		root,
	);
}

function withAssignment(branch: Branch, { child, values }: Assignment): Branch {
	return withSlot(branch, child.name, merged(branch.children.get(child.name), child.node.kind === "leaf-list", values));
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
	const known = new Set(added.length > 1 ? present.values : []);
	const isKnown = (value: string): boolean => (added.length > 1 ? known.has(value) : present.values.includes(value));
	const fresh = added.filter((value) => !isKnown(value));
	return fresh.length === 0 ? present : { ...present, values: [...present.values, ...fresh] };
}
