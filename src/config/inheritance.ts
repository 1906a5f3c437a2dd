/**
 * Configuration groups: what `apply-groups` brings into the tree.
 *
 * A group holds statements at the paths where they are wanted; keys may be wildcards, which apply to the entries that
 * are there (or that a group before brought) and make none. What stands in the configuration itself goes before what is
 * inherited; values of a leaf list are added to the own ones. A group named first goes before one named later, one
 * named at a deeper level before one named above. `apply-groups-except` shuts groups of higher levels out.
 *
 * Bounds: each branch is merged once per group that reaches it; what no group reaches is the same object as before, and
 *         a merged branch is remembered as long as its parts stay the same.
 */
import { Entries } from "#config/entries.ts";
import { error, type Finding } from "#config/finding.ts";
import { matchesWildcard } from "#config/glob.ts";
import { branchWords } from "#config/path.ts";
import { isWildcard, stepInto } from "#config/resolve.ts";
import { type BranchNode, type Child, type ContainerNode, findByName, isBranchNode } from "#config/schema.ts";
import {
	type Branch,
	type BranchEntries,
	branchOf,
	type LeafList,
	noMarks,
	type Slot,
	type Statement,
	withSlot,
} from "#config/tree.ts";

/** The tree with everything inherited, without `groups`. The same tree when it has no groups. */
export function inherit(schema: ContainerNode, tree: Branch): Branch {
	const groups = groupsOf(tree);
	if (groups === undefined) return tree;
	return new Merger(groups).branch(schema, withSlot(tree, "groups", undefined), [], []);
}

/** The group from which a statement of an inherited tree came; undefined for one of the configuration itself. */
export function originOf(statement: Statement): string | undefined {
	return origins.get(statement);
}

/** The errors of names in `apply-groups` that are no groups, and of groups that are to apply groups. */
export function checkGroups(schema: ContainerNode, tree: Branch): Finding[] {
	const findings: Finding[] = [];
	checkBranch(schema, tree, [], groupsOf(tree) ?? new Map(), findings);
	return findings;
}

/** What one group says about the branch at hand. */
interface Source {
	readonly group: string;
	readonly branch: Branch;
}

/** One step of the way down, to find the place in a group that is named below the top. */
interface Passed {
	readonly child: Child;
	readonly keys: readonly string[];
}

class Merger {
	readonly #groups: ReadonlyMap<string, Branch>;

	constructor(groups: ReadonlyMap<string, Branch>) {
		this.#groups = groups;
	}

	branch(node: BranchNode, own: Branch, path: readonly Passed[], fromAbove: readonly Source[]): Branch {
		const sources = this.#sourcesAt(own, path, fromAbove);
		const isApplying = holdsApplyGroups(own);
		if (sources.length === 0 && !isApplying) return own;
		const known = isApplying ? undefined : memory.get(own);
		if (known !== undefined && sameSources(known.sources, sources)) return known.result;
		let result = own;
		for (const name of namesIn(own, sources)) {
			const child = findByName(node, name);
			if (child === undefined || name.startsWith("apply-groups") || isExcluded(node, result, name)) continue;
			result = withSlot(result, name, this.#slot(child, own.children.get(name), path, sources));
		}
		if (!isApplying) memory.set(own, { sources, result });
		return result;
	}

	#slot(child: Child, own: Slot | undefined, path: readonly Passed[], sources: readonly Source[]): Slot | undefined {
		const { node } = child;
		if (node.kind === "list") return this.#entries(child, own?.kind === "entries" ? own : undefined, path, sources);
		if (node.kind === "container")
			return this.#container(child, own?.kind === "branch" ? own : undefined, path, sources);
		if (node.kind === "leaf-list")
			return this.#leafList(child.name, own?.kind === "leaf-list" ? own : undefined, sources);
		const ownLeaf = own?.kind === "leaf" ? own : undefined;
		if (ownLeaf !== undefined && !ownLeaf.isInactive) return ownLeaf;
		for (const { group, branch } of sources) {
			const leaf = branch.children.get(child.name);
			if (leaf?.kind === "leaf" && !leaf.isInactive) return from(group, { ...leaf, ...noMarks });
		}
		return ownLeaf;
	}

	#leafList(name: string, own: LeafList | undefined, sources: readonly Source[]): LeafList | undefined {
		const isOwn = own !== undefined && !own.isInactive;
		const values = new Set(isOwn ? own.values : []);
		let origin: string | undefined;
		for (const { group, branch } of sources) {
			const list = branch.children.get(name);
			if (list?.kind !== "leaf-list" || list.isInactive) continue;
			const before = values.size;
			for (const value of list.values) values.add(value);
			if (values.size > before) origin ??= group;
		}
		if (origin === undefined) return own;
		const merged: LeafList = { ...(isOwn ? own : noMarks), kind: "leaf-list", values: [...values] };
		return from(origin, merged);
	}

	#container(
		child: Child,
		own: Branch | undefined,
		path: readonly Passed[],
		sources: readonly Source[],
	): Branch | undefined {
		const { node } = child;
		if (!isBranchNode(node)) return own;
		const below: Source[] = [];
		for (const { group, branch } of sources) {
			const slot = branch.children.get(child.name);
			if (slot?.kind === "branch" && !slot.isInactive) below.push({ group, branch: slot });
		}
		const isOwn = own !== undefined && !own.isInactive;
		if (!isOwn && below.length === 0) return own;
		const start = isOwn ? own : from(below[0]?.group, branchOf(stepInto(child)));
		return this.branch(node, start, [...path, { child, keys: [] }], below);
	}

	#entries(
		child: Child,
		own: BranchEntries | undefined,
		path: readonly Passed[],
		sources: readonly Source[],
	): BranchEntries | undefined {
		const { node } = child;
		if (node.kind !== "list") return own;
		let entries = own ?? Entries.empty<Branch>(node.order);
		const lists: { group: string; entries: BranchEntries }[] = [];
		for (const { group, branch } of sources) {
			const slot = branch.children.get(child.name);
			if (slot?.kind === "entries") lists.push({ group, entries: slot });
		}
		for (const { group, entries: list } of lists) {
			for (const entry of list) {
				if (entry.isInactive || entry.keys.some(isWildcard)) continue;
				const present = entries.get(entry.keys);
				if (present === undefined || present.isInactive)
					entries = entries.set(from(group, branchOf(stepInto(child, entry.keys))));
			}
		}
		const wild = lists.map(({ group, entries: list }) => ({
			group,
			wild: [...list].filter((entry) => !entry.isInactive && entry.keys.some(isWildcard)),
		}));
		for (const entry of entries) {
			if (entry.isInactive) continue;
			const below: Source[] = [];
			for (const [index, { group, entries: list }] of lists.entries()) {
				const same = list.get(entry.keys);
				if (same !== undefined && !same.isInactive) below.push({ group, branch: same });
				for (const candidate of wild[index]?.wild ?? [])
					if (keysMatch(candidate.keys, entry.keys)) below.push({ group, branch: candidate });
			}
			entries = entries.set(this.branch(node, entry, [...path, { child, keys: entry.keys }], below));
		}
		return entries;
	}

	/** The groups that reach a branch: those named in it first, then those from above that it does not shut out. */
	#sourcesAt(own: Branch, path: readonly Passed[], fromAbove: readonly Source[]): readonly Source[] {
		const named = valuesOf(own, "apply-groups");
		const except = valuesOf(own, "apply-groups-except");
		if (named.length === 0 && except.length === 0) return fromAbove;
		const sources: Source[] = [];
		for (const group of named) {
			const start = this.#groups.get(group);
			if (start !== undefined) for (const branch of placesIn(start, path)) sources.push({ group, branch });
		}
		for (const source of fromAbove)
			if (!except.includes(source.group) && !named.includes(source.group)) sources.push(source);
		return sources;
	}
}

/** Notes from which group a new statement came. */
function from<S extends Statement>(group: string | undefined, statement: S): S {
	if (group !== undefined) origins.set(statement, group);
	return statement;
}

function checkBranch(
	node: BranchNode,
	branch: Branch,
	path: readonly string[],
	groups: ReadonlyMap<string, Branch>,
	into: Finding[],
): void {
	if (!holdsApplyGroups(branch)) return;
	for (const name of ["apply-groups", "apply-groups-except"]) {
		for (const group of valuesOf(branch, name)) {
			if (path[0] === "groups") into.push(error(path, name, "groups cannot be applied inside groups"));
			else if (!groups.has(group)) into.push(error(path, name, `apply-group '${group}' is undefined`));
		}
	}
	for (const [name, slot] of branch.children) {
		const child = findByName(node, name);
		if (child === undefined || !isBranchNode(child.node)) continue;
		const below: Iterable<Branch> = slot.kind === "entries" ? slot : slot.kind === "branch" ? [slot] : [];
		for (const inner of below)
			checkBranch(child.node, inner, [...path, ...branchWords(child, inner.keys)], groups, into);
	}
}

function groupsOf(tree: Branch): ReadonlyMap<string, Branch> | undefined {
	const slot = tree.children.get("groups");
	if (slot?.kind !== "branch") return undefined;
	const groups = new Map<string, Branch>();
	const list = slot.children.get("group");
	if (slot.isInactive || list?.kind !== "entries") return groups;
	for (const entry of list) if (!entry.isInactive) groups.set(entry.keys[0] ?? "", entry);
	return groups;
}

/** The branches of a group at a path: more than one when wildcards and the name itself are both there. */
function placesIn(group: Branch, path: readonly Passed[]): Branch[] {
	let places = [group];
	for (const { child, keys } of path) {
		places = places.flatMap((place) => {
			const slot = place.children.get(child.name);
			if (slot?.kind === "branch") return slot.isInactive ? [] : [slot];
			if (slot?.kind !== "entries") return [];
			const same = slot.get(keys);
			const wild = [...slot].filter((entry) => entry.keys.some(isWildcard) && keysMatch(entry.keys, keys));
			return [...(same === undefined ? [] : [same]), ...wild].filter((entry) => !entry.isInactive);
		});
	}
	return places;
}

function keysMatch(wild: readonly string[], keys: readonly string[]): boolean {
	return wild.every((word, index) => {
		const key = keys[index] ?? "";
		return isWildcard(word) ? matchesWildcard(word, key) : word === key;
	});
}

/** Names of the branch itself in their order, then those that only groups have. */
function namesIn(own: Branch, sources: readonly Source[]): Set<string> {
	const names = new Set(own.children.keys());
	for (const { branch } of sources) for (const name of branch.children.keys()) names.add(name);
	return names;
}

/** True when an alternative of `name` stands in the branch already. */
function isExcluded(node: BranchNode, branch: Branch, name: string): boolean {
	if (isActive(branch.children.get(name))) return false;
	return node.alternatives.some(
		({ of }) => of.includes(name) && of.some((other) => isActive(branch.children.get(other))),
	);
}

function isActive(slot: Slot | undefined): boolean {
	return slot !== undefined && (slot.kind === "entries" || !slot.isInactive);
}

function valuesOf(branch: Branch, name: string): readonly string[] {
	const slot = branch.children.get(name);
	return slot?.kind === "leaf-list" && !slot.isInactive ? slot.values : [];
}

function sameSources(a: readonly Source[], b: readonly Source[]): boolean {
	return (
		a.length === b.length &&
		a.every((source, index) => source.group === b[index]?.group && source.branch === b[index]?.branch)
	);
}

/** True when the branch or one below names groups. Remembered by the branch. */
function holdsApplyGroups(branch: Branch): boolean {
	let holds = applying.get(branch);
	if (holds !== undefined) return holds;
	holds = branch.children.has("apply-groups");
	for (const slot of holds ? [] : branch.children.values()) {
		if (slot.kind === "branch") holds = holdsApplyGroups(slot);
		else if (slot.kind === "entries") holds = someEntry(slot);
		if (holds) break;
	}
	applying.set(branch, holds);
	return holds;
}

function someEntry(entries: BranchEntries): boolean {
	for (const entry of entries) if (holdsApplyGroups(entry)) return true;
	return false;
}

const applying = new WeakMap<Branch, boolean>();
/** Statements that a merge made, with their group. They are made once and never change. */
const origins = new WeakMap<Statement, string>();
/** What a branch became, with what was merged into it. */
const memory = new WeakMap<Branch, { readonly sources: readonly Source[]; readonly result: Branch }>();
