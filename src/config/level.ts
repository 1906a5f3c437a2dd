/** A place in the configuration at which an operator works: what `edit` moves. */
import { passedWords } from "#config/path.ts";
import type { Passed, Resolved } from "#config/resolve.ts";
import type { BranchNode } from "#config/schema.ts";
import type { Step } from "#config/tree.ts";

export interface Level {
	/** The branches gone down from the root. */
	readonly passed: readonly Passed[];
	readonly path: readonly Step[];
	readonly node: BranchNode;
	/** The root's node. */
	readonly root: BranchNode;
}

/** The top of a schema. */
export function topLevel(root: BranchNode): Level {
	return { passed: [], path: [], node: root, root };
}

/** The level that resolved words lead to. */
export function levelBelow(level: Level, resolved: Resolved): Level {
	return levelOf(level.root, [...level.passed, ...resolved.passed]);
}

/** The level so many branches higher, at most the top. */
export function levelAbove(level: Level, count = 1): Level {
	return levelOf(level.root, level.passed.slice(0, Math.max(0, level.passed.length - count)));
}

/** The words of the banner. */
export function levelWords(level: Level): string[] {
	return passedWords(level.passed);
}

/** True when the level lies below `groups`, where keys may be wildcards. */
export function isInGroups(level: Level): boolean {
	return level.passed.some(({ node }) => node.kind === "list" && node.holdsGroups === true);
}

function levelOf(root: BranchNode, passed: readonly Passed[]): Level {
	return { passed, path: passed.map(({ step }) => step), node: passed.at(-1)?.node ?? root, root };
}
