/** The statements in which two trees differ, one by one: what a change asks permission for. */
import { movedEntries } from "#config/moved-entries.ts";
import { branchWords } from "#config/path.ts";
import { type BranchNode, type Child, findByName, isBranchNode } from "#config/schema.ts";
import { type Branch, type BranchEntries, emptyTree, equalSlots, type Slot, type Statement } from "#config/tree.ts";

export interface Change {
	/** The words of the statement from the root, without its value. */
	readonly words: readonly string[];
	/** The permission that it or a statement above it names. */
	readonly permission: string | undefined;
	readonly child: Child;
	readonly before: Statement | undefined;
	readonly after: Statement | undefined;
}

/** Every statement that is new, gone, moved, or has another value or mark. What both trees share is not read. */
export function* changesBetween(
	node: BranchNode,
	before: Branch,
	after: Branch,
	words: readonly string[] = [],
	permission?: string,
): Generator<Change> {
	for (const name of new Set([...before.children.keys(), ...after.children.keys()])) {
		const [old, fresh] = [before.children.get(name), after.children.get(name)];
		const child = findByName(node, name);
		if (old === fresh || child === undefined) continue;
		const inherited = child.node.permission ?? permission;
		if (old?.kind === "entries" || fresh?.kind === "entries")
			yield* entryChanges(child, entriesOf(old), entriesOf(fresh), words, inherited);
		else yield* statementChanges(child, old, fresh, words, inherited);
	}
}

function* entryChanges(
	child: Child,
	old: BranchEntries | undefined,
	fresh: BranchEntries | undefined,
	words: readonly string[],
	permission: string | undefined,
): Generator<Change> {
	if (old === undefined || fresh === undefined) {
		for (const entry of old ?? []) yield* statementChanges(child, entry, undefined, words, permission);
		for (const entry of fresh ?? []) yield* statementChanges(child, undefined, entry, words, permission);
		return;
	}
	let mayHaveMoved = false;
	for (const { before, after } of fresh.differencesFrom(old)) {
		if (before !== undefined && after !== undefined) mayHaveMoved = true;
		if (before !== after) yield* statementChanges(child, before, after, words, permission);
	}
	if (!mayHaveMoved) return;
	for (const entry of movedEntries(old, fresh))
		yield {
			words: [...words, ...branchWords(child, entry.keys)],
			permission,
			child,
			before: old.get(entry.keys),
			after: entry,
		};
}

function* statementChanges(
	child: Child,
	old: Statement | undefined,
	fresh: Statement | undefined,
	words: readonly string[],
	permission: string | undefined,
): Generator<Change> {
	const branch = fresh?.kind === "branch" ? fresh : old?.kind === "branch" ? old : undefined;
	const own = [...words, ...(branch === undefined ? [child.name] : branchWords(child, branch.keys))];
	const change = { words: own, permission, child, before: old, after: fresh };
	if (branch === undefined || !isBranchNode(child.node)) {
		if (!equalSlots(old, fresh)) yield change;
		return;
	}
	if (old === undefined || fresh === undefined ? branch.hasPresence : !sameMarks(old, fresh)) yield change;
	yield* changesBetween(child.node, asBranch(old), asBranch(fresh), own, permission);
}

function sameMarks(a: Statement, b: Statement): boolean {
	return a.isInactive === b.isInactive && a.isProtected === b.isProtected && a.comment === b.comment;
}

function asBranch(statement: Statement | undefined): Branch {
	return statement?.kind === "branch" ? statement : emptyTree;
}

function entriesOf(slot: Slot | undefined): BranchEntries | undefined {
	return slot?.kind === "entries" ? slot : undefined;
}
