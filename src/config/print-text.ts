/** Prints the configuration in curly braces, the way Junos prints it: one form for one tree. */
import { branchWords } from "#config/path.ts";
import { type BranchNode, type Child, findByName, isBranchNode, type SchemaNode } from "#config/schema.ts";
import type { Branch, LeafList, Slot, Statement } from "#config/tree.ts";
import { formatWord, joinWords, quoteWord } from "#config/word.ts";

export interface PrintOptions {
	/** How deep the first line is indented, in steps of four blanks. */
	readonly depth?: number;
	/** Secrets are replaced by a remark, for those who may not see even their encoded form. */
	readonly hidesSecrets?: boolean;
	/** A remark that is printed before a statement: for `| display inheritance`, from which group it came. */
	readonly remarkOf?: (statement: Statement, name: string) => string | undefined;
}

/**
 * The text of what is below a branch; empty for an empty branch. Entries of lists remember theirs: after a one-line edit
 * only what is on its path is printed again.
 */
export function printText(node: BranchNode, branch: Branch, options: PrintOptions = {}): string {
	const printer = new Printer(options, options.hidesSecrets !== true && options.remarkOf === undefined);
	printer.body(node, branch, options.depth ?? 0);
	return printer.text();
}

/** The lines of one statement with the words that stand before it. */
export function statementLines(
	parent: BranchNode,
	child: Child,
	statement: Statement,
	before: string,
	options: PrintOptions = {},
): readonly string[] {
	const printer = new Printer(options);
	printer.statement(parent, child, statement, before, 0);
	return printer.lines;
}

/** A child of a branch with what stands under its name. */
export interface Present {
	readonly child: Child;
	readonly slot: Slot;
}

/** The statements of a branch in the order of the schema. */
export function inSchemaOrder(node: BranchNode, branch: Branch): Present[] {
	const present: Present[] = [];
	for (const [name, slot] of branch.children) {
		const child = findByName(node, name);
		if (child !== undefined) present.push({ child, slot });
	}
	return present.length < 2 ? present : present.sort((a, b) => a.child.index - b.child.index);
}

class Printer {
	readonly lines: string[] = [];
	readonly #options: PrintOptions;
	/** Texts of entries are kept, and taken from what was kept: one piece of `lines` may then be several lines. */
	readonly #remembers: boolean;

	constructor(options: PrintOptions, remembers = false) {
		this.#options = options;
		this.#remembers = remembers;
	}

	get #hides(): boolean {
		return this.#options.hidesSecrets === true;
	}

	text(): string {
		return this.lines.length === 0 ? "" : `${this.lines.join("\n")}\n`;
	}

	body(node: BranchNode, branch: Branch, depth: number, before = ""): void {
		for (const { child, slot } of inSchemaOrder(node, branch)) {
			if (slot.kind !== "entries") this.statement(node, child, slot, before, depth);
			else for (const entry of slot) this.#entry(node, child, entry, before, depth);
		}
	}

	#entry(parent: BranchNode, child: Child, entry: Branch, before: string, depth: number): void {
		if (!this.#remembers) return this.statement(parent, child, entry, before, depth);
		const known = memory.get(entry);
		if (known?.child === child && known.before === before && known.depth === depth) {
			this.lines.push(known.text);
			return;
		}
		const from = this.lines.length;
		this.statement(parent, child, entry, before, depth);
		const text = this.lines.splice(from).join("\n");
		this.lines.push(text);
		memory.set(entry, { child, before, depth, text });
	}

	statement(parent: BranchNode, child: Child, statement: Statement, before: string, depth: number): void {
		const { node } = child;
		if (isSplit(node, statement)) {
			this.body(node as BranchNode, statement as Branch, depth, `${before}${child.name} `);
			return;
		}
		const indent = "    ".repeat(depth);
		if (statement.comment !== undefined)
			this.lines.push(`${indent}/* ${statement.comment.replaceAll("\n", `\n${indent} * `)} */`);
		this.#remarks(child, statement, indent);
		const marks = `${statement.isProtected ? "protect: " : ""}${statement.isInactive ? "inactive: " : ""}`;
		const head = `${indent}${marks}${before}${headOf(parent, child, statement, this.#hides)}`;
		if (statement.kind !== "branch" || !isBranchNode(node)) {
			this.lines.push(`${head};${this.#remark(child)}`);
			return;
		}
		const tail = inlineText(node, statement, this.#hides);
		if (tail !== undefined) {
			for (const { child: inner, slot } of inSchemaOrder(node, statement))
				for (const below of slot.kind === "entries" ? slot : [slot]) this.#remarks(inner, below, indent);
			this.lines.push(`${head}${tail.text};${tail.secret === undefined ? "" : this.#remark(tail.secret)}`);
			return;
		}
		this.lines.push(`${head} {`);
		this.body(node, statement, depth + 1);
		this.lines.push(`${indent}}`);
	}

	#remarks(child: Child, statement: Statement, indent: string): void {
		const remark = this.#options.remarkOf?.(statement, child.name);
		if (remark !== undefined) this.lines.push(`${indent}##`, `${indent}## ${remark}`, `${indent}##`);
	}

	#remark(child: Child): string {
		const { node } = child;
		return isSecret(node) && !this.#hides ? " ## SECRET-DATA" : "";
	}
}

/** The words of a statement itself, without those before it and without what is below. */
export function headOf(parent: BranchNode, child: Child, statement: Statement, hides: boolean): string {
	if (statement.kind === "branch") return headOfBranch(parent, child, statement.keys);
	const name = child.node.unnamed === true ? [] : [child.name];
	if (statement.kind === "leaf" && statement.value === undefined) return child.name;
	if (hides && isSecret(child.node)) return [...name, hiddenSecret].join(" ");
	if (statement.kind === "leaf-list") return [...name, listText(statement)].join(" ");
	return [...name, valueText(parent, child, statement.value ?? "")].join(" ");
}

function headOfBranch(parent: BranchNode, child: Child, keys: readonly string[]): string {
	const words = branchWords(child, keys);
	const [first = "", ...rest] = words;
	if (child.node.unnamed !== true) return joinWords(words);
	return [valueText(parent, child, first), ...rest.map(formatWord)].join(" ");
}

/** An unnamed value that reads like the name of a statement is quoted: quoted words are values first. */
function valueText(parent: BranchNode, child: Child, value: string): string {
	const isMistakable = child.node.unnamed === true && (parent.byWord.has(value) || value.startsWith("apply-groups"));
	return isSecret(child.node) || isMistakable ? quoteWord(value) : formatWord(value);
}

function listText({ values }: LeafList): string {
	return values.length === 1 ? formatWord(values[0] as string) : `[ ${joinWords(values)} ]`;
}

/** A container of layout `prefix` without marks of its own is printed as several statements. */
export function isSplit(node: SchemaNode, statement: Statement): boolean {
	if (node.kind !== "container" || node.layout !== "prefix" || statement.kind !== "branch") return false;
	return statement.children.size > 0 && !isMarked(statement);
}

interface Inline {
	readonly text: string;
	/** The secret leaf on the line. */
	readonly secret: Child | undefined;
}

/** What follows a branch's head when the whole branch fits on its line; undefined when it needs braces. */
function inlineText(node: BranchNode, branch: Branch, hides: boolean): Inline | undefined {
	if (branch.children.size === 0) return { text: "", secret: undefined };
	if (node.layout !== "line" && node.layout !== "line-if-single") return undefined;
	if (node.layout === "line-if-single" && branch.children.size > 1) return undefined;
	let text = "";
	let secret: Child | undefined;
	const present = inSchemaOrder(node, branch);
	for (const [index, { child, slot }] of present.entries()) {
		const isLast = index === present.length - 1;
		const statement = slot.kind === "entries" ? onlyEntry(slot) : slot;
		if (statement === undefined || isMarked(statement)) return undefined;
		const mayGoOn =
			statement.kind !== "branch" &&
			!(statement.kind === "leaf" && child.node.kind === "leaf" && statement.value === undefined);
		if (!isLast && !mayGoOn) return undefined;
		text += ` ${headOf(node, child, statement, hides)}`;
		if (isSecret(child.node)) secret = child;
		if (statement.kind !== "branch" || !isBranchNode(child.node)) continue;
		const below = inlineText(child.node, statement, hides);
		if (below === undefined) return undefined;
		text += below.text;
		secret ??= below.secret;
	}
	return { text, secret };
}

function onlyEntry(entries: Extract<Slot, { kind: "entries" }>): Branch | undefined {
	if (entries.size !== 1) return undefined;
	const [entry] = entries;
	return entry;
}

function isMarked(statement: Statement): boolean {
	return statement.isInactive || statement.isProtected || statement.comment !== undefined;
}

function isSecret(node: SchemaNode): boolean {
	return "type" in node && node.type.secrecy !== undefined;
}

/** How an entry was printed last. A child has one parent, so that its words say the same each time. */
const memory = new WeakMap<Branch, { child: Child; before: string; depth: number; text: string }>();

/** What stands in place of a secret for those who may not see it. */
const hiddenSecret = "/* SECRET-DATA */";
