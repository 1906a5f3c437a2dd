/** How a mistake in a line is told: the caret under the word, the message, what the word could have been. */
import { listCandidates } from "#cli/completion-text.ts";
import type { Candidate } from "#cli/grammar.ts";
import { cellWidth, visibleText } from "#telemetry/display-text.ts";

export interface Complaint {
	/** The character of the line under which the caret stands. */
	readonly at: number;
	readonly message: string;
	readonly candidates?: readonly Candidate[];
}

/** Where the line stands on the screen: behind its prompt; or nowhere, then it is repeated. */
export interface LinePlace {
	readonly line: string;
	readonly prompt: string | undefined;
	/** Columns of the screen: a long line goes on in the next row. */
	readonly columns: number;
}

/**
 *     admin@gw> show version c
 *                            ^
 *     syntax error, expecting <command>.
 */
export function formatComplaint({ at, message, candidates }: Complaint, place: LinePlace): string {
	const before = visibleText(place.line.slice(0, at)).padEnd(at);
	const repeated = place.prompt === undefined ? `${visibleText(place.line)}\n` : "";
	const cells = cellWidth((place.prompt ?? "") + before);
	const column = place.prompt !== undefined && place.columns > 0 ? cells % place.columns : cells;
	const rows = candidates === undefined || candidates.length === 0 ? "" : listCandidates(candidates);
	return `${repeated}${" ".repeat(column)}^\n${message}\n${rows}`;
}
