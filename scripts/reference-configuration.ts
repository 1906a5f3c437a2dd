/** The reference of the configuration, made from its schema. */
import {
	type BranchNode,
	type Child,
	type ContainerNode,
	helpLine,
	isBranchNode,
	type LeafListNode,
	type LeafNode,
	type ListNode,
	type SchemaNode,
} from "#config/schema.ts";
import { markdownTable } from "./markdown.ts";

/** The tree at a glance, then a section for each branch with a row for each statement in it. */
export function configurationPage(root: ContainerNode): string {
	return [
		"# Configuration",
		"",
		"One file in Junos curly-brace text. Made from the schema that parses and checks it (each folder's `schema.ts`), so",
		"what stands here is what is accepted.",
		"",
		"```",
		...root.children.flatMap((child) => outline(child, "")),
		"```",
		"",
		...root.children.flatMap((child) => sections(child, [])),
	].join("\n");
}

function outline(child: Child, indent: string): string[] {
	const { name, node } = child;
	if (!isBranchNode(node)) return [`${indent}${[name, placeholderOf(node)].filter(Boolean).join(" ")};`];
	const head = `${indent}${[node.unnamed === true ? "" : name, keysOf(node)].filter(Boolean).join(" ")}`;
	if (node.kind === "list" && node.holdsGroups === true) return [`${head} { ... }`];
	const inside = node.children.filter((one) => one.node.hidden !== true);
	if (inside.length === 0) return [`${head};`];
	return [`${head} {`, ...inside.flatMap((one) => outline(one, `${indent}    `)), `${indent}}`];
}

function sections(child: Child, path: readonly string[]): string[] {
	const { name, node } = child;
	if (!isBranchNode(node)) return [];
	const here = [...path, [name, keysOf(node)].filter(Boolean).join(" ")];
	if (node.kind === "list" && node.holdsGroups === true) return [`## ${heading(here)}`, "", ...branchNotes(node), ""];
	const shown = node.children.filter((one) => one.node.hidden !== true);
	const own = shown.map((one) => [`\`${one.name}\``, valueCell(one.node), defaultCell(one.node), textCell(one.node)]);
	const leadsOnlyOn = node.kind === "container" && shown.every((one) => isBranchNode(one.node));
	const table = own.length === 0 ? "" : markdownTable(["Statement", "Value", "Default", "What it does"], own);
	return [
		...(leadsOnlyOn ? [] : [`## ${heading(here)}`, "", ...branchNotes(node), "", table]),
		...shown.flatMap((one) => sections(one, here)),
	];
}

/** Angle brackets of a placeholder would be read as a tag. */
function heading(path: readonly string[]): string {
	return path.join(" ").replaceAll("<", "&lt;");
}

function branchNotes(node: BranchNode): string[] {
	const notes = [textCell(node)];
	if (node.kind === "list") {
		notes.push(`Any number of entries${node.maxEntries === undefined ? "" : `, at most ${node.maxEntries}`}.`);
		if (node.order === "user") notes.push("The order is kept and counts.");
		for (const key of node.keys) notes.push(`\`${key.name}\`: ${key.type.describes}.`);
	}
	for (const group of node.alternatives) {
		const names = group.of.map((name) => `\`${name}\``).join(", ");
		notes.push(`${group.mandatory === true ? "Exactly" : "At most"} one of ${names}.`);
	}
	return [notes.join(" ")];
}

function keysOf(node: BranchNode): string {
	if (node.kind !== "list") return "";
	return (node as ListNode).keys.map((key) => [key.keyword, `<${key.name}>`].filter(Boolean).join(" ")).join(" ");
}

function placeholderOf(node: SchemaNode): string {
	if (node.kind === "leaf") return node.type.placeholder;
	return node.kind === "leaf-list" ? `[ ${node.type.placeholder} ... ]` : "";
}

function valueCell(node: SchemaNode): string {
	if (node.kind === "flag") return "(none)";
	if (isBranchNode(node)) return "{ ... }";
	const references = node.type.references ?? [];
	const words = Object.entries(node.type.words ?? {}).map(([word, help]) => `\`${word}\`: ${help}`);
	const what = words.length > 0 ? words.join("; ") : node.type.describes;
	const named = references.length === 0 ? "" : `; the name of an entry of ${references.map(code).join(" or ")}`;
	return node.kind === "leaf-list" ? `list of: ${what}${named}` : `${what}${named}`;
}

function defaultCell(node: SchemaNode): string {
	if (node.kind === "leaf") return leafDefault(node);
	if (node.kind === "leaf-list" && node.default !== undefined) {
		return node.default.map((value) => code(node.type.format(value))).join(" ");
	}
	return "mandatory" in node && node.mandatory === true ? "(mandatory)" : "";
}

function leafDefault(node: LeafNode | LeafListNode): string {
	if (node.mandatory === true) return "(mandatory)";
	return node.default === undefined ? "" : code(node.type.format(node.default));
}

function textCell(node: SchemaNode): string {
	const { help } = node;
	const parts = [sentence(helpLine(help))];
	if (typeof help !== "string") {
		if (help.grows !== undefined) parts.push(`Grows with it: ${sentence(help.grows)}`);
		if (help.loosened !== undefined) parts.push(`**If loosened:** ${sentence(help.loosened)}`);
		if (help.source !== undefined) parts.push(`Source: ${sentence(help.source)}`);
	}
	if (node.aliases !== undefined) parts.push(`Also written ${node.aliases.map(code).join(", ")}.`);
	if (node.deprecated !== undefined) parts.push(`Deprecated: ${sentence(node.deprecated)}`);
	if (node.engine === "not-yet") parts.push("Accepted; nothing acts on it yet.");
	if (node.commitWarning !== undefined) parts.push(`Warns at commit: ${sentence(node.commitWarning)}`);
	if (node.permission !== undefined) parts.push(`Permission: ${code(node.permission)}.`);
	return parts.join(" ");
}

function sentence(text: string): string {
	return /[.!?]$/.test(text) ? text : `${text}.`;
}

function code(text: string): string {
	return `\`${text}\``;
}
