/**
 * The difference between two configurations, as `show | compare` prints it and `load patch` reads it.
 *
 * Shape: for each branch in which something differs a line `[edit path]`, then lines that begin with
 *        `-` (gone), `+` (new), `!` (moved, or with `inactive:`, `active:`, `protect:`, `unprotect:` or a comment before
 *        it: marked anew), or a blank (an entry that stayed, to say where a new or moved one stands).
 *        Leaves follow the mark after two blanks, branches after three.
 */
import type { Entries, EntryDifference } from "#config/entries.ts";
import { movedEntries } from "#config/moved-entries.ts";
import { headOf, isSplit, statementLines } from "#config/print-text.ts";
import { type BranchNode, type Child, findByName, isBranchNode } from "#config/schema.ts";
import { foldComment } from "#config/set-lines.ts";
import { type Branch, equalSlots, type Slot, type Statement } from "#config/tree.ts";
import { joinWords } from "#config/word.ts";

export interface CompareOptions {
	/** The words of the branch that is compared. */
	readonly path?: readonly string[];
	readonly hidesSecrets?: boolean;
}

/** The text of the difference; empty when there is none. What both trees share is not read. */
export function compareTrees(node: BranchNode, before: Branch, after: Branch, options: CompareOptions = {}): string {
	const comparer = new Comparer(options.hidesSecrets === true);
	comparer.branch(node, before, after, joinWords(options.path ?? []));
	return comparer.lines.length === 0 ? "" : `${comparer.lines.join("\n")}\n`;
}

interface Nested {
	readonly node: BranchNode;
	readonly before: Branch;
	readonly after: Branch;
	/** Its path as it is printed. */
	readonly at: string;
}

/** What is printed under one `[edit]` line, and what follows under others. */
interface Hunk {
	readonly lines: string[];
	readonly nested: Nested[];
}

class Comparer {
	readonly lines: string[] = [];
	readonly #hidesSecrets: boolean;

	constructor(hidesSecrets: boolean) {
		this.#hidesSecrets = hidesSecrets;
	}

	branch(node: BranchNode, before: Branch, after: Branch, at: string): void {
		const hunk: Hunk = { lines: [], nested: [] };
		this.#slots(node, before, after, "", at, hunk);
		if (hunk.lines.length > 0) this.lines.push(at === "" ? "[edit]" : `[edit ${at}]`);
		for (const line of hunk.lines) this.lines.push(line);
		for (const nested of hunk.nested) this.branch(nested.node, nested.before, nested.after, nested.at);
	}

	#slots(node: BranchNode, before: Branch, after: Branch, prefix: string, at: string, hunk: Hunk): void {
		for (const child of childrenOf(node, before, after)) {
			const old = before.children.get(child.name);
			const fresh = after.children.get(child.name);
			if (old === fresh) continue;
			if (old?.kind === "entries" || fresh?.kind === "entries")
				this.#entries(node, child, entriesOf(old), entriesOf(fresh), prefix, at, hunk);
			else this.#statement(node, child, old, fresh, prefix, at, hunk);
		}
	}

	#statement(
		node: BranchNode,
		child: Child,
		old: Statement | undefined,
		fresh: Statement | undefined,
		prefix: string,
		at: string,
		hunk: Hunk,
	): void {
		if (old?.kind === "branch" && fresh?.kind === "branch" && isBranchNode(child.node)) {
			if (isSplit(child.node, old) && isSplit(child.node, fresh))
				this.#slots(child.node, old, fresh, `${prefix}${child.name} `, pathBelow(at, child.name), hunk);
			else this.#both(node, child, old, fresh, prefix, at, hunk);
			return;
		}
		if (equalSlots(old, fresh)) return;
		if (old !== undefined) this.#whole("-", node, child, old, prefix, hunk);
		if (fresh !== undefined) this.#whole("+", node, child, fresh, prefix, hunk);
	}

	/** A branch that is in both: its marks here, what is below under a line of its own. */
	#both(node: BranchNode, child: Child, old: Branch, fresh: Branch, prefix: string, at: string, hunk: Hunk): void {
		const name = headOf(node, child, fresh, this.#hidesSecrets);
		const head = `${prefix}${name} { ... }`;
		if (old.comment !== fresh.comment) hunk.lines.push(`!   /* ${foldComment(fresh.comment ?? "")} */`);
		if (old.isInactive !== fresh.isInactive || old.isProtected !== fresh.isProtected || old.comment !== fresh.comment) {
			const protection = old.isProtected === fresh.isProtected ? "" : fresh.isProtected ? "protect: " : "unprotect: ";
			hunk.lines.push(`!   ${protection}${fresh.isInactive ? "inactive: " : "active: "}${head}`);
		}
		if (isBranchNode(child.node))
			hunk.nested.push({
				node: child.node,
				before: old,
				after: fresh,
				at: pathBelow(at, name),
			});
	}

	#entries(
		node: BranchNode,
		child: Child,
		old: Entries<Branch> | undefined,
		fresh: Entries<Branch> | undefined,
		prefix: string,
		at: string,
		hunk: Hunk,
	): void {
		const inPlace = old === undefined ? undefined : fresh?.differencesInPlace(old);
		if (inPlace !== undefined) return this.#inPlace(node, child, inPlace, prefix, at, hunk);
		for (const entry of old ?? [])
			if (fresh?.get(entry.keys) === undefined) this.#whole("-", node, child, entry, prefix, hunk);
		if (fresh === undefined) return;
		const moved = old === undefined ? new Set<Branch>() : movedEntries(old, fresh);
		let previous: Branch | undefined;
		let isTold = true;
		let floats = false;
		for (const entry of fresh) {
			const present = old?.get(entry.keys);
			const isStable = present !== undefined && !moved.has(entry);
			const head = `${prefix}${headOf(node, child, entry, this.#hidesSecrets)} { ... }`;
			if (isStable) {
				if (floats) hunk.lines.push(`    ${head}`);
				isTold = floats;
				floats = false;
			} else {
				if (!isTold && previous !== undefined && fresh.order === "user")
					hunk.lines.push(`    ${prefix}${headOf(node, child, previous, this.#hidesSecrets)} { ... }`);
				if (previous === undefined) floats = fresh.order === "user";
				isTold = true;
				if (present === undefined) this.#whole("+", node, child, entry, prefix, hunk);
				else hunk.lines.push(`!   ${head}`);
			}
			if (present !== undefined && present !== entry) this.#both(node, child, present, entry, prefix, at, hunk);
			previous = entry;
		}
	}

	/** Entries that are where they were, or in a sorted list: what went, then what is new or another. */
	#inPlace(
		node: BranchNode,
		child: Child,
		differences: readonly EntryDifference<Branch>[],
		prefix: string,
		at: string,
		hunk: Hunk,
	): void {
		for (const { before, after } of differences)
			if (before !== undefined && after === undefined) this.#whole("-", node, child, before, prefix, hunk);
		for (const { before, after } of differences) {
			if (after === undefined) continue;
			if (before === undefined) this.#whole("+", node, child, after, prefix, hunk);
			else this.#both(node, child, before, after, prefix, at, hunk);
		}
	}

	#whole(mark: "+" | "-", node: BranchNode, child: Child, statement: Statement, prefix: string, hunk: Hunk): void {
		const lead = statement.kind === "branch" ? `${mark}   ` : `${mark}  `;
		const lines = statementLines(node, child, statement, prefix, { hidesSecrets: this.#hidesSecrets });
		for (const line of lines.flatMap((text) => text.split("\n"))) hunk.lines.push(`${lead}${line}`);
	}
}

function childrenOf(node: BranchNode, before: Branch, after: Branch): Child[] {
	const names = new Set([...before.children.keys(), ...after.children.keys()]);
	const children = [...names].map((name) => findByName(node, name)).filter((child) => child !== undefined);
	return children.sort((a, b) => a.index - b.index);
}

function entriesOf(slot: Slot | undefined): Entries<Branch> | undefined {
	return slot?.kind === "entries" ? slot : undefined;
}

function pathBelow(at: string, head: string): string {
	return at === "" ? head : `${at} ${head}`;
}
