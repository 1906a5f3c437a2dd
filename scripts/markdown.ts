/** Markdown as the reference pages use it. */

/** A table; a line break or a bar inside a cell does not break it. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
	return [line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line), ""].join("\n");
}

function cell(text: string): string {
	const line = text.replace(/\s+/g, " ").replaceAll("|", "\\|").trim();
	// A code span shows what stands in it; anywhere else an angle bracket would begin a tag.
	return line.replace(/`[^`]*`|</g, (found) => (found === "<" ? "&lt;" : found));
}
