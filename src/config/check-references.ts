/** References from one object to another: every name must be an entry of one of the lists that its type points at. */
import { Remembered } from "#base/remembered.ts";
import { nearestName } from "#config/advice.ts";
import type { BranchResult, LocalReference } from "#config/check-result.ts";
import { banner, error, type Finding } from "#config/finding.ts";
import { type LeafType, shown } from "#config/leaf-types.ts";
import { type BranchNode, type Child, findByName, isBranchNode, type SchemaNode } from "#config/schema.ts";
import type { Branch, BranchEntries } from "#config/tree.ts";

/**
 * The errors of all names that point at nothing. Looks each path up once from each place that it begins at, and what was found
 * in order before not at all as long as the lists that paths from the root lead to have the same names.
 */
export function unresolvedReferences(root: BranchResult): Finding[] {
	const walk = new ReferenceWalk(namesOf(root));
	walk.visit(root, []);
	return walk.findings;
}

/** How many levels up a reference path begins; 0 for one from the root. */
export function levelsUp(path: string): number {
	let up = 0;
	while (path.startsWith("..", up * 3)) up++;
	return up;
}

/**
 * The lists at a reference path, seen from the innermost of `branches` (the root first).
 *
 * Shape: words separated by blanks; `..` goes one branch up from the innermost; without it the path begins at the
 *        root; `*` stands for every entry of the list before it.
 */
export function referencedLists(branches: readonly Branch[], path: string): BranchEntries[] {
	const words = path.split(" ");
	const up = levelsUp(path);
	const start = up === 0 ? branches[0] : branches.at(-1 - up);
	return start === undefined ? [] : listsBelow(start, words.slice(up));
}

/** The names in all lists that paths of the schema lead to from the root: the same object as long as they are the same. */
function namesOf({ node, branch }: BranchResult): object {
	const names: object[] = [];
	for (const path of pathsFromRoot(node)) for (const { names: own } of referencedLists([branch], path)) names.push(own);
	return sameNames.of(names[0] ?? node, names, () => ({}));
}

function pathsFromRoot(node: BranchNode): ReadonlySet<string> {
	let paths = rootPaths.get(node);
	if (paths === undefined) {
		paths = new Set(
			[...typesBelow(node)].flatMap(({ references = [] }) => references.filter((path) => levelsUp(path) === 0)),
		);
		rootPaths.set(node, paths);
	}
	return paths;
}

function* typesBelow(node: SchemaNode): Iterable<LeafType<unknown>> {
	if (node.kind === "list") for (const { type } of node.keys) yield type;
	if ("type" in node) yield node.type;
	if (isBranchNode(node)) for (const child of node.children) yield* typesBelow(child.node);
}

class ReferenceWalk {
	readonly findings: Finding[] = [];
	readonly #names: object;
	/** From the root to the branch that is looked at, and the words that lead to each. */
	readonly #above: BranchResult[] = [];
	readonly #branches: Branch[] = [];
	readonly #words: (readonly string[])[] = [];
	readonly #fromRoot = new Map<LeafType<unknown>, readonly BranchEntries[]>();
	readonly #fromBranch = new Map<Branch, Map<string, readonly BranchEntries[]>>();

	constructor(names: object) {
		this.#names = names;
	}

	visit(result: BranchResult, words: readonly string[]): void {
		if (result.reach === 0 && inOrder.get(result) === this.#names) return;
		const count = this.findings.length;
		this.#above.push(result);
		this.#branches.push(result.branch);
		this.#words.push(words);
		for (const reference of result.references) this.#resolve(reference);
		for (const below of result.below) this.visit(below.result, below.words);
		this.#above.pop();
		this.#branches.pop();
		this.#words.pop();
		if (result.reach === 0 && this.findings.length === count) inOrder.set(result, this.#names);
	}

	#resolve({ type, statement, values }: LocalReference): void {
		const lists = this.#listsOf(type);
		for (const value of values) {
			const keys = [value];
			if (lists.some((entries) => entries.get(keys)?.isInactive === false)) continue;
			const message = undefinedName(value, type.references ?? [], this.#above, this.findings.length);
			this.findings.push(error(this.#words.flat(), statement, message));
		}
	}

	#listsOf(type: LeafType<unknown>): readonly BranchEntries[] {
		const known = this.#fromRoot.get(type);
		if (known !== undefined) return known;
		const paths = type.references ?? [];
		const lists = paths.flatMap((path) => this.#listsAt(path));
		if (!paths.some((path) => path.startsWith(".."))) this.#fromRoot.set(type, lists);
		return lists;
	}

	#listsAt(path: string): readonly BranchEntries[] {
		const start = path.startsWith("..") ? this.#branches.at(-1) : this.#branches[0];
		if (start === undefined) return [];
		let lists = this.#fromBranch.get(start);
		if (lists === undefined) {
			lists = new Map();
			this.#fromBranch.set(start, lists);
		}
		let found = lists.get(path);
		if (found === undefined) {
			found = referencedLists(this.#branches, path);
			lists.set(path, found);
		}
		return found;
	}
}

function listsBelow(branch: Branch, words: readonly string[]): BranchEntries[] {
	const [name = "", ...rest] = words;
	const slot = branch.children.get(name);
	if (slot?.kind === "branch") return slot.isInactive ? [] : listsBelow(slot, rest);
	if (slot?.kind !== "entries") return [];
	if (rest.length === 0) return [slot];
	const found: BranchEntries[] = [];
	for (const entry of slot)
		if (!entry.isInactive) found.push(...listsBelow(entry, rest[0] === "*" ? rest.slice(1) : rest));
	return found;
}

function undefinedName(
	value: string,
	paths: readonly string[],
	above: readonly BranchResult[],
	earlier: number,
): string {
	const message = `'${shown(value)}' is not defined under ${paths.map((path) => listBanner(above, path)).join(" or ")}`;
	if (earlier >= maxAdvised) return message;
	const branches = above.map(({ branch }) => branch);
	const names: string[] = [];
	for (const path of paths)
		for (const list of referencedLists(branches, path)) names.push(...list.namesFrom("", maxNames));
	if (names.length === 0) return message;
	const near = nearestName(value, names);
	if (near !== undefined) return `${message}; did you mean '${near}'?`;
	return `${message}; defined: ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", ..." : ""}`;
}

/** The path of a list as it is typed: `*` for an entry on the way, no names of unnamed statements. */
function listBanner(above: readonly BranchResult[], path: string): string {
	const words = path.split(" ");
	const up = words.filter((word) => word === "..").length;
	let node: SchemaNode | undefined = (up === 0 ? above[0] : above.at(-1 - up))?.node;
	const shownWords: string[] = [];
	const names = words.slice(up).filter((word) => word !== "*");
	for (const [index, name] of names.entries()) {
		const child: Child | undefined = node !== undefined && isBranchNode(node) ? findByName(node, name) : undefined;
		if (child?.node.unnamed !== true) shownWords.push(name);
		if (child?.node.kind === "list" && index < names.length - 1) shownWords.push("*");
		node = child?.node;
	}
	return banner(shownWords);
}

/** Advice is given for so many names of one configuration, among so many candidates. */
const maxAdvised = 20;
const maxNames = 1_000;

const rootPaths = new WeakMap<BranchNode, ReadonlySet<string>>();
const sameNames = new Remembered<object, object>();
/** Branches in which every reference led to an entry, with the names that there were. */
const inOrder = new WeakMap<BranchResult, object>();
