/**
 * Finds out what a row of words means: which branches it goes down, which leaves it sets. Text, `set` lines, edit paths
 * and completion all resolve their words here.
 */
import { nearestName } from "#config/advice.ts";
import { canonicalText, keyword, type LeafType, type Parsed, shown } from "#config/leaf-types.ts";
import {
	type BranchNode,
	type Child,
	findByWord,
	type LeafListNode,
	type LeafNode,
	type ListNode,
} from "#config/schema.ts";
import { encodeSecret, isEncodedSecret, type SaltSource } from "#config/secret-codec.ts";
import type { Step } from "#config/tree.ts";

/** One word, or the words between brackets. Columns count from 1. */
export interface Item {
	readonly text: string;
	readonly isQuoted: boolean;
	/** The words between brackets; undefined for a plain word. */
	readonly words: readonly Item[] | undefined;
	readonly line: number;
	readonly column: number;
}

/** A leaf, flag or leaf list to be set. */
export interface Assignment {
	readonly path: readonly Step[];
	/** The node of the branch at `path`. */
	readonly parent: BranchNode;
	readonly child: Child;
	/** Undefined for a flag or a leaf without its optional value. */
	readonly values: readonly string[] | undefined;
}

/** A branch on the way. */
export interface Passed {
	readonly step: Step;
	readonly child: Child;
	readonly node: BranchNode;
}

export interface Resolved {
	readonly ok: true;
	/** The branches gone down, to the deepest. */
	readonly passed: readonly Passed[];
	readonly assignments: readonly Assignment[];
	/** Siblings of the deepest branch that were named together with it: `interfaces [ a b ]`. */
	readonly siblings: readonly Step[];
	/** True when the last word ended a leaf, so that no block may follow. */
	readonly endsInLeaf: boolean;
}

/** Why the words mean nothing: `item` is the index of the offending one (or one past the last). */
export interface Unresolved {
	readonly ok: false;
	readonly kind: "unknown" | "missing" | "invalid" | "ambiguous";
	readonly item: number;
	readonly message: string;
	/** What could stand there. */
	readonly expected: readonly string[];
	readonly advice?: string;
	/** The branches gone down before. */
	readonly passed: readonly Passed[];
	/** What was set before. */
	readonly assignments: readonly Assignment[];
	/** The value that is missing, when that is the problem. */
	readonly awaits?: Awaited;
}

/** A value that could come next: of a leaf or leaf list, a key of a list (then with the keys before it), a key's word. */
export interface Awaited {
	readonly child: Child;
	readonly type: LeafType<unknown>;
	readonly keys?: readonly string[];
}

export interface ResolveOptions {
	/** Where salt comes from when a secret typed in clear is encoded. */
	readonly salt: SaltSource;
	/** Unique beginnings of statement names are accepted. */
	readonly mayAbbreviate?: boolean;
	/** The words stand below `groups`: keys may be wildcards such as `<*>`. */
	readonly inGroups?: boolean;
	/** The last leaf may stand without its value (to delete or show it). */
	readonly valueIsOptional?: boolean;
}

/** Resolves words below a branch. */
export function resolveWords(
	start: BranchNode,
	items: readonly Item[],
	options: ResolveOptions,
): Resolved | Unresolved {
	return new Resolver(start, items, options).run();
}

/** The text to be stored for a typed value: canonical, secrets in `$9$` form. `result` is the value, when it was parsed. */
export function storedText(type: LeafType<unknown>, typed: string, salt: SaltSource, result?: Parsed<unknown>): string {
	if (type.secrecy === "reversible" && !isEncodedSecret(typed)) return encodeSecret(typed, salt);
	return canonicalText(type, typed, result);
}

/** A word given by a program. */
export function itemOf(text: string): Item {
	return { text, isQuoted: false, words: undefined, line: 1, column: 1 };
}

/** The step into a branch. */
export function stepInto(child: Child, keys: readonly string[] = []): Step {
	const { node, name } = child;
	if (node.kind === "list") return { name, keys, holds: node.order };
	return { name, keys: [], holds: node.kind === "container" && node.presence === true ? "presence" : "container" };
}

/** True for `<*>` and the like: the wildcards of groups. */
export function isWildcard(word: string): boolean {
	return word.length > 2 && word.startsWith("<") && word.endsWith(">");
}

/** The words that may follow a branch, for messages. */
export function expectedWords(node: BranchNode): string[] {
	const unnamed = node.unnamedChildren.flatMap(({ node: child }) =>
		child.kind === "list" ? [child.keys[0]?.type.placeholder ?? ""] : "type" in child ? [child.type.placeholder] : [],
	);
	const named = node.children.filter((child) => child.node.unnamed !== true && child.node.hidden !== true);
	return [...named.map((child) => child.name), ...unnamed];
}

class Resolver {
	readonly #items: readonly Item[];
	readonly #options: ResolveOptions;
	readonly #start: BranchNode;
	readonly #passed: Passed[] = [];
	readonly #assignments: Assignment[] = [];
	#siblings: Step[] = [];
	#parsed: { readonly type: LeafType<unknown>; readonly text: string; readonly result: Parsed<unknown> } | undefined;
	#inGroups: boolean;
	#endsInLeaf = false;
	#at = 0;

	constructor(start: BranchNode, items: readonly Item[], options: ResolveOptions) {
		this.#start = start;
		this.#items = items;
		this.#options = options;
		this.#inGroups = options.inGroups ?? false;
	}

	run(): Resolved | Unresolved {
		while (this.#at < this.#items.length) {
			const problem = this.#statement();
			if (problem !== undefined) return problem;
		}
		return {
			ok: true,
			passed: this.#passed,
			assignments: this.#assignments,
			siblings: this.#siblings,
			endsInLeaf: this.#endsInLeaf,
		};
	}

	get #node(): BranchNode {
		return this.#passed.at(-1)?.node ?? this.#start;
	}

	#statement(): Unresolved | undefined {
		const item = this.#items[this.#at] as Item;
		if (this.#siblings.length > 0) return this.#unknown(item);
		const child = this.#childFor(item);
		if (child !== undefined && "ok" in child) return child;
		if (child === undefined) return this.#climbOrFail(item);
		if (child.node.unnamed !== true) this.#at++;
		const { node } = child;
		if (node.kind === "container") this.#descend(child, node, []);
		else if (node.kind === "list") return this.#listEntry(child, node);
		else if (node.kind === "flag") this.#assign(child, undefined);
		else return this.#value(child, node);
		return undefined;
	}

	/** A name, alias or abbreviation first; a quoted word is a value first. */
	#childFor(item: Item): Child | Unresolved | undefined {
		if (item.words === undefined && !item.isQuoted) {
			const named = findByWord(this.#node, item.text);
			if (named !== undefined) return named;
		}
		const unnamed = this.#node.unnamedChildren.find(
			(child) => !this.#isGiven(child) && this.#acceptsFirst(child, item),
		);
		if (unnamed !== undefined) return unnamed;
		if (item.words !== undefined) return undefined;
		return item.isQuoted ? findByWord(this.#node, item.text) : this.#abbreviated(item.text);
	}

	/** A value without a name stands once in a line: what follows it is something else. */
	#isGiven(child: Child): boolean {
		const depth = this.#passed.length;
		return (
			child.node.kind === "leaf" &&
			this.#assignments.some((one) => one.child === child && one.path.length === depth && one.parent === this.#node)
		);
	}

	#acceptsFirst(child: Child, item: Item): boolean {
		const { node } = child;
		const type = node.kind === "list" ? node.keys[0]?.type : "type" in node ? node.type : undefined;
		if (type === undefined) return false;
		const words = item.words ?? [item];
		return words.every(({ text }) => (this.#inGroups && isWildcard(text)) || this.#parse(type, text).ok);
	}

	#abbreviated(word: string): Child | Unresolved | undefined {
		if (this.#options.mayAbbreviate !== true) return undefined;
		const fitting = this.#node.children.filter(
			(child) => child.node.unnamed !== true && child.node.hidden !== true && child.name.startsWith(word),
		);
		if (fitting.length < 2) return fitting[0];
		return this.#ambiguous(
			word,
			fitting.map((child) => child.name),
		);
	}

	#ambiguous(word: string, expected: readonly string[]): Unresolved {
		const message = `'${shown(word)}' is ambiguous.`;
		return { ok: false, kind: "ambiguous", item: this.#at, message, expected, ...this.#soFar() };
	}

	/** After a leaf of a one-line branch the words may go on with what belongs to the branch around it. */
	#climbOrFail(item: Item): Unresolved | undefined {
		if (this.#endsInLeaf && this.#passed.length > 1 && this.#node.layout === "line") {
			const left = this.#passed.pop() as Passed;
			const problem = this.#statement();
			if (problem?.kind !== "unknown") return problem;
			this.#passed.push(left);
		}
		return this.#unknown(item);
	}

	#unknown(item: Item): Unresolved {
		const expected = expectedWords(this.#node);
		const base = { ok: false as const, item: this.#at, expected, ...this.#soFar() };
		const only = this.#node.unnamedChildren.length === 1 ? this.#node.unnamedChildren[0] : undefined;
		const near = nearestName(item.text, this.#node.byWord.keys());
		if (only !== undefined && near === undefined && this.#node.children.length === 1) {
			const type =
				only.node.kind === "list" ? only.node.keys[0]?.type : "type" in only.node ? only.node.type : undefined;
			const result = type?.parse((item.words?.[0] ?? item).text);
			if (result?.ok === false) return { ...base, kind: "invalid", message: result.message };
		}
		const message = item.words === undefined ? `syntax error: ${shown(item.text)}` : "syntax error: [";
		return { ...base, kind: "unknown", message, ...(near === undefined ? {} : { advice: `did you mean '${near}'?` }) };
	}

	#descend(child: Child, node: BranchNode, keys: readonly string[]): void {
		this.#passed.push({ step: stepInto(child, keys), child, node });
		if (node.kind === "list" && node.holdsGroups === true) this.#inGroups = true;
		this.#endsInLeaf = false;
	}

	#listEntry(child: Child, node: ListNode): Unresolved | undefined {
		const first = this.#items[this.#at];
		if (first?.words !== undefined) return this.#listEntries(child, node, first.words);
		const keys: string[] = [];
		for (const key of node.keys) {
			if (key.keyword !== undefined) {
				const word = this.#items[this.#at];
				if (word === undefined) return this.#missing(key.keyword, { child, type: keyword(key.keyword, "") });
				if (word.text !== key.keyword) return { ...this.#unknown(word), expected: [key.keyword] };
				this.#at++;
			}
			const item = this.#items[this.#at];
			if (item === undefined) return this.#missing(key.type.placeholder, { child, type: key.type, keys: [...keys] });
			const text = this.#read(key.type, item);
			if (typeof text !== "string") return text;
			keys.push(text);
			this.#at++;
		}
		this.#descend(child, node, keys);
		return undefined;
	}

	#listEntries(child: Child, node: ListNode, words: readonly Item[]): Unresolved | undefined {
		const [key, another] = node.keys;
		if (key === undefined || another !== undefined) return this.#unknown(this.#items[this.#at] as Item);
		const keys: string[] = [];
		for (const word of words) {
			const text = this.#read(key.type, word);
			if (typeof text !== "string") return text;
			keys.push(text);
		}
		this.#at++;
		const last = keys.pop();
		if (last === undefined) return this.#missing(key.type.placeholder, { child, type: key.type, keys: [] });
		this.#descend(child, node, [last]);
		this.#siblings = keys.map((text) => stepInto(child, [text]));
		return undefined;
	}

	#value(child: Child, node: LeafNode | LeafListNode): Unresolved | undefined {
		const item = this.#items[this.#at];
		const mayLack = (node.kind === "leaf" && node.bare !== undefined) || this.#options.valueIsOptional === true;
		if (item === undefined) {
			if (!mayLack) return this.#missing(node.type.placeholder, { child, type: node.type });
			this.#assign(child, undefined);
			return undefined;
		}
		if (node.kind === "leaf-list") return this.#listValues(child, node, item);
		const text = item.words === undefined ? this.#read(node.type, item) : this.#unknown(item);
		if (typeof text !== "string") {
			if (node.bare === undefined || findByWord(this.#node, item.text) === undefined) return text;
			this.#assign(child, undefined);
			return undefined;
		}
		this.#at++;
		this.#assign(child, [text]);
		return undefined;
	}

	#listValues(child: Child, node: LeafListNode, item: Item): Unresolved | undefined {
		const values: string[] = [];
		for (const word of item.words ?? [item]) {
			const text = this.#read(node.type, word);
			if (typeof text !== "string") return text;
			values.push(text);
		}
		if (values.length === 0) return this.#missing(node.type.placeholder, { child, type: node.type });
		this.#at++;
		this.#assign(child, values);
		return undefined;
	}

	#read(type: LeafType<unknown>, item: Item): string | Unresolved {
		if (item.words !== undefined) return this.#unknown(item);
		if (this.#inGroups && isWildcard(item.text)) return item.text;
		const result = this.#parse(type, item.text);
		if (result.ok) return storedText(type, item.text, this.#options.salt, result);
		const words = type.words === undefined ? [type.placeholder] : Object.keys(type.words);
		if (type.words !== undefined && this.#options.mayAbbreviate === true && !item.isQuoted) {
			const fitting = words.filter((word) => word.startsWith(item.text));
			if (fitting.length === 1) return fitting[0] as string;
			if (fitting.length > 1) return this.#ambiguous(item.text, fitting);
		}
		const near = type.words === undefined ? undefined : nearestName(item.text, words);
		return {
			ok: false,
			kind: "invalid",
			item: this.#at,
			message: result.message,
			expected: words,
			...this.#soFar(),
			...(near === undefined ? {} : { advice: `did you mean '${near}'?` }),
		};
	}

	/** A word that was looked at as what may stand here is then read as that. */
	#parse(type: LeafType<unknown>, text: string): Parsed<unknown> {
		if (this.#parsed?.type !== type || this.#parsed.text !== text)
			this.#parsed = { type, text, result: type.parse(text) };
		return this.#parsed.result;
	}

	#assign(child: Child, values: readonly string[] | undefined): void {
		const path = this.#passed.map((passed) => passed.step);
		this.#assignments.push({ path, parent: this.#node, child, values });
		this.#endsInLeaf = true;
	}

	#soFar(): Pick<Unresolved, "passed" | "assignments"> {
		return { passed: this.#passed, assignments: this.#assignments };
	}

	#missing(placeholder: string, awaits?: Awaited): Unresolved {
		return {
			ok: false,
			kind: "missing",
			item: this.#items.length,
			message: "missing argument.",
			expected: [placeholder],
			...this.#soFar(),
			...(awaits === undefined ? {} : { awaits }),
		};
	}
}
