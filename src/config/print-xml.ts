/** Prints a configuration as XML: `| display xml`. */
import { inSchemaOrder } from "#config/print-text.ts";
import { type BranchNode, type Child, isBranchNode } from "#config/schema.ts";
import { type Branch, emptyTree, equalSlots, type Marks, type Slot, type Statement } from "#config/tree.ts";

export interface PrintXmlOptions {
	readonly hidesSecrets?: boolean;
	/** Statements that are not the same here, or hold such ones, bear the attribute `junos:changed`. */
	readonly before?: Branch;
}

/** The XML text of what is below a branch, in `<configuration>`. */
export function printXml(node: BranchNode, branch: Branch, options: PrintXmlOptions = {}): string {
	const { before } = options;
	const lines = [before === undefined ? "<configuration>" : `<configuration xmlns:junos="${junosNamespace}">`];
	printBranch(node, branch, 1, lines, options);
	lines.push("</configuration>");
	return `${lines.join("\n")}\n`;
}

function printBranch(node: BranchNode, branch: Branch, depth: number, lines: string[], options: PrintXmlOptions): void {
	for (const { child, slot } of inSchemaOrder(node, branch)) {
		const old = options.before?.children.get(child.name);
		if (slot.kind !== "entries") printStatement(child, slot, old, depth, lines, options);
		else {
			for (const entry of slot)
				printStatement(child, entry, old?.kind === "entries" ? old.get(entry.keys) : undefined, depth, lines, options);
		}
	}
}

function printStatement(
	child: Child,
	statement: Statement,
	old: Slot | undefined,
	depth: number,
	lines: string[],
	options: PrintXmlOptions,
): void {
	const indent = "    ".repeat(depth);
	const { name, node } = child;
	const isChanged = options.before !== undefined && !equalSlots(old, statement);
	const open = `${indent}<${name}${attributes(statement)}${isChanged ? ' junos:changed="changed"' : ""}`;
	if (statement.comment !== undefined) lines.push(`${indent}<comment>/* ${escapeXml(statement.comment)} */</comment>`);
	if (statement.kind !== "branch") {
		const values = statement.kind === "leaf-list" ? statement.values : [statement.value];
		for (const value of values) {
			if (value === undefined) lines.push(`${open}/>`);
			else lines.push(`${open}>${escapeXml(isHidden(child, options) ? "/* SECRET-DATA */" : value)}</${name}>`);
		}
		return;
	}
	if (!isBranchNode(node) || (statement.children.size === 0 && node.kind === "container")) {
		lines.push(`${open}/>`);
		return;
	}
	lines.push(`${open}>`);
	if (node.kind === "list") {
		for (const [index, key] of node.keys.entries())
			lines.push(`${indent}    <${key.name}>${escapeXml(statement.keys[index] ?? "")}</${key.name}>`);
	}
	const before = old?.kind === "branch" ? old : emptyTree;
	printBranch(node, statement, depth + 1, lines, options.before === undefined ? options : { ...options, before });
	lines.push(`${indent}</${name}>`);
}

function attributes({ isInactive, isProtected }: Marks): string {
	return `${isInactive ? ' inactive="inactive"' : ""}${isProtected ? ' protect="protect"' : ""}`;
}

function isHidden({ node }: Child, options: PrintXmlOptions): boolean {
	return options.hidesSecrets === true && "type" in node && node.type.secrecy !== undefined;
}

function escapeXml(text: string): string {
	return text.replace(/[&<>"]/g, (character) => escapes[character] ?? "");
}

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const junosNamespace = "http://xml.juniper.net/junos";
