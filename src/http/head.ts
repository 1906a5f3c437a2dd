/**
 * The head of an HTTP message as the services see it: a value, whatever version carried it (RFC 9110 §6.3).
 *
 * The text of the head is kept once; header names and values are cut out of it when somebody asks.
 */

export type HttpVersion = "1.0" | "1.1" | "2";

/** One field line. `name` is lower-case; `value` is as sent, without the white space around it, one char per octet. */
export interface Header {
	readonly name: string;
	readonly value: string;
}

/**
 * How the end of the body is found (RFC 9112 §6.3). "tunnel": no body, the connection changes its protocol. In HTTP/2
 * "chunked" is a body whose length was not announced.
 */
export type Framing = "none" | "length" | "chunked" | "until-close" | "tunnel";

/** What request and response heads share. */
export class HttpHead {
	readonly version: HttpVersion;
	/** The whole head from the start line to the empty line, one char per octet. */
	readonly text: string;
	readonly framing: Framing;
	/** The octets of the body when the framing is "length", else the announced length or -1. */
	readonly contentLength: number;
	/** The sender ends the connection behind this message. */
	readonly isLast: boolean;
	#headers: readonly Header[] | undefined;

	/** `headers`: the field lines where they are known already, otherwise they are read from `text`. */
	constructor(
		version: HttpVersion,
		text: string,
		framing: Framing,
		contentLength: number,
		isLast: boolean,
		headers?: readonly Header[],
	) {
		this.version = version;
		this.text = text;
		this.framing = framing;
		this.contentLength = contentLength;
		this.isLast = isLast;
		this.#headers = headers;
	}

	/** The field lines in the order sent. */
	get headers(): readonly Header[] {
		if (this.#headers === undefined) this.#headers = parseFieldLines(this.text, this.text.indexOf("\r\n") + 2);
		return this.#headers;
	}
}

/** The head of a request. */
export class RequestHead extends HttpHead {
	readonly method: string;
	/** As sent: origin form, absolute form, authority form or `*`. */
	readonly target: string;
	/** The client asks for another protocol on this connection (RFC 9110 §7.8). */
	readonly hasUpgrade: boolean;

	constructor(
		version: HttpVersion,
		text: string,
		framing: Framing,
		contentLength: number,
		isLast: boolean,
		method: string,
		target: string,
		hasUpgrade: boolean,
		headers?: readonly Header[],
	) {
		super(version, text, framing, contentLength, isLast, headers);
		this.method = method;
		this.target = target;
		this.hasUpgrade = hasUpgrade;
	}
}

/** The head of a response. */
export class ResponseHead extends HttpHead {
	readonly status: number;
	readonly reason: string;

	constructor(
		version: HttpVersion,
		text: string,
		framing: Framing,
		contentLength: number,
		isLast: boolean,
		status: number,
		reason: string,
		headers?: readonly Header[],
	) {
		super(version, text, framing, contentLength, isLast, headers);
		this.status = status;
		this.reason = reason;
	}

	/** A 1xx response before the final one. 101 is final: it ends HTTP. */
	get isInterim(): boolean {
		return this.status < 200 && this.status !== 101;
	}
}

/** The value of a header, several lines joined by ", " (RFC 9110 §5.3); undefined when there is none. */
export function headerValue(head: HttpHead, name: string): string | undefined {
	let value: string | undefined;
	for (const header of head.headers) {
		if (header.name !== name) continue;
		value = value === undefined ? header.value : `${value}, ${header.value}`;
	}
	return value;
}

/** The lower-case elements of a comma-separated header such as Connection or Content-Encoding; empty when absent. */
export function headerTokens(head: HttpHead, name: string): readonly string[] {
	const value = headerValue(head, name);
	if (value === undefined) return [];
	return value
		.toLowerCase()
		.split(",")
		.map((token) => token.trim())
		.filter((token) => token !== "");
}

/** The field lines of a validated section from `start` to the empty line. */
export function parseFieldLines(text: string, start: number): readonly Header[] {
	const headers: Header[] = [];
	let at = start;
	for (;;) {
		const end = text.indexOf("\r\n", at);
		if (end <= at) return headers;
		const colon = text.indexOf(":", at);
		headers.push({ name: text.slice(at, colon).toLowerCase(), value: trimSpace(text, colon + 1, end) });
		at = end + 2;
	}
}

function trimSpace(text: string, start: number, end: number): string {
	let first = start;
	let last = end;
	while (first < last && isSpace(text.charCodeAt(first))) first++;
	while (last > first && isSpace(text.charCodeAt(last - 1))) last--;
	return text.slice(first, last);
}

function isSpace(code: number): boolean {
	return code === 0x20 || code === 0x09;
}
