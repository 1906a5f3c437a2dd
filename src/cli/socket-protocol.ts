/**
 * What a terminal and the system say to each other over the socket: one JSON object a frame.
 *
 *     +--------------+----------------------+
 *     | length (4)   | JSON, UTF-8 (length) |   length in network order, 2 .. maxFrame
 *     +--------------+----------------------+
 *
 * Bounds: a frame of at most `maxFrame` octets; larger texts go in several (`textPart`). Unknown members are ignored.
 * Faults: a frame of the wrong shape is malformed; the connection is then closed.
 */
import { concat, type Decoded, done, malformed, needMore } from "#base/bytes.ts";
import type { CompletionKey } from "#cli/line-editor.ts";
import type { Pipe } from "#cli/pipes.ts";

/** What the terminal says. */
export type FromTerminal =
	| {
			readonly type: "hello";
			readonly version: number;
			/** A person sits there; else a script. */
			readonly isInteractive: boolean;
			readonly columns: number;
			readonly rows: number;
			/** As whom to work; empty for the user of the process. Only the system's own user may name another. */
			readonly user: string;
	  }
	| { readonly type: "line"; readonly text: string }
	| { readonly type: "complete"; readonly key: CompletionKey; readonly line: string; readonly isRepeat: boolean }
	/** The answer to `ask`. */
	| { readonly type: "answer"; readonly text: string }
	/** A part of what `collect` or `read-file` wanted. */
	| { readonly type: "text"; readonly text: string; readonly isLast: boolean }
	/** What was asked of the terminal could not be done. */
	| { readonly type: "failed"; readonly message: string }
	/** `write-file` or `run` was done. */
	| { readonly type: "done" }
	| { readonly type: "interrupt" }
	| { readonly type: "resize"; readonly columns: number; readonly rows: number };

/** Programs that the terminal runs itself, with the rights of its user. */
export type LocalProgram = (typeof localPrograms)[number];

/** What the system says. */
export type ToTerminal =
	/** The first prompt follows. */
	| { readonly type: "welcome"; readonly version: number; readonly user: string }
	| { readonly type: "settings"; readonly settings: TerminalSettings }
	/** `banner` are whole lines, `prompt` stands before the line. */
	| { readonly type: "prompt"; readonly banner: string; readonly prompt: string; readonly history: string }
	| { readonly type: "completed"; readonly line: string; readonly shows: string }
	/** The output of a command begins, and goes through these pipes. */
	| { readonly type: "begin"; readonly pipes: readonly Pipe[] }
	| { readonly type: "output"; readonly text: string }
	/** Text about what was entered (carets, errors): for a script it is no output. */
	| { readonly type: "complaint"; readonly text: string }
	/** The command is over. */
	| { readonly type: "finish"; readonly isOk: boolean }
	| { readonly type: "ask"; readonly question: string; readonly isHidden: boolean }
	/** Text until Ctrl-D. */
	| { readonly type: "collect" }
	| { readonly type: "read-file"; readonly file: string }
	| {
			readonly type: "write-file";
			readonly file: string;
			readonly text: string;
			readonly isFirst: boolean;
			readonly isLast: boolean;
	  }
	| { readonly type: "run"; readonly program: LocalProgram; readonly values: Readonly<Record<string, string>> }
	/** Text from elsewhere, such as another user's message. */
	| { readonly type: "notice"; readonly text: string }
	/** The session is over. */
	| { readonly type: "end"; readonly text: string; readonly isOk: boolean };

export interface TerminalSettings {
	/** Lines of the screen, 0 for no pauses; undefined: as the terminal says. */
	readonly screenLength: number | undefined;
	readonly screenWidth: number | undefined;
	readonly completesOnSpace: boolean;
}

/** One frame of the terminal. */
export function decodeFromTerminal(octets: Uint8Array): Decoded<FromTerminal> {
	return decodeFrame(octets, readFromTerminal);
}

/** One frame of the system. */
export function decodeToTerminal(octets: Uint8Array): Decoded<ToTerminal> {
	return decodeFrame(octets, readToTerminal);
}

/** The frame of a message. The message must fit; `textPart` cuts what might not. */
export function encodeFrame(message: FromTerminal | ToTerminal): Uint8Array {
	const json = Buffer.from(JSON.stringify(message), "utf8");
	if (json.length > maxFrame) throw new RangeError(`a frame of ${json.length} octets; at most ${maxFrame} fit`);
	const frame = Buffer.allocUnsafe(4 + json.length);
	frame.writeUInt32BE(json.length, 0);
	json.copy(frame, 4);
	return frame;
}

/**
 * Puts the messages of a stream of octets together again, however it is cut.
 *
 * Bounds: holds less than one frame; each octet is copied once.
 */
export class FrameReader<T> {
	readonly #decode: (octets: Uint8Array) => Decoded<T>;
	#parts: Uint8Array[] = [];
	#held = 0;
	/** How many octets must be there before it is worth looking. */
	#wanted = 4;

	constructor(decode: (octets: Uint8Array) => Decoded<T>) {
		this.#decode = decode;
	}

	/** The messages that became whole, or the reason why the stream is broken. */
	push(octets: Uint8Array): { readonly messages: readonly T[]; readonly broken: string | undefined } {
		this.#parts.push(octets);
		this.#held += octets.length;
		const messages: T[] = [];
		while (this.#held >= this.#wanted) {
			const whole = this.#parts.length === 1 ? (this.#parts[0] as Uint8Array) : concat(this.#parts);
			const decoded = this.#decode(whole);
			if (decoded.kind === "malformed") return { messages, broken: decoded.reason };
			const rest = decoded.kind === "done" ? whole.subarray(decoded.octets) : whole;
			this.#parts = [rest];
			this.#held = rest.length;
			this.#wanted = rest.length < 4 ? 4 : 4 + lengthOf(rest);
			if (decoded.kind === "done") messages.push(decoded.value);
			else if (this.#held >= this.#wanted) return { messages, broken: "frame that does not end" };
		}
		return { messages, broken: undefined };
	}
}

function lengthOf(octets: Uint8Array): number {
	return new DataView(octets.buffer, octets.byteOffset, 4).getUint32(0);
}

/** Cuts a text into parts that fit a frame each, never between the halves of a character; at least one. */
export function* textParts(text: string): Iterable<string> {
	let at = 0;
	do {
		let end = Math.min(text.length, at + partLength);
		const code = text.charCodeAt(end - 1);
		if (end < text.length && code >= 0xd800 && code <= 0xdbff) end--;
		yield text.slice(at, end);
		at = end;
	} while (at < text.length);
}

function decodeFrame<T>(octets: Uint8Array, read: (value: Fields) => T | undefined): Decoded<T> {
	if (octets.length < 4) return needMore;
	const length = lengthOf(octets);
	if (length < 2 || length > maxFrame) return malformed(`frame of ${length} octets; expected 2 to ${maxFrame}`);
	if (octets.length < 4 + length) return needMore;
	let value: unknown;
	try {
		value = JSON.parse(utf8.decode(octets.subarray(4, 4 + length)));
	} catch {
		return malformed("frame is not JSON in UTF-8");
	}
	if (typeof value !== "object" || value === null || Array.isArray(value)) return malformed("frame is no object");
	const message = read(new Fields(value as Readonly<Record<string, unknown>>));
	return message === undefined ? malformed("frame of unknown type or shape") : done(message, 4 + length);
}

function readFromTerminal(fields: Fields): FromTerminal | undefined {
	const type = fields.text("type");
	switch (type) {
		case "hello":
			return fields.whole({
				type,
				version: fields.number("version"),
				isInteractive: fields.flag("isInteractive"),
				columns: fields.number("columns"),
				rows: fields.number("rows"),
				user: fields.text("user", maxName),
			});
		case "done":
		case "interrupt":
			return { type };
		case "line":
		case "answer":
			return fields.whole({ type, text: fields.text("text") });
		case "complete": {
			const key = fields.text("key");
			if (key !== "help" && key !== "space" && key !== "tab") return undefined;
			return fields.whole({ type, key, line: fields.text("line"), isRepeat: fields.flag("isRepeat") });
		}
		case "text":
			return fields.whole({ type, text: fields.text("text"), isLast: fields.flag("isLast") });
		case "failed":
			return fields.whole({ type, message: fields.text("message") });
		case "resize":
			return fields.whole({ type, columns: fields.number("columns"), rows: fields.number("rows") });
		default:
			return undefined;
	}
}

function readToTerminal(fields: Fields): ToTerminal | undefined {
	const type = fields.text("type");
	switch (type) {
		case "welcome":
			return fields.whole({ type, version: fields.number("version"), user: fields.text("user") });
		case "settings": {
			const inner = fields.object("settings");
			const settings = {
				screenLength: inner.optionalNumber("screenLength"),
				screenWidth: inner.optionalNumber("screenWidth"),
				completesOnSpace: inner.flag("completesOnSpace"),
			};
			return inner.isWhole ? fields.whole({ type, settings }) : undefined;
		}
		case "prompt":
			return fields.whole({
				type,
				banner: fields.text("banner"),
				prompt: fields.text("prompt"),
				history: fields.text("history"),
			});
		case "completed":
			return fields.whole({ type, line: fields.text("line"), shows: fields.text("shows") });
		case "begin": {
			const pipes = fields.list("pipes").map(readPipe);
			return pipes.includes(undefined) ? undefined : fields.whole({ type, pipes: pipes as Pipe[] });
		}
		case "output":
		case "complaint":
		case "notice":
			return fields.whole({ type, text: fields.text("text") });
		case "finish":
			return fields.whole({ type, isOk: fields.flag("isOk") });
		case "ask":
			return fields.whole({ type, question: fields.text("question"), isHidden: fields.flag("isHidden") });
		case "collect":
			return { type };
		case "read-file":
			return fields.whole({ type, file: fields.text("file") });
		case "write-file":
			return fields.whole({
				type,
				file: fields.text("file"),
				text: fields.text("text"),
				isFirst: fields.flag("isFirst"),
				isLast: fields.flag("isLast"),
			});
		case "run": {
			const program = fields.text("program");
			if (!isLocalProgram(program)) return undefined;
			return fields.whole({ type, program, values: fields.object("values").texts() });
		}
		case "end":
			return fields.whole({ type, text: fields.text("text"), isOk: fields.flag("isOk") });
		default:
			return undefined;
	}
}

function readPipe(value: unknown): Pipe | undefined {
	const fields = Fields.of(value);
	const pipe = {
		kind: fields.text("kind") as Pipe["kind"],
		words: fields.list("words").map(String),
		values: fields.object("values").texts(),
		start: fields.number("start"),
	};
	return fields.isWhole ? pipe : undefined;
}

function isLocalProgram(word: string): word is LocalProgram {
	return (localPrograms as readonly string[]).includes(word);
}

/** Reads the members of an object; a member of the wrong type makes it broken for good. */
class Fields {
	isWhole = true;
	readonly #value: Readonly<Record<string, unknown>>;

	constructor(value: Readonly<Record<string, unknown>>) {
		this.#value = value;
	}

	static of(value: unknown): Fields {
		const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
		const fields = new Fields(isObject ? (value as Readonly<Record<string, unknown>>) : {});
		fields.isWhole = isObject;
		return fields;
	}

	whole<T>(message: T): T | undefined {
		return this.isWhole ? message : undefined;
	}

	text(name: string, max = maxFrame): string {
		const value = this.#member(name);
		if (typeof value === "string" && value.length <= max) return value;
		this.isWhole = false;
		return "";
	}

	number(name: string): number {
		const value = this.#member(name);
		if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
		this.isWhole = false;
		return 0;
	}

	optionalNumber(name: string): number | undefined {
		return this.#member(name) === undefined ? undefined : this.number(name);
	}

	flag(name: string): boolean {
		const value = this.#member(name);
		if (typeof value === "boolean") return value;
		this.isWhole = false;
		return false;
	}

	list(name: string): readonly unknown[] {
		const value = this.#member(name);
		if (Array.isArray(value)) return value;
		this.isWhole = false;
		return [];
	}

	object(name: string): Fields {
		const inner = Fields.of(this.#member(name));
		if (!inner.isWhole) this.isWhole = false;
		return inner;
	}

	/** All members, which must be texts. */
	texts(): Readonly<Record<string, string>> {
		const entries = Object.entries(this.#value).filter(
			(entry): entry is [string, string] => typeof entry[1] === "string",
		);
		return Object.fromEntries(entries);
	}

	#member(name: string): unknown {
		return Object.hasOwn(this.#value, name) ? this.#value[name] : undefined;
	}
}

const localPrograms = [
	"file-checksum",
	"file-compare",
	"file-copy",
	"file-delete",
	"file-list",
	"file-rename",
	"file-show",
	"ping",
	"shell",
	"traceroute",
] as const;
/** The version of what is spoken here. */
export const protocolVersion = 2;
/** Octets of the JSON of one frame. */
export const maxFrame = 1_048_576;
/** A character takes at most 6 octets in JSON (`\u001f`). */
const partLength = 131_072;
const maxName = 256;
const utf8 = new TextDecoder("utf-8", { fatal: true });
