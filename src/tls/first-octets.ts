/**
 * What the first octets of a connection can be told by. The guesses of the ClientHello reader and the list of the listeners
 * (`proxy/sniff.ts`) are made of these.
 */
import { contentType } from "#tls/record.ts";

/** Whether octets have a shape. "maybe": all that came fits it, and more must come to tell. */
export type Fit = "yes" | "maybe" | "no";

/** Compares the beginning of what came, one character an octet, with a greeting. */
export function fitsGreeting(text: string, greeting: string): Fit {
	if (text.length >= greeting.length) return text.startsWith(greeting) ? "yes" : "no";
	return greeting.startsWith(text) ? "maybe" : "no";
}

/** The best fit of any of the greetings. */
export function fitsAnyGreeting(text: string, greetings: readonly string[]): Fit {
	let best: Fit = "no";
	for (const greeting of greetings) {
		const fit = fitsGreeting(text, greeting);
		if (fit === "yes") return fit;
		if (fit === "maybe") best = fit;
	}
	return best;
}

/** A TLS record of the type, by its first two octets. */
export function fitsTlsRecord(octets: Uint8Array, isOfType: (type: number) => boolean): Fit {
	if (octets.length === 0) return "maybe";
	if (!isOfType(octets[0] as number)) return "no";
	if (octets.length === 1) return "maybe";
	return octets[1] === 3 ? "yes" : "no";
}

/** True for every content type of TLS. */
export function isContentType(type: number): boolean {
	return type >= contentType.changeCipherSpec && type <= contentType.heartbeat;
}

/** An SSLv2 hello: length with the high bit set (2 octets), message type 1, version 0.2 or 3.x. */
export function fitsSslv2Hello(octets: Uint8Array): Fit {
	const [first, , third, fourth] = octets;
	if (first !== undefined && (first & 0x80) === 0) return "no";
	if (third !== undefined && third !== 1) return "no";
	if (fourth === undefined) return "maybe";
	return fourth === 0 || fourth === 3 ? "yes" : "no";
}

/** The beginnings of requests of HTTP/1 with the methods in common use. */
export const httpMethods: readonly string[] = [
	"GET ",
	"HEAD ",
	"POST ",
	"PUT ",
	"DELETE ",
	"CONNECT ",
	"OPTIONS ",
	"TRACE ",
	"PATCH ",
];

/** The beginning of the preface of HTTP/2 (RFC 9113 §3.4). */
export const http2Preface = "PRI * HTTP/2.0";
export const sshGreeting = "SSH-";
