/**
 * The candidate configurations and those who edit them: one candidate that all share, a copy for each private editor,
 * a lock for an exclusive one.
 *
 * Events are what editors ask for and what a commit did; each event of an editor is answered by one `answer` effect.
 * The machine reads no clock and no file: texts to load and earlier configurations come with the event.
 *
 * Bounds: at most `maxEditors` editors at a time; each holds at most one tree, which shares all that it has in common
 *         with the active one.
 */
import type { CandidateState, CandidateStep } from "#config/candidate.ts";
import { activate, closed, opened, updated } from "#config/candidate-editors.ts";
import {
	editLine,
	type LevelMove,
	loadText,
	loadTree,
	moveLevel,
	replaceText,
	wildcardDelete,
	wildcardRange,
} from "#config/candidate-edits.ts";
import type { EditAccess, EditMode, Editor, EditorId } from "#config/editor.ts";
import { type Level, topLevel } from "#config/level.ts";
import type { LoadRequest } from "#config/load.ts";
import type { Item } from "#config/resolve.ts";
import type { ContainerNode } from "#config/schema.ts";
import type { SaltSource } from "#config/secret-codec.ts";
import type { Branch } from "#config/tree.ts";

export type CandidateEvent =
	| {
			readonly type: "editor-opened";
			readonly editor: EditorId;
			readonly user: string;
			readonly terminal: string;
			readonly pid: number;
			readonly mode: EditMode;
			readonly access: EditAccess;
	  }
	| { readonly type: "editor-closed"; readonly editor: EditorId }
	| { readonly type: "level-moved"; readonly editor: EditorId; readonly move: LevelMove }
	/** `set`, `delete` and their like: the verb is the first word. `level` is another one for this line alone. */
	| {
			readonly type: "line-entered";
			readonly editor: EditorId;
			readonly items: readonly Item[];
			readonly level?: Level;
	  }
	| { readonly type: "text-loaded"; readonly editor: EditorId; readonly request: LoadRequest }
	/** An earlier, the rescue or the factory configuration takes the place of the candidate. */
	| { readonly type: "tree-loaded"; readonly editor: EditorId; readonly tree: Branch }
	| {
			readonly type: "pattern-replaced";
			readonly editor: EditorId;
			readonly pattern: string;
			readonly replacement: string;
			readonly upTo?: number;
	  }
	/** Without confirmation nothing is deleted: the answer names what would be. */
	| {
			readonly type: "wildcard-deleted";
			readonly editor: EditorId;
			readonly items: readonly Item[];
			readonly isConfirmed: boolean;
	  }
	/** The verb and its words, with ranges such as `[0-3]` in them (see `readRangeLine`). */
	| { readonly type: "range-entered"; readonly editor: EditorId; readonly items: readonly Item[] }
	/** A private editor takes over what was committed since. */
	| { readonly type: "update-requested"; readonly editor: EditorId }
	/** A commit put a tree in force; `editor` is the one who asked for it. */
	| { readonly type: "committed"; readonly tree: Branch; readonly editor?: EditorId };

/** The state before anybody edits. */
export function initialCandidates(root: ContainerNode, active: Branch, salt: SaltSource): CandidateState {
	return { root, active, shared: active, editors: new Map(), salt };
}

/** Takes one event. `now` in milliseconds since 1970, for the idle times alone. */
export function stepCandidates(state: CandidateState, event: CandidateEvent, now: number): CandidateStep {
	if (event.type === "committed") return { next: activate(state, event.tree, event.editor), effects: [] };
	if (event.type === "editor-opened")
		return opened(state, { ...event, id: event.editor, level: topLevel(state.root) }, now);
	const editor = state.editors.get(event.editor);
	if (editor === undefined) return refusal(state, event.editor, "error: not in configuration mode");
	const current: Editor = { ...editor, lastActive: now };
	switch (event.type) {
		case "editor-closed":
			return closed(state, current);
		case "level-moved":
			return moveLevel(state, current, event.move);
		case "line-entered":
			return editLine(state, current, event.items, event.level);
		case "text-loaded":
			return loadText(state, current, event.request);
		case "tree-loaded":
			return loadTree(state, current, event.tree);
		case "pattern-replaced":
			return replaceText(state, current, event.pattern, event.replacement, event.upTo);
		case "wildcard-deleted":
			return wildcardDelete(state, current, event.items, event.isConfirmed);
		case "range-entered":
			return wildcardRange(state, current, event.items);
		case "update-requested":
			return updated(state, current);
	}
}

function refusal(state: CandidateState, editor: EditorId, line: string): CandidateStep {
	return { next: state, effects: [{ type: "answer", editor, ok: false, lines: [line] }] };
}
