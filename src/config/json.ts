/**
 * Reads configuration in JSON, the form that `print-json.ts` prints. Strings and numbers are both accepted as values.
 *
 * Bounds: at most `maxTextLength` characters, `maxTextErrors` errors; the depth is that of the schema.
 * Faults: content that cannot be read is told with its path, the rest is read.
 */

import { nearestName } from "#config/advice.ts";
import { canonicalComment } from "#config/comment.ts";
import { error, type Finding } from "#config/finding.ts";
import { shown } from "#config/leaf-types.ts";
import { branchWords } from "#config/path.ts";
import { isWildcard, stepInto, storedText } from "#config/resolve.ts";
import {
	type BranchNode,
	type Child,
	findByName,
	findByWord,
	type LeafListNode,
	type LeafNode,
	type ListNode,
} from "#config/schema.ts";
import type { SaltSource } from "#config/secret-codec.ts";
import { fixedSalt, maxTextErrors, maxTextLength } from "#config/text.ts";
import {
	type Branch,
	branchOf,
	childBranch,
	emptyTree,
	isVacant,
	leafListOf,
	leafOf,
	type Marks,
	maxListValues,
	withChildBranch,
	withMarks,
	withSlot,
} from "#config/tree.ts";

export interface ParsedJson {
	readonly tree: Branch;
	readonly errors: readonly Finding[];
}

export interface ReadJsonOptions {
	readonly salt?: SaltSource;
	/** The value stands below `groups`. */
	readonly inGroups?: boolean;
}

/** Reads the JSON text of a branch of the schema, with or without the outer `configuration`. */
export function parseJson(schema: BranchNode, source: string, options: ReadJsonOptions = {}): ParsedJson {
	if (source.length > maxTextLength)
		return failed(`configuration of ${source.length} characters; at most ${maxTextLength} are accepted`);
	let value: unknown;
	try {
		value = JSON.parse(source);
	} catch (cause) {
		return failed(`syntax error: ${shown(cause instanceof Error ? cause.message : String(cause))}`);
	}
	const outer = isObject(value) && Object.hasOwn(value, "configuration") ? value.configuration : value;
	return readJson(schema, outer, options);
}

/** Reads a JSON value, already parsed, as a branch of the schema. */
export function readJson(schema: BranchNode, value: unknown, options: ReadJsonOptions = {}): ParsedJson {
	const reader = new JsonReader(options.salt ?? fixedSalt);
	const tree = reader.branch({ node: schema, path: [], inGroups: options.inGroups ?? false }, value, emptyTree);
	return { tree, errors: reader.errors };
}

interface Place {
	readonly node: BranchNode;
	readonly path: readonly string[];
	readonly inGroups: boolean;
}

class JsonReader {
	readonly errors: Finding[] = [];
	readonly #salt: SaltSource;

	constructor(salt: SaltSource) {
		this.#salt = salt;
	}

	branch(place: Place, value: unknown, start: Branch): Branch {
		if (isFlag(value)) return start;
		if (!isObject(value)) {
			this.#fail(place, undefined, "expected an object");
			return start;
		}
		let branch = this.#marked(start, value["@"]);
		for (const [name, member] of Object.entries(value)) {
			if (this.errors.length >= maxTextErrors) break;
			if (name.startsWith("@") || (place.node.kind === "list" && place.node.keys.some((key) => key.name === name)))
				continue;
			const child = findByName(place.node, name) ?? findByWord(place.node, name);
			if (child === undefined) this.#unknown(place, name);
			else branch = this.#member(place, branch, child, member, value[`@${name}`]);
		}
		return branch;
	}

	#member(place: Place, branch: Branch, child: Child, value: unknown, marks: unknown): Branch {
		const { node } = child;
		switch (node.kind) {
			case "container":
				return this.#container(place, branch, child, node, value);
			case "list":
				return this.#entries(place, branch, child, node, value);
			case "flag":
				if (value === false) return branch;
				if (isFlag(value) || value === true)
					return withSlot(branch, child.name, this.#marked(leafOf(undefined), marks));
				this.#fail(place, child.name, "expected [null]");
				return branch;
			case "leaf":
				return this.#leaf(place, branch, child, node, value, marks);
			case "leaf-list":
				return this.#leafList(place, branch, child, node, value, marks);
		}
	}

	#container(place: Place, branch: Branch, child: Child, node: BranchNode, value: unknown): Branch {
		const step = stepInto(child);
		const present = childBranch(branch, step) ?? branchOf(step);
		const below = this.branch({ ...place, node, path: [...place.path, ...branchWords(child, [])] }, value, present);
		return isVacant(below) ? branch : withChildBranch(branch, step, below);
	}

	#entries(place: Place, branch: Branch, child: Child, node: ListNode, value: unknown): Branch {
		let result = branch;
		for (const item of Array.isArray(value) ? value : [value]) {
			if (this.errors.length >= maxTextErrors) break;
			const keys = isObject(item) ? this.#keys(place, child, node, item) : undefined;
			if (keys === undefined) {
				if (!isObject(item)) this.#fail(place, child.name, "expected an object");
				continue;
			}
			const step = stepInto(child, keys);
			const present = childBranch(result, step) ?? branchOf(step);
			const inner = {
				node,
				path: [...place.path, ...branchWords(child, keys)],
				inGroups: place.inGroups || node.holdsGroups === true,
			};
			result = withChildBranch(result, step, this.branch(inner, item, present));
		}
		return result;
	}

	#keys(place: Place, child: Child, node: ListNode, item: Readonly<Record<string, unknown>>): string[] | undefined {
		const keys: string[] = [];
		for (const key of node.keys) {
			const text = Object.hasOwn(item, key.name) ? textOf(item[key.name]) : undefined;
			if (text === undefined) {
				this.#fail(place, child.name, `missing key '${key.name}'`);
				return undefined;
			}
			const result = place.inGroups && isWildcard(text) ? undefined : key.type.parse(text);
			if (result?.ok === false) {
				this.#fail(place, child.name, result.message);
				return undefined;
			}
			keys.push(result === undefined ? text : storedText(key.type, text, this.#salt));
		}
		return keys;
	}

	#leaf(place: Place, branch: Branch, child: Child, node: LeafNode, value: unknown, marks: unknown): Branch {
		const text = isFlag(value) && node.bare !== undefined ? undefined : this.#text(place, child, node, value);
		if (text === null) return branch;
		return withSlot(branch, child.name, this.#marked(leafOf(text), marks));
	}

	#leafList(place: Place, branch: Branch, child: Child, node: LeafListNode, value: unknown, marks: unknown): Branch {
		const values = new Set<string>();
		for (const item of Array.isArray(value) ? value : [value]) {
			if (this.errors.length >= maxTextErrors) break;
			const text = this.#text(place, child, node, item);
			if (text !== null) values.add(text);
		}
		if (values.size > maxListValues) {
			this.#fail(place, child.name, `${values.size} values; at most ${maxListValues} are accepted`);
			return branch;
		}
		const list = Array.isArray(marks) ? marks[0] : marks;
		return values.size === 0 ? branch : withSlot(branch, child.name, this.#marked(leafListOf([...values]), list));
	}

	/** The stored text, or null after an error. */
	#text(place: Place, child: Child, node: LeafNode | LeafListNode, value: unknown): string | null {
		const text = textOf(value);
		if (text === undefined) {
			this.#fail(place, child.name, "expected a string or a number");
			return null;
		}
		if (place.inGroups && isWildcard(text)) return text;
		const result = node.type.parse(text);
		if (result.ok) return storedText(node.type, text, this.#salt);
		this.#fail(place, child.name, result.message);
		return null;
	}

	#marked<S extends Branch | ReturnType<typeof leafOf> | ReturnType<typeof leafListOf>>(
		statement: S,
		marks: unknown,
	): S {
		if (!isObject(marks)) return statement;
		const { inactive, protect, comment } = marks;
		const set: Partial<Marks> = {
			...(inactive === true || inactive === "inactive" ? { isInactive: true } : {}),
			...(protect === true || protect === "protect" ? { isProtected: true } : {}),
			...(typeof comment === "string"
				? { comment: canonicalComment(comment.replace(/^\/\*([\s\S]*)\*\/$/, "$1")) }
				: {}),
		};
		return Object.keys(set).length === 0 ? statement : withMarks(statement, set);
	}

	#unknown(place: Place, name: string): void {
		const near = nearestName(name, place.node.byName.keys());
		this.#fail(place, shown(name), near === undefined ? "syntax error" : `syntax error; did you mean '${near}'?`);
	}

	#fail(place: Place, statement: string | undefined, message: string): void {
		if (this.errors.length < maxTextErrors) this.errors.push(error(place.path, statement, message));
	}
}

function textOf(value: unknown): string | undefined {
	if (typeof value === "string") return value;
	return typeof value === "number" && Number.isFinite(value) ? String(value) : undefined;
}

function isFlag(value: unknown): boolean {
	return value === null || (Array.isArray(value) && value.length === 1 && value[0] === null);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function failed(message: string): ParsedJson {
	return { tree: emptyTree, errors: [error([], undefined, message)] };
}
