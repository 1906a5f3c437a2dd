/**
 * `load`: text that changes a whole candidate or a part of it. Nothing is changed when anything in it cannot be read.
 *
 * Bounds: those of the readers (`text.ts`, `set-lines.ts`, `json.ts`, `patch.ts`).
 */
import type { EditOptions } from "#config/edit.ts";
import { parseJson } from "#config/json.ts";
import { isInGroups, type Level, topLevel } from "#config/level.ts";
import { mergeTrees, shareEqual } from "#config/merge-trees.ts";
import { applyPatch } from "#config/patch.ts";
import { applyLines } from "#config/set-lines.ts";
import { formatTextError, parseText, type TaggedPath, type TextError } from "#config/text.ts";
import { type Branch, branchAt, changeBranch, removeBranch, withSlot } from "#config/tree.ts";

export type LoadHow = "merge" | "override" | "replace" | "update" | "patch" | "set";

export interface LoadRequest {
	readonly how: LoadHow;
	readonly text: string;
	/** The form of merge, override, replace and update. */
	readonly format: "text" | "json";
	/** The text begins at the level, not at the top. */
	readonly isRelative: boolean;
	/** What errors name: the file, or `terminal`. */
	readonly source: string;
}

export type Loaded =
	| { readonly ok: true; readonly tree: Branch }
	/** `errors` are blocks of lines, ready to be printed. */
	| { readonly ok: false; readonly errors: readonly string[] };

/** The candidate after a load, or why nothing was loaded. */
export function loadInto(tree: Branch, level: Level, request: LoadRequest, options: EditOptions): Loaded {
	const at = request.isRelative ? level : topLevel(level.root);
	const { how, text, source } = request;
	if (how === "set") return loaded(source, applyLines(tree, at, text, options));
	if (how === "patch") return loaded(source, applyPatch(tree, at, text, options));
	const read =
		request.format === "json" ? readJsonText(at, text, source, options) : readText(at, text, source, options);
	if (!read.ok) return read;
	if (how === "override" || how === "update")
		return { ok: true, tree: replaced(tree, at, read.tree, how === "update") };
	let result = tree;
	for (const tag of read.tags) if (tag.tag === "delete" || how === "replace") result = withoutTagged(result, at, tag);
	return { ok: true, tree: changeBranch(result, at.path, (branch) => mergeTrees(at.node, branch, read.tree)) };
}

type Read =
	| { readonly ok: true; readonly tree: Branch; readonly tags: readonly TaggedPath[] }
	| { readonly ok: false; readonly errors: readonly string[] };

function readText(level: Level, text: string, source: string, options: EditOptions): Read {
	const { tree, errors, tags } = parseText(level.node, text, { ...options, inGroups: isInGroups(level) });
	if (errors.length > 0) return { ok: false, errors: errors.map((error) => formatTextError(source, error)) };
	return { ok: true, tree, tags };
}

function readJsonText(level: Level, text: string, source: string, options: EditOptions): Read {
	const { tree, errors } = parseJson(level.node, text, { ...options, inGroups: isInGroups(level) });
	if (errors.length > 0) return { ok: false, errors: errors.map((error) => formatTextError(source, error)) };
	return { ok: true, tree, tags: [] };
}

/** Below the top, override and update take the place of what is at the level. */
function replaced(tree: Branch, level: Level, fresh: Branch, isSharing: boolean): Branch {
	return changeBranch(tree, level.path, (branch) => {
		const whole = { ...branch, children: fresh.children };
		return isSharing ? shareEqual(branch, whole) : whole;
	});
}

function withoutTagged(tree: Branch, level: Level, { path, leaf }: TaggedPath): Branch {
	const whole = [...level.path, ...path];
	if (leaf === undefined) return removeBranch(tree, whole);
	if (branchAt(tree, whole) === undefined) return tree;
	return changeBranch(tree, whole, (branch) => withSlot(branch, leaf, undefined));
}

function loaded(source: string, result: { readonly tree: Branch; readonly errors: readonly TextError[] }): Loaded {
	if (result.errors.length === 0) return { ok: true, tree: result.tree };
	return { ok: false, errors: result.errors.map((error) => formatTextError(source, error)) };
}
