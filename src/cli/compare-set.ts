/** The difference between two configurations as the commands that make one of the other: `show | compare | display set`. */
import { movedEntries } from "#config/moved-entries.ts";
import { branchWords } from "#config/path.ts";
import { printSetLines } from "#config/print-set.ts";
import { inSchemaOrder } from "#config/print-text.ts";
import { type BranchNode, type Child, findByWord, isBranchNode } from "#config/schema.ts";
import { foldComment } from "#config/set-lines.ts";
import {
	type Branch,
	type BranchEntries,
	emptyTree,
	equalSlots,
	type LeafList,
	leafListOf,
	noMarks,
	type Slot,
	type Statement,
} from "#config/tree.ts";
import { formatWord, quoteWord } from "#config/word.ts";

export interface CompareSetOptions {
	/** The words of the branch; they begin every statement. */
	readonly path: readonly string[];
	readonly hidesSecrets: boolean;
}

/** The lines, each with its line feed. What both trees share is not read. */
export function compareAsSet(node: BranchNode, before: Branch, after: Branch, options: CompareSetOptions): string {
	const comparer = new Comparer(options.hidesSecrets);
	comparer.branch(node, before, after, options.path.map(formatWord));
	return [...comparer.lines, ...comparer.protections].map((line) => `${line}\n`).join("");
}

class Comparer {
	readonly lines: string[] = [];
	/** Come last: what is protected cannot be changed any more. */
	readonly protections: string[] = [];
	readonly #hidesSecrets: boolean;

	constructor(hidesSecrets: boolean) {
		this.#hidesSecrets = hidesSecrets;
	}

	/** Deletes first: a statement that is set displaces its alternatives. */
	branch(node: BranchNode, before: Branch, after: Branch, path: readonly string[]): void {
		for (const { child, slot } of inSchemaOrder(node, before)) {
			const fresh = after.children.get(child.name);
			if (slot === fresh) continue;
			for (const statement of statementsOf(slot))
				if (counterpart(statement, fresh) === undefined) this.#delete(node, child, statement, path);
		}
		for (const { child, slot } of inSchemaOrder(node, after)) {
			const old = before.children.get(child.name);
			if (slot === old) continue;
			for (const statement of statementsOf(slot)) {
				const present = counterpart(statement, old);
				if (present === undefined) this.#add(node, child, statement, path);
				else if (!equalSlots(present, statement)) this.#change(node, child, present, statement, path);
			}
			if (slot.kind === "entries" && old?.kind === "entries") this.#order(node, child, old, slot, path);
		}
	}

	#delete(node: BranchNode, child: Child, statement: Statement, path: readonly string[]): void {
		this.#unprotect(node, child, statement, path);
		for (const words of subjects(node, child, statement)) this.#line("delete", path, words);
	}

	/** A statement goes only when nothing in it is protected any more. */
	#unprotect(node: BranchNode, child: Child, statement: Statement, path: readonly string[]): void {
		const words = subjects(node, child, statement)[0] ?? [];
		if (statement.isProtected) this.#line("unprotect", path, words);
		if (statement.kind !== "branch" || !isBranchNode(child.node)) return;
		for (const { child: inner, slot } of inSchemaOrder(child.node, statement))
			for (const one of statementsOf(slot)) this.#unprotect(child.node, inner, one, [...path, ...words]);
	}

	#add(node: BranchNode, child: Child, statement: Statement, path: readonly string[]): void {
		const alone: Branch = { ...emptyTree, children: new Map([[child.name, statement as Slot]]) };
		const text = printSetLines(node, alone, { hidesSecrets: this.#hidesSecrets });
		const before = path.length === 0 ? "" : `${path.join(" ")} `;
		for (const line of text.split("\n")) {
			const blank = line.indexOf(" ");
			if (blank === -1) continue;
			const verb = line.slice(0, blank);
			const into = verb === "protect" ? this.protections : this.lines;
			into.push(`${verb} ${before}${line.slice(blank + 1)}`);
		}
	}

	#change(node: BranchNode, child: Child, old: Statement, fresh: Statement, path: readonly string[]): void {
		const oldWords = subjects(node, child, old)[0] ?? [];
		const words = subjects(node, child, fresh)[0] ?? [];
		if (old.kind === "leaf-list" && fresh.kind === "leaf-list" && !isGrown(old.values, fresh.values)) {
			this.#delete(node, child, old, path);
			this.#add(node, child, fresh, path);
			return;
		}
		if (old.isProtected) this.#line("unprotect", path, oldWords);
		if (old.kind === "branch" && fresh.kind === "branch") {
			if (isBranchNode(child.node)) this.branch(child.node, old, fresh, [...path, ...words]);
		} else if (old.kind === "leaf-list" && fresh.kind === "leaf-list") this.#values(node, child, old, fresh, path);
		else if (old.kind === "leaf" && fresh.kind === "leaf" && old.value !== fresh.value)
			this.#add(node, child, { ...fresh, ...noMarks }, path);
		// A container that was empty for a moment may have lost its marks.
		const mayBeNew = old.kind === "branch" && fresh.kind === "branch" && !isKept(old, fresh);
		if (old.isInactive !== fresh.isInactive || (mayBeNew && fresh.isInactive))
			this.#line(fresh.isInactive ? "deactivate" : "activate", path, words);
		if (old.comment !== fresh.comment || (mayBeNew && fresh.comment !== undefined))
			this.#line("annotate", path, [...words, quoteWord(foldComment(fresh.comment ?? ""))]);
		if (fresh.isProtected) this.#line("protect", path, words);
	}

	/** Values that went, and those that came behind the ones that stayed. */
	#values(node: BranchNode, child: Child, old: LeafList, fresh: LeafList, path: readonly string[]): void {
		const gone = old.values.filter((value) => !fresh.values.includes(value));
		const added = fresh.values.slice(old.values.length - gone.length);
		for (const words of subjects(node, child, leafListOf(gone), true)) this.#line("delete", path, words);
		if (added.length > 0) this.#add(node, child, leafListOf(added), path);
	}

	/** New entries stand at the end in their order; the others that are not where they should be are moved. */
	#order(node: BranchNode, child: Child, old: BranchEntries, fresh: BranchEntries, path: readonly string[]): void {
		if (fresh.order !== "user") return;
		const moved = movedEntries(old, fresh);
		const entries = [...fresh];
		const isNew = (entry: Branch): boolean => old.get(entry.keys) === undefined;
		const lastOld = entries.findLastIndex((entry) => !isNew(entry));
		const anchor = entries.find((entry) => !isNew(entry) && !moved.has(entry));
		for (const [index, entry] of entries.entries()) {
			if (index > lastOld || !(moved.has(entry) || isNew(entry))) continue;
			const other = index === 0 ? anchor : entries[index - 1];
			if (other === undefined) continue;
			const subject = subjects(node, child, entry)[0] ?? [];
			const target = subjects(node, child, other)[0] ?? [];
			const present = old.get(entry.keys);
			// One that changed has lost its protection by now.
			if (present?.isProtected === true && equalSlots(present, entry)) {
				this.#line("unprotect", path, subject);
				this.#line("protect", path, subject);
			}
			this.#line("insert", path, [...subject, index === 0 ? "before" : "after", ...target]);
		}
	}

	#line(verb: string, path: readonly string[], words: readonly string[]): void {
		const into = verb === "protect" ? this.protections : this.lines;
		into.push([verb, ...path, ...words].join(" "));
	}
}

/** True when some values stayed, in their order, and the new ones stand behind them. */
function isGrown(old: readonly string[], fresh: readonly string[]): boolean {
	const kept = old.filter((value) => fresh.includes(value));
	return kept.length > 0 && kept.every((value, index) => value === fresh[index]);
}

/** True when the branch is there all the while it changes: something in it stays, or it means something when empty. */
function isKept(old: Branch, fresh: Branch): boolean {
	if (fresh.hasPresence) return true;
	for (const [name, slot] of old.children) {
		const other = fresh.children.get(name);
		for (const statement of statementsOf(slot)) {
			const same = counterpart(statement, other);
			if (same === undefined) continue;
			if (same.kind === "leaf" || (same.kind === "branch" && isKept(statement as Branch, same))) return true;
			if (same.kind === "leaf-list" && isGrown((statement as LeafList).values, same.values)) return true;
		}
	}
	return false;
}

function statementsOf(slot: Slot): Iterable<Statement> {
	return slot.kind === "entries" ? slot : [slot];
}

/** The statement that stands for the same thing in the other tree. */
function counterpart(statement: Statement, slot: Slot | undefined): Statement | undefined {
	if (slot?.kind === "entries") return statement.kind === "branch" ? slot.get(statement.keys) : undefined;
	return slot?.kind === statement.kind ? slot : undefined;
}

/**
 * The words that name a statement, ready to be printed. A leaf without a name is named by its value, one without a name
 * but several values by each; `hasValues` names the values of any list.
 */
function subjects(node: BranchNode, child: Child, statement: Statement, hasValues = false): string[][] {
	const isUnnamed = child.node.unnamed === true;
	// A value that stands without a name must not read like one.
	const value = (text: string): string =>
		isUnnamed && findByWord(node, text) !== undefined ? quoteWord(text) : formatWord(text);
	if (statement.kind === "branch") {
		const [first = "", ...rest] = branchWords(child, statement.keys);
		return [[isUnnamed ? value(first) : first, ...rest.map(formatWord)]];
	}
	const before = isUnnamed ? [] : [child.name];
	if (!isUnnamed && !hasValues) return [before];
	const values = statement.kind === "leaf-list" ? statement.values : [statement.value ?? ""];
	return values.map((text) => [...before, value(text)]);
}
