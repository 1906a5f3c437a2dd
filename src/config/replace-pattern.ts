/** `replace pattern A with B`: text replaced in the names, values and annotations below a level. */
import { canonicalComment } from "#config/comment.ts";
import { Entries } from "#config/entries.ts";
import { error, type Finding } from "#config/finding.ts";
import type { LeafType } from "#config/leaf-types.ts";
import { branchWords } from "#config/path.ts";
import type { Pattern } from "#config/pattern.ts";
import { isWildcard, storedText } from "#config/resolve.ts";
import { type BranchNode, type Child, findByName, isBranchNode } from "#config/schema.ts";
import type { SaltSource } from "#config/secret-codec.ts";
import { type Branch, type BranchEntries, type Slot, type Statement, withSlot } from "#config/tree.ts";

export interface Replaced {
	readonly branch: Branch;
	readonly count: number;
	/** What the text became is no value of its statement: nothing is to be changed then. */
	readonly errors: readonly Finding[];
}

export interface ReplaceOptions {
	readonly salt: SaltSource;
	readonly path: readonly string[];
	/** At most so many words are changed. */
	readonly upTo?: number;
}

/** The branch with every match in its words replaced. Secrets are left alone. */
export function replacePattern(
	node: BranchNode,
	branch: Branch,
	pattern: Pattern,
	replacement: string,
	options: ReplaceOptions,
): Replaced {
	const replacer = new Replacer(pattern, replacement, options);
	return { branch: replacer.branch(node, branch, options.path), count: replacer.count, errors: replacer.errors };
}

class Replacer {
	count = 0;
	readonly errors: Finding[] = [];
	readonly #pattern: Pattern;
	readonly #replacement: string;
	readonly #options: ReplaceOptions;

	constructor(pattern: Pattern, replacement: string, options: ReplaceOptions) {
		this.#pattern = pattern;
		this.#replacement = replacement;
		this.#options = options;
	}

	branch(node: BranchNode, branch: Branch, path: readonly string[]): Branch {
		let result = branch;
		for (const [name, slot] of branch.children) {
			const child = findByName(node, name);
			if (child !== undefined) result = withSlot(result, name, this.#slot(child, slot, path));
		}
		return result;
	}

	#slot(child: Child, slot: Slot, path: readonly string[]): Slot {
		if (slot.kind === "entries") return this.#entries(child, slot, path);
		const marked = this.#comment(slot);
		if (marked.kind === "branch")
			return isBranchNode(child.node)
				? this.branch(child.node, marked, [...path, ...branchWords(child, marked.keys)])
				: marked;
		if (!("type" in child.node) || child.node.type.secrecy !== undefined) return marked;
		const { type } = child.node;
		if (marked.kind === "leaf-list") {
			const values = marked.values.map((value) => this.#word(type, value, child.name, path));
			return values.every((value, index) => value === marked.values[index])
				? marked
				: { ...marked, values: [...new Set(values)] };
		}
		if (marked.value === undefined) return marked;
		const value = this.#word(type, marked.value, child.name, path);
		return value === marked.value ? marked : { ...marked, value };
	}

	#entries(child: Child, slot: BranchEntries, path: readonly string[]): BranchEntries {
		const { node } = child;
		if (node.kind !== "list") return slot;
		let changed = false;
		let entries = Entries.empty<Branch>(slot.order);
		for (const entry of slot) {
			const keys = entry.keys.map((key, index) => {
				const type = node.keys[index]?.type;
				return type === undefined || isWildcard(key) ? key : this.#word(type, key, child.name, path);
			});
			const isSame = keys.every((key, index) => key === entry.keys[index]);
			const below = this.branch(node, this.#comment(entry), [...path, ...branchWords(child, entry.keys)]);
			const fresh = isSame ? below : { ...below, keys };
			if (entries.get(keys) !== undefined)
				this.errors.push(error(path, child.name, `'${keys.join(" ")}' already exists`));
			if (fresh !== entry) changed = true;
			entries = entries.set(fresh);
		}
		return changed ? entries : slot;
	}

	#comment<S extends Statement>(statement: S): S {
		if (statement.comment === undefined || this.#isDone()) return statement;
		const text = this.#pattern.replaceAll(statement.comment, this.#replacement);
		if (text === undefined) return statement;
		this.count++;
		return { ...statement, comment: canonicalComment(text) };
	}

	#word(type: LeafType<unknown>, word: string, statement: string, path: readonly string[]): string {
		const text = this.#isDone() ? undefined : this.#pattern.replaceAll(word, this.#replacement);
		if (text === undefined) return word;
		const result = type.parse(text);
		if (!result.ok) {
			this.errors.push(error(path, statement, result.message));
			return word;
		}
		this.count++;
		return storedText(type, text, this.#options.salt);
	}

	#isDone(): boolean {
		return this.count >= (this.#options.upTo ?? Number.POSITIVE_INFINITY);
	}
}
