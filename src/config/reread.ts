/**
 * Reads the configurations that follow one another in another process. One is told by its difference from the one before where
 * that is short: a one-line change among 50,000 entries is then neither sent nor read again.
 *
 * The tree that a difference leads to counts only when it prints as the text whose digest is told with it. Otherwise, for
 * whatever reason, the text must be asked for.
 */
import { hash } from "node:crypto";
import { topLevel } from "#config/level.ts";
import { applyPatch } from "#config/patch.ts";
import { printText } from "#config/print-text.ts";
import type { ContainerNode } from "#config/schema.ts";
import { type ParsedText, parseText } from "#config/text.ts";
import type { Branch } from "#config/tree.ts";

/** How a configuration is told. */
export type ToldConfiguration =
	| { readonly text: string }
	/** `change` is what `compareTrees` says of the one before and this one, `sha256` that of this one's text. */
	| { readonly change: string; readonly sha256: string };

/** The digest of a configuration's text. */
export function digestOf(text: string): string {
	return hash("sha256", text);
}

export class Rereader {
	readonly #root: ContainerNode;
	/** What was read last, if it was a configuration. */
	#last: Branch | undefined;
	/** Of the text that was told by its difference last. */
	#sha256: string | undefined;

	constructor(root: ContainerNode) {
		this.#root = root;
	}

	/** Undefined when the text is needed: it is not what a difference leads to. */
	read(told: ToldConfiguration): ParsedText | undefined {
		const read = "text" in told ? parseText(this.#root, told.text) : this.#changed(told.change, told.sha256);
		this.#last = read?.errors.length === 0 ? read.tree : undefined;
		this.#sha256 = "text" in told ? undefined : told.sha256;
		return read;
	}

	/** After a text the first difference costs as little as those after it then; to be called when nobody waits. */
	prepare(): void {
		if (this.#sha256 === undefined && this.#last !== undefined) printText(this.#root, this.#last);
	}

	#changed(change: string, sha256: string): ParsedText | undefined {
		if (this.#last === undefined) return undefined;
		const { tree, errors } = applyPatch(this.#last, topLevel(this.#root), change);
		if (errors.length > 0) return undefined;
		const isKnown = tree === this.#last && sha256 === this.#sha256;
		return isKnown || digestOf(printText(this.#root, tree)) === sha256 ? { tree, errors, tags: [] } : undefined;
	}
}

/** Characters of a difference; to send and read a longer one takes as long as the text. */
export const longestChange = 65_536;
