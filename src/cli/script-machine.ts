/**
 * A script in the place of a person: lines are taken from a file or from the command line, output is plain text, and
 * what went wrong is told apart from it.
 */
import { Output, type OutputEffect } from "#cli/output.ts";
import { type FromTerminal, type LocalProgram, type ToTerminal, textParts } from "#cli/socket-protocol.ts";

export type ScriptEvent =
	| { readonly type: "message"; readonly message: ToTerminal }
	/** The next line; undefined: there is none. */
	| { readonly type: "line-read"; readonly line: string | undefined }
	| { readonly type: "file-read"; readonly text: string; readonly isLast: boolean }
	| { readonly type: "file-written" }
	| { readonly type: "file-failed"; readonly message: string }
	| { readonly type: "program-said"; readonly text: string }
	| { readonly type: "program-ended"; readonly message: string }
	| { readonly type: "names-resolved"; readonly names: ReadonlyMap<string, string> }
	| { readonly type: "disconnected"; readonly reason: string };

export type ScriptEffect =
	| { readonly type: "output"; readonly text: string }
	| { readonly type: "complaint"; readonly text: string }
	| { readonly type: "send"; readonly message: FromTerminal }
	| { readonly type: "read-line" }
	| { readonly type: "read-file"; readonly file: string }
	| {
			readonly type: "write-file";
			readonly file: string;
			readonly text: string;
			readonly isFirst: boolean;
			readonly isAppended: boolean;
			readonly isAnswered: boolean;
	  }
	| { readonly type: "run-program"; readonly program: LocalProgram; readonly values: Readonly<Record<string, string>> }
	| { readonly type: "resolve"; readonly addresses: readonly string[] }
	| { readonly type: "end"; readonly isOk: boolean };

/** What a line that is read is for. */
type Wanted = "command" | "answer" | "text";

export class ScriptMachine {
	readonly #stopsOnError: boolean;
	#output: Output | undefined;
	/** The output is over, but names are still looked up. */
	#isOver = false;
	#later: ToTerminal[] = [];
	/** The system waits for a file. */
	#owesFile = false;
	#wanted: Wanted = "command";
	#line = "";
	#isOk = true;
	#hasEnded = false;

	constructor(options: { readonly stopsOnError: boolean }) {
		this.#stopsOnError = options.stopsOnError;
	}

	step(event: ScriptEvent): ScriptEffect[] {
		const effects: ScriptEffect[] = [];
		if (!this.#hasEnded) this.#take(event, effects);
		return effects;
	}

	#take(event: ScriptEvent, effects: ScriptEffect[]): void {
		switch (event.type) {
			case "message":
				return this.#message(event.message, effects);
			case "line-read":
				return this.#lineRead(event.line, effects);
			case "file-read":
				for (const text of textParts(event.text)) effects.push(send({ type: "text", text, isLast: false }));
				if (!event.isLast) return;
				this.#owesFile = false;
				effects.push(send({ type: "text", text: "", isLast: true }));
				return;
			case "file-written":
				this.#owesFile = false;
				effects.push(send({ type: "done" }));
				return;
			case "file-failed":
				if (this.#owesFile) effects.push(send({ type: "failed", message: event.message }));
				else this.#complain(`error: ${event.message}\n`, effects);
				this.#owesFile = false;
				return;
			case "program-said":
				if (this.#output === undefined) effects.push({ type: "output", text: event.text });
				else this.#put(this.#output.push(event.text), effects);
				return;
			case "program-ended":
				effects.push(send(event.message === "" ? { type: "done" } : { type: "failed", message: event.message }));
				return;
			case "names-resolved":
				if (this.#output !== undefined) this.#put(this.#output.names(event.names), effects);
				return;
			case "disconnected":
				this.#complain(`${event.reason}\n`, effects);
				return this.#end(effects);
		}
	}

	#lineRead(line: string | undefined, effects: ScriptEffect[]): void {
		switch (this.#wanted) {
			case "command":
				if (line === undefined) return this.#end(effects);
				this.#line = line;
				effects.push(send({ type: "line", text: line }));
				return;
			case "answer":
				effects.push(send({ type: "answer", text: line ?? "" }));
				return;
			case "text":
				if (line === undefined || line === "\x04") effects.push(send({ type: "text", text: "", isLast: true }));
				else {
					for (const text of textParts(`${line}\n`)) effects.push(send({ type: "text", text, isLast: false }));
					effects.push({ type: "read-line" });
				}
		}
	}

	#message(message: ToTerminal, effects: ScriptEffect[]): void {
		if (this.#isOver && message.type !== "end") {
			this.#later.push(message);
			return;
		}
		switch (message.type) {
			case "prompt":
				if (!this.#isOk && this.#stopsOnError) return this.#end(effects);
				return this.#read("command", effects);
			case "begin":
				this.#output = new Output(message.pipes, undefined);
				return;
			case "output":
				if (this.#output === undefined) effects.push({ type: "output", text: message.text });
				else this.#put(this.#output.push(message.text), effects);
				return;
			case "complaint":
				effects.push({ type: "complaint", text: message.text });
				return;
			case "finish":
				this.#isOk &&= message.isOk;
				this.#isOver = true;
				if (this.#output === undefined) this.#finished(effects);
				else this.#put(this.#output.end(), effects);
				return;
			case "ask":
				return this.#read("answer", effects);
			case "collect":
				return this.#read("text", effects);
			case "read-file":
				if (this.#isNamed(message.file)) {
					this.#owesFile = true;
					effects.push({ type: "read-file", file: message.file });
				} else effects.push(send({ type: "failed", message: "the file was not named in the command" }));
				return;
			case "write-file": {
				const { file, text, isFirst, isLast } = message;
				if (this.#isNamed(file)) {
					this.#owesFile = true;
					effects.push({ type: "write-file", file, text, isFirst, isAppended: false, isAnswered: isLast });
				} else if (isLast) effects.push(send({ type: "failed", message: "the file was not named in the command" }));
				return;
			}
			case "run":
				effects.push({ type: "run-program", program: message.program, values: message.values });
				return;
			case "end":
				if (!message.isOk) this.#complain(message.text, effects);
				return this.#end(effects);
			case "notice":
			case "welcome":
			case "settings":
			case "completed":
				return;
		}
	}

	#read(wanted: Wanted, effects: ScriptEffect[]): void {
		this.#wanted = wanted;
		effects.push({ type: "read-line" });
	}

	#put(from: readonly OutputEffect[], effects: ScriptEffect[]): void {
		for (const effect of from) {
			if (effect.type === "write") effects.push({ type: "output", text: effect.text });
			else if (effect.type === "resolve") effects.push(effect);
			else if (effect.type === "file") {
				const { file, text, isFirst, isAppended } = effect;
				effects.push({ type: "write-file", file, text, isFirst, isAppended, isAnswered: false });
			} else this.#finished(effects);
		}
	}

	#finished(effects: ScriptEffect[]): void {
		this.#output = undefined;
		this.#isOver = false;
		const later = this.#later;
		this.#later = [];
		for (const message of later) this.#message(message, effects);
	}

	#complain(text: string, effects: ScriptEffect[]): void {
		this.#isOk = false;
		effects.push({ type: "complaint", text });
	}

	#isNamed(file: string): boolean {
		return file !== "" && this.#line.includes(file);
	}

	#end(effects: ScriptEffect[]): void {
		this.#hasEnded = true;
		effects.push({ type: "end", isOk: this.#isOk });
	}
}

/** The commands of a text: one a line, and `;` between several in one line. Quotes keep both together. */
export function* commandsIn(text: string): Iterable<string> {
	for (const line of text.split(/\r?\n/)) {
		let start = 0;
		let isQuoted = false;
		for (let at = 0; at < line.length; at++) {
			if (isQuoted && line[at] === "\\") at++;
			else if (line[at] === '"') isQuoted = !isQuoted;
			else if (line[at] === ";" && !isQuoted) {
				yield line.slice(start, at);
				start = at + 1;
			}
		}
		yield line.slice(start);
	}
}

function send(message: FromTerminal): ScriptEffect {
	return { type: "send", message };
}
