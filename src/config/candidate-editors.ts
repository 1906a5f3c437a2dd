/** Editors come and go, a private one catches up, a commit puts a tree in force. */
import {
	answered,
	type CandidateState,
	type CandidateStep,
	isModified,
	lockedLines,
	lockHolder,
	withEditor,
} from "#config/candidate.ts";
import { compareTrees } from "#config/compare.ts";
import { describeEditors, type EditAccess, type EditMode, type Editor, type EditorId } from "#config/editor.ts";
import { type Level, topLevel } from "#config/level.ts";
import { applyPatch } from "#config/patch.ts";
import { formatTextError } from "#config/text.ts";
import { type Branch, equalSlots } from "#config/tree.ts";

/** At most so many sessions of configuration mode at a time. */
export const maxEditors = 64;

export interface Opening {
	readonly id: EditorId;
	readonly user: string;
	readonly terminal: string;
	readonly pid: number;
	readonly mode: EditMode;
	readonly access: EditAccess;
	readonly level: Level;
}

/** `configure`, `configure private`, `configure exclusive`. */
export function opened(state: CandidateState, opening: Opening, now: number): CandidateStep {
	const { id, user, terminal, pid, mode, access, level } = opening;
	const own = mode === "private" ? { tree: state.active, base: state.active } : undefined;
	const editor: Editor = { id, user, terminal, pid, mode, access, level, since: now, lastActive: now, own };
	const refused = refusal(state, editor, now);
	if (refused !== undefined)
		return { next: state, effects: [{ type: "answer", editor: id, ok: false, lines: refused }] };
	const others = [...state.editors.values()];
	if (mode !== "shared") return answered(state, editor, true, [discardWarning, "Entering configuration mode"]);
	const lines = ["Entering configuration mode"];
	if (others.length > 0) lines.push("Users currently editing the configuration:", ...describeEditors(others, now));
	if (isModified(state, editor)) lines.push("The configuration has been changed but not committed");
	return answered(state, editor, true, lines);
}

/** Leaving configuration mode. What a private or exclusive editor did not commit is lost. */
export function closed(state: CandidateState, editor: Editor): CandidateStep {
	const editors = new Map(state.editors);
	editors.delete(editor.id);
	const isLost = editor.mode !== "shared" && isModified(state, editor);
	const lines = [...(isLost ? ["warning: discarding uncommitted changes"] : []), "Exiting configuration mode"];
	const shared = editor.mode === "exclusive" ? state.active : state.shared;
	return { next: { ...state, shared, editors }, effects: [{ type: "answer", editor: editor.id, ok: true, lines }] };
}

/** `update`: what was committed since goes below the private editor's own changes. */
export function updated(state: CandidateState, editor: Editor): CandidateStep {
	if (editor.own === undefined)
		return answered(state, editor, false, ["error: 'update' is of use in 'configure private' alone"]);
	const { tree, base } = editor.own;
	if (base === state.active) return answered(state, editor, true, []);
	const moved = rebased(state, tree, base, state.active);
	if ("errors" in moved) {
		const lines = moved.errors.map((error) => formatTextError("update", error));
		return answered(state, editor, false, [
			...lines,
			"error: own changes clash with what was committed since; nothing was changed",
		]);
	}
	return answered(state, { ...editor, own: { tree: moved.tree, base: state.active } }, true, []);
}

/** A commit put `tree` in force. Other editors keep what they changed. */
export function activate(state: CandidateState, tree: Branch, by: EditorId | undefined): CandidateState {
	const next: CandidateState = { ...state, active: tree, shared: sharedAfter(state, tree, by) };
	const editor = by === undefined ? undefined : next.editors.get(by);
	if (editor?.own === undefined) return next;
	// What a private editor changed while the commit ran stands upon it.
	return withEditor(next, {
		...editor,
		own: { tree: equalSlots(editor.own.tree, tree) ? tree : editor.own.tree, base: tree },
	});
}

function sharedAfter(state: CandidateState, tree: Branch, by: EditorId | undefined): Branch {
	const { shared, active, editors } = state;
	if (shared === active || equalSlots(shared, active) || equalSlots(shared, tree)) return tree;
	const isPrivate = by !== undefined && editors.get(by)?.own !== undefined;
	if (!isPrivate) return shared;
	const moved = rebased(state, shared, active, tree);
	return "errors" in moved ? shared : moved.tree;
}

/** The changes from `base` to `tree`, done to `onto`. */
function rebased(
	state: CandidateState,
	tree: Branch,
	base: Branch,
	onto: Branch,
): { readonly tree: Branch } | { readonly errors: ReturnType<typeof applyPatch>["errors"] } {
	const patch = compareTrees(state.root, base, tree);
	const { tree: moved, errors } = applyPatch(onto, topLevel(state.root), patch, { salt: state.salt });
	return errors.length > 0 ? { errors } : { tree: moved };
}

function refusal(state: CandidateState, editor: Editor, now: number): string[] | undefined {
	const others = [...state.editors.values()];
	if (state.editors.has(editor.id)) return ["error: already in configuration mode"];
	if (others.length >= maxEditors)
		return [`error: ${others.length} users are editing the configuration; at most ${maxEditors} may`];
	const holder = lockHolder(state);
	if (holder !== undefined && editor.mode !== "shared") return lockedLines(holder, now);
	const isShared = equalSlots(state.shared, state.active);
	if (editor.mode !== "shared" && !isShared)
		return [
			"error: shared configuration database modified",
			...describeEditors(
				others.filter(({ own }) => own === undefined),
				now,
			),
		];
	if (editor.mode === "shared" && others.some(({ own }) => own !== undefined))
		return ["error: private edits in use. Try 'configure private' or 'configure exclusive'."];
	return undefined;
}

const discardWarning = "warning: uncommitted changes will be discarded on exit";
