/** Random schemas and random trees that fit them. */
import fc from "fast-check";
import { canonicalComment } from "#config/comment.ts";
import { Entries } from "#config/entries.ts";
import { canonicalText, enumeration, integer, type LeafType, name, secret, text } from "#config/leaf-types.ts";
import { mergeSchemas } from "#config/merge-schemas.ts";
import { prefix } from "#config/network-types.ts";
import { printText } from "#config/print-text.ts";
import { stepInto } from "#config/resolve.ts";
import {
	type BranchNode,
	type Child,
	type ContainerNode,
	container,
	flag,
	type Layout,
	leaf,
	leafList,
	list,
	type SchemaNode,
} from "#config/schema.ts";
import {
	type Branch,
	branchOf,
	emptyTree,
	isVacant,
	leafListOf,
	leafOf,
	type Slot,
	type Statement,
	withMarks,
	withSlot,
} from "#config/tree.ts";
import { hasControlCharacter } from "#config/word.ts";

const statementNames = ["alpha", "beta", "gamma-one", "gamma-two", "host-name", "x", "mode", "delta"];
const leafTypes: readonly LeafType<unknown>[] = [
	text(),
	name(),
	integer({ min: 0, max: 99 }),
	enumeration({ main: "m", aggressive: "a", alpha: "like a statement" }),
	prefix(),
	secret(),
];
const groupName = fc.constantFrom("g1", "g2", "other group");
const values = [
	"a",
	"alpha",
	"beta",
	"x",
	"main",
	"aggressive",
	"7",
	"12",
	"0",
	"10.0.0.0/8",
	"2001:db8::/32",
	"two words",
	"",
	"[",
	"]",
	"{",
	";",
	'"',
	"\\",
	"\\\\",
	'\\"',
	"a\\b",
	"#x",
	"/*",
	"*/",
	"inactive:",
	"delete:",
	"apply-groups",
	"to-other",
	"<*>",
	"user@host",
	"$9$xFU-b2ZUH5Qn4aQn/CB17-V",
	"$9$9VMTp1RvWLdwYKMJDkmF3ylKM87Vb2oZjws5F",
	"ä ö",
];

/** A random root schema with groups. */
export const arbitrarySchema: fc.Arbitrary<ContainerNode> = branchChildren(3).map((children) =>
	mergeSchemas([container({ help: "root", children })]),
);

/** A random schema and a tree that fits it. */
export const arbitraryConfig: fc.Arbitrary<{ readonly schema: ContainerNode; readonly tree: Branch }> =
	arbitrarySchema.chain((schema) =>
		arbitraryTree(schema).map((tree) => ({ schema, tree, [fc.toStringMethod]: () => printText(schema, tree) })),
	);

/** A random schema and two trees that fit it, the second sometimes near the first. */
export const arbitraryPair: fc.Arbitrary<{
	readonly schema: ContainerNode;
	readonly before: Branch;
	readonly after: Branch;
}> = arbitrarySchema.chain((schema) =>
	fc
		.tuple(arbitraryTree(schema), arbitraryTree(schema), fc.infiniteStream(fc.nat(9)))
		.map(([before, other, choices]) => ({
			schema,
			before,
			after: mixed(before, other, choices),
			[fc.toStringMethod]: () => printText(schema, before),
		})),
);

/** A random tree that fits a schema: no branch is vacant, alternatives stand alone. */
export function arbitraryTree(schema: ContainerNode): fc.Arbitrary<Branch> {
	return childSlots(schema, emptyTree, false);
}

function branchChildren(depth: number): fc.Arbitrary<Record<string, SchemaNode>> {
	const named = fc.uniqueArray(fc.tuple(fc.constantFrom(...statementNames), nodeOf(depth)), {
		selector: ([word]) => word,
		minLength: 1,
		maxLength: 5,
	});
	return fc.tuple(named, fc.option(unnamedNode(depth), { freq: 3 }), fc.nat(5)).map(([nodes, unnamed, place]) => {
		const all = unnamed === null ? nodes : nodes.toSpliced(Math.min(place, nodes.length), 0, ["unnamed-one", unnamed]);
		return Object.fromEntries(all);
	});
}

function nodeOf(depth: number): fc.Arbitrary<SchemaNode> {
	const leaves: fc.Arbitrary<SchemaNode>[] = [
		fc.constant(flag({ help: "flag" })),
		fc
			.tuple(fc.constantFrom(...leafTypes), fc.boolean())
			.map(([type, hasBare]) => leaf(type, { help: "leaf", ...(hasBare ? { bare: "b" } : {}) })),
		fc.constantFrom(...leafTypes).map((type) => leafList(type, { help: "leaf list" })),
	];
	if (depth === 0) return fc.oneof(...leaves);
	return fc.oneof(...leaves, containerOf(depth), listOf(depth, false));
}

function containerOf(depth: number): fc.Arbitrary<SchemaNode> {
	const layout = fc.constantFrom<Layout>("braces", "line", "line-if-single", "prefix");
	return fc
		.tuple(branchChildren(depth - 1), fc.boolean(), layout, fc.boolean())
		.map(([children, presence, chosen, hasAlternatives]) => {
			const isPrefix = chosen === "prefix" && !presence && children["unnamed-one"] === undefined;
			const names = Object.keys(children);
			return container({
				help: "container",
				children,
				presence,
				layout: chosen === "prefix" && !isPrefix ? "braces" : chosen,
				alternatives: hasAlternatives && names.length > 1 ? [{ of: names.slice(0, 2) }] : [],
			});
		});
}

function listOf(depth: number, unnamed: boolean): fc.Arbitrary<SchemaNode> {
	const keys = fc.constantFrom<Record<string, LeafType<unknown> | { type: LeafType<unknown>; keyword?: string }>>(
		{ "key-name": text({ min: 1 }) },
		{ "key-name": name() },
		{ "key-name": integer({ min: 0, max: 20 }) },
		{ "key-name": name(), "other-key": { type: text(), keyword: "to-other" } },
	);
	const layout = fc.constantFrom<Layout>("braces", "line", "line-if-single");
	return fc
		.tuple(branchChildren(depth - 1), keys, layout, fc.constantFrom("user" as const, "sorted" as const))
		.map(([children, chosen, shape, order]) =>
			list({ help: "list", children, keys: chosen, layout: shape, order, unnamed }),
		);
}

function unnamedNode(depth: number): fc.Arbitrary<SchemaNode> {
	const value = fc.constantFrom(...leafTypes).map((type) => leaf(type, { help: "unnamed leaf", unnamed: true }));
	return depth === 0 ? value : fc.oneof(value, listOf(depth, true));
}

function childSlots(node: BranchNode, start: Branch, inGroups: boolean): fc.Arbitrary<Branch> {
	const parts = node.children.map((child) =>
		fc.option(slotOf(child, inGroups), { freq: child.name === "groups" ? 1 : 2, nil: undefined }),
	);
	const groups = fc.option(fc.uniqueArray(groupName, { minLength: 1, maxLength: 2 }), { freq: 1, nil: undefined });
	return fc.tuple(fc.tuple(...parts), fc.tuple(groups, fc.nat(5))).map(([slots, [applied, chance]]) => {
		let branch = start;
		for (const [index, slot] of slots.entries()) {
			const child = node.children[index] as Child;
			const excluded = node.alternatives.some(
				({ of }) => of.includes(child.name) && of.some((other) => branch.children.has(other)),
			);
			if (!excluded) branch = withSlot(branch, child.name, slot);
		}
		return applied !== undefined && chance === 0 ? withSlot(branch, "apply-groups", leafListOf(applied)) : branch;
	});
}

function slotOf(child: Child, inGroups: boolean): fc.Arbitrary<Slot | undefined> {
	const { node } = child;
	switch (node.kind) {
		case "flag":
			return marked(fc.constant(leafOf(undefined)));
		case "leaf": {
			const value = typedValue(node.type).map((typed) => leafOf(typed));
			return marked(node.bare === undefined ? value : fc.oneof(value, fc.constant(leafOf(undefined))));
		}
		case "leaf-list":
			return marked(fc.uniqueArray(typedValue(node.type), { minLength: 1, maxLength: 4 }).map(leafListOf));
		case "container":
			return marked(childSlots(node, branchOf(stepInto(child)), inGroups)).map((branch) =>
				isVacant(branch) ? undefined : branch,
			);
		case "list": {
			const below = inGroups || node.holdsGroups === true;
			const keys = fc.tuple(
				...node.keys.map((key) =>
					inGroups ? fc.oneof(typedValue(key.type), fc.constantFrom("<*>", "<a*>")) : typedValue(key.type),
				),
			);
			const entry = keys.chain((words) => marked(childSlots(node, branchOf(stepInto(child, words)), below)));
			const entries = fc.array(entry, { minLength: 1, maxLength: node.holdsGroups === true ? 2 : 4 });
			return entries.map((all) => all.reduce((sum, branch) => sum.set(branch), Entries.empty<Branch>(node.order)));
		}
	}
}

function typedValue(type: LeafType<unknown>): fc.Arbitrary<string> {
	const fitting = values.filter((value) => type.parse(value).ok).map((value) => canonicalText(type, value));
	const fixed = fc.constantFrom(
		...(type.secrecy === "reversible" ? fitting.filter((value) => value.startsWith("$9$")) : fitting),
	);
	if (type.name !== "string") return fixed;
	const any = fc
		.string({ unit: "binary", minLength: 1, maxLength: 12 })
		.filter((value) => !hasControlCharacter(value) && type.parse(value).ok);
	return fc.oneof(fixed, any);
}

function marked<S extends Statement>(statement: fc.Arbitrary<S>): fc.Arbitrary<S> {
	const comment = fc
		.string({ unit: fc.constantFrom("a", " ", "*", "/", "\n", "\\", '"', "#", ";", "n") })
		.map((written) => canonicalComment(written));
	return fc.tuple(statement, fc.nat(11), comment).map(([value, kind, note]) => {
		if (kind === 0) return withMarks(value, { isInactive: true });
		if (kind === 1) return withMarks(value, { isProtected: true });
		if (kind === 2) return withMarks(value, { comment: note });
		return kind === 3 ? withMarks(value, { isInactive: true, isProtected: true, comment: note }) : value;
	});
}

/** `before` with some of its slots taken from `other`, entries moved and removed. */
function mixed(before: Branch, other: Branch, choices: fc.Stream<number>): Branch {
	let result = before;
	for (const name of new Set([...before.children.keys(), ...other.children.keys()])) {
		const [own, theirs] = [before.children.get(name), other.children.get(name)];
		const choice = next(choices);
		if (choice < 2) result = withSlot(result, name, theirs);
		else if (own?.kind === "branch" && theirs?.kind === "branch")
			result = withSlot(result, name, kept(mixed(own, theirs, choices)));
		else if (own?.kind === "entries" && theirs?.kind === "entries")
			result = withSlot(result, name, mixedEntries(own, theirs, choices));
	}
	return result;
}

function mixedEntries(own: Entries<Branch>, theirs: Entries<Branch>, choices: fc.Stream<number>): Entries<Branch> {
	let result = own;
	for (const entry of own) {
		const choice = next(choices);
		const [first] = result;
		if (choice === 0) result = result.delete(entry.keys);
		else if (choice < 4 && first !== undefined)
			result = result.move(entry.keys, choice % 2 === 0 ? "before" : "after", first.keys);
	}
	for (const entry of theirs) {
		const present = result.get(entry.keys);
		result = result.set(present === undefined ? entry : mixed(present, entry, choices));
		const [first] = result;
		if (next(choices) < 3 && first !== undefined) result = result.move(entry.keys, "after", first.keys);
	}
	return result;
}

function kept(branch: Branch): Branch | undefined {
	return isVacant(branch) ? undefined : branch;
}

function next(choices: fc.Stream<number>): number {
	return choices.next().value ?? 0;
}
