/** The edits of one editor: each makes the next tree and asks `changed` whether it may take its place. */
import { assign } from "#config/assign.ts";
import {
	answered,
	type CandidateState,
	type CandidateStep,
	candidateOf,
	changed,
	deniedChange,
} from "#config/candidate.ts";
import { type EditOptions, type EditResult, resolveOptions } from "#config/edit.ts";
import type { Editor } from "#config/editor.ts";
import { formatFinding } from "#config/finding.ts";
import { type Level, levelAbove, levelBelow, levelWords, topLevel } from "#config/level.ts";
import { type LoadRequest, loadInto } from "#config/load.ts";
import { shareEqual } from "#config/merge-trees.ts";
import { compilePattern } from "#config/pattern.ts";
import { replacePattern } from "#config/replace-pattern.ts";
import { type Item, type Resolved, resolveWords } from "#config/resolve.ts";
import { applyCommand } from "#config/set-lines.ts";
import { type Branch, branchAt, changeBranch, equalSlots } from "#config/tree.ts";
import { deleteMatches, expandRanges, findWildcard } from "#config/wildcard.ts";

/** `edit`, `up` and `top`. */
export type LevelMove =
	| { readonly kind: "edit"; readonly items: readonly Item[] }
	| { readonly kind: "up"; readonly count: number }
	/** To where the editor was before, whether it is still there or not. */
	| { readonly kind: "to"; readonly level: Level }
	| { readonly kind: "top" };

/** Moves the editor's level. An entry that `edit` names and that is not there is made, if the editor may. */
export function moveLevel(state: CandidateState, editor: Editor, move: LevelMove): CandidateStep {
	if (move.kind === "to") return answered(state, { ...editor, level: move.level }, true, []);
	if (move.kind === "top") return answered(state, { ...editor, level: topLevel(state.root) }, true, []);
	if (move.kind === "up") return answered(state, { ...editor, level: levelAbove(editor.level, move.count) }, true, []);
	const resolved = resolveWords(editor.level.node, move.items, resolveOptions(editor.level, optionsOf(state)));
	if (!resolved.ok)
		return failed(state, editor, { ok: false, message: resolved.message, at: resolved.item, problem: resolved });
	if (resolved.endsInLeaf || resolved.siblings.length > 0)
		return answered(state, editor, false, ["syntax error."], { at: Math.max(0, move.items.length - 1) });
	const level = levelBelow(editor.level, resolved);
	const last = resolved.passed.at(-1);
	const words = levelWords(level);
	const permission = level.passed.findLast(({ node }) => node.permission !== undefined)?.node.permission;
	if (!editor.access.mayView(words, permission) && !editor.access.mayChange(words, permission))
		return answered(state, editor, false, ["error: permission denied"]);
	const moved = { ...editor, level };
	const tree = candidateOf(state, editor);
	if (last?.node.kind !== "list" || branchAt(tree, level.path) !== undefined) return answered(state, moved, true, []);
	const made = madeBranch(tree, editor.level, resolved);
	const mayMake = deniedChange(state, editor, tree, made) === undefined;
	const step = mayMake ? changed(state, moved, made) : answered(state, moved, true, []);
	return step.effects[0]?.ok === true ? step : answered(state, moved, true, []);
}

/** One line such as `set system host-name gw`, at the editor's level or at another one. */
export function editLine(
	state: CandidateState,
	editor: Editor,
	items: readonly Item[],
	level: Level = editor.level,
): CandidateStep {
	const result = applyCommand(candidateOf(state, editor), level, items, optionsOf(state));
	if (!result.ok) return failed(state, editor, result);
	// Protection was looked at by the command itself: `unprotect` may take it away.
	return changed(state, editor, result.tree, [], true);
}

/** `load merge`, `override`, `replace`, `update`, `patch`, `set`. */
export function loadText(state: CandidateState, editor: Editor, request: LoadRequest): CandidateStep {
	const loaded = loadInto(candidateOf(state, editor), editor.level, request, optionsOf(state));
	if (loaded.ok) return changed(state, editor, loaded.tree, ["load complete"]);
	const count = loaded.errors.length;
	return answered(state, editor, false, [
		...loaded.errors,
		`load complete (${count} error${count === 1 ? "" : "s"}); the candidate is unchanged`,
	]);
}

/**
 * `rollback n`, `load factory-default`: a whole tree takes the place of the candidate. What is in force may always come back:
 * protection that is not committed yet does not keep its own edit from being given up.
 */
export function loadTree(state: CandidateState, editor: Editor, tree: Branch): CandidateStep {
	const isInForce = equalSlots(tree, state.active);
	return changed(state, editor, shareEqual(candidateOf(state, editor), tree), ["load complete"], isInForce);
}

/** `replace pattern`, below the editor's level. */
export function replaceText(
	state: CandidateState,
	editor: Editor,
	source: string,
	replacement: string,
	upTo: number | undefined,
): CandidateStep {
	const compiled = compilePattern(source);
	if (!compiled.ok) return answered(state, editor, false, [compiled.message]);
	const tree = candidateOf(state, editor);
	const branch = branchAt(tree, editor.level.path);
	if (branch === undefined) return answered(state, editor, true, []);
	const options = { salt: state.salt, path: levelWords(editor.level), ...(upTo === undefined ? {} : { upTo }) };
	const replaced = replacePattern(editor.level.node, branch, compiled.pattern, replacement, options);
	if (replaced.errors.length > 0)
		return answered(state, editor, false, replaced.errors.slice(0, 20).map(formatFinding));
	return changed(
		state,
		editor,
		changeBranch(tree, editor.level.path, () => replaced.branch),
	);
}

/** `wildcard delete`: the answer lists what fits; only a confirmed one deletes. */
export function wildcardDelete(
	state: CandidateState,
	editor: Editor,
	items: readonly Item[],
	isConfirmed: boolean,
): CandidateStep {
	const tree = candidateOf(state, editor);
	const found = findWildcard(tree, editor.level, items, optionsOf(state));
	if (!found.ok) return failed(state, editor, found);
	if (found.matches.length === 0) return answered(state, editor, false, ["warning: statement not found"]);
	if (isConfirmed) return changed(state, editor, deleteMatches(tree, found.matches));
	return answered(
		state,
		editor,
		true,
		found.matches.map(({ words }) => `  matched: ${words}`),
	);
}

/** `wildcard range set ...`: the line once for each number; all or none. */
export function wildcardRange(state: CandidateState, editor: Editor, items: readonly Item[]): CandidateStep {
	const expanded = expandRanges(items);
	if (!expanded.ok) return failed(state, editor, expanded);
	let tree = candidateOf(state, editor);
	for (const line of expanded.lines) {
		const result = applyCommand(tree, editor.level, line, optionsOf(state));
		if (!result.ok) return failed(state, editor, result);
		tree = result.tree;
	}
	return changed(state, editor, tree, [], true);
}

function failed(
	state: CandidateState,
	editor: Editor,
	result: Omit<Extract<EditResult, { ok: false }>, "ok"> & { readonly ok: false },
): CandidateStep {
	const { message, at, problem } = result;
	const lines = problem?.advice === undefined ? [message] : [message, problem.advice];
	return answered(state, editor, false, lines, {
		...(at === undefined ? {} : { at }),
		...(problem === undefined ? {} : { expected: problem.expected }),
	});
}

function optionsOf(state: CandidateState): EditOptions {
	return { salt: state.salt, mayAbbreviate: true };
}

function madeBranch(tree: Branch, level: Level, resolved: Resolved): Branch {
	return changeBranch(tree, level.path, (branch) => assign(branch, level.node, resolved));
}
