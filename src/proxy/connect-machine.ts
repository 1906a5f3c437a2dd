/**
 * Reads the head of a request to the explicit proxy: HTTP/1.1 CONNECT (RFC 9110 §9.3.6). Other methods are handed on unread.
 *
 * Bounds: at most `maxHeadOctets` are kept; the octets behind the head are handed on untouched.
 */

import { parseAuthority } from "#base/authority.ts";
import { concat } from "#base/bytes.ts";
import { type Fault, fault } from "#base/fault.ts";
import type { PlainRequest } from "#onboarding/request.ts";
import { type Credentials, credentialsOf } from "#proxy/proxy-authorization.ts";

/** What the client asked for. `host` is a host name in normal form or an address in canonical text. */
export interface ConnectRequest {
	readonly host: string;
	readonly port: number;
	/** Octets that the client sent behind the head, usually none or a ClientHello. */
	readonly rest: Uint8Array;
}

export type ConnectAnswer =
	| { readonly kind: "need-more" }
	| { readonly kind: "connect"; readonly request: ConnectRequest; readonly credentials: Credentials | undefined }
	/** A whole head whose request line is one; `octets` are all that came, `fault` is why the proxy refuses it when nobody else answers it. */
	| {
			readonly kind: "plain";
			readonly request: PlainRequest;
			readonly octets: Uint8Array;
			readonly fault: Fault;
			readonly credentials: Credentials | undefined;
	  }
	| { readonly kind: "refuse"; readonly fault: Fault };

/** The states of one proxy connection before the tunnel: feed it octets until it answers something else than need-more. */
export class ConnectMachine {
	#held: Uint8Array[] = [];
	#length = 0;

	/** Takes the next octets. After an answer other than need-more the machine is spent. */
	push(octets: Uint8Array): ConnectAnswer {
		if (this.#length === 0 && octets.length > 0 && !isTokenOctet(octets[0] as number)) {
			const looks =
				octets[0] === 0x16 ? "a TLS handshake" : `octet 0x${(octets[0] as number).toString(16).padStart(2, "0")}`;
			return refuse("PROXY_REQUEST_MALFORMED", "CONNECT host:port HTTP/1.1", looks);
		}
		this.#held.push(octets);
		this.#length += octets.length;
		// Only the newest octets can complete the blank line; 3 older ones may belong to it.
		if (this.#held.length > 1 && this.#held.length % maxPieces === 0) this.#held = [concat(this.#held)];
		const whole = this.#held.length === 1 ? octets : this.#endsHead(octets) ? concat(this.#held) : undefined;
		const end = whole === undefined ? -1 : findHeadEnd(whole);
		if (whole !== undefined && end !== -1 && end <= maxHeadOctets) return parseHead(whole, end);
		if (this.#length > maxHeadOctets) {
			return refuse(
				"PROXY_HEAD_TOO_LARGE",
				`at most ${maxHeadOctets} octets of request head`,
				`${this.#length} octets`,
			);
		}
		return { kind: "need-more" };
	}

	/** The head did not arrive in time. */
	timedOut(): Fault {
		return fault(
			"PROXY_HEAD_TIMEOUT",
			`the request head did not arrive in time; expected a blank line, got ${this.#length} octets`,
		);
	}

	#endsHead(newest: Uint8Array): boolean {
		return newest.includes(0x0a);
	}
}

/** The position behind CR LF CR LF, or -1. */
function findHeadEnd(octets: Uint8Array): number {
	let at = octets.indexOf(0x0a);
	while (at !== -1) {
		if (octets[at - 1] === 0x0d && octets[at + 1] === 0x0d && octets[at + 2] === 0x0a) return at + 3;
		at = octets.indexOf(0x0a, at + 1);
	}
	return -1;
}

function parseHead(octets: Uint8Array, end: number): ConnectAnswer {
	const lines = Buffer.from(octets.buffer, octets.byteOffset, end - 4)
		.toString("latin1")
		.split("\r\n");
	const requestLine = lines[0] as string;
	const parts = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/1\.([01])$/.exec(requestLine);
	if (parts === null) {
		return refuse("PROXY_REQUEST_MALFORMED", "CONNECT host:port HTTP/1.1", quote(withoutSecrets(requestLine)));
	}
	const [, method, target] = parts as unknown as [string, string, string];
	const credentials = credentialsOf(lines);
	if (method !== "CONNECT") {
		const request = { method, target, head: octets.subarray(0, end) };
		return { kind: "plain", request, octets, fault: refusal("PROXY_METHOD_REFUSED", "CONNECT", method), credentials };
	}
	const bad = lines.slice(1).find((line) => !headerLine.test(line));
	if (bad !== undefined) {
		// The value may be a password.
		const got = `a line that begins ${quote(bad.split(":", 1)[0] as string)}`;
		return refuse("PROXY_REQUEST_MALFORMED", "name: value in each header line", got);
	}
	// The port is mandatory (RFC 9110 §9.3.6).
	const authority = parseAuthority(target);
	if (authority === undefined) {
		return refuse("PROXY_REQUEST_MALFORMED", "CONNECT host:port", quote(withoutSecrets(target)));
	}
	return { kind: "connect", request: { ...authority, rest: octets.subarray(end) }, credentials };
}

type RefusalCode = "PROXY_REQUEST_MALFORMED" | "PROXY_METHOD_REFUSED" | "PROXY_HEAD_TOO_LARGE";

function refuse(code: RefusalCode, expected: string, got: string): ConnectAnswer {
	return { kind: "refuse", fault: refusal(code, expected, got) };
}

function refusal(code: RefusalCode, expected: string, got: string): Fault {
	const message = `the request to the proxy is refused; expected ${expected}, got ${got}; set this address as an HTTPS proxy (HTTP CONNECT)`;
	return fault(code, message, { expected, got });
}

/** The text without a user's name and password before `@` and without a query: it goes into records. */
function withoutSecrets(text: string): string {
	const at = text.lastIndexOf("@");
	const shown = at === -1 ? text : `...${text.slice(at)}`;
	return shown.split("?", 1)[0] as string;
}

function quote(text: string): string {
	return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}

function isTokenOctet(octet: number): boolean {
	return octet > 0x20 && octet < 0x7f;
}

const headerLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/;
const maxHeadOctets = 16_384;
const maxPieces = 64;
