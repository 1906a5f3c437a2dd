/**
 * A decrypted connection of which nobody can tell by its ALPN what is spoken: HTTP/1.1 when a server could take the client's
 * first line for that of a request, otherwise octets of a protocol that is not understood (mail, directories, queues).
 *
 * Bounds: `maxLineOctets` of the client are held until the decision; the server's first octet ends the wait.
 */
import { concat } from "#base/bytes.ts";
import { forward, hold, type PlaintextStream, release, type StreamAnswer } from "#inspect/plaintext-stream.ts";

/** What the client's first octets say. */
export type FirstLine = "request" | "other" | "need-more";

export class UnnamedProtocolStream implements PlaintextStream {
	readonly #openHttp: () => PlaintextStream;
	readonly #openOther: () => PlaintextStream;
	#chosen: PlaintextStream | undefined;
	#held: Uint8Array[] = [];

	/** The stream that fits is opened once it is known which. */
	constructor(openHttp: () => PlaintextStream, openOther: () => PlaintextStream) {
		this.#openHttp = openHttp;
		this.#openOther = openOther;
	}

	get released(): Uint8Array[] {
		return this.#chosen?.released ?? [];
	}

	get stop(): PlaintextStream["stop"] {
		return this.#chosen?.stop;
	}

	get requests(): number {
		return this.#chosen?.requests ?? 0;
	}

	get findings(): PlaintextStream["findings"] {
		return this.#chosen?.findings ?? [];
	}

	get inspection(): PlaintextStream["inspection"] {
		return this.#chosen?.inspection ?? "decrypted, not inspected";
	}

	/** Also when the server spoke first: what is held of the client goes out right behind. */
	get isClientWaiting(): boolean {
		if (this.#chosen === undefined) return false;
		return this.#held.length > 0 || this.#chosen.isClientWaiting;
	}

	fromClient(chunk: Uint8Array): StreamAnswer {
		if (this.#chosen !== undefined) return this.#chosen.fromClient(chunk);
		this.#held.push(chunk);
		const octets = this.#held.length === 1 ? chunk : concat(this.#held);
		this.#held = [octets];
		const line = readFirstLine(octets);
		if (line === "need-more") return hold;
		return this.#begin(line === "request" ? this.#openHttp() : this.#openOther(), octets !== chunk);
	}

	clientMayGoOn(): StreamAnswer {
		const chosen = this.#chosen;
		if (chosen === undefined) return hold;
		return this.#held.length > 0 ? this.#begin(chosen, true) : chosen.clientMayGoOn();
	}

	fromServer(chunk: Uint8Array): StreamAnswer {
		this.#chosen ??= this.#openOther();
		return this.#chosen.fromServer(chunk);
	}

	clientEnded(): StreamAnswer {
		if (this.#chosen !== undefined) return this.#chosen.clientEnded();
		return this.#held.length === 0 ? forward : this.#begin(this.#openOther(), true);
	}

	serverEnded(): StreamAnswer {
		return this.#chosen?.serverEnded() ?? forward;
	}

	close(): void {
		this.#chosen?.close();
		this.#held = [];
	}

	/** Gives the held octets to the stream. `isMore`: they are more than the chunk that the caller has at hand. */
	#begin(chosen: PlaintextStream, isMore: boolean): StreamAnswer {
		this.#chosen = chosen;
		const [octets] = this.#held;
		this.#held = [];
		if (octets === undefined) return forward;
		const answer = chosen.fromClient(octets);
		if (answer !== forward || !isMore) return answer;
		chosen.released.push(octets);
		return release;
	}
}

/**
 * Judges the client's first octets by the form of a request line: method, space, target, space, version. A line that only a
 * lenient server takes for one is "request" too: the strict reader then refuses it, where otherwise nobody would have read it.
 * Whatever cannot become one is told at its first octet, since its sender may be waiting for an answer.
 *
 * Source: RFC 9112 §3, with the white space that lenient servers split at; empty lines before it as §2.2 allows.
 */
export function readFirstLine(octets: Uint8Array): FirstLine {
	let at = 0;
	while (octets[at] === carriageReturn || octets[at] === lineFeed) at++;
	const start = at;
	while (at < octets.length && isTokenOctet(octets[at] as number)) at++;
	if (at - start > maxMethodOctets && !longMethod.test(text(octets, start, at))) return "other";
	if (at < octets.length && (at === start || !isBlank(octets[at]))) return "other";
	const end = octets.indexOf(lineFeed, at);
	const line = octets.subarray(at, end === -1 ? octets.length : end);
	if (line.some((octet) => octet < space && !isBlank(octet))) return "other";
	if (end === -1 && octets.length <= maxLineOctets) return "need-more";
	const form = end === -1 ? longLine : requestLine;
	return form.test(text(octets, start, end === -1 ? octets.length : end)) ? "request" : "other";
}

function isTokenOctet(octet: number): boolean {
	return octet > space && octet < 0x7f && !separators.has(octet);
}

/** SP, HTAB, VT, FF and a bare CR. */
function isBlank(octet: number | undefined): boolean {
	return octet === space || (octet !== undefined && octet >= 0x09 && octet <= carriageReturn && octet !== lineFeed);
}

function text(octets: Uint8Array, start: number, end: number): string {
	return Buffer.from(octets.buffer, octets.byteOffset + start, end - start).toString("latin1");
}

/** With a version, whatever number and end it has; without one, as in HTTP/0.9. */
const requestLine = /[ \t\v\f\r]HTTP\/\d|^GET[ \t\v\f\r]+(?:\/|https?:\/\/)[^ \t\v\f\r]*[ \t\v\f\r]*$/i;
/** The beginning of a line that has not ended yet. */
const longLine = /^[A-Z_-]+[ \t\v\f\r]+(?:$|[/*]|https?:)|^CONNECT[ \t\v\f\r]/i;
/** Most servers know no other letters in a method, and some any number of them. */
const longMethod = /^[A-Z_-]+$/;
const separators: ReadonlySet<number> = new Set(Buffer.from('"(),/:;<=>?@[\\]{}', "latin1"));
const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const space = 0x20;
const maxMethodOctets = 32;
const maxLineOctets = 8_192;
