/** A person at the command line: keys in, screen out, with a whole system behind, all in memory. */
import { type TerminalEffect, type TerminalEvent, TerminalMachine } from "#cli/terminal-machine.ts";
import type { CliSystem, CliUser, LoginOptions } from "./cli-session.ts";
import { Screen } from "./screen.ts";

export class CliDesk {
	readonly screen: Screen;
	readonly terminal: TerminalMachine;
	readonly user: CliUser;
	readonly system: CliSystem;
	/** Effects besides the screen and the socket. */
	readonly effects: TerminalEffect[] = [];
	/** What programs of the terminal say. */
	readonly programs: Record<string, string> = {};
	hasEnded = false;
	readonly #waiting: TerminalEvent[] = [];
	#isBusy = false;

	constructor(system: CliSystem, options: LoginOptions & { readonly rows?: number } = {}) {
		const { columns = 80, rows = 24 } = options;
		this.system = system;
		this.screen = new Screen(columns, rows);
		this.terminal = new TerminalMachine(columns, rows);
		this.user = system.login({
			...options,
			deliver: (message) => this.step({ type: "message", message }),
		});
	}

	/** Presses keys. */
	type(text: string): this {
		this.step({ type: "keys", octets: Buffer.from(text) });
		return this;
	}

	/** The screen without blank lines at its end. */
	get shown(): string {
		const lines = this.screen.shown;
		return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1).join("\n");
	}

	/** The last line that is not blank. */
	get last(): string {
		return this.screen.lines.findLast((line) => line !== "") ?? "";
	}

	step(event: TerminalEvent): void {
		this.#waiting.push(event);
		if (this.#isBusy) return;
		this.#isBusy = true;
		for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
			for (const effect of this.terminal.step(next)) this.#perform(effect);
		this.#isBusy = false;
	}

	#perform(effect: TerminalEffect): void {
		switch (effect.type) {
			case "write":
				return this.screen.write(effect.text);
			case "send":
				return this.user.message(effect.message);
			case "read-file": {
				const text = this.system.files.get(effect.file);
				if (text === undefined) return this.step({ type: "file-failed", message: `${effect.file}: no such file` });
				return this.step({ type: "file-read", text, isLast: true });
			}
			case "write-file": {
				const before = effect.isFirst && !effect.isAppended ? "" : (this.system.files.get(effect.file) ?? "");
				this.system.files.set(effect.file, before + effect.text);
				if (effect.isAnswered) this.step({ type: "file-written" });
				return;
			}
			case "run-program":
				this.step({ type: "program-said", text: this.programs[effect.program] ?? "" });
				return this.step({ type: "program-ended", message: "" });
			case "end":
				this.hasEnded = true;
				return;
			default:
				this.effects.push(effect);
		}
	}
}
