/** Paths through the configuration as the words that an operator types. */
import type { Passed } from "#config/resolve.ts";
import { type BranchNode, type Child, findByName } from "#config/schema.ts";
import type { Step } from "#config/tree.ts";

/** The words of one branch: its name unless it is unnamed, its keys with the words between them. */
export function branchWords(child: Child, keys: readonly string[]): string[] {
	const words = child.node.unnamed === true ? [] : [child.name];
	if (child.node.kind !== "list") return words;
	for (const [index, key] of child.node.keys.entries()) {
		if (key.keyword !== undefined) words.push(key.keyword);
		words.push(keys[index] as string);
	}
	return words;
}

/** The words of branches gone down. */
export function passedWords(passed: readonly Passed[]): string[] {
	return passed.flatMap(({ child, step }) => branchWords(child, step.keys));
}

/** The words of a path below `start`; a step that the schema does not know ends them. */
export function pathWords(start: BranchNode, path: readonly Step[]): string[] {
	const words: string[] = [];
	let node = start;
	for (const step of path) {
		const child = findByName(node, step.name);
		if (child === undefined || (child.node.kind !== "container" && child.node.kind !== "list")) return words;
		words.push(...branchWords(child, step.keys));
		node = child.node;
	}
	return words;
}
