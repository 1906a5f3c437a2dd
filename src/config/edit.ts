/**
 * The edits of an operator, each a function from one tree to the next: delete, rename, copy, insert, activate,
 * deactivate, protect, unprotect, annotate. `set` is `assign.ts`. Words are relative to a level.
 *
 * Faults: an edit that cannot be done answers the message that the operator reads; the tree stays as it was.
 */
import { assign, displacedBy, overfullList } from "#config/assign.ts";
import { canonicalComment } from "#config/comment.ts";
import { isInGroups, type Level } from "#config/level.ts";
import { pathWords } from "#config/path.ts";
import { lockedAt, lockedBelow } from "#config/protection.ts";
import {
	type Item,
	type Resolved,
	type ResolveOptions,
	resolveWords,
	stepInto,
	type Unresolved,
} from "#config/resolve.ts";
import type { BranchNode } from "#config/schema.ts";
import type { SaltSource } from "#config/secret-codec.ts";
import {
	type Branch,
	branchAt,
	changeBranch,
	childBranch,
	emptyTree,
	equalWords,
	type LeafList,
	type Marks,
	removeBranch,
	type Statement,
	type Step,
	withChildBranch,
	withMarks,
	withSlot,
} from "#config/tree.ts";

export type EditResult =
	| { readonly ok: true; readonly tree: Branch }
	/** `at` is the index of the word at fault, when it is one. */
	| { readonly ok: false; readonly message: string; readonly at?: number; readonly problem?: Unresolved };

export interface EditOptions {
	readonly salt: SaltSource;
	readonly mayAbbreviate?: boolean;
}

/** `set`: puts what the words say into the tree. */
export function setWords(tree: Branch, level: Level, items: readonly Item[], options: EditOptions): EditResult {
	const resolved = resolveWords(level.node, items, resolveOptions(level, options));
	if (!resolved.ok) return unresolved(resolved);
	const locked = lockedBySet(tree, level, resolved);
	if (locked !== undefined) return { ok: false, message: locked };
	const overfull = overfullList(branchAt(tree, level.path) ?? emptyTree, resolved);
	if (overfull !== undefined) return { ok: false, message: overfull };
	return done(changeBranch(tree, level.path, (branch) => assign(branch, level.node, resolved)));
}

/** `delete`: a branch, a leaf, or single values of a leaf list. Without words everything at the level. */
export function deleteWords(tree: Branch, level: Level, items: readonly Item[], options: EditOptions): EditResult {
	const found = locate(tree, level, items, options);
	if (!found.ok) return found;
	const { target } = found;
	const locked = lockedTarget(tree, level, found, "goes");
	if (locked !== undefined) return { ok: false, message: locked };
	if (items.length === 0) return done(changeBranch(tree, level.path, (branch) => ({ ...branch, children: new Map() })));
	if (target.kind === "branch") return done(removeBranch(tree, target.path));
	const { path, name, values, statement } = target;
	if (statement.kind === "leaf-list" && values !== undefined) {
		const gone = new Set(values);
		const rest = statement.values.filter((value) => !gone.has(value));
		if (rest.length === statement.values.length) return notFound;
		const left: LeafList | undefined = rest.length === 0 ? undefined : { ...statement, values: rest };
		return done(changeBranch(tree, path, (branch) => withSlot(branch, name, left)));
	}
	if (statement.kind === "leaf" && values !== undefined && statement.value !== values[0]) return notFound;
	return done(changeBranch(tree, path, (branch) => withSlot(branch, name, undefined)));
}

/** `activate`, `deactivate`, `protect`, `unprotect`: the marks of a statement. */
export function markWords(
	tree: Branch,
	level: Level,
	items: readonly Item[],
	marks: Partial<Marks>,
	options: EditOptions,
): EditResult {
	const found = locate(tree, level, items, options);
	if (!found.ok) return found;
	if (items.length === 0) return { ok: false, message: "missing argument.", at: 0 };
	const locked = marks.isProtected === false ? undefined : lockedTarget(tree, level, found, "stays");
	if (locked !== undefined) return { ok: false, message: locked };
	return done(withTarget(tree, found.target, (statement) => withMarks(statement, marks)));
}

/** `annotate`: the comment of a statement; an empty text removes it. */
export function annotateWords(
	tree: Branch,
	level: Level,
	items: readonly Item[],
	text: string,
	options: EditOptions,
): EditResult {
	return markWords(tree, level, items, { comment: canonicalComment(text) }, options);
}

/** `rename A to B`: the entry keeps its place. */
export function renameWords(
	tree: Branch,
	level: Level,
	from: readonly Item[],
	to: readonly Item[],
	options: EditOptions,
): EditResult {
	const pair = locatePair(tree, level, from, to, options);
	if (!pair.ok) return pair;
	const { parent, step, keys, entry } = pair;
	const locked = lockedTarget(tree, level, pair.found, "goes");
	if (locked !== undefined) return { ok: false, message: locked };
	if (equalWords(step.keys, keys)) return done(tree);
	return done(
		changeBranch(tree, parent, (branch) => {
			const entries = branch.children.get(step.name);
			return entries?.kind === "entries"
				? withSlot(branch, step.name, entries.rename(step.keys, { ...entry, keys }))
				: branch;
		}),
	);
}

/** `copy A to B`: B stands at the end of the list. */
export function copyWords(
	tree: Branch,
	level: Level,
	from: readonly Item[],
	to: readonly Item[],
	options: EditOptions,
): EditResult {
	const pair = locatePair(tree, level, from, to, options);
	if (!pair.ok) return pair;
	const { parent, step, keys, entry } = pair;
	const locked = lockedAt(level.root, tree, parent);
	if (locked !== undefined) return { ok: false, message: locked };
	const copied = { ...entry, keys, isProtected: false };
	return done(changeBranch(tree, parent, (branch) => withChildBranch(branch, { ...step, keys }, copied)));
}

/** `insert A before|after B`: moves an entry of a list, or a value of a leaf list, that keeps the user's order. */
export function insertWords(
	tree: Branch,
	level: Level,
	items: readonly Item[],
	where: "before" | "after",
	other: readonly Item[],
	options: EditOptions,
): EditResult {
	const found = locate(tree, level, items, options);
	if (!found.ok) return found;
	const { target, resolved } = found;
	const locked = lockedTarget(tree, level, found, "stays");
	if (locked !== undefined) return { ok: false, message: locked };
	const parentNode =
		target.kind === "branch" ? nodeAt(level, resolved, resolved.passed.length - 1) : nodeAt(level, resolved);
	const second = resolveWords(parentNode, other, resolveOptions(level, options));
	if (!second.ok) return unresolved(second, items.length + 1);
	if (target.kind === "leaf") return insertValue(tree, target, where, second);
	const step = target.path.at(-1);
	const anchor = second.passed[0]?.step;
	if (step === undefined || anchor === undefined || second.passed.length !== 1 || anchor.name !== step.name)
		return {
			ok: false,
			message: "syntax error: both statements must be entries of the same list",
			at: items.length + 1,
		};
	if (step.holds !== "user")
		return { ok: false, message: `'${step.name}' is not kept in the order of entry; it cannot be inserted` };
	const parent = target.path.slice(0, -1);
	const entries = branchAt(tree, parent)?.children.get(step.name);
	if (entries?.kind !== "entries" || entries.get(anchor.keys) === undefined) return notFound;
	return done(
		changeBranch(tree, parent, (branch) => withSlot(branch, step.name, entries.move(step.keys, where, anchor.keys))),
	);
}

/** What words point at in a tree. */
export type Target =
	| { readonly kind: "branch"; readonly path: readonly Step[]; readonly statement: Branch }
	| {
			readonly kind: "leaf";
			readonly path: readonly Step[];
			readonly name: string;
			readonly values: readonly string[] | undefined;
			readonly statement: Exclude<Statement, Branch>;
	  };

export type Located =
	| { readonly ok: true; readonly target: Target; readonly resolved: Resolved; readonly node: BranchNode }
	| Extract<EditResult, { ok: false }>;

/** Finds the statement that words point at; it must be there. `node` is that of the branch, or of the leaf's parent. */
export function locate(tree: Branch, level: Level, items: readonly Item[], options: EditOptions): Located {
	const resolved = resolveWords(level.node, items, { ...resolveOptions(level, options), valueIsOptional: true });
	if (!resolved.ok) return unresolved(resolved);
	const assignment = resolved.endsInLeaf ? resolved.assignments.at(-1) : undefined;
	const below = assignment === undefined ? resolved.passed.map(({ step }) => step) : assignment.path;
	const path = [...level.path, ...below];
	const branch = branchAt(tree, path);
	if (branch === undefined) return notFound;
	if (assignment === undefined)
		return { ok: true, resolved, node: nodeAt(level, resolved), target: { kind: "branch", path, statement: branch } };
	const { child, values, parent } = assignment;
	const statement = branch.children.get(child.name);
	if (statement === undefined || statement.kind === "entries" || statement.kind === "branch") return notFound;
	if (child.node.unnamed === true && !sameValue(statement, values)) return notFound;
	return { ok: true, resolved, node: parent, target: { kind: "leaf", path, name: child.name, values, statement } };
}

/** The message for an edit of something that is not there. */
export const notFound = { ok: false, message: "warning: statement not found" } as const;

/** The options with which words at a level are resolved. */
export function resolveOptions(level: Level, options: EditOptions): ResolveOptions {
	return { ...options, inGroups: isInGroups(level) };
}

/** The tree with one located statement replaced. */
export function withTarget(tree: Branch, target: Target, change: (statement: Statement) => Statement): Branch {
	if (target.kind === "leaf")
		return changeBranch(tree, target.path, (branch) => withSlot(branch, target.name, change(target.statement)));
	const step = target.path.at(-1);
	if (step === undefined) return change(target.statement) as Branch;
	return changeBranch(tree, target.path.slice(0, -1), (parent) => {
		const present = childBranch(parent, step);
		return present === undefined ? parent : withChildBranch(parent, step, change(present) as Branch);
	});
}

function sameValue(statement: Exclude<Statement, Branch>, values: readonly string[] | undefined): boolean {
	if (values === undefined) return true;
	return statement.kind === "leaf"
		? statement.value === values[0]
		: values.every((value) => statement.values.includes(value));
}

function insertValue(
	tree: Branch,
	target: Extract<Target, { kind: "leaf" }>,
	where: "before" | "after",
	second: Resolved,
): EditResult {
	const { statement, values, name, path } = target;
	const moved = values?.[0];
	const anchor = second.assignments[0]?.child.name === name ? second.assignments[0].values?.[0] : undefined;
	if (statement.kind !== "leaf-list" || moved === undefined || anchor === undefined)
		return { ok: false, message: "syntax error: only entries and values of lists can be inserted" };
	if (!statement.values.includes(moved) || !statement.values.includes(anchor)) return notFound;
	if (moved === anchor) return done(tree);
	const rest = statement.values.filter((value) => value !== moved);
	const inOrder = rest.toSpliced(rest.indexOf(anchor) + (where === "after" ? 1 : 0), 0, moved);
	return done(changeBranch(tree, path, (branch) => withSlot(branch, name, { ...statement, values: inOrder })));
}

interface Pair {
	readonly ok: true;
	readonly parent: readonly Step[];
	readonly step: Step;
	readonly keys: readonly string[];
	readonly entry: Branch;
	readonly found: Extract<Located, { ok: true }>;
}

/** An entry that is there, and the keys it is to get, which must be free. */
function locatePair(
	tree: Branch,
	level: Level,
	from: readonly Item[],
	to: readonly Item[],
	options: EditOptions,
): Pair | Extract<EditResult, { ok: false }> {
	const found = locate(tree, level, from, options);
	if (!found.ok) return found;
	const { target, resolved } = found;
	const step = target.path.at(-1);
	const last = resolved.passed.at(-1);
	if (target.kind !== "branch" || step === undefined || last?.node.kind !== "list")
		return { ok: false, message: "syntax error: only an entry of a list has a name to change" };
	const second = resolveWords(nodeAt(level, resolved, resolved.passed.length - 1), to, resolveOptions(level, options));
	if (!second.ok) return unresolved(second, from.length + 1);
	const only = second.passed[0];
	if (only === undefined || second.passed.length !== 1 || second.endsInLeaf || only.step.name !== step.name)
		return {
			ok: false,
			message: "syntax error: the new name must be that of an entry of the same list",
			at: from.length + 1,
		};
	const parent = target.path.slice(0, -1);
	const { keys } = stepInto(only.child, only.step.keys);
	const isTaken = !equalWords(keys, step.keys) && branchAt(tree, [...parent, { ...step, keys }]) !== undefined;
	if (isTaken) return { ok: false, message: `statement '${keys.join(" ")}' already exists` };
	return { ok: true, parent, step, keys, entry: target.statement, found };
}

/** The protected statement that forbids a `set`: on its way, or among what it displaces. */
function lockedBySet(tree: Branch, level: Level, resolved: Resolved): string | undefined {
	const below = resolved.passed.map(({ step }) => step);
	const changed: { path: readonly Step[]; leaf?: string }[] = resolved.assignments.map(({ path, child }) => ({
		path,
		leaf: child.name,
	}));
	if (changed.length === 0 && branchAt(tree, [...level.path, ...below]) !== undefined) return undefined;
	for (const { path, leaf } of changed.length > 0 ? changed : [{ path: below }]) {
		const locked = lockedAt(level.root, tree, [...level.path, ...path], leaf);
		if (locked !== undefined) return locked;
	}
	const at = branchAt(tree, level.path);
	for (const { path, parent, name } of at === undefined ? [] : displacedBy(at, level.node, resolved)) {
		const locked =
			lockedAt(level.root, tree, [...level.path, ...path], name) ?? lockedSlot(tree, level, path, parent, name);
		if (locked !== undefined) return locked;
	}
	return undefined;
}

/** The protected statement in a slot that is about to go away. */
function lockedSlot(
	tree: Branch,
	level: Level,
	path: readonly Step[],
	parent: BranchNode,
	name: string,
): string | undefined {
	const holder = branchAt(tree, [...level.path, ...path]);
	const slot = holder?.children.get(name);
	if (holder === undefined || slot === undefined) return undefined;
	const words = pathWords(level.root, [...level.path, ...path]);
	return lockedBelow(parent, { ...holder, children: new Map([[name, slot]]) }, words);
}

/** The protected statement that forbids to change a located one, or (when it goes) that would go with it. */
function lockedTarget(
	tree: Branch,
	level: Level,
	{ target, node }: Extract<Located, { ok: true }>,
	what: "stays" | "goes",
): string | undefined {
	const leaf = target.kind === "leaf" ? target.name : undefined;
	const locked = lockedAt(level.root, tree, target.path, leaf);
	if (locked !== undefined || target.kind === "leaf" || what === "stays") return locked;
	return lockedBelow(node, target.statement, pathWords(level.root, target.path));
}

function nodeAt(level: Level, resolved: Resolved, depth = resolved.passed.length): BranchNode {
	return resolved.passed[depth - 1]?.node ?? level.node;
}

function unresolved(problem: Unresolved, offset = 0): Extract<EditResult, { ok: false }> {
	return { ok: false, message: problem.message, at: problem.item + offset, problem };
}

function done(tree: Branch): EditResult {
	return { ok: true, tree };
}
