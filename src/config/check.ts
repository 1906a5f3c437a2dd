/**
 * Checks a configuration tree against its schema and makes the typed snapshot.
 *
 * What a branch yields is remembered by the branch itself: after a one-line edit only the branches on its path are read
 * again. References are looked up anew each time, since what they point at may have gone.
 */
import { levelsUp, unresolvedReferences } from "#config/check-references.ts";
import type { BranchResult, LocalFinding, LocalReference } from "#config/check-result.ts";
import type { Finding } from "#config/finding.ts";
import { checkGroups, inherit } from "#config/inheritance.ts";
import type { LeafType } from "#config/leaf-types.ts";
import { branchWords } from "#config/path.ts";
import { stepInto } from "#config/resolve.ts";
import type { BranchNode, Child, ContainerNode, LeafListNode, LeafNode, ListNode } from "#config/schema.ts";
import {
	type Branch,
	branchOf,
	emptyTree,
	type Leaf,
	type LeafList,
	maxListValues,
	type Slot,
	type Statement,
} from "#config/tree.ts";

export interface Checked<S> {
	/** The typed configuration; undefined when there are errors. */
	readonly snapshot: S | undefined;
	readonly errors: readonly Finding[];
	readonly warnings: readonly Finding[];
}

/** Checks the tree of a root schema. Groups are applied, inactive statements are passed over. */
export function check<S>(schema: ContainerNode<S>, tree: Branch): Checked<S> {
	const known = whole.get(tree);
	if (known?.schema === schema) return known.checked as Checked<S>;
	const checked = checkWhole(schema, tree);
	whole.set(tree, { schema, checked });
	return checked;
}

/** The typed configuration of a tree that was checked before, in another process: nothing is looked for, nothing is told. */
export function snapshotOf<S>(schema: ContainerNode<S>, tree: Branch): S {
	return checkBranch(schema, inherit(schema, tree)).value as S;
}

function checkWhole<S>(schema: ContainerNode<S>, tree: Branch): Checked<S> {
	const result = checkBranch(schema, inherit(schema, tree));
	const findings: Finding[] = checkGroups(schema, tree);
	collectFindings(result, [], findings, new Set());
	for (const finding of unresolvedReferences(result)) findings.push(finding);
	const errors = findings.filter((finding) => finding.severity === "error");
	const warnings = findings.filter((finding) => finding.severity === "warning");
	return { snapshot: errors.length === 0 ? (result.value as S) : undefined, errors, warnings };
}

/** Collects what one branch yields while its children are read. */
interface Draft {
	readonly value: Record<string, unknown>;
	readonly findings: LocalFinding[];
	readonly references: LocalReference[];
	readonly below: { readonly words: readonly string[]; readonly result: BranchResult }[];
}

function checkBranch(node: BranchNode, branch: Branch): BranchResult {
	const known = memory.get(branch);
	if (known?.node === node) return known;
	const draft: Draft = { value: {}, findings: [], references: [], below: [] };
	if (node.kind === "list") readKeys(node, branch, draft);
	for (const child of node.children) {
		const { node: childNode } = child;
		if (childNode.kind === "list" && childNode.holdsGroups === true) continue;
		const slot = active(branch.children.get(child.name));
		if (slot !== undefined) noteUse(child, draft);
		draft.value[child.property] = readChild(child, slot, draft);
	}
	checkAlternatives(node, branch, draft);
	const hasFindings = draft.findings.length > 0 || draft.below.some(({ result }) => result.hasFindings);
	const reach = reachOf(draft);
	const result: BranchResult = { node, branch, ...draft, hasFindings, reach, value: Object.freeze(draft.value) };
	memory.set(branch, result);
	return result;
}

function reachOf({ references, below }: Draft): number {
	let reach = 0;
	for (const { type } of references) for (const path of type.references ?? []) reach = Math.max(reach, levelsUp(path));
	for (const { result } of below) reach = Math.max(reach, result.reach - 1);
	return reach;
}

function readChild(child: Child, slot: Slot | undefined, draft: Draft): unknown {
	const { node } = child;
	switch (node.kind) {
		case "flag":
			return slot !== undefined;
		case "leaf":
			return readLeaf(child, node, slot as Leaf | undefined, draft);
		case "leaf-list":
			return readLeafList(child, node, slot as LeafList | undefined, draft);
		case "container":
			return readContainer(child, node, slot as Branch | undefined, draft);
		case "list":
			return readList(child, node, slot, draft);
	}
}

function readLeaf(child: Child, node: LeafNode, leaf: Leaf | undefined, draft: Draft): unknown {
	if (leaf === undefined) {
		if (node.mandatory === true) missing(child, draft);
		return node.default;
	}
	if (leaf.value === undefined) {
		if (node.bare === undefined) complain(draft, child.name, "missing argument.");
		return node.bare;
	}
	const result = node.type.parse(leaf.value);
	if (!result.ok) {
		complain(draft, child.name, result.message);
		return undefined;
	}
	if (node.type.references !== undefined) noteReference(child.name, node.type, [leaf.value], draft);
	return result.value;
}

function readLeafList(child: Child, node: LeafListNode, list: LeafList | undefined, draft: Draft): readonly unknown[] {
	if (list === undefined) {
		if (node.mandatory === true) missing(child, draft);
		return node.default ?? [];
	}
	const values: unknown[] = [];
	for (const text of list.values) {
		const result = node.type.parse(text);
		if (result.ok) values.push(result.value);
		else complain(draft, child.name, result.message);
	}
	const most = node.maxValues ?? maxListValues;
	if (list.values.length > most)
		complain(draft, child.name, `${list.values.length} values; at most ${most} are accepted`);
	if (node.type.references !== undefined) noteReference(child.name, node.type, list.values, draft);
	return values;
}

function readContainer(child: Child, node: ContainerNode, branch: Branch | undefined, draft: Draft): unknown {
	if (branch === undefined && node.presence === true) {
		if (node.mandatory === true) missing(child, draft);
		return undefined;
	}
	return readBelow(child, node, branch ?? vacantBranch(child), draft);
}

function readList(child: Child, node: ListNode, slot: Slot | undefined, draft: Draft): ReadonlyMap<string, unknown> {
	const values = new Map<string, unknown>();
	if (slot?.kind === "entries") {
		for (const entry of slot) {
			if (entry.isInactive) continue;
			values.set(
				entry.keys.length === 1 ? (entry.keys[0] as string) : entry.keys.join(" "),
				readBelow(child, node, entry, draft),
			);
		}
	}
	if (node.mandatory === true && values.size === 0) missing(child, draft);
	if (node.maxEntries !== undefined && values.size > node.maxEntries)
		complain(draft, child.name, `${values.size} entries; at most ${node.maxEntries} are accepted`);
	return values;
}

function readBelow(child: Child, node: BranchNode, branch: Branch, draft: Draft): unknown {
	const result = checkBranch(node, branch);
	if (result.findings.length + result.references.length + result.below.length > 0)
		draft.below.push({ words: branchWords(child, branch.keys), result });
	return result.value;
}

function readKeys(node: ListNode, branch: Branch, draft: Draft): void {
	for (const [index, key] of node.keys.entries()) {
		const typed = branch.keys[index] ?? "";
		const result = key.type.parse(typed);
		if (!result.ok) complain(draft, undefined, result.message);
		else {
			draft.value[key.property] = result.value;
			if (key.type.references !== undefined) noteReference(typed, key.type, [typed], draft);
		}
	}
}

function checkAlternatives(node: BranchNode, branch: Branch, draft: Draft): void {
	for (const { of, mandatory } of node.alternatives) {
		const present = of.filter((name) => active(branch.children.get(name)) !== undefined);
		const [first, second] = present;
		if (second !== undefined) complain(draft, first, `'${first}' and '${second}' exclude each other`);
		if (mandatory === true && first === undefined)
			complain(draft, undefined, `missing mandatory statement: one of ${of.map((name) => `'${name}'`).join(", ")}`);
	}
}

/** Undefined for what is absent or inactive. */
function active(slot: Slot | undefined): Slot | undefined {
	return slot !== undefined && slot.kind !== "entries" && (slot as Statement).isInactive ? undefined : slot;
}

function noteUse(child: Child, draft: Draft): void {
	const { node } = child;
	const warn = (message: string): void => {
		draft.findings.push({ severity: "warning", statement: child.name, message, once: child });
	};
	if (node.engine === "not-yet") warn("the statement is accepted, but nothing acts on it in this version");
	if (node.commitWarning !== undefined) warn(node.commitWarning);
	if (node.deprecated !== undefined) warn(`the statement is deprecated; ${node.deprecated}`);
}

function noteReference(statement: string, type: LeafType<unknown>, values: readonly string[], draft: Draft): void {
	const { words } = type;
	const names = words === undefined ? values : values.filter((value) => !Object.hasOwn(words, value));
	if (names.length > 0) draft.references.push({ type, statement, values: names });
}

function missing(child: Child, draft: Draft): void {
	complain(draft, undefined, `missing mandatory statement: '${child.name}'`);
}

function complain(draft: Draft, statement: string | undefined, message: string): void {
	draft.findings.push({ severity: "error", statement, message });
}

function collectFindings(result: BranchResult, path: readonly string[], into: Finding[], once: Set<Child>): void {
	if (!result.hasFindings) return;
	for (const { severity, statement, message, once: child } of result.findings) {
		if (child !== undefined && once.has(child)) continue;
		if (child !== undefined) once.add(child);
		into.push({ severity, path, message, ...(statement === undefined ? {} : { statement }) });
	}
	for (const { words, result: below } of result.below) collectFindings(below, [...path, ...words], into, once);
}

/** The branch that stands for an absent container: the same object each time, so that it is read once. */
function vacantBranch(child: Child): Branch {
	let branch = vacant.get(child);
	if (branch === undefined) {
		branch = { ...emptyTree, ...branchOf(stepInto(child)) };
		vacant.set(child, branch);
	}
	return branch;
}

/** Commit, `commit check` and what puts the tree in force ask for the same one. */
const whole = new WeakMap<Branch, { readonly schema: ContainerNode; readonly checked: Checked<unknown> }>();
const memory = new WeakMap<Branch, BranchResult>();
const vacant = new WeakMap<Child, Branch>();
