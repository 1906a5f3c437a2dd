/** The state of all candidate configurations, and the parts from which the candidate machine's steps are made. */
import { changesBetween } from "#config/changes.ts";
import { describeEditors, type Editor, type EditorId } from "#config/editor.ts";
import { brokenProtection } from "#config/protection.ts";
import type { ContainerNode } from "#config/schema.ts";
import type { SaltSource } from "#config/secret-codec.ts";
import { type Branch, equalSlots } from "#config/tree.ts";
import { joinWords } from "#config/word.ts";

export interface CandidateState {
	readonly root: ContainerNode;
	/** The committed configuration. */
	readonly active: Branch;
	/** The candidate that shared and exclusive editors change. */
	readonly shared: Branch;
	readonly editors: ReadonlyMap<EditorId, Editor>;
	readonly salt: SaltSource;
}

/** What an editor's event is answered with. */
export interface CandidateAnswer {
	readonly type: "answer";
	readonly editor: EditorId;
	readonly ok: boolean;
	/** What is printed: nothing for most edits that succeed. */
	readonly lines: readonly string[];
	/** The index of the word at fault, when one is. */
	readonly at?: number;
	/** What could stand in its place. */
	readonly expected?: readonly string[];
}

export interface CandidateStep {
	readonly next: CandidateState;
	readonly effects: readonly CandidateAnswer[];
}

/** The tree that an editor changes. */
export function candidateOf(state: CandidateState, editor: Editor): Branch {
	return editor.own?.tree ?? state.shared;
}

/** True when an editor's candidate differs from the configuration that it began with, and from the one in force. */
export function isModified(state: CandidateState, editor: Editor): boolean {
	const candidate = candidateOf(state, editor);
	return !equalSlots(candidate, editor.own?.base ?? state.active) && !equalSlots(candidate, state.active);
}

/** The editor who holds the lock, unless it is `except` himself. */
export function lockHolder(state: CandidateState, except?: EditorId): Editor | undefined {
	for (const editor of state.editors.values()) if (editor.mode === "exclusive" && editor.id !== except) return editor;
	return undefined;
}

/** The lines that refuse an edit because another holds the lock. */
export function lockedLines(holder: Editor, now: number): string[] {
	return ["error: configuration database locked by:", ...describeEditors([holder], now)];
}

/** A step that answers and keeps the editor's last state. */
export function answered(
	state: CandidateState,
	editor: Editor,
	ok: boolean,
	lines: readonly string[],
	details: { at?: number; expected?: readonly string[] } = {},
): CandidateStep {
	const effect: CandidateAnswer = { type: "answer", editor: editor.id, ok, lines, ...details };
	return { next: withEditor(state, editor), effects: [effect] };
}

/** The state with one editor replaced. */
export function withEditor(state: CandidateState, editor: Editor): CandidateState {
	return { ...state, editors: new Map(state.editors).set(editor.id, editor) };
}

/**
 * The step of an edit that made `after` of the editor's candidate: refused when another holds the lock, when a statement
 * that changed is not the editor's to change, or is protected.
 */
export function changed(
	state: CandidateState,
	editor: Editor,
	after: Branch,
	lines: readonly string[] = [],
	mayBreakProtection = false,
): CandidateStep {
	const before = candidateOf(state, editor);
	if (after === before) return answered(state, editor, true, lines);
	const holder = editor.own === undefined ? lockHolder(state, editor.id) : undefined;
	if (holder !== undefined) return answered(state, editor, false, lockedLines(holder, editor.lastActive));
	const denied = deniedChange(state, editor, before, after);
	if (denied !== undefined) return answered(state, editor, false, [denied]);
	const broken = mayBreakProtection ? undefined : brokenProtection(state.root, before, after);
	if (broken !== undefined) return answered(state, editor, false, [broken]);
	const next = editor.own === undefined ? { ...state, shared: after } : state;
	const kept = editor.own === undefined ? editor : { ...editor, own: { ...editor.own, tree: after } };
	return answered(next, kept, true, lines);
}

/** The first change that the editor's class does not allow, as a line; undefined when all are allowed. */
export function deniedChange(state: CandidateState, editor: Editor, before: Branch, after: Branch): string | undefined {
	if (editor.access.mayChangeAll === true) return undefined;
	for (const { words, permission } of changesBetween(state.root, before, after))
		if (!editor.access.mayChange(words, permission)) return `error: permission denied: ${joinWords(words)}`;
	return undefined;
}
