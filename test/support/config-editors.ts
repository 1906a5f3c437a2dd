/** A conversation with the candidate machine, for tests. */
import assert from "node:assert/strict";
import type { CandidateAnswer, CandidateState } from "#config/candidate.ts";
import { type CandidateEvent, initialCandidates, stepCandidates } from "#config/candidate-machine.ts";
import type { EditAccess } from "#config/editor.ts";
import { readLine } from "#config/line.ts";
import { printText } from "#config/print-text.ts";
import type { Item } from "#config/resolve.ts";
import type { Branch } from "#config/tree.ts";
import { sampleRoot, treeOf } from "./config-sample.ts";

/** May do everything. */
export const superUser: EditAccess = { mayView: () => true, mayChange: () => true, maySeeSecrets: true };

/** The words of a line. */
export function wordsOf(line: string): readonly Item[] {
	const read = readLine(line);
	assert.ok(read.ok);
	return read.items;
}

export class Conversation {
	state: CandidateState;
	#now = Date.UTC(2026, 10, 20, 12);

	constructor(active = "") {
		this.state = initialCandidates(sampleRoot, treeOf(active), (count) => new Uint8Array(count));
	}

	event(event: CandidateEvent): CandidateAnswer | undefined {
		const { next, effects } = stepCandidates(this.state, event, this.#now);
		this.state = next;
		this.#now += 1_000;
		return effects[0];
	}

	/** Opens configuration mode; the lines of the answer. */
	open(
		editor: string,
		mode: "shared" | "private" | "exclusive" = "shared",
		access: EditAccess = superUser,
	): readonly string[] {
		const answer = this.event({ type: "editor-opened", editor, user: editor, terminal: "p0", pid: 7, mode, access });
		return answer?.lines ?? [];
	}

	/** One line of an editor; the lines of the answer. */
	line(editor: string, line: string): readonly string[] {
		return this.event({ type: "line-entered", editor, items: wordsOf(line) })?.lines ?? [];
	}

	/** Puts the editor's candidate in force. */
	commit(editor: string): void {
		this.event({ type: "committed", tree: this.candidate(editor), editor });
	}

	candidate(editor: string): Branch {
		return this.state.editors.get(editor)?.own?.tree ?? this.state.shared;
	}

	text(editor: string): string {
		return printText(sampleRoot, this.candidate(editor));
	}
}
