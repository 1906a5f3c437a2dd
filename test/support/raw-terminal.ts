/** A terminal at the socket of the command line that sends whatever a test wants. */
import { createConnection, type Socket } from "node:net";
import {
	decodeToTerminal,
	encodeFrame,
	FrameReader,
	type FromTerminal,
	protocolVersion,
	type ToTerminal,
} from "#cli/socket-protocol.ts";
import type { RunningServer } from "./cli-server.ts";
import { eventually, type Owner } from "./gateway.ts";

export class RawTerminal {
	readonly socket: Socket;
	readonly got: ToTerminal[] = [];
	isClosed = false;
	readonly #reader = new FrameReader(decodeToTerminal);

	constructor(t: Owner, { place }: Pick<RunningServer, "place">) {
		this.socket = createConnection(place.socket);
		this.socket.on("data", (octets: Buffer) => this.got.push(...this.#reader.push(octets).messages));
		this.socket.on("error", () => undefined);
		this.socket.on("close", () => {
			this.isClosed = true;
		});
		t.after(() => void this.socket.destroy());
	}

	send(message: FromTerminal): void {
		this.socket.write(encodeFrame(message));
	}

	hello(fields: Partial<FromTerminal & { type: "hello" }> = {}): void {
		const base = { version: protocolVersion, isInteractive: false, columns: 80, rows: 24, user: "" };
		this.send({ type: "hello", ...base, ...fields });
	}

	async log(fields: Partial<FromTerminal & { type: "hello" }> = {}): Promise<this> {
		this.hello(fields);
		await this.next("prompt");
		return this;
	}

	next<T extends ToTerminal["type"]>(type: T): Promise<ToTerminal & { readonly type: T }> {
		return eventually(() => {
			const at = this.got.findIndex((message) => message.type === type);
			return at === -1 ? undefined : (this.got.splice(0, at + 1).at(-1) as ToTerminal & { readonly type: T });
		}, `a message ${type}`);
	}

	async enter(line: string): Promise<string> {
		this.got.length = 0;
		this.send({ type: "line", text: line });
		await eventually(() => this.got.some(({ type }) => type === "prompt"), "a prompt");
		return this.got.map((message) => (message.type === "output" ? message.text : "")).join("");
	}

	closed(): Promise<boolean> {
		return eventually(() => this.isClosed, "the end of the connection");
	}
}
