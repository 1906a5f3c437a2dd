/**
 * Reads a request to the page: the head of one HTTP/1.1 message, strictly, and whether it is meant for the page at all.
 *
 *   GET http://sallyport.test/ HTTP/1.1      a client of the proxy (RFC 9112 §3.2.2)
 *   GET / HTTP/1.1                           a browser that opens the listener's own address
 */
import { parseAddress } from "#base/address.ts";
import { headerValue, type RequestHead } from "#http/head.ts";
import { finishRequestHead } from "#http/head-rules.ts";
import { HeadScanner, scanDone } from "#http/head-scanner.ts";

/** A request whose method is not CONNECT, as the proxy has gathered it. */
export interface PlainRequest {
	readonly method: string;
	readonly target: string;
	/** The whole head, with the empty line. */
	readonly head: Uint8Array;
}

/** `path` has no query. */
export type PageRequest =
	| { readonly kind: "page"; readonly path: string; readonly isHeadOnly: boolean }
	| { readonly kind: "refused"; readonly status: 400 | 405; readonly reason: string }
	/** Meant for somebody else. */
	| { readonly kind: "other" };

/**
 * Decides whether the request is for the page under `hostName`.
 *
 * With a path alone as target, Host must be the name, an address or `localhost`: a foreign name that somebody has pointed
 * at the gateway (DNS rebinding) gets nothing.
 */
export function readPageRequest(request: PlainRequest, hostName: string): PageRequest {
	const isDirect = request.target.startsWith("/");
	if (!isDirect && !isUnder(request.target, hostName)) return other;
	const head = strictHead(request.head);
	if (isDirect) {
		if (typeof head === "string" || !isOwnAuthority(headerValue(head, "host") ?? "", hostName)) return other;
	} else if (typeof head === "string") return { kind: "refused", status: 400, reason: head };
	return readPage(head);
}

/** The same for a request inside TLS, where Host must be `hostName`. */
export function readTlsPageRequest(request: PlainRequest, hostName: string): PageRequest {
	const head = strictHead(request.head);
	if (typeof head === "string") return { kind: "refused", status: 400, reason: head };
	const host = (headerValue(head, "host") ?? "").toLowerCase();
	if (!request.target.startsWith("/") || (host !== hostName && host !== `${hostName}:443`))
		return { kind: "refused", status: 400, reason: "another host" };
	return readPage(head);
}

function readPage(head: RequestHead): PageRequest {
	if (head.method !== "GET" && head.method !== "HEAD")
		return { kind: "refused", status: 405, reason: "a method other than GET and HEAD" };
	if (head.framing !== "none") return { kind: "refused", status: 400, reason: "a request with a body" };
	const path = head.target.startsWith("/") ? head.target : (/^http:\/\/[^/?]+(\/.*)?/i.exec(head.target)?.[1] ?? "/");
	return { kind: "page", path: path.split("?", 1)[0] as string, isHeadOnly: head.method === "HEAD" };
}

/** The head, or why it is none. */
function strictHead(octets: Uint8Array): RequestHead | string {
	const scanner = new HeadScanner(maxHeaders);
	scanner.begin("request");
	if (scanner.scan(octets, 0, octets.length) !== scanDone) return scanner.reason || "a head without an end";
	return finishRequestHead(scanner, octets, 0) ?? scanner.reason;
}

function isUnder(target: string, hostName: string): boolean {
	const authority = /^http:\/\/([^/?]*)/i.exec(target)?.[1]?.toLowerCase();
	return authority === hostName || authority === `${hostName}:80`;
}

function isOwnAuthority(text: string, hostName: string): boolean {
	const host = /^(.*?)(?::\d{1,5})?$/.exec(text.toLowerCase())?.[1] ?? "";
	if (host === hostName || host === "localhost") return true;
	return parseAddress(host.replace(/^\[(.*)\]$/, "$1")) !== undefined;
}

const other: PageRequest = { kind: "other" };
const maxHeaders = 128;
