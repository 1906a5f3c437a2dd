/**
 * The configuration as a value: a tree of statements that never changes. An edit answers a new tree that shares
 * everything beside its path with the old one, so an edit among 50,000 entries costs microseconds and two versions can
 * be compared by skipping what is the same object.
 *
 * The tree knows no schema. Statements of one branch are kept by name; the order in which names are printed is the
 * schema's, the order of a list's entries is held by `Entries`.
 */
import { Entries, type ListOrder } from "#config/entries.ts";

/** What can be said about any statement. */
export interface Marks {
	/** `inactive:`; the statement is kept and printed but has no effect. */
	readonly isInactive: boolean;
	/** `protect:`; the statement and what is below it cannot be changed. */
	readonly isProtected: boolean;
	/** The annotation's text, without comment marks. */
	readonly comment: string | undefined;
}

/** `name;` or `name value;`. */
export interface Leaf extends Marks {
	readonly kind: "leaf";
	/** Undefined for a flag and for a leaf that stands without its optional value. */
	readonly value: string | undefined;
}

/** `name [ a b ];`. Never empty. */
export interface LeafList extends Marks {
	readonly kind: "leaf-list";
	readonly values: readonly string[];
}

/** A container, a list entry (then with keys) or the root. */
export interface Branch extends Marks {
	readonly kind: "branch";
	readonly keys: readonly string[];
	/** True when the statement means something without children: a list entry, a presence container. */
	readonly hasPresence: boolean;
	readonly children: ReadonlyMap<string, Slot>;
}

export type Statement = Leaf | LeafList | Branch;

/** What stands under one name: one statement, or the entries of a list. */
export type Slot = Statement | BranchEntries;

/** The entries of one list. */
export type BranchEntries = Entries<Branch>;

/** One step of a path from a branch to a branch below it. */
export interface Step {
	readonly name: string;
	/** The keys of a list entry; empty for a container. */
	readonly keys: readonly string[];
	readonly holds: "container" | "presence" | ListOrder;
}

export const noMarks: Marks = { isInactive: false, isProtected: false, comment: undefined };

/** The most values of one leaf list: what is there is looked through for each value that is added. */
export const maxListValues = 65_536;

/** A configuration without a statement. */
export const emptyTree: Branch = { kind: "branch", keys: [], hasPresence: false, children: new Map(), ...noMarks };

/** A leaf without marks. */
export function leafOf(value: string | undefined): Leaf {
	return { kind: "leaf", value, ...noMarks };
}

/** A leaf list without marks. */
export function leafListOf(values: readonly string[]): LeafList {
	return { kind: "leaf-list", values, ...noMarks };
}

/** An empty branch for a step, without marks. */
export function branchOf(step: Step): Branch {
	const hasPresence = step.holds !== "container";
	return { kind: "branch", keys: step.keys, hasPresence, children: noChildren, ...noMarks };
}

/** The branch one step below, when it is there. */
export function childBranch(parent: Branch, step: Step): Branch | undefined {
	const slot = parent.children.get(step.name);
	if (slot === undefined) return undefined;
	if (slot.kind === "entries") return slot.get(step.keys);
	return slot.kind === "branch" ? slot : undefined;
}

/** The branch at the end of the path, when it is there. */
export function branchAt(root: Branch, path: readonly Step[]): Branch | undefined {
	let branch: Branch | undefined = root;
	for (const step of path) {
		if (branch === undefined) return undefined;
		branch = childBranch(branch, step);
	}
	return branch;
}

/** `parent` with the slot under `name` replaced, or removed when `slot` is undefined or an empty list. */
export function withSlot(parent: Branch, name: string, slot: Slot | undefined): Branch {
	const isGone = slot === undefined || (slot.kind === "entries" && slot.size === 0);
	const present = parent.children.get(name);
	if (isGone ? present === undefined : present === slot) return parent;
	const children = new Map(parent.children);
	if (isGone) children.delete(name);
	else children.set(name, slot as Slot);
	return { ...parent, children };
}

/** `parent` with the branch of one step replaced, or removed when `branch` is undefined. */
export function withChildBranch(parent: Branch, step: Step, branch: Branch | undefined): Branch {
	if (step.holds === "container" || step.holds === "presence") return withSlot(parent, step.name, branch);
	const slot = parent.children.get(step.name);
	const entries = slot?.kind === "entries" ? slot : Entries.empty<Branch>(step.holds);
	return withSlot(parent, step.name, branch === undefined ? entries.delete(step.keys) : entries.set(branch));
}

/**
 * The tree with the branch at `path` replaced by what `change` makes of it. Missing branches on the way are made;
 * a branch that means nothing without children is removed when it has none left. When `change` answers its own
 * argument the same tree comes back.
 */
export function changeBranch(root: Branch, path: readonly Step[], change: (branch: Branch) => Branch): Branch {
	return changeAt(root, path, 0, change);
}

/** The tree without the branch at `path` (not empty); emptied containers above it go as well. */
export function removeBranch(root: Branch, path: readonly Step[]): Branch {
	const last = path.at(-1);
	if (last === undefined || branchAt(root, path) === undefined) return root;
	return changeBranch(root, path.slice(0, -1), (parent) => withChildBranch(parent, last, undefined));
}

/** The statement with some of its marks replaced. */
export function withMarks<S extends Statement>(statement: S, marks: Partial<Marks>): S {
	return { ...statement, ...marks };
}

/** True when a branch would print nothing and mean nothing. */
export function isVacant(branch: Branch): boolean {
	return !branch.hasPresence && branch.children.size === 0;
}

/** True when both hold the same statements, values, marks and user order. Shared parts cost nothing. */
export function equalSlots(a: Slot | undefined, b: Slot | undefined): boolean {
	if (a === b) return true;
	if (a === undefined || b === undefined || a.kind !== b.kind) return false;
	if (a.kind === "entries") return equalEntries(a, b as BranchEntries);
	const other = b as Statement;
	if (a.isInactive !== other.isInactive || a.isProtected !== other.isProtected || a.comment !== other.comment)
		return false;
	if (a.kind === "leaf") return a.value === (other as Leaf).value;
	if (a.kind === "leaf-list") return equalWords(a.values, (other as LeafList).values);
	const branch = other as Branch;
	if (a.children.size !== branch.children.size || !equalWords(a.keys, branch.keys)) return false;
	for (const [name, slot] of a.children) if (!equalSlots(slot, branch.children.get(name))) return false;
	return true;
}

/** True when both lists hold the same words in the same order. */
export function equalWords(a: readonly string[], b: readonly string[]): boolean {
	return a.length === b.length && a.every((word, index) => word === b[index]);
}

function changeAt(branch: Branch, path: readonly Step[], depth: number, change: (branch: Branch) => Branch): Branch {
	const step = path[depth];
	if (step === undefined) return change(branch);
	const present = childBranch(branch, step);
	const before = present ?? branchOf(step);
	const after = changeAt(before, path, depth + 1, change);
	if (after === present) return branch;
	return withChildBranch(branch, step, isVacant(after) ? undefined : after);
}

function equalEntries(a: BranchEntries, b: BranchEntries): boolean {
	if (a.size !== b.size) return false;
	const others = b[Symbol.iterator]();
	for (const branch of a) if (!equalSlots(branch, others.next().value)) return false;
	return true;
}

const noChildren: ReadonlyMap<string, Slot> = new Map();
