/**
 * Reads what `compare.ts` prints and does it to a tree: `load patch`.
 *
 * Bounds: as text.
 * Faults: each line that cannot be done is told with its line; the others are done.
 */
import { canonicalComment } from "#config/comment.ts";
import { isInGroups, type Level, levelBelow, levelWords } from "#config/level.ts";
import { readLine } from "#config/line.ts";
import { resolveWords } from "#config/resolve.ts";
import { type BranchNode, findByName, isBranchNode, type SchemaNode } from "#config/schema.ts";
import type { SaltSource } from "#config/secret-codec.ts";
import { unfoldComment } from "#config/set-lines.ts";
import { fixedSalt, maxTextErrors, maxTextLength, parseText, type TextError } from "#config/text.ts";
import {
	type Branch,
	type BranchEntries,
	branchAt,
	changeBranch,
	isVacant,
	type Marks,
	type Slot,
	type Statement,
	type Step,
	withChildBranch,
	withMarks,
	withSlot,
} from "#config/tree.ts";

export interface Patched {
	readonly tree: Branch;
	readonly errors: readonly TextError[];
}

/** Does a patch to a tree. Its paths are read below `level`, the top when they are whole. */
export function applyPatch(
	tree: Branch,
	level: Level,
	text: string,
	options: { readonly salt?: SaltSource } = {},
): Patched {
	if (text.length > maxTextLength) {
		const message = `patch of ${text.length} characters; at most ${maxTextLength} are accepted`;
		return { tree, errors: [{ line: 1, column: 1, path: [], message, expected: [] }] };
	}
	return new Patcher(tree, level, options.salt ?? fixedSalt).run(text);
}

/** Lines in a row with the same mark. */
interface Run {
	readonly mark: string;
	readonly line: number;
	readonly lines: string[];
}

class Patcher {
	#tree: Branch;
	readonly #base: Level;
	readonly #salt: SaltSource;
	readonly #errors: TextError[] = [];

	constructor(tree: Branch, base: Level, salt: SaltSource) {
		this.#tree = tree;
		this.#base = base;
		this.#salt = salt;
	}

	run(text: string): Patched {
		let level: Level | undefined = this.#base;
		let runs: Run[] = [];
		for (const [index, line] of text.split("\n").entries()) {
			if (this.#errors.length >= maxTextErrors) break;
			if (line.trim() === "") continue;
			const header = /^\[edit(?: (.*))?\]\s*$/.exec(line);
			if (header !== null) {
				this.#hunk(level, runs);
				runs = [];
				level = this.#header(header[1] ?? "", index + 1);
				continue;
			}
			const mark = line[0] as string;
			if (!"+-! ".includes(mark))
				this.#fail(level, index + 1, 1, "syntax error: a line begins with '[edit', '+', '-', '!' or a blank");
			else if (runs.at(-1)?.mark === mark) runs.at(-1)?.lines.push(line.slice(1));
			else runs.push({ mark, line: index + 1, lines: [line.slice(1)] });
		}
		this.#hunk(level, runs);
		return { tree: this.#tree, errors: this.#errors };
	}

	#header(words: string, line: number): Level | undefined {
		const read = readLine(words, line);
		if (!read.ok) return this.#fail(this.#base, line, 7 + read.column, read.message);
		const resolved = resolveWords(this.#base.node, read.items, { salt: this.#salt, inGroups: isInGroups(this.#base) });
		if (resolved.ok && !resolved.endsInLeaf && resolved.siblings.length === 0) return levelBelow(this.#base, resolved);
		return this.#fail(this.#base, line, 7, resolved.ok ? "syntax error: a branch is expected" : resolved.message);
	}

	#hunk(level: Level | undefined, runs: readonly Run[]): void {
		if (level === undefined || runs.length === 0) return;
		const present = branchAt(this.#tree, level.path);
		if (present === undefined && level.path.some((step) => step.holds !== "container")) {
			this.#fail(level, runs[0]?.line ?? 1, 1, "the patch does not fit: the statement does not exist");
			return;
		}
		const hunk = new HunkPatcher(level, this.#salt, this.#errors);
		this.#tree = changeBranch(this.#tree, level.path, (branch) => hunk.run(branch, runs));
	}

	#fail(level: Level | undefined, line: number, column: number, message: string): undefined {
		if (this.#errors.length < maxTextErrors)
			this.#errors.push({ line, column, path: level === undefined ? [] : levelWords(level), message, expected: [] });
		return undefined;
	}
}

/** Does the lines under one `[edit]` to its branch. */
class HunkPatcher {
	readonly #level: Level;
	readonly #salt: SaltSource;
	readonly #errors: TextError[];
	/** By list: the entry after which the next new or moved one stands. */
	readonly #last = new Map<string, readonly string[]>();
	/** By list: new or moved entries for which no place is known yet. */
	readonly #floating = new Map<string, (readonly string[])[]>();

	constructor(level: Level, salt: SaltSource, errors: TextError[]) {
		this.#level = level;
		this.#salt = salt;
		this.#errors = errors;
	}

	run(start: Branch, runs: readonly Run[]): Branch {
		let branch = start;
		for (const run of runs) {
			if (run.mark === "+") branch = this.#merged(this.#level.node, branch, this.#fragment(run), "");
			else if (run.mark === "-") branch = this.#removed(this.#level.node, branch, this.#fragment(run), run.line);
			else branch = this.#heads(branch, run);
		}
		return branch;
	}

	#fragment(run: Run): Branch {
		const { tree, errors } = parseText(this.#level.node, run.lines.join("\n"), {
			salt: this.#salt,
			inGroups: isInGroups(this.#level),
		});
		for (const error of errors) {
			if (this.#errors.length >= maxTextErrors) break;
			const path = [...levelWords(this.#level), ...error.path];
			this.#errors.push({ ...error, path, line: error.line + run.line - 1, column: error.column + 1 });
		}
		return tree;
	}

	/** `branch` with the statements of `added` in it. */
	#merged(node: BranchNode, branch: Branch, added: Branch, where: string): Branch {
		let result = branch;
		for (const [name, slot] of added.children) {
			const child = findByName(node, name);
			const present = result.children.get(name);
			if (child === undefined) continue;
			if (slot.kind === "entries") {
				const entries = present?.kind === "entries" ? present : undefined;
				result = withSlot(result, name, this.#withEntries(child.node, entries, slot, `${where}/${name}`));
			} else if (slot.kind === "branch" && present?.kind === "branch" && isBranchNode(child.node)) {
				result = withSlot(result, name, this.#merged(child.node, present, slot, `${where}/${name}`));
			} else if (slot.kind === "leaf-list" && present?.kind === "leaf-list") {
				const values = [...new Set([...present.values, ...slot.values])];
				result = withSlot(result, name, { ...present, values });
			} else result = withSlot(result, name, slot);
		}
		return result;
	}

	#withEntries(
		node: SchemaNode,
		present: BranchEntries | undefined,
		added: BranchEntries,
		where: string,
	): BranchEntries {
		let entries = present ?? added;
		for (const entry of added) {
			const old = present?.get(entry.keys);
			if (old !== undefined && isBranchNode(node))
				entries = entries.set(this.#merged(node, old, entry, `${where}/${entry.keys.join(" ")}`));
			else entries = this.#placed(entries.set(entry), entry.keys, where);
		}
		return entries;
	}

	#placed(entries: BranchEntries, keys: readonly string[], where: string): BranchEntries {
		const last = this.#last.get(where);
		if (last === undefined) {
			this.#floating.set(where, [...(this.#floating.get(where) ?? []), keys]);
			return entries;
		}
		this.#last.set(where, keys);
		return entries.move(keys, "after", last);
	}

	/** `branch` without the statements of `gone`; only containers of layout `prefix` are looked into. */
	#removed(node: BranchNode, branch: Branch, gone: Branch, line: number): Branch {
		let result = branch;
		for (const [name, slot] of gone.children) {
			const child = findByName(node, name);
			const present = result.children.get(name);
			if (child === undefined) continue;
			if (present === undefined) this.#fail(line, `the patch does not fit: '${name}' does not exist`);
			else if (
				slot.kind === "branch" &&
				present.kind === "branch" &&
				isBranchNode(child.node) &&
				child.node.layout === "prefix" &&
				isSamePrefix(slot, present)
			) {
				const below = this.#removed(child.node, present, slot, line);
				result = withSlot(result, name, isVacant(below) ? undefined : below);
			} else result = withSlot(result, name, this.#without(name, present, slot, line));
		}
		return result;
	}

	#without(name: string, present: Slot, gone: Slot, line: number): Slot | undefined {
		if (present.kind === "entries" && gone.kind === "entries") {
			let entries = present;
			for (const entry of gone) {
				if (entries.get(entry.keys) === undefined)
					this.#fail(line, `the patch does not fit: '${name} ${entry.keys.join(" ")}' does not exist`);
				entries = entries.delete(entry.keys);
			}
			return entries;
		}
		if (present.kind === "leaf-list" && gone.kind === "leaf-list") {
			const going = new Set(gone.values);
			const values = present.values.filter((value) => !going.has(value));
			return values.length === 0 ? undefined : { ...present, values };
		}
		if (present.kind === "leaf" && gone.kind === "leaf" && present.value !== gone.value) {
			this.#fail(line, `the patch does not fit: '${name}' has another value`);
			return present;
		}
		return undefined;
	}

	/** Lines that name a branch: where it stands, or how it is marked. */
	#heads(start: Branch, run: Run): Branch {
		let branch = start;
		let comment: string | undefined;
		for (const [index, text] of run.lines.entries()) {
			const line = run.line + index;
			const written = text.trim();
			const remark = /^\/\*(.*)\*\/$/.exec(written);
			if (remark !== null) {
				comment = remark[1] ?? "";
				continue;
			}
			const [, tags = "", head = ""] =
				/^((?:(?:inactive|active|protect|unprotect): )*)(.*?)(?: \{ \.\.\. \})?$/.exec(written) ?? [];
			const path = this.#pathOf(head, line);
			if (path === undefined) continue;
			const marks: Partial<Marks> = {
				...marksOf(tags),
				...(comment === undefined ? {} : { comment: canonicalComment(unfoldComment(comment.trim())) }),
			};
			comment = undefined;
			if (Object.keys(marks).length > 0) branch = remarked(branch, path, marks);
			else branch = this.#anchored(branch, path, run.mark === "!", line);
		}
		return branch;
	}

	#pathOf(head: string, line: number): readonly Step[] | undefined {
		const read = readLine(head, line);
		if (!read.ok) return this.#fail(line, read.message);
		const resolved = resolveWords(this.#level.node, read.items, {
			salt: this.#salt,
			inGroups: isInGroups(this.#level),
		});
		if (!resolved.ok) return this.#fail(line, resolved.message);
		if (resolved.endsInLeaf || resolved.passed.length === 0)
			return this.#fail(line, "syntax error: a branch is expected");
		return resolved.passed.map(({ step }) => step);
	}

	/** An entry that stayed becomes the place for what follows; one that moved goes to its place. */
	#anchored(start: Branch, path: readonly Step[], isMoved: boolean, line: number): Branch {
		const step = path.at(-1) as Step;
		const parent = path.slice(0, -1);
		const holder = branchAt(start, parent);
		const slot = holder?.children.get(step.name);
		if (slot?.kind !== "entries" || slot.get(step.keys) === undefined) {
			this.#fail(line, `the patch does not fit: '${[step.name, ...step.keys].join(" ")}' does not exist`);
			return start;
		}
		const where = path
			.map(({ name, keys }, index) => (index === path.length - 1 ? `/${name}` : `/${[name, ...keys].join("/")}`))
			.join("");
		let entries: BranchEntries = slot;
		if (isMoved) entries = this.#placed(slot, step.keys, where);
		else {
			for (const keys of this.#floating.get(where) ?? []) entries = entries.move(keys, "before", step.keys);
			this.#floating.delete(where);
			this.#last.set(where, step.keys);
		}
		return changeBranch(start, parent, (branch) => withSlot(branch, step.name, entries));
	}

	#fail(line: number, message: string): undefined {
		if (this.#errors.length < maxTextErrors)
			this.#errors.push({ line, column: 1, path: levelWords(this.#level), message, expected: [] });
		return undefined;
	}
}

function remarked(start: Branch, path: readonly Step[], marks: Partial<Marks>): Branch {
	const step = path.at(-1) as Step;
	const present = branchAt(start, path);
	if (present === undefined) return start;
	return changeBranch(start, path.slice(0, -1), (parent) => withChildBranch(parent, step, withMarks(present, marks)));
}

function marksOf(tags: string): Partial<Marks> {
	const words = tags.split(" ");
	return {
		...(words.includes("inactive:") ? { isInactive: true } : {}),
		...(words.includes("active:") ? { isInactive: false } : {}),
		...(words.includes("protect:") ? { isProtected: true } : {}),
		...(words.includes("unprotect:") ? { isProtected: false } : {}),
	};
}

/** True when both are printed as several statements, so that one of them can go alone. */
function isSamePrefix(gone: Statement, present: Statement): boolean {
	return [gone, present].every(
		({ isInactive, isProtected, comment }) => !isInactive && !isProtected && comment === undefined,
	);
}
