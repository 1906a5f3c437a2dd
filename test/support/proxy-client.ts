/** Clients of the gateway, octet by octet: a TCP connection, a tunnel, TLS inside the tunnel, HTTP/1.1 inside that. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import tls, { type TLSSocket } from "node:tls";
import { noteDialed } from "./dialed-ports.ts";
import { eventually, type Gateway } from "./gateway.ts";

export interface ClientOptions {
	readonly family?: "ipv4" | "ipv6";
	/** The address to connect from, for tests that need more than one client. */
	readonly localAddress?: string;
	/** The client may end its direction and go on reading. */
	readonly allowHalfOpen?: boolean;
}

/** A socket whose octets are kept, so that a test can say what it sends and what it expects. */
export class Conversation<S extends Socket = Socket> {
	readonly socket: S;
	received: Buffer<ArrayBufferLike> = Buffer.alloc(0);
	/** "open" until the other side ended it; "reset" after an error. */
	state: "open" | "ended" | "closed" | "reset" = "open";
	error: (Error & { code?: string }) | undefined;
	readonly #onData = (chunk: Buffer): void => {
		this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
	};

	constructor(socket: S) {
		this.socket = socket;
		socket.on("data", this.#onData);
		socket.on("end", () => {
			if (this.state === "open") this.state = "ended";
		});
		socket.on("close", () => {
			if (this.state !== "reset") this.state = "closed";
		});
		socket.on("error", (error: Error & { code?: string }) => {
			this.error = error;
			this.state = "reset";
		});
	}

	get text(): string {
		return this.received.toString("latin1");
	}

	/** The port that this client came from: it names the session's record. */
	get localPort(): number {
		return this.#localPort ?? 0;
	}

	#localPort: number | undefined;

	/** Remembers the local port while the socket has one. */
	noted(port: number | undefined): this {
		this.#localPort = port;
		return this;
	}

	send(octets: string | Uint8Array): this {
		this.socket.write(typeof octets === "string" ? Buffer.from(octets, "latin1") : octets);
		return this;
	}

	/** Resolves when what was received contains the text or fits the condition. */
	async receives(wanted: string | ((received: Buffer) => boolean)): Promise<this> {
		const fits = () =>
			typeof wanted === "string" ? this.received.includes(wanted, 0, "latin1") : wanted(this.received);
		await eventually(
			() => {
				if (fits()) return true;
				if (this.state !== "open")
					throw new Error(`${this.state} before ${wanted}; ${this.error} ${this.text.slice(0, 400)}`);
				return false;
			},
			`${wanted} in ${this.text.slice(0, 400)}`,
		);
		return this;
	}

	/** Resolves with how the other side ended it. */
	async over(): Promise<"ended" | "closed" | "reset"> {
		await eventually(() => this.state !== "open", "the end of the connection");
		return this.state as "ended" | "closed" | "reset";
	}

	/** Removes and returns what was received. */
	take(): Buffer {
		const taken = this.received;
		this.received = Buffer.alloc(0);
		return taken;
	}

	/** Reads one HTTP/1.1 response off what was received. */
	async response(method = "GET"): Promise<HttpResponse> {
		for (;;) {
			const read = readResponse(this.received, method, this.state !== "open");
			if (read !== undefined) {
				this.received = this.received.subarray(read.length);
				return read.response;
			}
			const before = this.received.length;
			const wasOpen = this.state === "open";
			if (!wasOpen) throw new Error(`${this.state} inside a response: ${this.error} ${this.text.slice(0, 400)}`);
			await eventually(() => this.received.length !== before || this.state !== "open", "more of the response");
		}
	}

	/** Sends a request and reads its response. */
	request(head: string, body: string | Uint8Array = ""): Promise<HttpResponse> {
		this.send(`${head.replaceAll("\n", "\r\n")}\r\n\r\n`);
		if (body.length > 0) this.send(body);
		return this.response(head.split(" ", 1)[0]);
	}

	/** Hands the socket to another reader. */
	release(): S {
		this.socket.removeListener("data", this.#onData);
		this.socket.pause();
		return this.socket;
	}
}

export interface HttpResponse {
	readonly status: number;
	readonly head: string;
	/** Lower-case names. */
	readonly headers: ReadonlyMap<string, string>;
	/** The body, chunked framing undone. */
	readonly body: Buffer;
	/** The trailer section of a chunked body, without its last line end. */
	readonly trailers: string;
}

/** A TCP connection to the gateway. */
export async function dial(gateway: Gateway, options: ClientOptions = {}): Promise<Conversation> {
	const { localAddress, allowHalfOpen = false } = options;
	const now = Date.now();
	const socket = connect({
		...gateway.proxy(options.family),
		allowHalfOpen,
		...(localAddress === undefined ? {} : { localAddress }),
	});
	await once(socket, "connect");
	noteDialed(socket.localPort, now);
	// A connection that a failed test leaves behind must not keep the process.
	socket.unref();
	return new Conversation(socket).noted(socket.localPort);
}

/** A tunnel to `host:port` through the gateway. */
export async function openTunnel(gateway: Gateway, target: string, options: ClientOptions = {}): Promise<Conversation> {
	const client = await dial(gateway, options);
	client.send(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
	await client.receives("\r\n\r\n");
	if (!client.text.startsWith("HTTP/1.1 200 ")) throw new Error(`no tunnel: ${client.text}`);
	// What the server says first stays.
	client.received = client.received.subarray(client.received.indexOf("\r\n\r\n") + 4);
	return client;
}

/** TLS inside a tunnel to `host:port`; fails when the handshake does. The gateway's CA is what the client trusts. */
export async function openTls(
	gateway: Gateway,
	target: string,
	options: tls.ConnectionOptions & ClientOptions = {},
): Promise<Conversation<TLSSocket>> {
	const tunnel = await openTunnel(gateway, target, options);
	return await startTls(gateway, tunnel, target, options);
}

/** Begins TLS in an open tunnel. */
export async function startTls(
	gateway: Gateway,
	tunnel: Conversation,
	target: string,
	options: tls.ConnectionOptions = {},
): Promise<Conversation<TLSSocket>> {
	const { localPort } = tunnel;
	const host = target.replace(/:\d+$/, "").replaceAll(/[[\]]/g, "");
	const socket = tls.connect({
		socket: tunnel.release(),
		ca: gateway.caPem,
		...(/^[\d.]+$|:/.test(host) ? { host } : { servername: host, host }),
		...options,
	});
	const conversation = new Conversation(socket).noted(localPort);
	await new Promise<void>((resolve, reject) => {
		socket.once("secureConnect", resolve);
		socket.once("error", reject);
		socket.once("close", () => reject(new Error("closed during the handshake")));
	});
	return conversation;
}

/** One request over one connection, closed by the client afterwards. */
export async function fetchOnce(
	gateway: Gateway,
	target: string,
	options: tls.ConnectionOptions & ClientOptions & { readonly path?: string } = {},
): Promise<HttpResponse & { readonly localPort: number }> {
	const { path = "/", ...rest } = options;
	const client = await openTls(gateway, target, rest);
	const response = await client.request(`GET ${path} HTTP/1.1\nHost: ${target}\nConnection: close`);
	client.socket.end();
	return { ...response, localPort: client.localPort };
}

function readResponse(
	octets: Buffer,
	method: string,
	isOver: boolean,
): { readonly response: HttpResponse; readonly length: number } | undefined {
	const end = octets.indexOf("\r\n\r\n");
	if (end === -1) return undefined;
	const head = octets.toString("latin1", 0, end);
	const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
	const headers = new Map(
		head
			.split("\r\n")
			.slice(1)
			.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
	);
	const start = end + 4;
	const done = (body: Buffer, length: number, trailers = "") => ({
		response: { status, head, headers, body, trailers },
		length,
	});
	const hasNoBody = method === "HEAD" || status === 204 || status === 304 || (status >= 100 && status < 200);
	if (hasNoBody) return done(Buffer.alloc(0), start);
	if (headers.get("transfer-encoding") === "chunked") {
		const chunked = readChunked(octets, start);
		return chunked === undefined ? undefined : done(chunked.body, chunked.end, chunked.trailers);
	}
	const length = headers.get("content-length");
	if (length === undefined) return isOver ? done(octets.subarray(start), octets.length) : undefined;
	const bodyEnd = start + Number(length);
	return octets.length < bodyEnd ? undefined : done(octets.subarray(start, bodyEnd), bodyEnd);
}

function readChunked(
	octets: Buffer,
	start: number,
): { readonly body: Buffer; readonly trailers: string; readonly end: number } | undefined {
	const parts: Buffer[] = [];
	let at = start;
	for (;;) {
		const lineEnd = octets.indexOf("\r\n", at);
		if (lineEnd === -1) return undefined;
		const size = Number.parseInt(octets.toString("latin1", at, lineEnd), 16);
		if (size === 0) {
			const end = octets.indexOf("\r\n\r\n", lineEnd);
			if (end === -1) return undefined;
			return { body: Buffer.concat(parts), trailers: octets.toString("latin1", lineEnd + 2, end), end: end + 4 };
		}
		const chunkEnd = lineEnd + 2 + size;
		if (octets.length < chunkEnd + 2) return undefined;
		parts.push(octets.subarray(lineEnd + 2, chunkEnd));
		at = chunkEnd + 2;
	}
}
