/**
 * One terminal at the socket: the handshake, then frames to the session machine and its effects back.
 *
 * Bounds: `maxQueued` messages wait, then the socket is not read; one message a turn of the event loop, so that a busy
 * terminal does not keep others waiting; output waits until the terminal takes it; notices are dropped while more than
 * `maxBuffered` octets wait.
 */
import type { Socket } from "node:net";
import type { PeerCredentials } from "#base/linux.ts";
import type { SystemHandler } from "#cli/operational-commands.ts";
import type { CommitOrder, StoredConfiguration } from "#cli/reply.ts";
import { type SessionEffect, type SessionEvent, SessionMachine } from "#cli/session-machine.ts";
import type { SessionIdentity, SessionPorts } from "#cli/session-ports.ts";
import {
	decodeFromTerminal,
	encodeFrame,
	FrameReader,
	type FromTerminal,
	protocolVersion,
	type ToTerminal,
	textParts,
} from "#cli/socket-protocol.ts";
import type { Branch } from "#config/tree.ts";

/** What a system handler is told. */
export interface HandlerRequest {
	readonly handler: SystemHandler;
	readonly values: Readonly<Record<string, string>>;
	readonly isJson: boolean;
	readonly identity: SessionIdentity;
	/** Columns of the terminal; 0 for a script. */
	readonly columns: number;
	/** The user does not want the rest. */
	readonly signal: AbortSignal;
}

/** What a session asks of the system; the socket's server hands it on. */
export interface ConnectionPorts {
	/** Who may come in: the session's ports, or why not. `user` is empty or the name that the peer asks for. */
	admit(
		userId: number,
		user: string,
	): { readonly user: string; readonly ports: SessionPorts } | { readonly refusal: string };
	/** The output, piece by piece. What it throws is told as the command's error. */
	handle(request: HandlerRequest): AsyncIterable<string> | Iterable<string>;
	commit(editor: string, order: CommitOrder): Promise<{ readonly ok: boolean; readonly lines: readonly string[] }>;
	clearScheduledCommit(): Promise<readonly string[]>;
	/** Throws when the stored text cannot be read. */
	stored(which: StoredConfiguration): Branch | undefined;
	/** Calls with each new text of a log file; answers what ends it. Throws when there is no such file. */
	follow(file: string, onText: (text: string) => void): () => void;
	/** A line for the log. */
	report(severity: "info" | "error", text: string): void;
}

/** What `show system users` tells of a terminal. */
export interface ConnectionInfo {
	readonly identity: SessionIdentity;
	readonly since: number;
	readonly lastActive: number;
	readonly doing: string;
}

export class Connection {
	readonly #socket: Socket;
	readonly #ports: ConnectionPorts;
	readonly #number: number;
	readonly #peer: PeerCredentials;
	readonly #reader = new FrameReader(decodeFromTerminal);
	readonly #since = Date.now();
	readonly #followed = new Map<string, () => void>();
	#queue: FromTerminal[] = [];
	#isScheduled = false;
	#identity: SessionIdentity | undefined;
	#machine: SessionMachine | undefined;
	#columns = 0;
	#lastActive = Date.now();
	#abort = new AbortController();
	#isClosed = false;

	/** `peer` is what the kernel knows of the other end; what the other end says of itself counts for nothing. */
	constructor(socket: Socket, number: number, ports: ConnectionPorts, peer: PeerCredentials, onClosed: () => void) {
		this.#socket = socket;
		this.#number = number;
		this.#ports = ports;
		this.#peer = peer;
		socket.on("error", () => socket.destroy());
		socket.on("data", (octets: Buffer) => this.#received(octets));
		socket.on("close", () => {
			this.#closed();
			onClosed();
		});
		// Who says nothing does not keep the place of another.
		socket.setTimeout(handshakeMs, () => {
			if (this.#machine === undefined) socket.destroy();
		});
	}

	/** Undefined until the user is known. */
	get info(): ConnectionInfo | undefined {
		if (this.#identity === undefined || this.#machine === undefined) return undefined;
		const doing = this.#machine.describe();
		return { identity: this.#identity, since: this.#since, lastActive: this.#lastActive, doing };
	}

	/** Text for the user from elsewhere. */
	notice(text: string): void {
		if (this.#socket.writableLength < maxBuffered) this.#step({ type: "noticed", text });
	}

	/** Ends the session with a word of why. */
	evict(text: string): void {
		if (this.#machine === undefined) this.#socket.destroy();
		else this.#step({ type: "evicted", text });
	}

	/** The time may have come at which an idle session ends. */
	tick(now: number): void {
		const deadline = this.#machine?.deadline;
		if (deadline !== undefined && now >= deadline) this.#step({ type: "time-passed" });
	}

	#received(octets: Buffer): void {
		const { messages, broken } = this.#reader.push(octets);
		this.#queue.push(...messages);
		if (broken !== undefined) {
			this.#ports.report("error", `a terminal sent what cannot be read: ${broken}`);
			this.#socket.destroy();
			return;
		}
		if (this.#queue.length > maxQueued) this.#socket.pause();
		this.#schedule();
	}

	/** One message a turn. */
	#schedule(): void {
		if (this.#isScheduled || this.#queue.length === 0) return;
		this.#isScheduled = true;
		setImmediate(() => {
			this.#isScheduled = false;
			const message = this.#queue.shift();
			if (message === undefined || this.#isClosed) return;
			this.#take(message);
			if (this.#queue.length <= maxQueued && this.#socket.isPaused()) this.#socket.resume();
			this.#schedule();
		});
	}

	#take(message: FromTerminal): void {
		this.#lastActive = Date.now();
		if (this.#machine !== undefined) {
			if (message.type === "resize") this.#columns = message.columns;
			this.#step({ type: "message", message });
		} else if (message.type === "hello") this.#admit(message);
		else this.#socket.destroy();
	}

	#admit(hello: FromTerminal & { readonly type: "hello" }): void {
		const { userId, processId } = this.#peer;
		if (hello.version !== protocolVersion)
			return this.#refuse(
				`this command line speaks version ${hello.version}, the gateway ${protocolVersion}; use the same`,
			);
		const admitted = this.#ports.admit(userId, hello.user);
		if ("refusal" in admitted) {
			this.#ports.report("error", `command line refused to user ${userId}, process ${processId}: ${admitted.refusal}`);
			return this.#refuse(admitted.refusal);
		}
		const { isInteractive, columns, rows } = hello;
		const { user, ports } = admitted;
		this.#identity = {
			id: `cli-${this.#number}`,
			user,
			terminal: `p${this.#number}`,
			processId,
			isInteractive,
		};
		this.#columns = isInteractive ? columns : 0;
		this.#machine = new SessionMachine(this.#identity, ports);
		this.#socket.setTimeout(0);
		this.#send({ type: "welcome", version: protocolVersion, user });
		this.#step({ type: "opened", columns, rows });
	}

	#refuse(text: string): void {
		this.#send({ type: "end", text: `error: ${text}\n`, isOk: false });
		this.#socket.end();
	}

	#step(event: SessionEvent): void {
		if (this.#machine === undefined || this.#isClosed) return;
		let effects: readonly SessionEffect[];
		try {
			effects = this.#machine.step(event, Date.now());
		} catch (cause) {
			// A bug in one session must not take the others with it.
			this.#ports.report("error", `command line session ended by a bug: ${stackOf(cause)}`);
			this.#send({ type: "end", text: "error: internal error; the session is over\n", isOk: false });
			this.#socket.end();
			return;
		}
		for (const effect of effects) this.#perform(effect);
	}

	#perform(effect: SessionEffect): void {
		switch (effect.type) {
			case "send":
				return this.#send(effect.message);
			case "print":
				return this.#print(effect.text);
			case "handle":
				return this.#handle(effect);
			case "stop-handler":
				return this.#abort.abort();
			case "commit":
				this.#ports.commit(this.#identity?.id ?? "", effect.order).then(
					({ ok, lines }) => this.#step({ type: "commit-answered", isOk: ok, lines }),
					(cause: unknown) =>
						this.#step({ type: "commit-answered", isOk: false, lines: [`error: ${messageOf(cause)}`] }),
				);
				return;
			case "clear-scheduled-commit":
				this.#ports.clearScheduledCommit().then(
					(lines) => this.#step({ type: "commit-answered", isOk: true, lines }),
					(cause: unknown) =>
						this.#step({ type: "commit-answered", isOk: false, lines: [`error: ${messageOf(cause)}`] }),
				);
				return;
			case "fetch":
				return this.#fetch(effect.which);
			case "follow":
				return this.#follow(effect.file);
			case "unfollow":
				return this.#unfollow(effect.file);
			case "close":
				this.#socket.end();
		}
	}

	#fetch(which: StoredConfiguration): void {
		let tree: Branch | undefined;
		let problem = which === "rescue" ? "error: no rescue configuration is saved" : `error: no configuration ${which}`;
		try {
			tree = this.#ports.stored(which);
		} catch (cause) {
			problem = `error: ${messageOf(cause)}`;
		}
		this.#step({ type: "fetched", tree, problem });
	}

	#handle({ handler, values, isJson }: SessionEffect & { readonly type: "handle" }): void {
		const identity = this.#identity as SessionIdentity;
		const run = async (): Promise<string> => {
			this.#abort = new AbortController();
			const { signal } = this.#abort;
			try {
				const columns = this.#columns;
				await this.#stream(this.#ports.handle({ handler, values, isJson, identity, columns, signal }), signal);
				return "";
			} catch (cause) {
				return signal.aborted ? "" : `error: ${messageOf(cause)}`;
			}
		};
		void run().then((complaint) => this.#step({ type: "handled", complaint }));
	}

	#print(text: string): void {
		this.#abort = new AbortController();
		void this.#stream([text], this.#abort.signal).then(() => this.#step({ type: "printed" }));
	}

	/** Sends output as fast as the terminal takes it. */
	async #stream(pieces: AsyncIterable<string> | Iterable<string>, signal: AbortSignal): Promise<void> {
		for await (const piece of pieces) {
			if (piece === "") continue;
			for (const text of textParts(piece)) {
				if (this.#isClosed || signal.aborted) return;
				this.#send({ type: "output", text });
				if (this.#socket.writableNeedDrain) await this.#drained();
			}
		}
	}

	#drained(): Promise<void> {
		return new Promise((resolve) => {
			const over = (): void => {
				this.#socket.off("drain", over);
				this.#socket.off("close", over);
				resolve();
			};
			this.#socket.on("drain", over);
			this.#socket.on("close", over);
		});
	}

	#follow(file: string): void {
		if (this.#followed.has(file)) return;
		try {
			this.#followed.set(
				file,
				this.#ports.follow(file, (text) => this.notice(text)),
			);
		} catch (cause) {
			this.notice(`error: ${messageOf(cause)}\n`);
		}
	}

	#unfollow(file: string | undefined): void {
		for (const [name, end] of this.#followed) {
			if (file !== undefined && name !== file) continue;
			end();
			this.#followed.delete(name);
		}
	}

	#send(message: ToTerminal): void {
		if (!this.#isClosed && this.#socket.writable) this.#socket.write(encodeFrame(message));
	}

	#closed(): void {
		this.#isClosed = true;
		this.#abort.abort();
		this.#unfollow(undefined);
		try {
			this.#machine?.step({ type: "disconnected" }, Date.now());
		} catch (cause) {
			this.#ports.report("error", `command line session ended by a bug: ${stackOf(cause)}`);
		}
	}
}

function messageOf(cause: unknown): string {
	return cause instanceof Error ? cause.message : String(cause);
}

function stackOf(cause: unknown): string {
	return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

const handshakeMs = 5_000;
const maxQueued = 64;
const maxBuffered = 262_144;
