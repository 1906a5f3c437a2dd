/**
 * The configuration as JSON, in the form of Junos: `| display json`, `load ... json`, the API.
 *
 * Shape: a container is an object; a list an array of objects with the keys as members; a leaf its value (integers as
 *        numbers); a flag `[null]`; a leaf list an array. Marks of a branch stand in its member `"@"`, those of a leaf
 *        `x` in `"@x"` beside it: `{ "inactive": true, "protect": true, "comment": "..." }`, the comment with its marks.
 */

import { inSchemaOrder } from "#config/print-text.ts";
import { type BranchNode, type Child, isBranchNode, type ListNode } from "#config/schema.ts";
import type { Branch, Marks, Statement } from "#config/tree.ts";

export interface PrintJsonOptions {
	readonly hidesSecrets?: boolean;
}

/** The JSON value of what is below a branch. */
export function jsonOf(node: BranchNode, branch: Branch, options: PrintJsonOptions = {}): JsonObject {
	return objectOf(node, branch, options);
}

/** The text of a whole configuration: `{ "configuration": { ... } }`. */
export function printJson(node: BranchNode, branch: Branch, options: PrintJsonOptions = {}): string {
	return `${JSON.stringify({ configuration: jsonOf(node, branch, options) }, undefined, 4)}\n`;
}

export type JsonValue = string | number | boolean | null | JsonObject | readonly JsonValue[];
export interface JsonObject {
	readonly [name: string]: JsonValue;
}

function objectOf(node: BranchNode, branch: Branch, options: PrintJsonOptions): JsonObject {
	const members: Record<string, JsonValue> = {};
	const marks = marksOf(branch);
	if (marks !== undefined) members["@"] = marks;
	if (node.kind === "list") addKeys(node, branch, members);
	for (const { child, slot } of inSchemaOrder(node, branch)) {
		if (slot.kind === "entries") {
			const entries: JsonObject[] = [];
			if (isBranchNode(child.node)) for (const entry of slot) entries.push(objectOf(child.node, entry, options));
			members[child.name] = entries;
		} else addStatement(child, slot, members, options);
	}
	return members;
}

function addStatement(
	child: Child,
	statement: Statement,
	members: Record<string, JsonValue>,
	options: PrintJsonOptions,
): void {
	const { node, name } = child;
	if (statement.kind === "branch") {
		if (isBranchNode(node)) members[name] = objectOf(node, statement, options);
		return;
	}
	const marks = marksOf(statement);
	if (marks !== undefined) members[`@${name}`] = marks;
	if (statement.kind === "leaf-list") members[name] = statement.values.map((value) => jsonValue(child, value, options));
	else members[name] = statement.value === undefined ? [null] : jsonValue(child, statement.value, options);
}

function addKeys(node: ListNode, branch: Branch, members: Record<string, JsonValue>): void {
	for (const [index, key] of node.keys.entries()) members[key.name] = branch.keys[index] ?? "";
}

function jsonValue({ node }: Child, text: string, options: PrintJsonOptions): JsonValue {
	if (!("type" in node)) return text;
	if (node.type.secrecy !== undefined && options.hidesSecrets === true) return "/* SECRET-DATA */";
	return node.type.name === "integer" && String(Number(text)) === text ? Number(text) : text;
}

function marksOf({ isInactive, isProtected, comment }: Marks): JsonObject | undefined {
	if (!isInactive && !isProtected && comment === undefined) return undefined;
	return {
		...(isInactive ? { inactive: true } : {}),
		...(isProtected ? { protect: true } : {}),
		...(comment === undefined ? {} : { comment: `/* ${comment} */` }),
	};
}
