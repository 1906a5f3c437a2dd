/**
 * A person's terminal: keys and messages of the system in, screen and answers out. The line editor and the pager live
 * here; what a line means is known only to the system at the other end of the socket.
 *
 * Bounds: keys pressed while a command runs are kept up to `maxWaiting`.
 */
import { type Key, KeyDecoder } from "#cli/key-decoder.ts";
import { LineEditor, terminalLines } from "#cli/line-editor.ts";
import { forScreen, Output, type OutputEffect } from "#cli/output.ts";
import type { Pipe } from "#cli/pipes.ts";
import {
	type FromTerminal,
	type LocalProgram,
	type TerminalSettings,
	type ToTerminal,
	textParts,
} from "#cli/socket-protocol.ts";

export type TerminalEvent =
	| { readonly type: "keys"; readonly octets: Uint8Array }
	| { readonly type: "message"; readonly message: ToTerminal }
	| { readonly type: "resized"; readonly columns: number; readonly rows: number }
	/** A part of a file that was asked for. */
	| { readonly type: "file-read"; readonly text: string; readonly isLast: boolean }
	| { readonly type: "file-written" }
	| { readonly type: "file-failed"; readonly message: string }
	/** Output of a program that runs here. */
	| { readonly type: "program-said"; readonly text: string }
	| { readonly type: "program-ended"; readonly message: string }
	| { readonly type: "names-resolved"; readonly names: ReadonlyMap<string, string> }
	/** The time of `wake` has come. */
	| { readonly type: "woken" }
	/** The socket is gone. */
	| { readonly type: "disconnected"; readonly reason: string };

export type TerminalEffect =
	| { readonly type: "write"; readonly text: string }
	| { readonly type: "send"; readonly message: FromTerminal }
	| { readonly type: "read-file"; readonly file: string }
	| {
			readonly type: "write-file";
			readonly file: string;
			readonly text: string;
			readonly isFirst: boolean;
			readonly isAppended: boolean;
			/** Answered by `file-written` or `file-failed`. */
			readonly isAnswered: boolean;
	  }
	| { readonly type: "run-program"; readonly program: LocalProgram; readonly values: Readonly<Record<string, string>> }
	| { readonly type: "stop-program" }
	| { readonly type: "resolve"; readonly addresses: readonly string[] }
	/** Whether the socket is read. */
	| { readonly type: "flow"; readonly isPaused: boolean }
	| { readonly type: "wake"; readonly afterMs: number }
	| { readonly type: "end"; readonly isOk: boolean };

/** What the terminal is waiting for. */
type Mode =
	/** The system. */
	| { readonly kind: "await-system" }
	/** A line. */
	| { readonly kind: "expect-line" }
	| { readonly kind: "await-completion" }
	/** An answer to a question. */
	| { readonly kind: "expect-answer" }
	/** Lines until Ctrl-D; `text` holds those not sent yet. */
	| { readonly kind: "expect-text" }
	/** A command runs. */
	| { readonly kind: "await-output"; readonly output: Output }
	/** The output is over, but the pager or the name server is not. */
	| { readonly kind: "expect-pager"; readonly output: Output; readonly later: ToTerminal[] }
	| { readonly kind: "await-program"; readonly output: Output | undefined }
	/** `| refresh`: the line is sent again. */
	| { readonly kind: "await-refresh" }
	| { readonly kind: "ended" };

export class TerminalMachine {
	readonly #editor: LineEditor;
	readonly #decoder = new KeyDecoder();
	#mode: Mode = { kind: "await-system" };
	#columns: number;
	#rows: number;
	#settings: TerminalSettings = { screenLength: undefined, screenWidth: undefined, completesOnSpace: true };
	/** Keys that wait for the next prompt. */
	#waiting: Key[] = [];
	#isPaused = false;
	/** The line that runs; files may be touched only when it names them. */
	#line = "";
	/** The system waits for a file. */
	#owesFile = false;
	#refresh: { readonly line: string; readonly afterMs: number } | undefined;
	#prompt: (ToTerminal & { readonly type: "prompt" }) | undefined;

	constructor(columns: number, rows: number) {
		this.#columns = columns;
		this.#rows = rows;
		this.#editor = new LineEditor(columns);
	}

	step(event: TerminalEvent): TerminalEffect[] {
		const effects: TerminalEffect[] = [];
		if (this.#mode.kind === "ended") return effects;
		this.#take(event, effects);
		this.#regulate(effects);
		return effects;
	}

	#take(event: TerminalEvent, effects: TerminalEffect[]): void {
		switch (event.type) {
			case "keys":
				this.#waiting.push(...this.#decoder.decode(event.octets));
				if (this.#waiting.length > maxWaiting) {
					this.#waiting.length = maxWaiting;
					effects.push(write("\x07"));
				}
				return this.#useKeys(effects);
			case "message":
				this.#message(event.message, effects);
				return this.#useKeys(effects);
			case "resized":
				return this.#resized(event.columns, event.rows, effects);
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
				return this.#fileFailed(event.message, effects);
			case "program-said":
				return this.#said(event.text, effects);
			case "program-ended":
				return this.#programEnded(event.message, effects);
			case "names-resolved":
				if (this.#mode.kind === "expect-pager") this.#output(this.#mode.output.names(event.names), effects);
				return this.#useKeys(effects);
			case "woken":
				return this.#woken(effects);
			case "disconnected":
				return this.#end(`${event.reason}\n`, false, effects);
		}
	}

	/** Gives keys to whoever expects some. */
	#useKeys(effects: TerminalEffect[]): void {
		for (let key = this.#waiting[0]; key !== undefined; key = this.#waiting[0]) {
			const { kind } = this.#mode;
			if (kind === "expect-line" || kind === "expect-answer" || kind === "expect-text") this.#edit(effects);
			else if (this.#usesPager()) {
				this.#waiting.shift();
				this.#page(key, effects);
			} else if (kind !== "await-completion" && this.#waiting.some(isInterrupt)) {
				this.#waiting = [];
				this.#interrupted(effects);
			} else return;
		}
	}

	#usesPager(): boolean {
		const { kind } = this.#mode;
		return (kind === "await-output" || kind === "expect-pager") && this.#mode.output.isWaiting;
	}

	#page(key: Key, effects: TerminalEffect[]): void {
		if (this.#mode.kind === "await-output" || this.#mode.kind === "expect-pager")
			this.#output(this.#mode.output.key(key), effects);
	}

	/** Takes the first key that waits; pasted lines are entered one by one. */
	#edit(effects: TerminalEffect[]): void {
		const key = this.#waiting.shift() as Key;
		if (key.kind !== "paste") return this.#editorEffects(this.#editor.key(key), effects);
		const end = key.text.indexOf("\n");
		const line = end === -1 ? key.text : key.text.slice(0, end);
		if (end !== -1) {
			const rest = key.text.slice(end + 1);
			this.#waiting.unshift({ kind: "key", name: "enter" });
			if (rest !== "") this.#waiting.splice(1, 0, { kind: "paste", text: rest });
		}
		this.#editorEffects(this.#editor.key({ kind: "paste", text: line.replaceAll("\t", " ") }), effects);
	}

	#editorEffects(from: ReturnType<LineEditor["key"]>, effects: TerminalEffect[]): void {
		for (const effect of from) {
			switch (effect.type) {
				case "write":
					effects.push(effect);
					break;
				case "complete":
					effects.push(send({ type: "complete", key: effect.key, line: effect.line, isRepeat: effect.isRepeat }));
					this.#mode = { kind: "await-completion" };
					break;
				case "submit":
					this.#submitted(effect.line, effects);
					break;
				case "interrupt":
					this.#dropped(effects);
					break;
				case "end-of-input":
					if (this.#mode.kind === "expect-text") this.#textOver(effects);
					else effects.push(write("\x07"));
			}
		}
	}

	#submitted(line: string, effects: TerminalEffect[]): void {
		if (this.#mode.kind === "expect-text") {
			effects.push(send({ type: "text", text: `${line}\n`, isLast: false }));
			effects.push(write(this.#editor.begin("", plainLine)));
			return;
		}
		if (this.#mode.kind === "expect-answer") effects.push(send({ type: "answer", text: line }));
		else {
			this.#line = line;
			this.#refresh = undefined;
			effects.push(send({ type: "line", text: line }));
		}
		this.#mode = { kind: "await-system" };
	}

	#dropped(effects: TerminalEffect[]): void {
		if (this.#mode.kind === "expect-line") {
			if (this.#prompt !== undefined) this.#showPrompt(this.#prompt, effects);
			return;
		}
		effects.push(send({ type: "interrupt" }));
		this.#mode = { kind: "await-system" };
	}

	#textOver(effects: TerminalEffect[]): void {
		effects.push(write("\r\n"), send({ type: "text", text: "", isLast: true }));
		this.#mode = { kind: "await-system" };
	}

	/** Ctrl-C while something runs. */
	#interrupted(effects: TerminalEffect[]): void {
		this.#refresh = undefined;
		switch (this.#mode.kind) {
			case "await-program":
				effects.push({ type: "stop-program" });
				return;
			case "await-refresh":
				effects.push(write("^C\r\n"));
				if (this.#prompt !== undefined) this.#showPrompt(this.#prompt, effects);
				return;
			case "await-output":
				this.#mode.output.stop();
				effects.push(write("^C\r\n"), send({ type: "interrupt" }));
				return;
			case "expect-pager":
				return this.#pagerDone(effects);
			default:
				effects.push(send({ type: "interrupt" }));
		}
	}

	#message(message: ToTerminal, effects: TerminalEffect[]): void {
		if (this.#mode.kind === "expect-pager" && message.type !== "end") {
			// Notices may come for as long as somebody reads.
			if (message.type !== "notice" || this.#mode.later.length < maxLater) this.#mode.later.push(message);
			return;
		}
		switch (message.type) {
			case "welcome":
				return;
			case "settings":
				this.#settings = message.settings;
				return;
			case "prompt":
				return this.#prompted(message, effects);
			case "completed":
				effects.push(write(this.#editor.completed(message)));
				if (this.#mode.kind === "await-completion") this.#mode = { kind: "expect-line" };
				return;
			case "begin":
				return this.#begun(message.pipes);
			case "output":
				if (this.#mode.kind === "await-output") this.#output(this.#mode.output.push(message.text), effects);
				else effects.push(write(forScreen(message.text)));
				return;
			case "complaint":
				effects.push(write(forScreen(message.text)));
				return;
			case "finish":
				if (this.#mode.kind === "await-output") this.#finished(this.#mode.output, effects);
				return;
			case "ask":
				effects.push(write(this.#editor.begin(message.question, { ...plainLine, isHidden: message.isHidden })));
				this.#mode = { kind: "expect-answer" };
				return;
			case "collect":
				effects.push(write("[Type ^D at a new line to end input]\r\n"));
				effects.push(write(this.#editor.begin("", plainLine)));
				this.#mode = { kind: "expect-text" };
				return;
			case "read-file":
				if (this.#isNamed(message.file)) {
					this.#owesFile = true;
					effects.push({ type: "read-file", file: message.file });
				} else effects.push(send({ type: "failed", message: "the file was not named on this terminal" }));
				return;
			case "write-file":
				return this.#writeFile(message, effects);
			case "run":
				effects.push({ type: "run-program", program: message.program, values: message.values });
				this.#mode = { kind: "await-program", output: this.#currentOutput() };
				return;
			case "notice":
				return this.#notice(message.text, effects);
			case "end":
				return this.#end(message.text, message.isOk, effects);
		}
	}

	#prompted(message: ToTerminal & { readonly type: "prompt" }, effects: TerminalEffect[]): void {
		if (this.#refresh !== undefined) {
			this.#prompt = message;
			this.#mode = { kind: "await-refresh" };
			effects.push({ type: "wake", afterMs: this.#refresh.afterMs });
			return;
		}
		this.#showPrompt(message, effects);
	}

	#showPrompt(message: ToTerminal & { readonly type: "prompt" }, effects: TerminalEffect[]): void {
		this.#prompt = message;
		const options = {
			history: message.history,
			completes: true,
			completesOnSpace: this.#settings.completesOnSpace,
		};
		effects.push(write(forScreen(message.banner) + this.#editor.begin(message.prompt, options)));
		this.#mode = { kind: "expect-line" };
	}

	#begun(pipes: readonly Pipe[]): void {
		const refresh = pipes.find(({ kind }) => kind === "refresh");
		if (refresh !== undefined && this.#refresh === undefined)
			this.#refresh = { line: this.#line, afterMs: Number(refresh.values.seconds ?? 1) * 1_000 };
		const rows = this.#settings.screenLength ?? this.#rows;
		const columns = this.#columns;
		this.#mode = { kind: "await-output", output: new Output(pipes, { rows, columns, isPaged: rows > 1 }) };
	}

	#finished(output: Output, effects: TerminalEffect[]): void {
		this.#mode = { kind: "expect-pager", output, later: [] };
		this.#output(output.end(), effects);
	}

	/** The effects of the output; when it is finished, what the system said meanwhile is done. */
	#output(from: readonly OutputEffect[], effects: TerminalEffect[]): void {
		for (const effect of from) {
			if (effect.type === "write") effects.push(effect);
			else if (effect.type === "resolve") effects.push(effect);
			else if (effect.type === "file") {
				const { file, text, isFirst, isAppended } = effect;
				effects.push({ type: "write-file", file, text, isFirst, isAppended, isAnswered: false });
			} else this.#outputDone(effect.isQuit, effects);
		}
	}

	#outputDone(isQuit: boolean, effects: TerminalEffect[]): void {
		if (isQuit) this.#refresh = undefined;
		if (this.#mode.kind === "expect-pager") return this.#pagerDone(effects);
		if (isQuit && this.#mode.kind === "await-output") effects.push(send({ type: "interrupt" }));
	}

	#pagerDone(effects: TerminalEffect[]): void {
		if (this.#mode.kind !== "expect-pager") return;
		const { later, output } = this.#mode;
		output.stop();
		this.#mode = { kind: "await-system" };
		for (const message of later) this.#message(message, effects);
	}

	#currentOutput(): Output | undefined {
		return this.#mode.kind === "await-output" ? this.#mode.output : undefined;
	}

	#said(text: string, effects: TerminalEffect[]): void {
		if (this.#mode.kind !== "await-program") return;
		const { output } = this.#mode;
		if (output === undefined) effects.push(write(forScreen(text)));
		else this.#output(output.push(text), effects);
	}

	#programEnded(message: string, effects: TerminalEffect[]): void {
		if (this.#mode.kind !== "await-program") return;
		const { output } = this.#mode;
		this.#mode = output === undefined ? { kind: "await-system" } : { kind: "await-output", output };
		effects.push(send(message === "" ? { type: "done" } : { type: "failed", message }));
	}

	#writeFile(message: ToTerminal & { readonly type: "write-file" }, effects: TerminalEffect[]): void {
		const { file, text, isFirst, isLast } = message;
		if (!this.#isNamed(file)) {
			if (isLast) effects.push(send({ type: "failed", message: "the file was not named on this terminal" }));
			return;
		}
		this.#owesFile = true;
		effects.push({ type: "write-file", file, text, isFirst, isAppended: false, isAnswered: isLast });
	}

	#fileFailed(message: string, effects: TerminalEffect[]): void {
		if (this.#owesFile) effects.push(send({ type: "failed", message }));
		else effects.push(write(forScreen(`error: ${message}\n`)));
		this.#owesFile = false;
	}

	/** A system that is not what it should be must not read or write other files than the user named. */
	#isNamed(file: string): boolean {
		return file !== "" && this.#line.includes(file);
	}

	#notice(text: string, effects: TerminalEffect[]): void {
		const { kind } = this.#mode;
		const isEditing = kind === "expect-line" || kind === "expect-answer" || kind === "await-completion";
		effects.push(write(isEditing ? this.#editor.notice(forNotice(text)) : terminalLines(forNotice(text))));
	}

	#resized(columns: number, rows: number, effects: TerminalEffect[]): void {
		this.#columns = columns;
		this.#rows = rows;
		effects.push(send({ type: "resize", columns, rows }));
		const { kind } = this.#mode;
		const shown = this.#editor.resize(columns);
		if (kind === "expect-line" || kind === "expect-answer" || kind === "expect-text") effects.push(write(shown));
	}

	#woken(effects: TerminalEffect[]): void {
		if (this.#mode.kind !== "await-refresh" || this.#refresh === undefined) return;
		const { line } = this.#refresh;
		this.#mode = { kind: "await-system" };
		effects.push(send({ type: "line", text: line }));
	}

	#end(text: string, isOk: boolean, effects: TerminalEffect[]): void {
		this.#mode = { kind: "ended" };
		effects.push(write(forScreen(text)), { type: "end", isOk });
	}

	/** Lets the socket wait while the pager has enough. */
	#regulate(effects: TerminalEffect[]): void {
		const isFull = this.#mode.kind === "await-output" && this.#mode.output.isFull;
		if (isFull === this.#isPaused) return;
		this.#isPaused = isFull;
		effects.push({ type: "flow", isPaused: isFull });
	}
}

function write(text: string): TerminalEffect {
	return { type: "write", text };
}

function send(message: FromTerminal): TerminalEffect {
	return { type: "send", message };
}

function isInterrupt(key: Key): boolean {
	return key.kind === "key" && key.name === "ctrl-c";
}

function forNotice(text: string): string {
	return forScreen(text).replaceAll("\r\n", "\n");
}

const plainLine = { history: undefined, completes: false, completesOnSpace: false };
const maxWaiting = 65_536;
const maxLater = 1_000;
