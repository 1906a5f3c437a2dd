/** `wildcard delete` and `wildcard range`: one command for many names. */
import type { EditOptions } from "#config/edit.ts";
import { resolveOptions } from "#config/edit.ts";
import type { Level } from "#config/level.ts";
import { branchWords } from "#config/path.ts";
import { compilePattern, type Pattern } from "#config/pattern.ts";
import { type Item, resolveWords } from "#config/resolve.ts";
import { type BranchNode, type Child, findByName } from "#config/schema.ts";
import { type Branch, branchAt, changeBranch, type Step, withChildBranch, withSlot } from "#config/tree.ts";
import { joinWords } from "#config/word.ts";

/** What a wildcard fits. */
export interface WildcardMatch {
	/** The words of the statement, for the question before it is deleted. */
	readonly words: string;
	readonly path: readonly Step[];
	/** The name of the leaf in the branch at `path`; undefined when the branch itself fits. */
	readonly leaf: string | undefined;
}

export type WildcardMatches =
	| { readonly ok: true; readonly matches: readonly WildcardMatch[] }
	| { readonly ok: false; readonly message: string; readonly at?: number };

/**
 * The statements of a branch whose names fit a regular expression: the words before the last lead to the branch, the
 * last one is the expression (bound to both ends of the name, or of the list's name and the key: `policy p.*`).
 */
export function findWildcard(
	tree: Branch,
	level: Level,
	items: readonly Item[],
	options: EditOptions,
): WildcardMatches {
	const expression = items.at(-1);
	if (expression === undefined || expression.words !== undefined)
		return { ok: false, message: "missing argument.", at: items.length };
	const compiled = compilePattern(`^(${expression.text})$`);
	if (!compiled.ok) return { ok: false, message: compiled.message, at: items.length - 1 };
	const before = items.slice(0, -1);
	let list: string | undefined;
	let resolved = resolveWords(level.node, before, resolveOptions(level, options));
	if (!resolved.ok && resolved.awaits?.keys?.length === 0) {
		list = resolved.awaits.child.name;
		resolved = resolveWords(level.node, before.slice(0, -1), resolveOptions(level, options));
	}
	if (!resolved.ok) return { ok: false, message: resolved.message, at: resolved.item };
	if (resolved.endsInLeaf) return { ok: false, message: "syntax error.", at: before.length - 1 };
	const path = [...level.path, ...resolved.passed.map(({ step }) => step)];
	const branch = branchAt(tree, path);
	const node = resolved.passed.at(-1)?.node ?? level.node;
	return { ok: true, matches: branch === undefined ? [] : matchesIn(node, branch, path, compiled.pattern, list) };
}

/** The tree without what a wildcard fits. */
export function deleteMatches(tree: Branch, matches: readonly WildcardMatch[]): Branch {
	let result = tree;
	for (const { path, leaf } of matches) {
		const last = path.at(-1);
		if (leaf !== undefined) result = changeBranch(result, path, (branch) => withSlot(branch, leaf, undefined));
		else if (last !== undefined)
			result = changeBranch(result, path.slice(0, -1), (parent) => withChildBranch(parent, last, undefined));
	}
	return result;
}

export type Expanded =
	| { readonly ok: true; readonly lines: readonly (readonly Item[])[] }
	| { readonly ok: false; readonly message: string; readonly at: number };

/**
 * The words once for every number of each range in them: `ge-0/0/[0-2,7]`, `[1-4,!3]`.
 *
 * Bounds: at most `maxExpansion` lines.
 */
export function expandRanges(items: readonly Item[]): Expanded {
	let lines: (readonly Item[])[] = [[]];
	for (const [at, item] of items.entries()) {
		const texts = item.words === undefined && !item.isQuoted ? expandWord(item.text) : [item.text];
		if (texts === undefined) return { ok: false, message: `invalid range in '${item.text}'`, at };
		if (lines.length * texts.length > maxExpansion)
			return { ok: false, message: `the ranges give more than ${maxExpansion} statements`, at };
		lines = lines.flatMap((line) =>
			texts.map((text) => [...line, item.words === undefined ? { ...item, text } : item]),
		);
	}
	return { ok: true, lines };
}

function matchesIn(
	node: BranchNode,
	branch: Branch,
	path: readonly Step[],
	pattern: Pattern,
	list: string | undefined,
): WildcardMatch[] {
	const matches: WildcardMatch[] = [];
	for (const [name, slot] of branch.children) {
		const child: Child | undefined = findByName(node, name);
		if (child === undefined || (list !== undefined && list !== name)) continue;
		if (slot.kind === "entries") {
			for (const entry of slot) {
				const step: Step = { name, keys: entry.keys, holds: slot.order };
				const words = joinWords(branchWords(child, entry.keys));
				if (pattern.matches(list === undefined ? words : joinWords(entry.keys)))
					matches.push({ words, path: [...path, step], leaf: undefined });
			}
		} else if (list === undefined && pattern.matches(name)) {
			const holds = child.node.kind === "container" && child.node.presence === true ? "presence" : "container";
			if (slot.kind === "branch")
				matches.push({ words: name, path: [...path, { name, keys: [], holds }], leaf: undefined });
			else matches.push({ words: name, path, leaf: name });
		}
	}
	return matches;
}

function expandWord(text: string): string[] | undefined {
	const match = /^([^[\]]*)\[([^[\]]*)\](.*)$/.exec(text);
	if (match === null) return [text];
	const [, head = "", inner = "", tail = ""] = match;
	const numbers = new Set<string>();
	const excluded = new Set<string>();
	for (const part of inner.split(",")) {
		const into = part.startsWith("!") ? excluded : numbers;
		const range = /^!?([0-9]{1,9})(?:-([0-9]{1,9}))?$/.exec(part.trim());
		const low = Number(range?.[1]);
		const high = Number(range?.[2] ?? range?.[1]);
		if (range === null || high < low || high - low >= maxExpansion) return undefined;
		for (let number = low; number <= high; number++) into.add(String(number));
		if (numbers.size > maxExpansion) return undefined;
	}
	const rest = expandWord(tail);
	const kept = [...numbers].filter((number) => !excluded.has(number));
	if (rest === undefined || kept.length * rest.length > maxExpansion) return undefined;
	return kept.flatMap((number) => rest.map((end) => `${head}${number}${end}`));
}

const maxExpansion = 10_000;
