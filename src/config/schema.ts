/**
 * The schema kit: statements of the configuration as data, from which everything else is derived (text, `set` lines,
 * JSON, completion, help, checks, the reference, and the TypeScript type of a checked configuration).
 *
 *     const schema = container({
 *         help: "IKE",
 *         children: {
 *             policy: list({
 *                 help: "IKE policy",
 *                 keys: { name: name() },
 *                 children: {
 *                     mode: leaf(enumeration({ main: "six messages", aggressive: "three messages" }), {
 *                         help: "Phase 1 exchange",
 *                         default: "main",
 *                     }),
 *                     proposals: leafList(reference("security ike proposal"), { help: "Offered in this order", maxValues: 4 }),
 *                     "general-ikeid": flag({ help: "Accept any IKE identity" }),
 *                 },
 *             }),
 *         },
 *     });
 *     type Ike = Snapshot<typeof schema>; // ike.policy.get("p1")?.mode is "main" | "aggressive"
 *
 * In a snapshot every name is in camelCase. A container is an object that is always there (with `presence`: or
 * undefined); a list is a Map in order, its key the entry's keys joined by a space, its entry the keys and children;
 * a leaf its value, or undefined without `mandatory` and `default`; a leaf list an array, empty when absent; a flag a
 * boolean. Inactive statements are not in it, `apply-groups` are already applied.
 *
 * A reference is written as the path of the list: names separated by spaces, `*` for "any entry" of a list on the way,
 * leading `..` for "one level above the branch in which the statement stands" (a list entry and a container are each
 * one level; a key stands in its own entry): for a leaf inside `address-book B address-set S`, `".. address"` is the
 * list `address` of the same book; for the key of a list inside that set it is `".. .. address"`.
 */
import type { LeafType, ValueOf } from "#config/leaf-types.ts";

/** Help of a statement. The unit, range and default are told by the type and the node. */
export type Help =
	| string
	| {
			/** What the statement does, one sentence. The first line of `?`. */
			readonly what: string;
			/** What grows when the value grows. */
			readonly grows?: string;
			/** What attack is opened when it is loosened. */
			readonly loosened?: string;
			/** RFC, manual. */
			readonly source?: string;
	  };

/** What every statement can say. */
export interface NodeOptions {
	readonly help: Help;
	/** Viewing needs this permission, changing it the same with `-control`. Inherited by what is below. */
	readonly permission?: string;
	/** Other names accepted on input; stored and printed under the first name. */
	readonly aliases?: readonly string[];
	/** Commit warns; says what to use instead. */
	readonly deprecated?: string;
	/** The statement is accepted, commit warns that nothing acts on it. Inherited by what is below. */
	readonly engine?: "not-yet";
	/** Commit warns with this sentence whenever the statement is there (hardware that is absent, for example). */
	readonly commitWarning?: string;
	/** The name is not written in text and `set` lines, only the value, key or children: `address NAME PREFIX`. */
	readonly unnamed?: boolean;
	/** Not offered by completion. */
	readonly hidden?: boolean;
}

/**
 * How a branch is printed.
 * `braces`: one statement a line. `line`: all on one line (`pre-shared-key ascii-text "...";`). `line-if-single`: on
 * one line when there is exactly one child (`route 0.0.0.0/0 next-hop 1.1.1.1;`). `prefix` (containers): each child is
 * a statement of its own that begins with the container's name (`family inet { ... }`).
 */
export type Layout = "braces" | "line" | "line-if-single" | "prefix";

/** Children of which at most one may be there. */
export interface Alternatives {
	readonly of: readonly string[];
	/** One of them must be there. */
	readonly mandatory?: boolean;
	/** `replace` (default): setting one removes the others. `refuse`: both stay and the commit is refused. */
	readonly onSet?: "replace" | "refuse";
}

/** What containers and lists can say. */
export interface BranchOptions extends NodeOptions {
	readonly layout?: Layout;
	readonly alternatives?: readonly Alternatives[];
}

export interface LeafOptions<V> extends NodeOptions {
	readonly mandatory?: boolean;
	readonly default?: V;
	/** The value when the statement stands without one: `respond-bad-spi;`. Without it a value is required. */
	readonly bare?: V;
}

export interface LeafListOptions<V> extends NodeOptions {
	readonly mandatory?: boolean;
	readonly default?: readonly V[];
	readonly maxValues?: number;
}

export interface ContainerOptions extends BranchOptions {
	/** The container means something when empty: `dead-peer-detection;`. */
	readonly presence?: boolean;
	readonly mandatory?: boolean;
}

export interface ListOptions extends BranchOptions {
	/** `sorted` (default): printed by name. `user`: kept as entered, `insert` moves entries. */
	readonly order?: "user" | "sorted";
	readonly maxEntries?: number;
	/** There must be at least one entry. */
	readonly mandatory?: boolean;
}

/** A key of a list; the second and later ones may need a word before them: `from-zone A to-zone B`. */
export interface KeySpec<V = unknown> {
	readonly type: LeafType<V>;
	readonly keyword?: string;
}

/** A child of a branch with the name under which it stands. */
export interface Child {
	readonly name: string;
	/** The name in a snapshot. */
	readonly property: string;
	/** Its place among the siblings: the order of printing. */
	readonly index: number;
	readonly node: SchemaNode;
}

/** Carries the type of the snapshot; never there at run time. */
interface Typed<S> {
	readonly "~snapshot"?: S;
}

interface BranchPart {
	readonly children: readonly Child[];
	readonly byName: ReadonlyMap<string, Child>;
	/** By every word that may be written for a child: name and aliases; not the unnamed ones. */
	readonly byWord: ReadonlyMap<string, Child>;
	/** Children written without their name. */
	readonly unnamedChildren: readonly Child[];
	readonly layout: Layout;
	readonly alternatives: readonly Alternatives[];
}

export interface ContainerNode<S = unknown> extends ContainerOptions, BranchPart, Typed<S> {
	readonly kind: "container";
	readonly layout: Layout;
	readonly alternatives: readonly Alternatives[];
}

export interface ListKey extends KeySpec {
	readonly name: string;
	readonly property: string;
}

export interface ListNode<S = unknown> extends ListOptions, BranchPart, Typed<S> {
	readonly kind: "list";
	readonly keys: readonly ListKey[];
	readonly order: "user" | "sorted";
	readonly layout: Layout;
	readonly alternatives: readonly Alternatives[];
	/** The list of `groups`: what is below has the root's statements, keys may be wildcards, nothing takes effect itself. */
	readonly holdsGroups?: true;
}

export interface LeafNode<S = unknown> extends LeafOptions<unknown>, Typed<S> {
	readonly kind: "leaf";
	readonly type: LeafType<unknown>;
}

export interface LeafListNode<S = unknown> extends LeafListOptions<unknown>, Typed<S> {
	readonly kind: "leaf-list";
	readonly type: LeafType<unknown>;
}

export interface FlagNode extends NodeOptions, Typed<boolean> {
	readonly kind: "flag";
}

export type SchemaNode = ContainerNode | ListNode | LeafNode | LeafListNode | FlagNode;

/** Nodes that hold statements. */
export type BranchNode = ContainerNode | ListNode;

/** The type of the checked configuration of a schema. */
export type Snapshot<N> = N extends { readonly "~snapshot"?: infer S } ? S : never;

/** `session-cache-timeout` as `sessionCacheTimeout`. */
export type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
	? `${Head}${Capitalize<CamelCase<Tail>>}`
	: S;

type Children = Readonly<Record<string, SchemaNode>>;
type Keys = Readonly<Record<string, LeafType<unknown> | KeySpec>>;

/** The object of a branch's children in a snapshot. */
export type ChildSnapshots<C> = { readonly [Name in keyof C & string as CamelCase<Name>]: Snapshot<C[Name]> };

/** The keys of a list entry in a snapshot. */
export type KeySnapshots<K> = {
	readonly [Name in keyof K & string as CamelCase<Name>]: K[Name] extends { readonly type: infer T }
		? ValueOf<T>
		: ValueOf<K[Name]>;
};

type OrAbsent<V, O> = O extends { readonly mandatory: true }
	? V
	: O extends { readonly default: unknown }
		? V
		: V | undefined;

/** `name { ... }`: always there in the snapshot, unless it has presence. */
export function container<const C extends Children, const O extends ContainerOptions>(
	options: O & { readonly children: C },
): ContainerNode<O extends { readonly presence: true } ? OrAbsent<ChildSnapshots<C>, O> : ChildSnapshots<C>> {
	return {
		...(options as ContainerOptions),
		kind: "container",
		...branchPart(options.children, options),
	} as ContainerNode<never>;
}

/** `name KEY { ... }`, any number of them. */
export function list<const K extends Keys, const C extends Children = Readonly<Record<never, never>>>(
	options: ListOptions & { readonly keys: K; readonly children?: C },
): ListNode<ReadonlyMap<string, KeySnapshots<K> & ChildSnapshots<C>>> {
	const keys = Object.entries(options.keys).map(([name, spec]) => ({
		name,
		property: camelCase(name),
		...("parse" in spec ? { type: spec } : spec),
	}));
	const { order = "sorted", children = {} } = options;
	for (const { name } of keys)
		if (Object.hasOwn(children, name)) throw new Error(`schema: ${name} is a key and a statement`);
	return { ...options, kind: "list", keys, order, ...branchPart(children, options) };
}

/** `name value;` */
export function leaf<V, const O extends LeafOptions<V>>(type: LeafType<V>, options: O): LeafNode<OrAbsent<V, O>> {
	return { ...(options as LeafOptions<unknown>), kind: "leaf", type };
}

/** `name [ a b ];` in the order entered. */
export function leafList<V>(type: LeafType<V>, options: LeafListOptions<NoInfer<V>>): LeafListNode<readonly V[]> {
	return { ...options, kind: "leaf-list", type };
}

/** `name;` */
export function flag(options: NodeOptions): FlagNode {
	return { ...options, kind: "flag" };
}

/** The first line of a statement's help. */
export function helpLine(help: Help): string {
	return typeof help === "string" ? help : help.what;
}

/** `session-cache-timeout` as `sessionCacheTimeout`. */
export function camelCase(name: string): string {
	return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The child that `word` names in text, by name or alias; `apply-groups` and the like are children of every branch. */
export function findByWord(branch: BranchNode, word: string): Child | undefined {
	return branch.byWord.get(word) ?? groupChildren.get(word);
}

/** The child kept under `name` in the tree. */
export function findByName(branch: BranchNode, name: string): Child | undefined {
	return branch.byName.get(name) ?? groupChildren.get(name);
}

/** True when the statement is a branch. */
export function isBranchNode(node: SchemaNode): node is BranchNode {
	return node.kind === "container" || node.kind === "list";
}

function branchPart(children: Children, options: BranchOptions): BranchPart {
	const inOrder = Object.entries(children).map(([name, node], index) => ({
		name,
		property: camelCase(name),
		index,
		node,
	}));
	const byName = new Map(inOrder.map((child) => [child.name, child]));
	const byWord = new Map<string, Child>();
	for (const child of inOrder) {
		for (const word of [child.name, ...(child.node.aliases ?? [])]) {
			if (byWord.has(word) || groupChildren.has(word)) throw new Error(`schema: two statements are called ${word}`);
			byWord.set(word, child);
		}
	}
	const unnamedChildren = inOrder.filter((child) => child.node.unnamed === true);
	for (const child of unnamedChildren) byWord.delete(child.name);
	const { layout = "braces", alternatives = [] } = options;
	for (const word of alternatives.flatMap((group) => group.of)) {
		if (!Object.hasOwn(children, word))
			throw new Error(`schema: no statement is called ${word} among the alternatives`);
	}
	return { children: inOrder, byName, byWord, unnamedChildren, layout, alternatives };
}

const groupName: LeafType<string> = {
	name: "name",
	placeholder: "<group-name>",
	describes: "name of a configuration group",
	references: ["groups group"],
	parse: (text) =>
		text.length <= 254 ? { ok: true, value: text } : { ok: false, message: "Length is not within range (1..254)" },
	format: (value) => value,
};

/** `apply-groups` and `apply-groups-except`, which stand at every level. */
export const groupChildren: ReadonlyMap<string, Child> = new Map(
	[
		{ name: "apply-groups", help: "Groups from which to inherit configuration data" },
		{ name: "apply-groups-except", help: "Do not inherit configuration data from these groups" },
	].map(({ name, help }, index) => [
		name,
		{ name, property: camelCase(name), index: index - 10, node: leafList(groupName, { help, hidden: true }) },
	]),
);
