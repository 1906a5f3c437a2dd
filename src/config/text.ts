/**
 * Reads configuration text in curly braces, as Junos prints it.
 *
 * Bounds: at most `maxTextLength` characters, `maxDepth` open braces, `maxWordLength` for a word, `maxTextErrors`
 *         errors (then reading stops). Time is linear in the text.
 * Faults: an error never stops the reading of what follows it: the statement is skipped to its `;` or `}`.
 */
import { assign, overfullList } from "#config/assign.ts";
import { canonicalComment, joinComments } from "#config/comment.ts";
import { banner } from "#config/finding.ts";
import { Lexer, type TokenKind } from "#config/lexer.ts";
import { passedWords } from "#config/path.ts";
import { type Item, type Resolved, type ResolveOptions, resolveWords, type Unresolved } from "#config/resolve.ts";
import type { BranchNode } from "#config/schema.ts";
import type { SaltSource } from "#config/secret-codec.ts";
import {
	type Branch,
	branchAt,
	branchOf,
	changeBranch,
	emptyTree,
	type Marks,
	maxListValues,
	type Slot,
	type Step,
	withChildBranch,
	withMarks,
	withSlot,
} from "#config/tree.ts";

/** One thing that cannot be read. Line and column count from 1. */
export interface TextError {
	readonly line: number;
	readonly column: number;
	/** The branches in which it stands, as words. */
	readonly path: readonly string[];
	readonly message: string;
	/** What could stand there. */
	readonly expected: readonly string[];
	readonly advice?: string;
}

/** A statement that was marked `replace:` or `delete:`. */
export interface TaggedPath {
	readonly tag: "replace" | "delete";
	/** The branch that holds the statement, or is it. */
	readonly path: readonly Step[];
	/** The leaf's name, when the statement is not a branch. */
	readonly leaf?: string;
}

export interface ParsedText {
	/** What could be read; complete when there are no errors. */
	readonly tree: Branch;
	readonly errors: readonly TextError[];
	readonly tags: readonly TaggedPath[];
}

export interface ParseOptions {
	/** Where salt comes from when a secret typed in clear is encoded; without it, it is fixed. */
	readonly salt?: SaltSource;
	/** The text stands below `groups`. */
	readonly inGroups?: boolean;
	readonly maxLength?: number;
}

/** Twice a configuration of 10,000 policies and 50,000 addresses. Reading it holds up whoever shares the process. */
export const maxTextLength = 16 * 1024 * 1024;
export const maxDepth = 64;
export const maxTextErrors = 100;

/** Reads the text of a branch of the schema (the root for a whole configuration). */
export function parseText(schema: BranchNode, source: string, options: ParseOptions = {}): ParsedText {
	const limit = options.maxLength ?? maxTextLength;
	if (source.length > limit) {
		const message = `configuration text of ${source.length} characters; at most ${limit} are accepted`;
		return { tree: emptyTree, errors: [{ line: 1, column: 1, path: [], message, expected: [] }], tags: [] };
	}
	return new TextParser(source, options).run(schema);
}

/**
 * The lines of one error:
 *
 *     terminal:3:(12) syntax error: foo
 *       [edit services ssl]
 *         did you mean 'proxy'?
 */
export function formatTextError(source: string, error: TextError): string {
	const lines = [`${source}:${error.line}:(${error.column}) ${error.message}`, `  ${banner(error.path)}`];
	if (error.advice !== undefined) lines.push(`    ${error.advice}`);
	else if (error.expected.length > 0) lines.push(`    expected ${error.expected.slice(0, 12).join(", ")}`);
	return lines.join("\n");
}

/** Where a statement ended up, so that marks and comments find it. */
interface Target {
	readonly path: readonly Step[];
	readonly leaf: string | undefined;
}

interface Place {
	readonly node: BranchNode;
	readonly words: readonly string[];
	readonly path: readonly Step[];
	readonly inGroups: boolean;
	readonly depth: number;
}

class TextParser {
	readonly #lexer: Lexer;
	readonly #salt: SaltSource;
	readonly #errors: TextError[] = [];
	readonly #tags: TaggedPath[] = [];
	readonly #inGroups: boolean;
	#isStopped = false;

	constructor(source: string, options: ParseOptions) {
		this.#lexer = new Lexer(source);
		this.#salt = options.salt ?? fixedSalt;
		this.#inGroups = options.inGroups ?? false;
	}

	run(schema: BranchNode): ParsedText {
		this.#advance();
		const place: Place = { node: schema, words: [], path: [], inGroups: this.#inGroups, depth: 0 };
		let tree = this.#body(place, emptyTree);
		while (!this.#isStopped && this.#lexer.kind === "}") {
			this.#fail(place, "syntax error: }", ["end of text"]);
			this.#advance();
			tree = this.#body(place, tree);
		}
		return { tree, errors: this.#errors, tags: this.#tags };
	}

	#advance(): TokenKind {
		const { kind } = this.#lexer;
		return this.#isStopped && kind === "end" ? kind : this.#lexer.next();
	}

	/** Statements up to `}` or the end. */
	#body(place: Place, start: Branch): Branch {
		let branch = start;
		let last: Target | undefined;
		let comments: string[] = [];
		for (;;) {
			const { kind } = this.#lexer;
			if (this.#isStopped || kind === "end" || kind === "}") break;
			if (kind === "comment") {
				comments.push(this.#lexer.text);
				this.#advance();
				continue;
			}
			const done = this.#statement(place, branch, comments);
			branch = done.branch;
			if (done.target !== undefined) last = done.target;
			comments = [];
		}
		if (comments.length > 0 && last !== undefined) branch = marked(branch, last, {}, comments);
		return branch;
	}

	#statement(place: Place, branch: Branch, before: readonly string[]): { branch: Branch; target: Target | undefined } {
		const { line, column } = this.#lexer;
		const { marks, tag } = this.#readTags();
		const items = this.#readItems(place);
		const end = this.#lexer.kind;
		if (items === undefined || items.length === 0) {
			if (items !== undefined) this.#fail(place, `syntax error: ${this.#lexer.text}`, ["a statement"]);
			this.#skipStatement();
			return { branch, target: undefined };
		}
		if (end !== ";" && end !== "{") {
			this.#fail(
				place,
				end === "end" ? "missing ';' before the end of the text" : `syntax error: ${this.#lexer.text}`,
				["';'"],
			);
			if (end === "broken") this.#skipStatement();
			return { branch, target: undefined };
		}
		const resolved = resolveWords(place.node, items, {
			salt: this.#salt,
			inGroups: place.inGroups,
			valueIsOptional: tag === "delete",
		} satisfies ResolveOptions);
		if (!resolved.ok) {
			this.#unresolved(place, items, resolved);
			this.#skipStatement();
			return { branch, target: undefined };
		}
		const overfull = overfullList(branch, resolved);
		if (overfull !== undefined) {
			this.#error(place, { line, column }, overfull, []);
			this.#skipStatement();
			return { branch, target: undefined };
		}
		const target = targetOf(resolved);
		if (tag !== undefined) this.#tag(place, resolved, tag);
		if (tag === "delete") {
			this.#skipStatement();
			return { branch, target: undefined };
		}
		const endLine = this.#lexer.line;
		this.#advance();
		const comments = [...before, ...this.#commentsOnLine(endLine)];
		// A block makes its branch itself.
		const isMade = end === "{" && resolved.assignments.length + resolved.siblings.length === 0;
		let result = isMade ? branch : assign(branch, place.node, resolved, false);
		if (end === "{") result = this.#block(place, result, resolved, { line, column });
		result = marked(result, target, marks, comments);
		return { branch: result, target };
	}

	#block(place: Place, branch: Branch, resolved: Resolved, at: { line: number; column: number }): Branch {
		const last = resolved.passed.at(-1);
		if (last === undefined || resolved.endsInLeaf || resolved.siblings.length > 0) {
			this.#fail(place, "syntax error: {", ["';'"]);
			this.#skipBlock();
			return branch;
		}
		if (place.depth + 1 > maxDepth) {
			this.#error(place, at, `more than ${maxDepth} levels of braces`, []);
			this.#stop();
			return branch;
		}
		const path = resolved.passed.map((passed) => passed.step);
		const inner: Place = {
			node: last.node,
			words: [...place.words, ...passedWords(resolved.passed)],
			path: [...place.path, ...path],
			inGroups: place.inGroups || resolved.passed.some(({ node }) => node.kind === "list" && node.holdsGroups === true),
			depth: place.depth + 1,
		};
		const before = branchAt(branch, path);
		const after = this.#body(inner, before ?? branchOf(last.step));
		if (!this.#isStopped) {
			if (this.#lexer.kind === "}") this.#advance();
			else this.#error(place, at, "missing '}' for the statement that begins here", ["'}'"]);
		}
		return after === before ? branch : changeBranch(branch, path, () => after);
	}

	#readTags(): { marks: Partial<Marks>; tag: TaggedPath["tag"] | undefined } {
		let marks: Partial<Marks> = {};
		let tag: TaggedPath["tag"] | undefined;
		for (;;) {
			const { kind, text, isQuoted } = this.#lexer;
			if (kind !== "word" || isQuoted) return { marks, tag };
			if (text === "inactive:") marks = { ...marks, isInactive: true };
			else if (text === "active:") marks = { ...marks, isInactive: false };
			else if (text === "protect:") marks = { ...marks, isProtected: true };
			else if (text === "unprotect:") marks = { ...marks, isProtected: false };
			else if (text === "replace:") tag = "replace";
			else if (text === "delete:") tag = "delete";
			else return { marks, tag };
			this.#advance();
		}
	}

	/** The words up to `;`, `{` or something that cannot follow; undefined when a list in brackets is broken. */
	#readItems(place: Place): Item[] | undefined {
		const items: Item[] = [];
		for (;;) {
			const { kind, text, isQuoted, line, column } = this.#lexer;
			if (kind === "word") items.push({ text, isQuoted, line, column, words: undefined });
			else if (kind === "[") {
				const words = this.#readList(place);
				if (words === undefined) return undefined;
				items.push({ text: "[", isQuoted: false, line, column, words });
			} else if (kind !== "comment") return items;
			if (items.length > maxItems) {
				this.#fail(place, `more than ${maxItems} words in one statement`, ["';'"]);
				return undefined;
			}
			this.#advance();
		}
	}

	#readList(place: Place): Item[] | undefined {
		const words: Item[] = [];
		for (;;) {
			const kind = this.#advance();
			const { text, isQuoted, line, column } = this.#lexer;
			if (kind === "]") return words;
			if (kind === "comment") continue;
			if (kind !== "word") {
				this.#fail(place, kind === "broken" ? text : `syntax error: ${text}`, ["']'"]);
				return undefined;
			}
			if (words.length >= maxListValues) {
				this.#fail(place, `more than ${maxListValues} values in one list`, ["']'"]);
				return undefined;
			}
			words.push({ text, isQuoted, line, column, words: undefined });
		}
	}

	#commentsOnLine(line: number): string[] {
		const comments: string[] = [];
		while (this.#lexer.kind === "comment" && this.#lexer.line === line) {
			comments.push(this.#lexer.text);
			this.#advance();
		}
		return comments;
	}

	#tag(place: Place, resolved: Resolved, tag: TaggedPath["tag"]): void {
		const target = targetOf(resolved);
		const leaf = resolved.assignments.at(-1)?.child.name;
		const path =
			leaf === undefined ? resolved.passed.map(({ step }) => step) : (resolved.assignments.at(-1)?.path ?? target.path);
		this.#tags.push({ tag, path: [...place.path, ...path], ...(leaf === undefined ? {} : { leaf }) });
	}

	#unresolved(place: Place, items: readonly Item[], problem: Unresolved): void {
		const item = items[problem.item];
		const last = items.at(-1) as Item;
		const at = item ?? { line: last.line, column: last.column + last.text.length };
		const words = [...place.words, ...passedWords(problem.passed)];
		this.#error({ ...place, words }, at, problem.message, problem.expected, problem.advice);
	}

	#fail(place: Place, message: string, expected: readonly string[]): void {
		const { kind, text } = this.#lexer;
		this.#error(place, this.#lexer, kind === "broken" ? text : message, kind === "broken" ? [] : expected);
	}

	#error(
		place: Place,
		at: { line: number; column: number },
		message: string,
		expected: readonly string[],
		advice?: string,
	): void {
		const { line, column } = at;
		this.#errors.push({
			line,
			column,
			path: place.words,
			message,
			expected,
			...(advice === undefined ? {} : { advice }),
		});
		if (this.#errors.length >= maxTextErrors) this.#stop();
	}

	#stop(): void {
		this.#isStopped = true;
	}

	/** Past the `;` of the statement at hand, or past its block. */
	#skipStatement(): void {
		for (;;) {
			const { kind } = this.#lexer;
			if (kind === "end" || kind === "}") return;
			this.#advance();
			if (kind === ";") return;
			if (kind === "{") {
				this.#skipBlock();
				return;
			}
		}
	}

	/** Past the `}` that closes a block already entered. */
	#skipBlock(): void {
		for (let open = 1; open > 0; ) {
			const { kind } = this.#lexer;
			if (kind === "end") return;
			if (kind === "{") open++;
			if (kind === "}") open--;
			this.#advance();
		}
	}
}

/** The statement that marks before the words belong to: the outermost one that is printed as a statement. */
function targetOf(resolved: Resolved): Target {
	const at = resolved.passed.findIndex((passed) => passed.node.layout !== "prefix");
	if (at !== -1) return { path: resolved.passed.slice(0, at + 1).map(({ step }) => step), leaf: undefined };
	const assignment = resolved.assignments[0];
	const path = resolved.passed.map(({ step }) => step);
	return assignment === undefined ? { path, leaf: undefined } : { path: assignment.path, leaf: assignment.child.name };
}

function marked(branch: Branch, target: Target, marks: Partial<Marks>, comments: readonly string[]): Branch {
	const comment = comments.length === 0 ? undefined : canonicalComment(comments.join("\n"));
	if (comment === undefined && Object.keys(marks).length === 0) return branch;
	const { path, leaf } = target;
	const parent = leaf === undefined ? path.slice(0, -1) : path;
	if (branchAt(branch, parent) === undefined) return branch;
	return changeBranch(branch, parent, (holder) => {
		const last = path.at(-1);
		if (leaf === undefined && last === undefined) return holder;
		const present: Slot | undefined = leaf === undefined ? branchAt(holder, [last as Step]) : holder.children.get(leaf);
		if (present === undefined || present.kind === "entries") return holder;
		const all = comment === undefined ? marks : { ...marks, comment: joinComments(present.comment, comment) };
		const changed = withMarks(present, all);
		if (leaf !== undefined) return withSlot(holder, leaf, changed);
		return changed.kind === "branch" ? withChildBranch(holder, last as Step, changed) : holder;
	});
}

/** The same filler everywhere: for texts whose secrets are encoded already, and for tests. */
export const fixedSalt: SaltSource = (count) => new Uint8Array(count).fill(7);
const maxItems = 4_096;
