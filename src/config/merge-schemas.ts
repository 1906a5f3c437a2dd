/** One root schema out of the slices of many capabilities. */
import { name } from "#config/leaf-types.ts";
import {
	type BranchNode,
	type Child,
	type ContainerNode,
	container,
	type ListNode,
	list,
	type SchemaNode,
	type Snapshot,
} from "#config/schema.ts";

type Intersection<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void ? I : never;

/** The snapshot of all slices together: assignable to the snapshot of each. */
export type MergedSnapshot<Slices extends readonly ContainerNode[]> = Intersection<Snapshot<Slices[number]>>;

/**
 * Merges slices: containers of the same path become one, and so do lists with the same keys. Anything else that two
 * slices both define is a bug and throws.
 */
export function mergeSchemas<const Slices extends readonly ContainerNode[]>(
	slices: Slices,
): ContainerNode<MergedSnapshot<Slices>> {
	const [first, ...rest] = slices;
	if (first === undefined) throw new Error("schema: nothing to merge");
	const merged = rest.reduce<SchemaNode>((sum, slice) => mergeNodes(sum, slice, []), first) as ContainerNode;
	return withGroups(merged) as ContainerNode<MergedSnapshot<Slices>>;
}

/** The root with the statement `groups`, whose entries hold what the root holds. */
function withGroups(root: ContainerNode): ContainerNode {
	const children = Object.fromEntries(root.children.map((child) => [child.name, child.node]));
	const group: SchemaNode = {
		...list({ help: "Group", unnamed: true, keys: { name: name({ max: 254 }) }, children }),
		holdsGroups: true,
	};
	const groups = container({ help: "Configuration groups", children: { group } });
	return container({ ...root, children: { groups, ...children } });
}

function mergeNodes(a: SchemaNode, b: SchemaNode, path: readonly string[]): SchemaNode {
	if (a === b) return a;
	if (a.kind === "container" && b.kind === "container" && a.presence === b.presence) {
		return container({ ...common(a, b, path), children: mergedChildren(a, b, path) });
	}
	if (a.kind === "list" && b.kind === "list" && sameKeys(a, b)) {
		const keys = Object.fromEntries(a.keys.map((key) => [key.name, key]));
		return list({ ...common(a, b, path), keys, children: mergedChildren(a, b, path) });
	}
	throw new Error(`schema: two slices define ${path.join(" ")} differently`);
}

function common<B extends BranchNode>(a: B, b: B, path: readonly string[]): B {
	if (a.layout !== b.layout) throw new Error(`schema: two slices lay out ${path.join(" ")} differently`);
	const defined = Object.fromEntries(Object.entries(b).filter(([, value]) => value !== undefined));
	return { ...defined, ...a, alternatives: [...a.alternatives, ...b.alternatives] };
}

function mergedChildren(a: BranchNode, b: BranchNode, path: readonly string[]): Record<string, SchemaNode> {
	const children: Record<string, SchemaNode> = {};
	for (const child of a.children) children[child.name] = child.node;
	for (const child of b.children) {
		const present: Child | undefined = a.children.find((candidate) => candidate.name === child.name);
		children[child.name] =
			present === undefined ? child.node : mergeNodes(present.node, child.node, [...path, child.name]);
	}
	return children;
}

function sameKeys(a: ListNode, b: ListNode): boolean {
	return (
		a.order === b.order &&
		a.keys.length === b.keys.length &&
		a.keys.every((key, index) => key.name === b.keys[index]?.name && key.type.name === b.keys[index]?.type.name)
	);
}
