/**
 * Turns a request that a client sent to a proxy into the one that goes to the server.
 *
 *   GET http://shop.example/a?b HTTP/1.1        GET /a?b HTTP/1.1
 *   Host: shop.example                   -->    Host: shop.example
 *   Proxy-Connection: keep-alive                User-Agent: x
 *   User-Agent: x
 *
 * The other field lines stay as they were sent, octet by octet and in their order; the body is not touched, and so its framing
 * stays. The request keeps its version: the response is handed back as it comes, and a client of HTTP/1.0 must be able to read it.
 *
 * Source: RFC 9112 §3.2, RFC 9110 §7.6.
 */
import { type Authority, formatAuthority, parseAuthority } from "#base/authority.ts";
import { type Fault, fault } from "#base/fault.ts";
import { headerTokens, headerValue, type RequestHead } from "#http/head.ts";

/** Fields that no proxy hands on. Transfer-Encoding and Trailer belong to one hop too, but the body keeps its framing. */
export const fieldsOfOneHop: ReadonlySet<string> = new Set([
	"host",
	"connection",
	"proxy-connection",
	"proxy-authorization",
	"proxy-authenticate",
	"keep-alive",
	"te",
	"upgrade",
	"http2-settings",
]);

export interface ForwardOptions {
	/** The name under which the proxy adds itself to Via (RFC 9110 §7.6.3); undefined: it does not. */
	readonly via: string | undefined;
}

export type ForwardPlan =
	| {
			readonly kind: "forward";
			readonly target: Authority;
			/** The head for the server. */
			readonly head: Uint8Array;
			/** Whom Host named, when that was another than the target; the head names the target (RFC 9112 §3.2.2). */
			readonly otherHost: string | undefined;
			/** The server ends the connection behind its response, and the client expects that. */
			readonly isLast: boolean;
	  }
	/** The client asks the proxy for a tunnel. */
	| { readonly kind: "connect"; readonly target: Authority }
	/** The request may go no further: it is for the proxy itself (RFC 9110 §7.6.2, §9.3.7). */
	| { readonly kind: "answer" }
	| { readonly kind: "refuse"; readonly fault: Fault };

/**
 * Plans what becomes of one request.
 *
 * What never goes on: Proxy-Authorization, Proxy-Connection, Connection and the fields that it names, Keep-Alive, TE, Upgrade. No
 * protocol can be changed on such a request; WebSocket comes by CONNECT.
 *
 * Faults: PROXY_REQUEST_MALFORMED for a path alone or a URL without a usable host; PROXY_SCHEME_REFUSED for https.
 * @param head as read by `finishRequestHead`, whose rules hold.
 */
export function forwardRequest(head: RequestHead, options: ForwardOptions = { via: undefined }): ForwardPlan {
	if (head.method === "CONNECT") {
		const target = parseAuthority(head.target);
		return target === undefined ? refuse("CONNECT host:port", head.target) : { kind: "connect", target };
	}
	if (head.target === "*") return { kind: "answer" };
	const parts = /^(https?):\/\/([^/?]*)(.*)$/is.exec(head.target);
	if (parts === null) return refuse("an http:// URL as target", head.target);
	const [, scheme, authority, path] = parts as unknown as [string, string, string, string];
	const target = parseAuthority(authority, httpPort);
	if (target === undefined) return refuse("a host in the URL", head.target);
	if (scheme.toLowerCase() !== "http") {
		const message = `the request to the proxy for ${formatAuthority(target)} is refused; expected http, got https in clear text; the client must use CONNECT`;
		return { kind: "refuse", fault: fault("PROXY_SCHEME_REFUSED", message, { expected: "http", got: "https" }) };
	}
	const hops = remainingHops(head);
	if (typeof hops === "string") return refuse("a number in Max-Forwards", hops);
	if (hops === 0) return { kind: "answer" };
	const isLast = head.isLast || head.version === "1.0";
	const text = [
		`${head.method} ${originForm(head.method, path)} HTTP/${head.version}`,
		`Host: ${formatAuthority(target, httpPort)}`,
		...keptLines(head, hops),
		...(options.via === undefined ? [] : [`Via: ${head.version} ${options.via}`]),
		...(isLast ? ["Connection: close"] : []),
		"\r\n",
	].join("\r\n");
	return { kind: "forward", target, head: Buffer.from(text, "latin1"), otherHost: otherHost(head, target), isLast };
}

/** What the proxy has open to a server, for one client. */
export interface ForwardConnection {
	readonly target: Authority;
	/** More requests may be sent on it. */
	readonly isOpen: boolean;
	/** Requests whose response has not ended. */
	readonly openResponses: number;
}

/** `connect`: ask policy about the new target, end the connection there is, open another. */
export type ForwardRoute = "send" | "await-responses" | "connect";

/**
 * Decides where the next request of a client goes: requests of one connection may name different servers, and the client reads the
 * responses in the order of its requests (RFC 9112 §9.3.2).
 */
export function routeForward(connection: ForwardConnection | undefined, target: Authority): ForwardRoute {
	if (connection === undefined) return "connect";
	const isSame = connection.target.host === target.host && connection.target.port === target.port;
	if (isSame && connection.isOpen) return "send";
	return connection.openResponses > 0 ? "await-responses" : "connect";
}

function otherHost(head: RequestHead, target: Authority): string | undefined {
	const text = headerValue(head, "host");
	if (text === undefined || text === "") return undefined;
	const host = parseAuthority(text, httpPort)?.host;
	return host === target.host ? undefined : (host ?? JSON.stringify(text.slice(0, 80)));
}

/** RFC 9112 §3.2.1, §3.2.4: an empty path is `/`, or `*` for OPTIONS. */
function originForm(method: string, path: string): string {
	if (path === "") return method === "OPTIONS" ? "*" : "/";
	return path.startsWith("/") ? path : `/${path}`;
}

/** How many hops are left, ours included; undefined: any number. A text is what Max-Forwards is instead of a number. */
function remainingHops(head: RequestHead): number | string | undefined {
	if (head.method !== "TRACE" && head.method !== "OPTIONS") return undefined;
	const value = headerValue(head, "max-forwards");
	if (value === undefined) return undefined;
	return /^[0-9]{1,9}$/.test(value) ? Number(value) : value;
}

function keptLines(head: RequestHead, hops: number | undefined): string[] {
	const named = headerTokens(head, "connection");
	const start = head.text.indexOf("\r\n") + 2;
	const kept: string[] = [];
	for (const line of head.text.slice(start, -4).split("\r\n")) {
		const name = line.slice(0, line.indexOf(":")).toLowerCase();
		if (name === "" || fieldsOfOneHop.has(name) || named.includes(name)) continue;
		kept.push(name === "max-forwards" && hops !== undefined ? `Max-Forwards: ${hops - 1}` : line);
	}
	return kept;
}

function refuse(expected: string, target: string): ForwardPlan {
	// A query may hold secrets, and what stands before `@` is a password.
	const shown = JSON.stringify(
		(target.split("?", 1)[0] as string).replace(/^(\w+:\/\/)?[^/]*@/, "$1...@").slice(0, 80),
	);
	const message = `the request to the proxy is refused; expected ${expected}, got ${shown}; set this address as an HTTP proxy`;
	return { kind: "refuse", fault: fault("PROXY_REQUEST_MALFORMED", message, { expected, got: shown }) };
}

const httpPort = 80;
