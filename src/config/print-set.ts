/** Prints a configuration as the commands that make it: `| display set`. */

import { branchWords } from "#config/path.ts";
import { inSchemaOrder } from "#config/print-text.ts";
import { type BranchNode, type Child, isBranchNode } from "#config/schema.ts";
import { foldComment } from "#config/set-lines.ts";
import type { Branch, Statement } from "#config/tree.ts";
import { formatWord, joinWords, quoteWord } from "#config/word.ts";

export interface PrintSetOptions {
	/** The words of the branch that is printed; they begin every line. */
	readonly path?: readonly string[];
	readonly hidesSecrets?: boolean;
}

/** The lines for what is below a branch, each with its line feed. */
export function printSetLines(node: BranchNode, branch: Branch, options: PrintSetOptions = {}): string {
	const lines: string[] = [];
	const before = options.path === undefined || options.path.length === 0 ? "" : `${joinWords(options.path)} `;
	printBranch(node, branch, before, lines, options);
	return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function printBranch(
	node: BranchNode,
	branch: Branch,
	before: string,
	lines: string[],
	options: PrintSetOptions,
): void {
	for (const { child, slot } of inSchemaOrder(node, branch)) {
		const statements: Iterable<Statement> = slot.kind === "entries" ? slot : [slot];
		for (const statement of statements) printStatement(node, child, statement, before, lines, options);
	}
}

function printStatement(
	parent: BranchNode,
	child: Child,
	statement: Statement,
	before: string,
	lines: string[],
	options: PrintSetOptions,
): void {
	const isUnnamed = child.node.unnamed === true;
	const value = (text: string): string => {
		if (isSecret(child)) return options.hidesSecrets === true ? "/* SECRET-DATA */" : quoteWord(text);
		const isMistakable = isUnnamed && (parent.byWord.has(text) || text.startsWith("apply-groups"));
		return isMistakable ? quoteWord(text) : formatWord(text);
	};
	let subject = isUnnamed ? "" : child.name;
	if (statement.kind === "branch") {
		const [first = "", ...rest] = branchWords(child, statement.keys);
		subject = [isUnnamed ? value(first) : first, ...rest.map(formatWord)].join(" ");
		const start = lines.length;
		if (isBranchNode(child.node)) printBranch(child.node, statement, `${before}${subject} `, lines, options);
		if (statement.hasPresence && lines.length === start) lines.push(`set ${before}${subject}`);
	} else {
		const values = statement.kind === "leaf-list" ? statement.values : [statement.value];
		for (const text of values)
			lines.push(
				`set ${before}${[subject, text === undefined ? "" : value(text)].filter((part) => part !== "").join(" ")}`,
			);
		if (isUnnamed) subject = value(values[0] ?? "");
	}
	printMarks(statement, `${before}${subject}`, lines);
}

/** Protection comes last: nothing below it could be set after it. */
function printMarks(statement: Statement, subject: string, lines: string[]): void {
	if (statement.isInactive) lines.push(`deactivate ${subject}`);
	if (statement.comment !== undefined) lines.push(`annotate ${subject} ${quoteWord(foldComment(statement.comment))}`);
	if (statement.isProtected) lines.push(`protect ${subject}`);
}

function isSecret({ node }: Child): boolean {
	return "type" in node && node.type.secrecy !== undefined;
}
