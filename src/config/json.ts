/**
 * Reads configuration in JSON, the form that `print-json.ts` prints. Strings and numbers are both accepted as values.
 *
 * Bounds: at most `maxTextLength` characters, `maxTextErrors` errors; the depth is that of the schema.
 * Faults: content that cannot be read is told with its path, and its place in the text; the rest is read.
 */

import { nearestName } from "#config/advice.ts";
import { canonicalComment } from "#config/comment.ts";
import { error, type Finding } from "#config/finding.ts";
import { type JsonPlace, type JsonPointer, jsonError, jsonPlaces } from "#config/json-places.ts";
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
import { fixedSalt, maxTextErrors, maxTextLength, type TextError } from "#config/text.ts";
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
	readonly errors: readonly TextError[];
}

/** What a value that was parsed already holds: errors have their path alone. */
export interface ReadJson {
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
	} catch {
		const { line = 1, column = 1, message = "not JSON" } = jsonError(source) ?? {};
		return failed(`syntax error: ${message}`, line, column);
	}
	const wrapped = isObject(value) && Object.hasOwn(value, "configuration") ? value : undefined;
	const { tree, errors } = read(schema, wrapped === undefined ? value : wrapped.configuration, options);
	if (errors.length === 0) return { tree, errors: [] };
	const places = jsonPlaces(
		source,
		errors.map(({ at }) => (wrapped === undefined ? at : ["configuration", ...at])),
	);
	return { tree, errors: errors.map(({ finding }, index) => textErrorOf(finding, places[index] as JsonPlace)) };
}

/** Reads a JSON value, already parsed, as a branch of the schema. */
export function readJson(schema: BranchNode, value: unknown, options: ReadJsonOptions = {}): ReadJson {
	const { tree, errors } = read(schema, value, options);
	return { tree, errors: errors.map(({ finding }) => finding) };
}

function read(
	schema: BranchNode,
	value: unknown,
	options: ReadJsonOptions,
): { readonly tree: Branch; readonly errors: readonly JsonFault[] } {
	const reader = new JsonReader(options.salt ?? fixedSalt);
	const place = { node: schema, path: [], at: [], inGroups: options.inGroups ?? false };
	return { tree: reader.branch(place, value, emptyTree), errors: reader.errors };
}

interface Place {
	readonly node: BranchNode;
	readonly path: readonly string[];
	/** The way to its value. */
	readonly at: JsonPointer;
	readonly inGroups: boolean;
}

interface JsonFault {
	readonly finding: Finding;
	readonly at: JsonPointer;
}

class JsonReader {
	readonly errors: JsonFault[] = [];
	readonly #salt: SaltSource;

	constructor(salt: SaltSource) {
		this.#salt = salt;
	}

	branch(place: Place, value: unknown, start: Branch): Branch {
		if (isFlag(value)) return start;
		if (!isObject(value)) {
			this.#fail(place, undefined, "expected an object", []);
			return start;
		}
		let branch = this.#marked(start, value["@"]);
		for (const [name, member] of Object.entries(value)) {
			if (this.errors.length >= maxTextErrors) break;
			if (name.startsWith("@") || (place.node.kind === "list" && place.node.keys.some((key) => key.name === name)))
				continue;
			const child = findByName(place.node, name) ?? findByWord(place.node, name);
			if (child === undefined) this.#unknown(place, name);
			else branch = this.#member(place, branch, child, name, member, value[`@${name}`]);
		}
		return branch;
	}

	/** `name` is the member's, which may be an alias of the child's. */
	#member(place: Place, branch: Branch, child: Child, name: string, value: unknown, marks: unknown): Branch {
		const { node } = child;
		const at = [name];
		switch (node.kind) {
			case "container":
				return this.#container(place, branch, child, node, name, value);
			case "list":
				return this.#entries(place, branch, child, node, name, value);
			case "flag":
				if (value === false) return branch;
				if (isFlag(value) || value === true)
					return withSlot(branch, child.name, this.#marked(leafOf(undefined), marks));
				this.#fail(place, child.name, "expected [null]", at);
				return branch;
			case "leaf":
				return this.#leaf(place, branch, child, node, at, value, marks);
			case "leaf-list":
				return this.#leafList(place, branch, child, node, at, value, marks);
		}
	}

	#container(place: Place, branch: Branch, child: Child, node: BranchNode, name: string, value: unknown): Branch {
		const step = stepInto(child);
		const present = childBranch(branch, step) ?? branchOf(step);
		const path = [...place.path, ...branchWords(child, [])];
		const below = this.branch({ ...place, node, path, at: [...place.at, name] }, value, present);
		return isVacant(below) ? branch : withChildBranch(branch, step, below);
	}

	#entries(place: Place, branch: Branch, child: Child, node: ListNode, name: string, value: unknown): Branch {
		let result = branch;
		for (const [item, at] of elements(value, [name])) {
			if (this.errors.length >= maxTextErrors) break;
			const keys = isObject(item) ? this.#keys(place, child, node, at, item) : undefined;
			if (keys === undefined) {
				if (!isObject(item)) this.#fail(place, child.name, "expected an object", at);
				continue;
			}
			const step = stepInto(child, keys);
			const present = childBranch(result, step) ?? branchOf(step);
			const inner = {
				node,
				path: [...place.path, ...branchWords(child, keys)],
				at: [...place.at, ...at],
				inGroups: place.inGroups || node.holdsGroups === true,
			};
			result = withChildBranch(result, step, this.branch(inner, item, present));
		}
		return result;
	}

	#keys(
		place: Place,
		child: Child,
		node: ListNode,
		at: JsonPointer,
		item: Readonly<Record<string, unknown>>,
	): string[] | undefined {
		const keys: string[] = [];
		for (const key of node.keys) {
			const text = Object.hasOwn(item, key.name) ? textOf(item[key.name]) : undefined;
			if (text === undefined) {
				this.#fail(place, child.name, `missing key '${key.name}'`, at);
				return undefined;
			}
			const result = place.inGroups && isWildcard(text) ? undefined : key.type.parse(text);
			if (result?.ok === false) {
				this.#fail(place, child.name, result.message, [...at, key.name]);
				return undefined;
			}
			keys.push(result === undefined ? text : storedText(key.type, text, this.#salt));
		}
		return keys;
	}

	#leaf(
		place: Place,
		branch: Branch,
		child: Child,
		node: LeafNode,
		at: JsonPointer,
		value: unknown,
		marks: unknown,
	): Branch {
		const text = isFlag(value) && node.bare !== undefined ? undefined : this.#text(place, child, node, at, value);
		if (text === null) return branch;
		return withSlot(branch, child.name, this.#marked(leafOf(text), marks));
	}

	#leafList(
		place: Place,
		branch: Branch,
		child: Child,
		node: LeafListNode,
		at: JsonPointer,
		value: unknown,
		marks: unknown,
	): Branch {
		const values = new Set<string>();
		for (const [item, itemAt] of elements(value, at)) {
			if (this.errors.length >= maxTextErrors) break;
			const text = this.#text(place, child, node, itemAt, item);
			if (text !== null) values.add(text);
		}
		if (values.size > maxListValues) {
			this.#fail(place, child.name, `${values.size} values; at most ${maxListValues} are accepted`, at);
			return branch;
		}
		const list = Array.isArray(marks) ? marks[0] : marks;
		return values.size === 0 ? branch : withSlot(branch, child.name, this.#marked(leafListOf([...values]), list));
	}

	/** The stored text, or null after an error. */
	#text(place: Place, child: Child, node: LeafNode | LeafListNode, at: JsonPointer, value: unknown): string | null {
		const text = textOf(value);
		if (text === undefined) {
			this.#fail(place, child.name, "expected a string or a number", at);
			return null;
		}
		if (place.inGroups && isWildcard(text)) return text;
		const result = node.type.parse(text);
		if (result.ok) return storedText(node.type, text, this.#salt);
		this.#fail(place, child.name, result.message, at);
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
		const advice = near === undefined ? "" : `; did you mean '${near}'?`;
		this.#fail(place, shown(name), `syntax error${advice}`, [name]);
	}

	/** `at` is the way from the place to the value. */
	#fail(place: Place, statement: string | undefined, message: string, at: JsonPointer): void {
		if (this.errors.length >= maxTextErrors) return;
		this.errors.push({ finding: error(place.path, statement, message), at: [...place.at, ...at] });
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

/** The elements of an array, or the value that stands in its place, each with the way to it. */
function* elements(value: unknown, at: JsonPointer): Generator<readonly [unknown, JsonPointer]> {
	if (!Array.isArray(value)) yield [value, at];
	else for (const [index, item] of value.entries()) yield [item, [...at, index]];
}

function textErrorOf({ path, statement, message }: Finding, place: JsonPlace): TextError {
	const text = statement === undefined ? message : `'${statement}': ${message}`;
	return { ...place, path, message: text, expected: [] };
}

function failed(message: string, line = 1, column = 1): ParsedJson {
	return { tree: emptyTree, errors: [{ line, column, path: [], message, expected: [] }] };
}
