/** The command line of a gateway as a benchmark uses it: one line or key at a time, and how long its answer takes. */
import { readFileSync } from "node:fs";
import { connectTerminal, type TerminalSocket } from "#cli/socket-client-shell.ts";
import { socketPlace } from "#cli/socket-place-shell.ts";
import { type ToTerminal, textParts } from "#cli/socket-protocol.ts";

export class ConfigClient {
	readonly #socket: TerminalSocket;
	#answered: (() => void) | undefined;
	#failed: ((error: Error) => void) | undefined;
	#text = "";

	private constructor(socket: TerminalSocket) {
		this.#socket = socket;
	}

	/** Resolves at the first prompt. */
	static async open(stateDirectory: string): Promise<ConfigClient> {
		const description = { isInteractive: false, columns: 0, rows: 0, user: "" };
		const client = new ConfigClient(await connectTerminal(socketPlace(stateDirectory), description));
		const opened = client.#answer();
		client.#socket.open(
			(message) => client.#take(message),
			(reason) => client.#failed?.(new Error(reason)),
		);
		await opened;
		return client;
	}

	/** Milliseconds until the next prompt, and what was printed. */
	async enter(line: string): Promise<{ readonly milliseconds: number; readonly text: string }> {
		return await this.#timed(() => this.#socket.send({ type: "line", text: line }));
	}

	/** Milliseconds until the list is there, and the list. */
	async help(line: string): Promise<{ readonly milliseconds: number; readonly text: string }> {
		return await this.#timed(() => this.#socket.send({ type: "complete", key: "help", line, isRepeat: false }));
	}

	close(): void {
		this.#socket.close();
	}

	async #timed(ask: () => void): Promise<{ readonly milliseconds: number; readonly text: string }> {
		this.#text = "";
		const answered = this.#answer();
		const started = performance.now();
		ask();
		await answered;
		return { milliseconds: performance.now() - started, text: this.#text };
	}

	#answer(): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#answered = resolve;
			this.#failed = reject;
		});
	}

	#take(message: ToTerminal): void {
		switch (message.type) {
			case "output":
			case "complaint":
				this.#text += message.text;
				return;
			case "completed":
				this.#text += message.shows;
				return this.#answered?.();
			case "prompt":
				return this.#answered?.();
			case "read-file":
				return this.#sendFile(message.file);
			case "end":
				return this.#failed?.(new Error(message.text));
			default:
		}
	}

	#sendFile(file: string): void {
		for (const text of textParts(readFileSync(file, "utf8"))) this.#socket.send({ type: "text", text, isLast: false });
		this.#socket.send({ type: "text", text: "", isLast: true });
	}
}
