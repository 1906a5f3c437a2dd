/** How candidates are listed and inserted: `Possible completions:`, and what SPACE and TAB add to the line. */
import type { Candidate } from "#cli/grammar.ts";
import { fitText, visibleText } from "#telemetry/display-text.ts";

/**
 * The rows of `?`:
 *
 *     Possible completions:
 *       <[Enter]>            Execute this command
 *     > security             Security
 *
 * Bounds: at most `maxRows` rows; the rest is counted.
 */
export function listCandidates(candidates: readonly Candidate[]): string {
	if (candidates.length === 0) return "No valid completions\n";
	const shown = candidates.slice(0, maxRows);
	const width = Math.min(widestName, Math.max(leastName, ...shown.map(({ text }) => text.length)));
	const lines = shown.map(({ text, help, mark }) => {
		const name = visibleText(text);
		const cell = name.length > width ? name : fitText(name, width);
		return `${mark ?? " "} ${cell} ${visibleText(help)}`.trimEnd();
	});
	const more = candidates.length - shown.length;
	return `Possible completions:\n${lines.join("\n")}\n${more > 0 ? `  ... and ${more} more\n` : ""}`;
}

/** What a completion key does with the word that ends at the cursor. */
export type Completed =
	/** The word is replaced by `text`; `isWhole` when nothing longer is possible, so that a blank follows. */
	| { readonly kind: "insert"; readonly text: string; readonly isWhole: boolean }
	| { readonly kind: "nothing" }
	| { readonly kind: "list" };

/**
 * SPACE completes keywords only, TAB names of objects too. Several candidates are completed as far as they agree; when
 * they agree no further they are listed.
 */
export function completeWord(candidates: readonly Candidate[], partial: string, key: "space" | "tab"): Completed {
	const fitting = candidates.filter(
		({ kind, text }) => (kind === "keyword" || kind === "object") && text.startsWith(partial),
	);
	if (key === "space" && fitting.some(({ kind }) => kind === "object")) return { kind: "nothing" };
	const [first] = fitting;
	if (first === undefined) return { kind: "nothing" };
	if (fitting.length === 1) return { kind: "insert", text: first.text, isWhole: true };
	if (key === "space" && fitting.some(({ text }) => text === partial))
		return { kind: "insert", text: partial, isWhole: true };
	if (key === "space" && candidates.some(({ kind }) => kind === "value")) return { kind: "nothing" };
	const common = fitting.reduce((prefix, { text }) => commonPrefix(prefix, text), first.text);
	return common.length > partial.length ? { kind: "insert", text: common, isWhole: false } : { kind: "list" };
}

function commonPrefix(a: string, b: string): string {
	let length = 0;
	while (length < a.length && a[length] === b[length]) length++;
	return a.slice(0, length);
}

const leastName = 20;
const widestName = 40;
const maxRows = 1_000;
