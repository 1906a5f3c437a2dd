/**
 * What can follow the words of a configuration command: the rows of `?`, the word of SPACE and TAB.
 *
 * Bounds: at most `limit` names of objects are read from the tree, whatever its size.
 */
import { referencedLists } from "#config/check-references.ts";
import { resolveOptions } from "#config/edit.ts";
import type { LeafType } from "#config/leaf-types.ts";
import type { Level } from "#config/level.ts";
import { readLine } from "#config/line.ts";
import { type Awaited, type Item, type Resolved, resolveWords, type Unresolved } from "#config/resolve.ts";
import { type BranchNode, type Child, groupChildren, helpLine, type SchemaNode } from "#config/schema.ts";
import { type Branch, childBranch, emptyTree } from "#config/tree.ts";
import { formatWord } from "#config/word.ts";

export interface CompletionRow {
	/** The word, or the placeholder of a free value. */
	readonly text: string;
	/** `>` goes down, `+` takes several values. */
	readonly mark: ">" | "+" | " ";
	readonly help: string;
	readonly kind: "statement" | "word" | "object" | "placeholder";
	/** Where names that could stand in place of the placeholder come from (`LeafType.source`). */
	readonly source?: string;
}

export interface Completions {
	/** Placeholders first, then objects, then fixed words and statements. */
	readonly rows: readonly CompletionRow[];
	/** The word at the cursor, as far as it is typed. */
	readonly partial: string;
	/** The whole word that SPACE makes of it: the only statement or fixed word that begins so. */
	readonly keyword: string | undefined;
	/** What TAB makes of it: the longest beginning that all rows share, objects among them. */
	readonly extended: string;
	/** The words, the one at the cursor among them, are a whole command. */
	readonly mayEnd: boolean;
	/** There are more objects than the limit. */
	readonly isTruncated: boolean;
	/** Why the words before the cursor mean nothing; the rows are then empty. `column` counts from 1 in the line. */
	readonly problem: { readonly column: number; readonly message: string; readonly rows: readonly string[] } | undefined;
}

export interface CompleteOptions {
	/** `set`: anything that the schema allows; `existing`: what is in the tree (delete, show, edit of what is there). */
	readonly mode: "set" | "existing";
	readonly limit?: number;
}

/** Completes the line after the command's verb, up to the cursor. */
export function complete(tree: Branch, level: Level, line: string, options: CompleteOptions): Completions {
	const read = readLine(line);
	if (!read.ok) return failed(read.column, read.message, []);
	const isAtWord = line !== "" && !/[\s[\]]$/.test(line);
	const typed = read.openList ?? read.items;
	const last = isAtWord ? typed.at(-1) : undefined;
	if (last?.isQuoted === true) return failed(last.column, "", []);
	const before = last === undefined ? typed : typed.slice(0, -1);
	const partial = last?.text ?? "";
	const words = read.openList === undefined ? before : read.items;
	const context = new Context(tree, level, options);
	const resolved = context.resolve(words);
	const awaited = awaitedValue(resolved, read.openList !== undefined);
	if (!resolved.ok && awaited === undefined) {
		const at = words[resolved.item]?.column ?? line.trimEnd().length + 2;
		return failed(at, resolved.message, resolved.kind === "ambiguous" ? resolved.expected : []);
	}
	const values = awaited === undefined ? [] : context.values(awaited, resolved, partial);
	const statements = resolved.ok && read.openList === undefined ? context.statements(resolved, partial) : [];
	const rows = [...values, ...statements].sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
	const all = last === undefined ? words : [...words, last];
	const mayEnd = all.length > 0 && read.openList === undefined && context.resolve(all, options.mode === "existing").ok;
	return { rows, partial, ...extensions(rows, partial), mayEnd, isTruncated: context.isTruncated, problem: undefined };
}

class Context {
	isTruncated = false;
	readonly #tree: Branch;
	readonly #level: Level;
	readonly #mode: CompleteOptions["mode"];
	readonly #limit: number;

	constructor(tree: Branch, level: Level, options: CompleteOptions) {
		this.#tree = tree;
		this.#level = level;
		this.#mode = options.mode;
		this.#limit = options.limit ?? defaultLimit;
	}

	resolve(items: readonly Item[], valueIsOptional = false): Resolved | Unresolved {
		const options = resolveOptions(this.#level, { salt: (count) => new Uint8Array(count), mayAbbreviate: true });
		return resolveWords(this.#level.node, items, { ...options, valueIsOptional });
	}

	/**
	 * Statements, and values of unnamed statements, below the branch at hand. Those of groups could stand at every level:
	 * they are listed at the top, and elsewhere once they are begun.
	 */
	statements(resolved: Resolved, partial: string): CompletionRow[] {
		const node = resolved.passed.at(-1)?.node ?? this.#level.node;
		const branch = this.#branches(resolved).at(-1);
		if (this.#mode === "existing" && resolved.endsInLeaf) return [];
		const isGiven = new Set(resolved.endsInLeaf ? resolved.assignments.map(({ child }) => child.name) : []);
		const rows: CompletionRow[] = [];
		const isTop = this.#level.path.length + resolved.passed.length === 0;
		const groups = resolved.endsInLeaf || (partial === "" && !isTop) ? [] : groupChildren.values();
		for (const child of [...node.children.filter((one) => one.node.hidden !== true), ...groups]) {
			if (isGiven.has(child.name)) continue;
			if (this.#mode === "existing" && branch?.children.has(child.name) !== true) continue;
			if (child.node.unnamed === true) rows.push(...this.#unnamed(child, resolved, partial));
			else if (child.name.startsWith(partial))
				rows.push({ text: child.name, mark: markOf(child.node), help: helpLine(child.node.help), kind: "statement" });
		}
		return rows.sort((a, b) => (a.text < b.text ? -1 : 1));
	}

	/** The values that could stand at the cursor. */
	values(awaited: Awaited, resolved: Resolved | Unresolved, partial: string): CompletionRow[] {
		const { type, child } = awaited;
		const isKeyWord = child.node.kind === "list" && awaited.keys === undefined;
		const rows: CompletionRow[] = [];
		for (const [word, help] of Object.entries(type.words ?? {}))
			if (word.startsWith(partial) && (this.#mode === "set" || isKeyWord))
				rows.push({ text: word, mark: " ", help, kind: "word" });
		const isOpen = type.words === undefined || type.placeholder.startsWith("<");
		if (isOpen && this.#mode === "set")
			rows.push({ text: type.placeholder, mark: " ", help: type.describes, kind: "placeholder", ...sourceOf(type) });
		const branches = this.#branches(resolved);
		const names =
			child.node.kind === "list"
				? this.#entryNames(awaited, branches, partial)
				: this.#valuesThere(child, branches, partial);
		if (this.#mode === "set") {
			for (const path of type.references ?? []) {
				for (const list of referencedLists(branches, path)) names.push(...list.namesFrom(partial, this.#limit + 1));
			}
		}
		const unique = [...new Set(names)];
		this.isTruncated = unique.length > this.#limit;
		const help = helpLine(child.node.help);
		const shownWords = new Set(rows.map((row) => row.text));
		for (const name of unique.slice(0, this.#limit))
			if (!shownWords.has(name)) rows.push({ text: formatWord(name), mark: " ", help, kind: "object" });
		return rows;
	}

	#unnamed(child: Child, resolved: Resolved, partial: string): CompletionRow[] {
		const { node } = child;
		const key = node.kind === "list" ? node.keys[0]?.type : undefined;
		if (key !== undefined) return this.values({ child, type: key, keys: [] }, resolved, partial);
		return "type" in node ? this.values({ child, type: node.type }, resolved, partial) : [];
	}

	#entryNames({ child, keys }: Awaited, branches: readonly Branch[], partial: string): string[] {
		const slot = branches.at(-1)?.children.get(child.name);
		if (slot?.kind !== "entries" || keys === undefined) return [];
		if (keys.length === 0) return slot.namesFrom(partial, this.#limit + 1);
		const names: string[] = [];
		for (const entry of slot) {
			const key = entry.keys[keys.length] ?? "";
			if (keys.every((word, index) => entry.keys[index] === word) && key.startsWith(partial)) names.push(key);
		}
		return names;
	}

	/** What a leaf list or leaf holds, to name one value of it. */
	#valuesThere(child: Child, branches: readonly Branch[], partial: string): string[] {
		const slot = branches.at(-1)?.children.get(child.name);
		if (this.#mode === "set" || slot === undefined || ("type" in child.node && child.node.type.secrecy !== undefined))
			return [];
		const values =
			slot.kind === "leaf-list" ? slot.values : slot.kind === "leaf" && slot.value !== undefined ? [slot.value] : [];
		return values.filter((value) => value.startsWith(partial));
	}

	/** The branches from the root to the one at hand; those that are not there yet are empty. */
	#branches(resolved: Resolved | Unresolved): Branch[] {
		const branches: Branch[] = [this.#tree];
		for (const step of [...this.#level.path, ...resolved.passed.map((passed) => passed.step)])
			branches.push(childBranch(branches.at(-1) ?? emptyTree, step) ?? emptyTree);
		return branches;
	}
}

/** The value that comes next, if one does: a missing one, or that of a leaf that may stand without. */
function awaitedValue(resolved: Resolved | Unresolved, isInList: boolean): Awaited | undefined {
	if (!resolved.ok) {
		const { awaits } = resolved;
		const takesSeveral = awaits?.child.node.kind === "leaf-list" || awaits?.child.node.kind === "list";
		return isInList && !takesSeveral ? undefined : awaits;
	}
	const last = resolved.endsInLeaf ? resolved.assignments.at(-1) : undefined;
	if (last === undefined || last.values !== undefined || last.child.node.kind !== "leaf") return undefined;
	return { child: last.child, type: last.child.node.type };
}

function extensions(
	rows: readonly CompletionRow[],
	partial: string,
): { keyword: string | undefined; extended: string } {
	const fixed = rows.filter((row) => row.kind === "statement" || row.kind === "word");
	const objects = rows.filter((row) => row.kind === "object");
	const exact = fixed.find((row) => row.text === partial);
	const isFree = rows.some((row) => row.kind === "placeholder");
	const only = fixed.length === 1 && !isFree ? fixed[0] : undefined;
	const insertable = [...fixed, ...objects];
	return {
		keyword: partial === "" ? undefined : (exact ?? only)?.text,
		extended: insertable.length === 0 ? partial : commonBeginning(insertable.map((row) => row.text)),
	};
}

function commonBeginning(words: readonly string[]): string {
	let common = words[0] ?? "";
	for (const word of words) while (!word.startsWith(common)) common = common.slice(0, -1);
	return common;
}

function sourceOf({ source }: LeafType<unknown>): { readonly source?: string } {
	return source === undefined ? {} : { source };
}

function markOf(node: SchemaNode): CompletionRow["mark"] {
	if (node.kind === "leaf-list") return "+";
	if (node.kind === "list") return isPlainList(node) ? "+" : ">";
	return node.kind === "container" ? ">" : " ";
}

function isPlainList(node: BranchNode): boolean {
	return node.children.length === 0;
}

function failed(column: number, message: string, rows: readonly string[]): Completions {
	const problem = message === "" ? undefined : { column, message, rows };
	return { rows: [], partial: "", keyword: undefined, extended: "", mayEnd: false, isTruncated: false, problem };
}

const kinds: readonly CompletionRow["kind"][] = ["placeholder", "object", "word", "statement"];
const defaultLimit = 1_000;
