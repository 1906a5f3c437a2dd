/**
 * The examples of a guide's page, as something that can be replayed.
 *
 *     <!-- varies: [0-9]+ octets -->           what matches is equal to whatever matches; several lines may stand here
 *     ```console                               a terminal in which `sallyport cli` runs; the same one in all blocks
 *     root@gw> show system uptime              what is typed behind the prompt, and what the screen shows then
 *     ```
 *     ```console pat                           another terminal, of user pat
 *     ```shell                                 commands behind `$ `, with what they print
 *     ```shell client                          the same at another host of the test
 *
 * In the output a line `...` stands for any lines, and `...` at the end of a line for what follows in it. Moments such as `2026-11-30 00:43:42 UTC`, process ids (`pid 7`) and idle times always vary.
 * Keys: a line that ends in `?` or `<TAB>` is not entered. Behind `?` stands the help; behind `<TAB>` the line as it is
 * then. An answer is typed where a question ends in `[yes,no] (yes)`; lines up to `^D` where text is collected.
 * Blocks of other kinds are left alone.
 */

/** One line that is typed and what the screen shows afterwards. */
export interface GuideStep {
	/** Of the page, counted from 1. */
	readonly line: number;
	/** `root@gw>`, `root@gw#` or `$`. */
	readonly prompt: string;
	/** Without the key at its end. */
	readonly input: string;
	readonly key: "enter" | "help" | "tab";
	readonly shows: readonly string[];
}

export interface GuideBlock {
	readonly kind: "console" | "shell";
	/** The user whose terminal it is. */
	readonly user: string;
	readonly varies: readonly RegExp[];
	readonly steps: readonly GuideStep[];
}

/** The blocks that are replayed, in order. Throws when one is not understood. */
export function guideBlocks(page: string): readonly GuideBlock[] {
	const blocks: GuideBlock[] = [];
	let varies: RegExp[] = [];
	const lines = page.split("\n");
	for (let at = 0; at < lines.length; at++) {
		const line = lines[at] as string;
		const pattern = /^<!-- varies: (.+) -->$/.exec(line)?.[1];
		if (pattern !== undefined) {
			varies.push(new RegExp(pattern, "g"));
			continue;
		}
		const fence = /^```(\S*) ?(\S*)$/.exec(line);
		if (fence === null) continue;
		const end = lines.indexOf("```", at + 1);
		if (end === -1) throw new Error(`line ${at + 1}: a block that does not end`);
		const [, kind, user] = fence;
		if (kind === "console" || kind === "shell") {
			const steps = stepsOf(lines.slice(at + 1, end), at + 2);
			blocks.push({
				kind,
				user: user === "" || user === undefined ? "root" : user,
				varies: [...always, ...varies],
				steps,
			});
		}
		varies = [];
		at = end;
	}
	return blocks;
}

/** True when the screen shows what the page says. */
export function agrees(says: readonly string[], shows: readonly string[], varies: readonly RegExp[]): boolean {
	const masked = (line: string): string =>
		varies.reduce((text, pattern) => text.replace(pattern, "~"), line.trimEnd()).trimEnd();
	return fits(says.map(masked), shows.map(masked));
}

function stepsOf(lines: readonly string[], firstLine: number): GuideStep[] {
	const steps: (GuideStep & { shows: string[] })[] = [];
	for (const [index, line] of lines.entries()) {
		const last = steps.at(-1);
		const typed = /^(\S+@\S+[>#]|\$) (.*)$/.exec(line);
		if (typed !== null && !(last?.key === "tab" && last.shows.length === 0)) {
			const [, prompt = "", text = ""] = typed;
			const key = text.endsWith("<TAB>") ? "tab" : text.endsWith("?") ? "help" : "enter";
			const input = key === "tab" ? text.slice(0, -5) : key === "help" ? text.slice(0, -1) : text;
			steps.push({ line: firstLine + index, prompt, input, key, shows: [] });
		} else if (last !== undefined) last.shows.push(line);
		else if (!/^(\[edit.*\])?$/.test(line))
			throw new Error(`line ${firstLine + index}: output before anything was typed`);
	}
	return steps;
}

function fits(says: readonly string[], shows: readonly string[]): boolean {
	const [first, ...rest] = says;
	if (first === undefined) return shows.length === 0;
	if (first.trim() === "...")
		return Array.from({ length: shows.length + 1 }, (_, count) => count).some((count) =>
			fits(rest, shows.slice(count)),
		);
	const [shown, ...others] = shows;
	if (shown === undefined) return false;
	const isSame = first.endsWith("...") ? shown.startsWith(first.slice(0, -3)) : first === shown;
	return isSame && fits(rest, others);
}

const always = [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, /\bpid \d+/g, /\bidle \d\d:\d\d:\d\d/g];
