/** A terminal (of `script`, so a real one) in which `sallyport cli` runs, as the examples of the guide need it. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { projectRoot } from "../../scripts/source-files.ts";
import { eventually, type Owner } from "./gateway.ts";
import { agrees, type GuideStep } from "./guide-page.ts";
import { peerPath } from "./peers.ts";
import { Screen } from "./screen.ts";

export class GuideTerminal {
	readonly #screen = new Screen(columns, rows);
	readonly #child: ChildProcess;
	#isOver = false;

	constructor(owner: Owner, state: string, user: string) {
		const program = join(projectRoot, "src/daemon/cli.ts");
		const words = [process.execPath, "--disable-warning=ExperimentalWarning", program, "cli"];
		const command = [...words, "--state", state, "--user", user].map((word) => `'${word}'`).join(" ");
		this.#child = spawn(
			peerPath("script"),
			["-qefc", `stty columns ${columns} rows ${rows}; exec ${command}`, "/dev/null"],
			{ stdio: ["pipe", "pipe", "inherit"], cwd: state },
		);
		this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#screen.write(text));
		const ended = new Promise<void>((resolve) => this.#child.on("close", () => resolve()));
		void ended.then(() => {
			this.#isOver = true;
		});
		owner.after(async () => {
			this.#child.kill("SIGKILL");
			await ended;
		});
	}

	/** True after the session was ended. */
	get isOver(): boolean {
		return this.#isOver;
	}

	/** Types the line and waits until the screen shows what the page says; throws with both otherwise. */
	async replay(step: GuideStep, varies: readonly RegExp[]): Promise<void> {
		await this.#until(
			() => this.#line === step.prompt,
			() => `the prompt ${step.prompt}; the screen:\n${this.#tail}`,
		);
		const from = this.#screen.cursor.row;
		const { answers, says } = typedAfter(step);
		this.#type(step.input + { enter: "\r", help: "?", tab: "\t" }[step.key]);
		for (const { after, keys } of answers) {
			await this.#until(
				() => this.#screen.lines.slice(from + 1).some((line) => line.endsWith(after)),
				() => after,
			);
			this.#type(keys);
		}
		const shown = (): readonly string[] => this.#shownSince(from, step.key);
		await this.#until(
			() => this.#isDone(step, from) && agrees(says, withoutBanner(shown(), says), varies),
			() =>
				`line ${step.line}: ${step.prompt} ${step.input}\n--- the page says\n${says.join("\n")}\n--- the screen shows\n${shown().join("\n")}`,
		);
		if (step.key !== "enter") this.#type("\x15");
	}

	#shownSince(from: number, key: GuideStep["key"]): readonly string[] {
		const { lines, cursor } = this.#screen;
		return key === "tab" ? [lines[cursor.row] ?? ""] : lines.slice(from + 1, this.#isOver ? undefined : cursor.row);
	}

	/** Another prompt waits, or the line that was not entered. */
	#isDone({ prompt, input, key }: GuideStep, from: number): boolean {
		if (key === "tab" || this.#isOver) return true;
		if (this.#screen.cursor.row === from) return false;
		if (key === "help") return this.#line === `${prompt} ${input}`.trimEnd();
		return /^\S+@\S+[>#]$/.test(this.#line);
	}

	get #line(): string {
		return this.#screen.lines[this.#screen.cursor.row] ?? "";
	}

	get #tail(): string {
		return this.#screen.lines.slice(-10).join("\n");
	}

	#type(keys: string): void {
		this.#child.stdin?.write(keys);
	}

	async #until(isThere: () => boolean, what: () => string): Promise<void> {
		try {
			await eventually(isThere, "it");
		} catch {
			throw new Error(`waited in vain for ${what()}`);
		}
	}
}

/** What is typed while a command runs, and the output; the end of a text is an empty line. */
function typedAfter({ shows }: GuideStep): {
	readonly answers: readonly { readonly after: string; readonly keys: string }[];
	readonly says: readonly string[];
} {
	const answers: { after: string; keys: string }[] = [];
	const end = shows.indexOf("^D");
	if (end !== -1) {
		const begin = shows.indexOf(collects);
		answers.push({ after: collects, keys: `${shows.slice(begin + 1, end).join("\r")}\r\x04` });
	}
	for (const line of shows) {
		const answer = /^(.*\[yes,no\] \((?:yes|no)\)) (\S+)$/.exec(line);
		if (answer !== null) answers.push({ after: answer[1] as string, keys: `${answer[2]}\r` });
	}
	return { answers, says: shows.map((line) => (line === "^D" ? "" : line)) };
}

/** The blank line and the banner before the next prompt may be left out where a block ends. */
function withoutBanner(shown: readonly string[], says: readonly string[]): readonly string[] {
	const hasBanner = /^\[edit.*\]$/.test(shown.at(-1) ?? "") && !/^\[edit.*\]$/.test(says.at(-1) ?? "");
	const rest = hasBanner ? shown.slice(0, /^# commit confirmed/.test(shown.at(-2) ?? "") ? -2 : -1) : shown;
	return rest.at(-1) === "" && says.at(-1) !== "" ? rest.slice(0, -1) : rest;
}

const collects = "[Type ^D at a new line to end input]";
const columns = 120;
/** No page of output is longer: nothing stops at the end of the screen. */
const rows = 2_000;
