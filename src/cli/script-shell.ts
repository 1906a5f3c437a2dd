/** A script in the place of a person: commands from a list or a stream, output to streams. */
import { createInterface } from "node:readline";
import { readLocalFile, writeLocalFile } from "#cli/local-files-shell.ts";
import { namesOf, runLocalProgram } from "#cli/local-shell.ts";
import { type ScriptEffect, type ScriptEvent, ScriptMachine } from "#cli/script-machine.ts";
import type { TerminalSocket } from "#cli/socket-client-shell.ts";

export interface ScriptStreams {
	readonly output: NodeJS.WritableStream;
	readonly complaints: NodeJS.WritableStream;
}

/** Runs the lines; answers whether all went well. */
export function runScript(
	socket: TerminalSocket,
	lines: AsyncIterator<string> | Iterator<string>,
	streams: ScriptStreams,
	options: { readonly stopsOnError: boolean },
): Promise<boolean> {
	return new Promise((resolve) => new ScriptShell(socket, lines, streams, options, resolve).begin());
}

/** The lines of a stream, one after the other as they are asked for. */
export function linesOf(input: NodeJS.ReadableStream): AsyncIterator<string> {
	return createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
}

class ScriptShell {
	readonly #socket: TerminalSocket;
	readonly #lines: AsyncIterator<string> | Iterator<string>;
	readonly #streams: ScriptStreams;
	readonly #machine: ScriptMachine;
	readonly #resolve: (isOk: boolean) => void;
	#isOver = false;

	constructor(
		socket: TerminalSocket,
		lines: AsyncIterator<string> | Iterator<string>,
		streams: ScriptStreams,
		options: { readonly stopsOnError: boolean },
		resolve: (isOk: boolean) => void,
	) {
		this.#socket = socket;
		this.#lines = lines;
		this.#streams = streams;
		this.#machine = new ScriptMachine(options);
		this.#resolve = resolve;
	}

	begin(): void {
		// Nobody reads any more: there is nothing left to do.
		this.#streams.output.on("error", () => this.#step({ type: "disconnected", reason: "" }));
		this.#socket.open(
			(message) => this.#step({ type: "message", message }),
			(reason) => this.#step({ type: "disconnected", reason }),
		);
	}

	#step(event: ScriptEvent): void {
		if (this.#isOver) return;
		for (const effect of this.#machine.step(event)) this.#perform(effect);
	}

	#perform(effect: ScriptEffect): void {
		switch (effect.type) {
			case "output":
				return this.#write(effect.text);
			case "complaint":
				this.#streams.complaints.write(effect.text);
				return;
			case "send":
				return this.#socket.send(effect.message);
			case "read-line":
				void this.#readLine();
				return;
			case "read-file":
				void this.#readFile(effect.file);
				return;
			case "write-file":
				return this.#writeFile(effect);
			case "run-program": {
				const { program, values } = effect;
				const running = runLocalProgram(program, values, (text) => this.#step({ type: "program-said", text }), false);
				void running.ended.then((message) => this.#step({ type: "program-ended", message }));
				return;
			}
			case "resolve":
				void namesOf(effect.addresses).then((names) => this.#step({ type: "names-resolved", names }));
				return;
			case "end":
				this.#isOver = true;
				this.#socket.close();
				this.#resolve(effect.isOk);
		}
	}

	/** Output that nobody takes makes the socket wait. */
	#write(text: string): void {
		if (this.#streams.output.write(text)) return;
		this.#socket.flow(true);
		this.#streams.output.once("drain", () => this.#socket.flow(false));
	}

	async #readLine(): Promise<void> {
		const { done, value } = await this.#lines.next();
		this.#step({ type: "line-read", line: done === true ? undefined : value });
	}

	async #readFile(file: string): Promise<void> {
		try {
			for await (const text of readLocalFile(file)) this.#step({ type: "file-read", text, isLast: false });
			this.#step({ type: "file-read", text: "", isLast: true });
		} catch (cause) {
			this.#step({ type: "file-failed", message: messageOf(cause) });
		}
	}

	#writeFile(effect: ScriptEffect & { readonly type: "write-file" }): void {
		const { file, text, isFirst, isAppended, isAnswered } = effect;
		try {
			writeLocalFile(file, text, isFirst && !isAppended ? "replace" : "append");
			if (isAnswered) this.#step({ type: "file-written" });
		} catch (cause) {
			this.#step({ type: "file-failed", message: messageOf(cause) });
		}
	}
}

function messageOf(cause: unknown): string {
	return cause instanceof Error ? cause.message : String(cause);
}
