/** A person's terminal: raw mode, the size of the window, and what the terminal machine asks for. */
import type { ReadStream, WriteStream } from "node:tty";
import { readLocalFile, writeLocalFile } from "#cli/local-files-shell.ts";
import { namesOf, type RunningProgram, runLocalProgram } from "#cli/local-shell.ts";
import type { TerminalSocket } from "#cli/socket-client-shell.ts";
import { type TerminalEffect, type TerminalEvent, TerminalMachine } from "#cli/terminal-machine.ts";

/** Works until the session is over; answers whether it ended well. The terminal is left as it was found. */
export function runTerminal(socket: TerminalSocket, input: ReadStream, output: WriteStream): Promise<boolean> {
	return new Promise((resolve) => new TerminalShell(socket, input, output, resolve).begin());
}

class TerminalShell {
	readonly #socket: TerminalSocket;
	readonly #input: ReadStream;
	readonly #output: WriteStream;
	readonly #machine: TerminalMachine;
	readonly #resolve: (isOk: boolean) => void;
	#program: RunningProgram | undefined;
	#timer: NodeJS.Timeout | undefined;
	#isOver = false;
	readonly #onKeys = (octets: Buffer): void => this.#step({ type: "keys", octets });
	readonly #onResize = (): void =>
		this.#step({ type: "resized", columns: this.#output.columns, rows: this.#output.rows });
	readonly #onEnd = (): void => this.#step({ type: "disconnected", reason: "" });

	constructor(socket: TerminalSocket, input: ReadStream, output: WriteStream, resolve: (isOk: boolean) => void) {
		this.#socket = socket;
		this.#input = input;
		this.#output = output;
		this.#resolve = resolve;
		this.#machine = new TerminalMachine(output.columns, output.rows);
	}

	begin(): void {
		this.#takeTerminal();
		this.#input.on("end", this.#onEnd);
		this.#output.on("resize", this.#onResize);
		this.#socket.open(
			(message) => this.#step({ type: "message", message }),
			(reason) => this.#step({ type: "disconnected", reason }),
		);
	}

	#takeTerminal(): void {
		this.#input.setRawMode(true);
		this.#input.on("data", this.#onKeys);
		this.#input.resume();
		this.#output.write(bracketedPaste);
	}

	#leaveTerminal(): void {
		this.#output.write(plainPaste);
		this.#input.off("data", this.#onKeys);
		this.#input.setRawMode(false);
		this.#input.pause();
	}

	#step(event: TerminalEvent): void {
		if (this.#isOver) return;
		for (const effect of this.#machine.step(event)) this.#perform(effect);
	}

	#perform(effect: TerminalEffect): void {
		switch (effect.type) {
			case "write":
				this.#output.write(effect.text);
				return;
			case "send":
				return this.#socket.send(effect.message);
			case "read-file":
				void this.#readFile(effect.file);
				return;
			case "write-file":
				return this.#writeFile(effect);
			case "run-program":
				return this.#run(effect);
			case "stop-program":
				return this.#program?.stop();
			case "resolve":
				void namesOf(effect.addresses).then((names) => this.#step({ type: "names-resolved", names }));
				return;
			case "flow":
				return this.#socket.flow(effect.isPaused);
			case "wake":
				clearTimeout(this.#timer);
				this.#timer = setTimeout(() => this.#step({ type: "woken" }), effect.afterMs);
				return;
			case "end":
				return this.#end(effect.isOk);
		}
	}

	async #readFile(file: string): Promise<void> {
		try {
			for await (const text of readLocalFile(file)) this.#step({ type: "file-read", text, isLast: false });
			this.#step({ type: "file-read", text: "", isLast: true });
		} catch (cause) {
			this.#step({ type: "file-failed", message: messageOf(cause) });
		}
	}

	#writeFile(effect: TerminalEffect & { readonly type: "write-file" }): void {
		const { file, text, isFirst, isAppended, isAnswered } = effect;
		try {
			writeLocalFile(file, text, isFirst && !isAppended ? "replace" : "append");
			if (isAnswered) this.#step({ type: "file-written" });
		} catch (cause) {
			this.#step({ type: "file-failed", message: messageOf(cause) });
		}
	}

	#run({ program, values }: TerminalEffect & { readonly type: "run-program" }): void {
		const takesTerminal = program === "shell";
		if (takesTerminal) this.#leaveTerminal();
		this.#program = runLocalProgram(program, values, (text) => this.#step({ type: "program-said", text }), true);
		void this.#program.ended.then((message) => {
			this.#program = undefined;
			if (takesTerminal && !this.#isOver) this.#takeTerminal();
			this.#step({ type: "program-ended", message });
		});
	}

	#end(isOk: boolean): void {
		this.#isOver = true;
		clearTimeout(this.#timer);
		this.#program?.stop();
		this.#output.off("resize", this.#onResize);
		this.#input.off("end", this.#onEnd);
		this.#leaveTerminal();
		this.#socket.close();
		this.#resolve(isOk);
	}
}

function messageOf(cause: unknown): string {
	return cause instanceof Error ? cause.message : String(cause);
}

/** The terminal marks what is pasted. */
const bracketedPaste = "\x1b[?2004h";
const plainPaste = "\x1b[?2004l";
