/**
 * Finds the end of an HTTP/1.1 head or trailer section in octets that come in any pieces, refuses every octet that two
 * readers could understand differently, and notes the fields that decide framing (RFC 9112 §2 to §6).
 *
 *   [CRLF] start-line CRLF *( field-name ":" OWS field-value OWS CRLF ) CRLF
 *
 * Bounds: reused for every message of a direction; each octet is looked at once however it is split; no allocation
 * while scanning.
 */
import { describeOctet, equalsName, fieldOctets, isAuthority, latin1, tokenOctets } from "#http/head-octets.ts";
import { StartLine } from "#http/start-line.ts";

/** What a section is; decides which start line it has. */
export type SectionKind = "request" | "response" | "trailers";

export type ScanResult = typeof scanNeedMore | typeof scanDone | typeof scanRefused;
export const scanNeedMore = 0;
export const scanDone = 1;
export const scanRefused = 2;

/** One direction's scanner. Offsets are relative to the first octet of the section. */
export class HeadScanner {
	readonly #maxHeaders: number;
	#kind: SectionKind = "request";
	#phase = before;
	#index = 0;
	#lineStart = 0;
	#colon = 0;

	/** Why `scan` refused. */
	reason = "";
	/** Octets of the section once it is done. */
	length = 0;
	/** Where the start line begins: behind the tolerated empty line. */
	start = 0;
	readonly startLine = new StartLine();
	headers = 0;
	/** -1: none. */
	contentLength = -1;
	isChunked = false;
	hosts = 0;
	hostStart = 0;
	hostEnd = 0;
	hasClose = false;
	hasKeepAlive = false;
	hasUpgrade = false;

	constructor(maxHeaders: number) {
		this.#maxHeaders = maxHeaders;
	}

	/** Makes ready for the next section. */
	begin(kind: SectionKind): void {
		this.#kind = kind;
		this.#phase = kind === "trailers" ? lineStart : before;
		this.#index = 0;
		this.#lineStart = 0;
		this.start = 0;
		this.headers = 0;
		this.contentLength = -1;
		this.isChunked = false;
		this.hosts = 0;
		this.hasClose = false;
		this.hasKeepAlive = false;
		this.hasUpgrade = false;
	}

	/** Octets of the section looked at so far. */
	get scanned(): number {
		return this.#index;
	}

	/** Something other than an empty line before a request has arrived. */
	get hasBegun(): boolean {
		return this.#phase > beforeLf;
	}

	/** Goes on behind what was scanned already. `octets[base]` is the section's first octet, whatever buffer holds it. */
	scan(octets: Uint8Array, base: number, end: number): ScanResult {
		let at = base + this.#index;
		let phase = this.#phase;
		while (at < end) {
			const octet = octets[at] as number;
			switch (phase) {
				case before:
					this.start = at - base;
					if (octet === cr && this.#kind === "request" && at === base) {
						phase = beforeLf;
						at++;
					} else phase = inStartLine;
					break;
				case beforeLf:
					if (octet !== lf) return this.refuse("CR without LF before the request line");
					phase = before;
					at++;
					break;
				case inStartLine:
					while (at < end && fieldOctets[octets[at] as number] === 1) at++;
					if (at === end) break;
					if (octets[at] !== cr) return this.#refuseOctet("the start line", octets[at] as number);
					phase = startLineLf;
					at++;
					break;
				case startLineLf:
					if (octet !== lf) return this.refuse("CR without LF at the end of the start line");
					if (!this.#parseStartLine(octets, base, at - 1)) return scanRefused;
					phase = lineStart;
					at++;
					break;
				case lineStart:
					if (octet === cr) {
						phase = endLf;
						at++;
						break;
					}
					if (octet === 0x20 || octet === 0x09) {
						return this.refuse(
							this.headers === 0 ? "white space before the first header" : "a folded header line (obs-fold)",
						);
					}
					if (octet === 0x3a) return this.refuse("a header without a name");
					if (++this.headers > this.#maxHeaders) return this.refuse(`more than ${this.#maxHeaders} headers`);
					this.#lineStart = at - base;
					phase = inName;
					break;
				case inName: {
					while (at < end && tokenOctets[octets[at] as number] === 1) at++;
					if (at === end) break;
					const stop = octets[at] as number;
					if (stop !== 0x3a) {
						if (stop === 0x20 || stop === 0x09) return this.refuse("white space before the colon of a header");
						return this.#refuseOctet("a header name", stop);
					}
					this.#colon = at - base;
					phase = inValue;
					at++;
					break;
				}
				case inValue:
					while (at < end && fieldOctets[octets[at] as number] === 1) at++;
					if (at === end) break;
					if (octets[at] !== cr) return this.#refuseOctet("a header value", octets[at] as number);
					phase = valueLf;
					at++;
					break;
				case valueLf:
					if (octet !== lf) return this.refuse("CR without LF at the end of a header");
					if (!this.#field(octets, base, at - 1)) return scanRefused;
					phase = lineStart;
					at++;
					break;
				default:
					if (octet !== lf) return this.refuse("CR without LF at the end of the head");
					this.length = at + 1 - base;
					this.#index = this.length;
					this.#phase = phase;
					return scanDone;
			}
		}
		this.#index = at - base;
		this.#phase = phase;
		return scanNeedMore;
	}

	/** Notes the reason; for the rules that look at the whole head, too. */
	refuse(reason: string): typeof scanRefused {
		this.reason = reason;
		return scanRefused;
	}

	#bad(reason: string): false {
		this.reason = reason;
		return false;
	}

	#refuseOctet(where: string, octet: number): ScanResult {
		if (octet === lf) return this.refuse(`LF without CR in ${where}`);
		return this.refuse(`octet ${describeOctet(octet)} in ${where}`);
	}

	#parseStartLine(octets: Uint8Array, base: number, end: number): boolean {
		const { startLine } = this;
		const start = base + this.start;
		const reason =
			this.#kind === "request" ? startLine.parseRequest(octets, start, end) : startLine.parseStatus(octets, start, end);
		return reason === undefined || this.#bad(reason);
	}

	/** Looks at a complete field line; only names of these lengths can decide framing. */
	#field(octets: Uint8Array, base: number, lineEnd: number): boolean {
		const start = base + this.#lineStart;
		const length = this.#colon - this.#lineStart;
		if (this.#kind === "trailers") return this.#trailerField(octets, start, length);
		switch (length) {
			case 4:
				return !equalsName(octets, start, 4, "host") || this.#host(octets, base, lineEnd);
			case 7:
				if (equalsName(octets, start, 7, "upgrade")) this.hasUpgrade = true;
				return true;
			case 10:
				return !equalsName(octets, start, 10, "connection") || this.#connection(octets, base, lineEnd);
			case 14:
				if (equalsName(octets, start, 14, "content-length")) return this.#contentLength(octets, base, lineEnd);
				return !this.#looksLike(octets, start, 14, "content_length");
			case 17:
				if (equalsName(octets, start, 17, "transfer-encoding")) return this.#transferEncoding(octets, base, lineEnd);
				return !this.#looksLike(octets, start, 17, "transfer_encoding");
			default:
				return true;
		}
	}

	/** CGI-like servers read `_` as `-`: the next hop might frame by a header that this one does not know. */
	#looksLike(octets: Uint8Array, start: number, length: number, name: string): boolean {
		if (this.#kind !== "request" || !equalsName(octets, start, length, name)) return false;
		this.reason = `a header named ${name}`;
		return true;
	}

	/** Fields that would change framing, routing or the form of the content may not come late (RFC 9110 §6.5.1). */
	#trailerField(octets: Uint8Array, start: number, length: number): boolean {
		for (const name of notInTrailers) {
			if (!equalsName(octets, start, length, name)) continue;
			return this.#bad(`${name} in the trailer section`);
		}
		return true;
	}

	#host(octets: Uint8Array, base: number, lineEnd: number): boolean {
		this.hosts++;
		if (this.hosts > 1) return this.#bad("more than one Host");
		const start = skipSpace(octets, base + this.#colon + 1, lineEnd);
		const end = skipSpaceBack(octets, start, lineEnd);
		this.hostStart = start - base;
		this.hostEnd = end - base;
		if (this.#kind === "request" && !isAuthority(octets, start, end)) {
			return this.#bad(`Host "${latin1(octets, start, end)}" is not host[:port]`);
		}
		return true;
	}

	#connection(octets: Uint8Array, base: number, lineEnd: number): boolean {
		const start = skipSpace(octets, base + this.#colon + 1, lineEnd);
		const end = skipSpaceBack(octets, start, lineEnd);
		if (equalsName(octets, start, end - start, "keep-alive")) {
			this.hasKeepAlive = true;
			return true;
		}
		for (const token of latin1(octets, start, end).toLowerCase().split(",")) {
			const option = token.trim();
			if (option === "close") this.hasClose = true;
			else if (option === "keep-alive") this.hasKeepAlive = true;
			else if (this.#kind === "request" && notHopByHop.includes(option)) {
				return this.#bad(`Connection names ${option}, which a next hop would remove`);
			}
		}
		return true;
	}

	#contentLength(octets: Uint8Array, base: number, lineEnd: number): boolean {
		const start = skipSpace(octets, base + this.#colon + 1, lineEnd);
		const end = skipSpaceBack(octets, start, lineEnd);
		let length = 0;
		for (let at = start; at < end; at++) {
			const digit = (octets[at] as number) - 0x30;
			if (digit < 0 || digit > 9) length = Number.NaN;
			length = length * 10 + digit;
		}
		if (start === end || end - start > maxLengthDigits || Number.isNaN(length)) {
			const text = latin1(octets, start, Math.min(end, start + 40));
			return this.#bad(`Content-Length "${text}" is not a number of octets`);
		}
		// Equal lines are harmless in a response (RFC 9112 §6.3); no client needs them in a request.
		if (this.contentLength !== -1 && (this.contentLength !== length || this.#kind === "request")) {
			return this.#bad(`Content-Length ${this.contentLength} and again ${length}`);
		}
		this.contentLength = length;
		return true;
	}

	#transferEncoding(octets: Uint8Array, base: number, lineEnd: number): boolean {
		const start = skipSpace(octets, base + this.#colon + 1, lineEnd);
		const end = skipSpaceBack(octets, start, lineEnd);
		if (this.isChunked) return this.#bad("more than one Transfer-Encoding");
		if (!equalsName(octets, start, end - start, "chunked")) {
			const text = latin1(octets, start, Math.min(end, start + 40));
			return this.#bad(`Transfer-Encoding "${text}"; only chunked alone is read alike by all`);
		}
		this.isChunked = true;
		return true;
	}
}

function skipSpace(octets: Uint8Array, start: number, end: number): number {
	let at = start;
	while (at < end && (octets[at] === 0x20 || octets[at] === 0x09)) at++;
	return at;
}

function skipSpaceBack(octets: Uint8Array, start: number, end: number): number {
	let at = end;
	while (at > start && (octets[at - 1] === 0x20 || octets[at - 1] === 0x09)) at--;
	return at;
}

const cr = 0x0d;
const lf = 0x0a;

// Phases of the scan; `beforeLf` and below mean that nothing of the message itself was seen.
const before = 0;
const beforeLf = 1;
const inStartLine = 2;
const startLineLf = 3;
const lineStart = 4;
const inName = 5;
const inValue = 6;
const valueLf = 7;
const endLf = 8;

/** 15 digits stay below 2^53. */
const maxLengthDigits = 15;

const notHopByHop: readonly string[] = ["content-length", "transfer-encoding", "host"];
const notInTrailers: readonly string[] = [
	"content-length",
	"transfer-encoding",
	"host",
	"connection",
	"upgrade",
	"trailer",
	"te",
	"content-encoding",
	"content-type",
	"content-range",
];
