/** One configuration laid over another: what `load merge`, `load replace` and `load update` do. */
import { type BranchNode, findByName, isBranchNode } from "#config/schema.ts";
import { type Branch, type BranchEntries, equalSlots, type Marks, type Slot, withSlot } from "#config/tree.ts";

/**
 * `base` with everything that `added` says: leaves are replaced, values added to leaf lists, entries added at the end
 * of their lists. A statement of `added` displaces its alternatives.
 */
export function mergeTrees(node: BranchNode, base: Branch, added: Branch): Branch {
	let result: Branch = { ...base, ...addedMarks(base, added) };
	for (const [name, slot] of added.children) {
		const child = findByName(node, name);
		if (child === undefined) continue;
		for (const { of, onSet } of node.alternatives) {
			if (onSet === "refuse" || !of.includes(name)) continue;
			for (const other of of) if (!added.children.has(other)) result = withSlot(result, other, undefined);
		}
		result = withSlot(
			result,
			name,
			mergedSlot(isBranchNode(child.node) ? child.node : undefined, result.children.get(name), slot),
		);
	}
	return result;
}

/** `fresh` with every part that equals one of `old` replaced by that very object, so that later steps skip it. */
export function shareEqual(old: Branch, fresh: Branch): Branch {
	if (equalSlots(old, fresh)) return old;
	let result = fresh;
	for (const [name, slot] of fresh.children) {
		const present = old.children.get(name);
		if (present === undefined || present.kind !== slot.kind) continue;
		if (slot.kind === "branch" && present.kind === "branch") result = withSlot(result, name, shareEqual(present, slot));
		else if (slot.kind === "entries" && present.kind === "entries")
			result = withSlot(result, name, sharedEntries(present, slot));
		else if (equalSlots(present, slot)) result = withSlot(result, name, present);
	}
	return result;
}

function mergedSlot(node: BranchNode | undefined, present: Slot | undefined, added: Slot): Slot {
	if (present === undefined) return added;
	if (added.kind === "entries" && present.kind === "entries") return mergedEntries(node, present, added);
	if (added.kind === "branch" && present.kind === "branch" && node !== undefined)
		return mergeTrees(node, present, added);
	if (added.kind === "leaf-list" && present.kind === "leaf-list") {
		const values = [...new Set([...present.values, ...added.values])];
		return { ...present, ...addedMarks(present, added), values };
	}
	if (added.kind === "leaf" && present.kind === "leaf")
		return { ...present, ...addedMarks(present, added), value: added.value };
	return added;
}

function mergedEntries(node: BranchNode | undefined, present: BranchEntries, added: BranchEntries): BranchEntries {
	let entries = present;
	for (const entry of added) {
		const old = entries.get(entry.keys);
		entries = entries.set(old === undefined || node === undefined ? entry : mergeTrees(node, old, entry));
	}
	return entries;
}

function addedMarks(base: Marks, added: Marks): Marks {
	return {
		isInactive: base.isInactive || added.isInactive,
		isProtected: base.isProtected || added.isProtected,
		comment: added.comment ?? base.comment,
	};
}

function sharedEntries(old: BranchEntries, fresh: BranchEntries): BranchEntries {
	let entries = fresh;
	for (const entry of fresh) {
		const present = old.get(entry.keys);
		if (present !== undefined) entries = entries.set(shareEqual(present, entry));
	}
	if (entries.size !== old.size) return entries;
	const before = old[Symbol.iterator]();
	for (const entry of entries) if (before.next().value !== entry) return entries;
	return old;
}
