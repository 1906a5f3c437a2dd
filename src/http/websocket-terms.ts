/**
 * What client and server of a WebSocket agreed upon when it was opened: whether messages are compressed, and how
 * (RFC 6455 §9.1, RFC 7692 §7).
 */
import { headerValue, type RequestHead, type ResponseHead } from "#http/head.ts";

/** How the messages of one sender are compressed. */
export interface DeflateTerms {
	/** The sender's window is 2^windowBits octets. */
	readonly windowBits: number;
	/** A message may refer to octets of those before it. */
	readonly keepsContext: boolean;
}

/** By sender; undefined when messages are not compressed. */
export interface WebSocketTerms {
	readonly client: DeflateTerms | undefined;
	readonly server: DeflateTerms | undefined;
}

/** True when the request asks for a WebSocket over a stream of HTTP/2 (RFC 8441 §4). */
export function asksForWebSocket({ method, text }: RequestHead): boolean {
	return method === "CONNECT" && /^:protocol: websocket\r$/im.test(text);
}

/**
 * Reads the terms out of the two heads. A text says why there are none: an extension that was not offered, or one that
 * nobody here can undo, for what is not understood is not let through.
 */
export function webSocketTerms(request: RequestHead, response: ResponseHead): WebSocketTerms | string {
	const agreed = parseExtensions(headerValue(response, "sec-websocket-extensions"));
	if (agreed === undefined) return "a list of WebSocket extensions that is none";
	const [extension, second] = agreed;
	if (extension === undefined) return { client: undefined, server: undefined };
	if (second !== undefined) return "more than one WebSocket extension";
	if (extension.name !== deflate) return `the WebSocket extension ${extension.name}, which is not known here`;
	const offered = parseExtensions(headerValue(request, "sec-websocket-extensions"));
	if (offered?.some(({ name }) => name === deflate) !== true)
		return "a WebSocket extension that the client did not offer";
	const { parameters } = extension;
	for (const [name, value] of parameters) {
		const isKnown = name in windows ? isWindow(value) : flags.has(name) && value === "";
		if (!isKnown) return `the parameter ${name} of ${deflate}, or its value, is not known`;
	}
	return { client: termsOf("client", parameters), server: termsOf("server", parameters) };
}

function termsOf(side: "client" | "server", parameters: ReadonlyMap<string, string>): DeflateTerms {
	return {
		windowBits: Number(parameters.get(`${side}_max_window_bits`) ?? largestWindow),
		keepsContext: !parameters.has(`${side}_no_context_takeover`),
	};
}

interface Extension {
	readonly name: string;
	readonly parameters: ReadonlyMap<string, string>;
}

/** `1#(token *(";" token ["=" (token | quoted-string)]))`; undefined when the text is none of it, or a parameter stands twice. */
function parseExtensions(text: string | undefined): readonly Extension[] | undefined {
	const extensions: Extension[] = [];
	for (const element of text === undefined || text === "" ? [] : text.split(",")) {
		const [name, ...rest] = element.split(";").map((part) => part.trim());
		if (name === undefined || !token.test(name)) return undefined;
		const parameters = new Map<string, string>();
		for (const part of rest) {
			const [, key, value = ""] = parameter.exec(part) ?? [];
			if (key === undefined || parameters.has(key)) return undefined;
			parameters.set(key.toLowerCase(), value);
		}
		extensions.push({ name: name.toLowerCase(), parameters });
	}
	return extensions;
}

function isWindow(value: string): boolean {
	return /^(?:[89]|1[0-5])$/.test(value);
}

const deflate = "permessage-deflate";
const flags: ReadonlySet<string> = new Set(["client_no_context_takeover", "server_no_context_takeover"]);
const windows = { client_max_window_bits: true, server_max_window_bits: true };
const largestWindow = 15;
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** No value of a known parameter holds a comma or a semicolon, so a quoted one needs no reading of its own. */
const parameter = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:="?([!#$%&'*+.^_`|~0-9A-Za-z-]+)"?)?$/;
