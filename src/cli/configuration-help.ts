/** `help apropos`, `help topic` and `help reference`: the texts of the schema. */
import type { LeafType } from "#config/leaf-types.ts";
import { branchWords } from "#config/path.ts";
import {
	type BranchNode,
	type Child,
	type ContainerNode,
	findByWord,
	helpLine,
	isBranchNode,
	type SchemaNode,
} from "#config/schema.ts";

/** What `help apropos` says; `commands` are what was found beside statements. */
export function aproposText(root: ContainerNode, text: string, commands = ""): string {
	return commands + aproposStatements(root, text) || `Nothing has '${text}' in its name or help\n`;
}

/** The statements whose name or help has the text, as commands, each with its help; empty when there are none. */
function aproposStatements(root: ContainerNode, text: string): string {
	const wanted = text.toLowerCase();
	const lines: string[] = [];
	let isCut = false;
	const look = (node: BranchNode, path: string): void => {
		for (const child of node.children) {
			if (child.node.hidden === true) continue;
			if (lines.length >= maxFound * 2) {
				isCut = true;
				return;
			}
			const words = [path, ...wordsOf(child)].filter((word) => word !== "").join(" ");
			const help = helpLine(child.node.help);
			if (child.name.includes(wanted) || help.toLowerCase().includes(wanted)) {
				lines.push(`set ${words}${placeholderOf(child.node)}`, `    ${help}`);
			}
			const holdsGroups = child.node.kind === "list" && child.node.holdsGroups === true;
			if (isBranchNode(child.node) && !holdsGroups) look(child.node, words);
		}
	};
	look(root, "");
	if (lines.length === 0) return "";
	return `${lines.join("\n")}\n${isCut ? `... only the first ${maxFound} are shown\n` : ""}`;
}

/**
 * What a statement does (`topic`), or everything that is known of it (`reference`); undefined when the words name none.
 * Names of objects may be left out.
 */
export function statementHelp(
	root: ContainerNode,
	words: readonly string[],
	form: "topic" | "reference",
): string | undefined {
	const child = findStatement(root, words);
	if (child === undefined) return undefined;
	const { help } = child.node;
	const lines = [words.join(" "), "", `    ${sentence(helpLine(help))}`];
	if (typeof help !== "string") {
		if (help.grows !== undefined) lines.push(`    Grows with it: ${sentence(help.grows)}`);
		if (help.loosened !== undefined) lines.push(`    If loosened: ${sentence(help.loosened)}`);
		if (help.source !== undefined) lines.push(`    Source: ${sentence(help.source)}`);
	}
	if (form === "reference") lines.push(...referenceLines(child));
	return `${lines.join("\n")}\n`;
}

function findStatement(root: ContainerNode, words: readonly string[]): Child | undefined {
	let node: BranchNode = root;
	let found: Child | undefined;
	for (const word of words) {
		const child = findByWord(node, word) ?? abbreviated(node, word);
		if (child === undefined) {
			// The name of an object, or an object of a list that stands without its name.
			const unnamed: Child | undefined = node.unnamedChildren.find((one) => isBranchNode(one.node));
			if (unnamed !== undefined && isBranchNode(unnamed.node)) {
				found = unnamed;
				node = unnamed.node;
			} else if (found === undefined || found.node.kind === "container") return undefined;
			continue;
		}
		found = child;
		if (isBranchNode(child.node)) node = child.node;
	}
	return found;
}

function abbreviated(node: BranchNode, word: string): Child | undefined {
	const fitting = node.children.filter((child) => child.node.unnamed !== true && child.name.startsWith(word));
	return fitting.length === 1 ? fitting[0] : undefined;
}

function referenceLines({ node, name }: Child): string[] {
	const lines = ["", `    Syntax: ${name}${placeholderOf(node)}`];
	if ("type" in node) {
		lines.push(`    Value: ${node.type.describes}`, ...wordLines(node.type));
		if (node.type.references !== undefined) lines.push(`    Names an entry of: ${node.type.references.join(", ")}`);
	}
	if ("default" in node && node.default !== undefined) lines.push(`    Default: ${defaultText(node)}`);
	if ("mandatory" in node && node.mandatory === true) lines.push("    Mandatory: yes");
	if (node.kind === "leaf-list" && node.maxValues !== undefined) lines.push(`    Values: at most ${node.maxValues}`);
	if (node.kind === "list" && node.order === "user") lines.push("    Order: as entered; insert moves entries");
	if (node.aliases !== undefined) lines.push(`    Also written: ${node.aliases.join(", ")}`);
	if (node.deprecated !== undefined) lines.push(`    Deprecated: ${sentence(node.deprecated)}`);
	if (node.permission !== undefined)
		lines.push(`    Permission: ${node.permission}, to change it ${node.permission}-control`);
	if (isBranchNode(node)) {
		lines.push("    Statements:");
		for (const child of node.children)
			if (child.node.hidden !== true) lines.push(`      ${child.name.padEnd(28)} ${helpLine(child.node.help)}`);
	}
	return lines;
}

function wordLines(type: LeafType<unknown>): string[] {
	return Object.entries(type.words ?? {}).map(([word, help]) => `      ${word.padEnd(28)} ${help}`);
}

function defaultText(node: SchemaNode): string {
	if (node.kind === "leaf") return node.type.format(node.default);
	return node.kind === "leaf-list" ? (node.default ?? []).map((value) => node.type.format(value)).join(" ") : "";
}

function wordsOf(child: Child): string[] {
	const keys = child.node.kind === "list" ? child.node.keys.map(({ type }) => type.placeholder) : [];
	return branchWords(child, keys);
}

function placeholderOf(node: SchemaNode): string {
	return "type" in node ? ` ${node.type.placeholder}` : "";
}

function sentence(text: string): string {
	return /[.!?]$/.test(text) ? text : `${text}.`;
}

const maxFound = 200;
