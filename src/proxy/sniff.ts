/**
 * Tells what a client speaks by the first octets of its connection.
 *
 * The list, tried in this order; the first shape that fits decides, and one that still may fit waits for more:
 *
 *   1. `tls`            a handshake record: 16 03
 *   2. `sslv2`          an SSLv2 hello: length with the high bit set, 01, version 0.2 or 3.x
 *   3. `socks5`         05, and at least one authentication method (RFC 1928 §3)
 *   4. `socks4`         04, and CONNECT (01) or BIND (02)
 *   5. `proxy-v2`       the twelve octets of a PROXY header of version 2
 *   6. `proxy-v1`       `PROXY ` and a family that version 1 knows
 *   7. `http2`          the preface of HTTP/2 without TLS (RFC 9113 §3.4)
 *   8. `http-connect`   `CONNECT `
 *   9. `http-request`   another common method, or any token before a target that begins with `/`, `* ` or `http(s)://`
 *  10. `ssh`            `SSH-`
 *  11. `smtp`           EHLO, HELO or LHLO
 *  12. `pop3`           CAPA, STLS, USER, APOP or AUTH
 *  13. `imap`           a tag and a command that may come before authentication
 *  14. `opaque`         anything else
 *
 * Behind a PROXY header the list begins anew: the caller takes the header away (`proxy/proxy-protocol.ts`) and asks again.
 * In most mail protocols the server speaks first: its greeting is told apart by `mail/greeting.ts`.
 */
import {
	type Fit,
	fitsAnyGreeting,
	fitsGreeting,
	fitsSslv2Hello,
	fitsTlsRecord,
	http2Preface,
	httpMethods,
	sshGreeting,
} from "#tls/first-octets.ts";
import { contentType } from "#tls/record.ts";

/** What a client speaks. `opaque` is whatever has no other name. */
export type FirstProtocol = (typeof list)[number][0] | "opaque";

/** The octets behind which the answer never is need-more. */
export const maxSniffOctets = 64;

/**
 * Answers what the connection speaks that begins with `octets`.
 *
 * Once it is not need-more, more octets never change the answer.
 *
 * Bounds: looks at `maxSniffOctets`; with so many the answer is not need-more.
 * @param isFinal nothing more comes, or not in time: what only may fit does not.
 */
export function sniff(octets: Uint8Array, isFinal = false): FirstProtocol | "need-more" {
	if (octets.length === 0) return isFinal ? "opaque" : "need-more";
	const head = octets.subarray(0, maxSniffOctets);
	const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString("latin1");
	for (const [protocol, fits] of list) {
		const fit = fits(head, text);
		if (fit === "yes") return protocol;
		if (fit === "maybe" && !isFinal) return "need-more";
	}
	return "opaque";
}

/** Two octets, the second one of some. */
function fitsPair(octets: Uint8Array, first: number, isSecond: (octet: number) => boolean): Fit {
	if (octets[0] !== first) return "no";
	if (octets.length === 1) return "maybe";
	return isSecond(octets[1] as number) ? "yes" : "no";
}

function fitsHttpRequest(text: string): Fit {
	const common = fitsAnyGreeting(text, httpMethods);
	if (common === "yes") return common;
	const method = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}/.exec(text)?.[0];
	if (method === undefined) return "no";
	if (method.length === text.length) return "maybe";
	if (text[method.length] !== " ") return common;
	const target = fitsAnyGreeting(text.slice(method.length + 1).toLowerCase(), targets);
	return target === "no" ? common : target;
}

/** One of the commands, in any case, and a space or the end of the line behind it. */
function fitsCommand(text: string, commands: readonly string[]): Fit {
	const word = /^[A-Za-z]*/.exec(text)?.[0] ?? "";
	if (word.length < text.length) {
		return " \r\n".includes(text[word.length] as string) && commands.includes(word.toUpperCase()) ? "yes" : "no";
	}
	return commands.some((command) => command.startsWith(word.toUpperCase())) ? "maybe" : "no";
}

/** RFC 9051 §9: a tag, a space, a command. */
function fitsImap(text: string): Fit {
	const tag = /^[!#$&'.0-9:;<=>?@A-Z^_`a-z|~,/-]{1,32}/.exec(text)?.[0];
	if (tag === undefined) return "no";
	if (tag.length === text.length) return "maybe";
	return text[tag.length] === " " ? fitsCommand(text.slice(tag.length + 1), imapCommands) : "no";
}

const proxySignature = "\r\n\r\n\0\r\nQUIT\n";
const proxyFamilies: readonly string[] = ["PROXY TCP4 ", "PROXY TCP6 ", "PROXY UNKNOWN"];
const targets: readonly string[] = ["/", "* ", "http://", "https://"];
const smtpCommands: readonly string[] = ["EHLO", "HELO", "LHLO"];
const pop3Commands: readonly string[] = ["CAPA", "STLS", "USER", "APOP", "AUTH"];
const imapCommands: readonly string[] = [
	"CAPABILITY",
	"STARTTLS",
	"LOGIN",
	"AUTHENTICATE",
	"NOOP",
	"LOGOUT",
	"ID",
	"ENABLE",
];

const list = [
	["tls", (octets: Uint8Array) => fitsTlsRecord(octets, (type) => type === contentType.handshake)],
	["sslv2", fitsSslv2Hello],
	["socks5", (octets: Uint8Array) => fitsPair(octets, 5, (methods) => methods > 0)],
	["socks4", (octets: Uint8Array) => fitsPair(octets, 4, (command) => command === 1 || command === 2)],
	["proxy-v2", (_octets: Uint8Array, text: string) => fitsGreeting(text, proxySignature)],
	["proxy-v1", (_octets: Uint8Array, text: string) => fitsAnyGreeting(text, proxyFamilies)],
	["http2", (_octets: Uint8Array, text: string) => fitsGreeting(text, http2Preface)],
	["http-connect", (_octets: Uint8Array, text: string) => fitsGreeting(text, "CONNECT ")],
	["http-request", (_octets: Uint8Array, text: string) => fitsHttpRequest(text)],
	["ssh", (_octets: Uint8Array, text: string) => fitsGreeting(text, sshGreeting)],
	["smtp", (_octets: Uint8Array, text: string) => fitsCommand(text, smtpCommands)],
	["pop3", (_octets: Uint8Array, text: string) => fitsCommand(text, pop3Commands)],
	["imap", (_octets: Uint8Array, text: string) => fitsImap(text)],
] as const;
