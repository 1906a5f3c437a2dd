/**
 * One end of HTTP/2 for tests of what stands between two ends: writes frames with an HPACK encoder of its own, reads
 * with a decoder of its own, and holds the other end to the windows that it gave.
 */
import assert from "node:assert/strict";
import type { Header } from "#http/head.ts";
import { HpackDecoder, HpackEncoder } from "#http/hpack.ts";
import { decodeFrame, encodeFrame, type Frame, noPadding, type Setting, settingIds } from "#http/http2-frame.ts";

export class Http2Peer {
	readonly #encoder: HpackEncoder;
	readonly #decoder = new HpackDecoder(1_000_000);
	#octets: Buffer = Buffer.alloc(0);
	#prefaceLeft: number;
	/** What the other end may still send: on the connection, and on each stream. */
	connectionWindow = 65_535;
	readonly streamWindow = new Map<number, number>();
	initialWindow = 65_535;
	/** What came, a line a frame; SETTINGS and windows are in `frames` only. */
	readonly lines: string[] = [];
	readonly frames: Frame[] = [];
	/** Octets of body by stream. */
	readonly bodies = new Map<number, Buffer>();
	#fragments: Uint8Array[] = [];
	#block: (Frame & { readonly type: "headers" }) | undefined;

	constructor(role: "client" | "server", tableOctets = 4_096) {
		this.#prefaceLeft = role === "server" ? 24 : 0;
		this.#encoder = new HpackEncoder(tableOctets);
	}

	static preface(): Uint8Array {
		return Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
	}

	settings(...settings: readonly Setting[]): Uint8Array {
		for (const { id, value } of settings) if (id === settingIds.initialWindowSize) this.initialWindow = value;
		return encodeFrame({ type: "settings", isAck: false, settings });
	}

	acknowledge(): Uint8Array {
		return encodeFrame({ type: "settings", isAck: true, settings: [] });
	}

	/** The other end's table size counts from here on. */
	usePeerTable(octets: number): void {
		this.#encoder.setPeerTableOctets(octets);
	}

	/** This end's own table size counts from here on. */
	allowTable(octets: number): void {
		this.#decoder.setMaxTableOctets(octets);
	}

	/** `fields` as lines `name: value`. `parts`: frames that the block comes in. */
	headers(stream: number, fields: readonly string[], isEndStream = false, parts = 1): Uint8Array {
		const block = this.#encoder.encode(fields.map(parseLine));
		const size = Math.max(1, Math.ceil(block.length / parts));
		const frames: Uint8Array[] = [];
		for (let at = 0; at === 0 || at < block.length; at += size) {
			const fragment = block.subarray(at, at + size);
			const isEndHeaders = at + size >= block.length;
			if (at > 0) frames.push(encodeFrame({ type: "continuation", stream, isEndHeaders, fragment }));
			else {
				const [priority, padding] = [undefined, noPadding];
				frames.push(encodeFrame({ type: "headers", stream, isEndStream, isEndHeaders, priority, fragment, padding }));
			}
		}
		return Buffer.concat(frames);
	}

	data(stream: number, text: string | Uint8Array, isEndStream = false, padding = noPadding): Uint8Array {
		const data = typeof text === "string" ? Buffer.from(text, "latin1") : text;
		return encodeFrame({ type: "data", stream, isEndStream, data, padding });
	}

	/** Gives the other end `increment` octets. */
	give(stream: number, increment: number): Uint8Array {
		if (stream === 0) this.connectionWindow += increment;
		else this.streamWindow.set(stream, this.#windowOf(stream) + increment);
		return encodeFrame({ type: "window-update", stream, increment });
	}

	reset(stream: number, errorCode = 8): Uint8Array {
		return encodeFrame({ type: "rst-stream", stream, errorCode });
	}

	/** Takes octets that came, in any pieces. */
	receive(octets: Uint8Array): void {
		this.#octets = Buffer.concat([this.#octets, octets]);
		if (this.#prefaceLeft > 0) {
			if (this.#octets.length < this.#prefaceLeft) return;
			assert.deepEqual(this.#octets.subarray(0, this.#prefaceLeft), Http2Peer.preface());
			this.#octets = this.#octets.subarray(this.#prefaceLeft);
			this.#prefaceLeft = 0;
		}
		for (;;) {
			const decoded = decodeFrame(this.#octets, 16_777_215);
			if (decoded.kind === "need-more") return;
			if (decoded.kind === "malformed") throw new Error(decoded.reason);
			this.#octets = this.#octets.subarray(decoded.octets);
			this.#take(decoded.value, decoded.octets - 9);
		}
	}

	/** True between two frames. */
	get isAtBoundary(): boolean {
		return this.#octets.length === 0 && this.#block === undefined;
	}

	body(stream: number): string {
		return (this.bodies.get(stream) ?? Buffer.alloc(0)).toString("latin1");
	}

	#take(frame: Frame, payload: number): void {
		this.frames.push(frame);
		switch (frame.type) {
			case "headers":
			case "continuation": {
				if (frame.type === "headers") this.#block = frame;
				this.#fragments.push(frame.fragment);
				if (!frame.isEndHeaders) return;
				const decoded = this.#decoder.decode(Buffer.concat(this.#fragments));
				assert.equal(decoded.kind, "done", `field block: ${JSON.stringify(decoded)}`);
				const fields = decoded.kind === "done" ? decoded.fields : [];
				const end = this.#block?.isEndStream ? " END" : "";
				this.lines.push(
					`HEADERS ${frame.stream}${end} ${fields.map((field) => `${field.name}=${field.value}`).join(" ")}`,
				);
				this.#fragments = [];
				this.#block = undefined;
				return;
			}
			case "data": {
				this.connectionWindow -= payload;
				this.streamWindow.set(frame.stream, this.#windowOf(frame.stream) - payload);
				assert.ok(this.connectionWindow >= 0, "the window of the connection is overrun");
				assert.ok(this.#windowOf(frame.stream) >= 0, `the window of stream ${frame.stream} is overrun`);
				this.bodies.set(frame.stream, Buffer.concat([this.bodies.get(frame.stream) ?? Buffer.alloc(0), frame.data]));
				if (frame.isEndStream) this.lines.push(`END ${frame.stream}`);
				return;
			}
			case "rst-stream":
				this.lines.push(`RST ${frame.stream} ${frame.errorCode}`);
				return;
			case "goaway":
				this.lines.push(`GOAWAY ${frame.lastStream} ${frame.errorCode}`);
				return;
			case "settings":
			case "window-update":
				return;
			default:
				this.lines.push(frame.type.toUpperCase());
		}
	}

	#windowOf(stream: number): number {
		return this.streamWindow.get(stream) ?? this.initialWindow;
	}
}

function parseLine(line: string): Header & { readonly isNeverIndexed: boolean } {
	const at = line.indexOf(": ");
	return { name: line.slice(0, at), value: line.slice(at + 2), isNeverIndexed: false };
}
