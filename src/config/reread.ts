/**
 * Reads the texts of configurations that follow one another. What a text has in common with the one before is not read again
 * when its sender tells the difference: a one-line change among 50,000 entries then costs milliseconds instead of seconds.
 *
 * The difference is a hint, no more: the tree counts only when it prints as the text. A wrong, missing or stale hint makes
 * the text be read from its beginning.
 */
import { topLevel } from "#config/level.ts";
import { applyPatch } from "#config/patch.ts";
import { printText } from "#config/print-text.ts";
import type { ContainerNode } from "#config/schema.ts";
import { type ParsedText, parseText } from "#config/text.ts";
import type { Branch } from "#config/tree.ts";

export class Rereader {
	readonly #root: ContainerNode;
	/** The tree of the text that was read last, if it was one. */
	#last: Branch | undefined;

	constructor(root: ContainerNode) {
		this.#root = root;
	}

	/** `change` is what `compareTrees` says of the text before and this one. */
	read(text: string, change?: string): ParsedText {
		const tree = change === undefined ? undefined : this.#changed(text, change);
		const read = tree === undefined ? parseText(this.#root, text) : { tree, errors: [], tags: [] };
		this.#last = read.errors.length === 0 ? read.tree : undefined;
		return read;
	}

	#changed(text: string, change: string): Branch | undefined {
		if (this.#last === undefined || change.length > maxChange) return undefined;
		const { tree, errors } = applyPatch(this.#last, topLevel(this.#root), change);
		return errors.length === 0 && printText(this.#root, tree) === text ? tree : undefined;
	}
}

/** Characters of a difference; a longer one takes as long as the text. */
const maxChange = 65_536;
