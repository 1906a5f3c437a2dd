/**
 * What a whole HTTP/1.1 head means: which framing its body has, and the combinations that two readers could understand
 * differently and that are therefore refused (RFC 9112 §3.2, §6.3, §11.2).
 */
import { type Framing, RequestHead, ResponseHead } from "#http/head.ts";
import { latin1 } from "#http/head-octets.ts";
import type { HeadScanner } from "#http/head-scanner.ts";

/**
 * Makes the request head of a section that `scanner` has finished; undefined when refused, `scanner.reason` says why.
 *
 * @param isHostReplaced the reader makes Host anew from the target, as a proxy must (RFC 9112 §3.2.2): the two may differ.
 */
export function finishRequestHead(
	scanner: HeadScanner,
	octets: Uint8Array,
	base: number,
	isHostReplaced = false,
): RequestHead | undefined {
	const text = latin1(octets, base + scanner.start, base + scanner.length);
	const { methodEnd, targetEnd, minor } = scanner.startLine;
	const method = text.slice(0, methodEnd);
	const target = text.slice(methodEnd + 1, targetEnd);
	const reason = requestAmbiguity(scanner) ?? methodProblem(method, scanner) ?? targetProblem(method, target);
	if (reason !== undefined) return refused(scanner, reason);
	const hasAuthority = text.charCodeAt(methodEnd + 1) !== slash;
	if (hasAuthority && !isHostReplaced && !isAuthorityOfHost(scanner, octets, base, target)) {
		return refused(scanner, "the request target names another authority than Host");
	}
	const framing = scanner.isChunked ? "chunked" : scanner.contentLength > 0 ? "length" : "none";
	const version = minor === 1 ? "1.1" : "1.0";
	const hasUpgrade = scanner.hasUpgrade && minor === 1;
	return new RequestHead(
		version,
		text,
		framing,
		scanner.contentLength,
		endsConnection(scanner),
		method,
		target,
		hasUpgrade,
	);
}

/** Makes the head of the response to `request`, as `finishRequestHead` does. */
export function finishResponseHead(
	scanner: HeadScanner,
	octets: Uint8Array,
	base: number,
	request: RequestHead,
): ResponseHead | undefined {
	const { status, minor, reasonStart, end } = scanner.startLine;
	const reason = framingConflict(scanner) ?? bodylessProblem(scanner, status, request);
	if (reason !== undefined) return refused(scanner, reason);
	const text = latin1(octets, base + scanner.start, base + scanner.length);
	return new ResponseHead(
		minor === 1 ? "1.1" : "1.0",
		text,
		responseFraming(scanner, status, request),
		scanner.contentLength,
		endsConnection(scanner),
		status,
		text.slice(reasonStart, end),
	);
}

/** RFC 9112 §6.3, in its order. */
function responseFraming(scanner: HeadScanner, status: number, request: RequestHead): Framing {
	if (status === 101 || isTunnel(status, request)) return "tunnel";
	if (request.method === "HEAD" || status < 200 || status === 204 || status === 304) return "none";
	if (scanner.isChunked) return "chunked";
	if (scanner.contentLength === -1) return "until-close";
	return scanner.contentLength > 0 ? "length" : "none";
}

function isTunnel(status: number, request: RequestHead): boolean {
	return request.method === "CONNECT" && status >= 200 && status < 300;
}

function requestAmbiguity(scanner: HeadScanner): string | undefined {
	if (scanner.startLine.minor === 1 && scanner.hosts === 0) return "an HTTP/1.1 request without Host";
	return framingConflict(scanner);
}

function framingConflict(scanner: HeadScanner): string | undefined {
	if (!scanner.isChunked) return undefined;
	if (scanner.contentLength !== -1) return "Content-Length together with Transfer-Encoding";
	if (scanner.startLine.minor === 0) return "Transfer-Encoding in HTTP/1.0";
	return undefined;
}

/** A body where none may be: an older reader might take it for one. */
function bodylessProblem(scanner: HeadScanner, status: number, request: RequestHead): string | undefined {
	if (status === 101 && !request.hasUpgrade) return "status 101 to a request without Upgrade";
	if (status >= 200 && status !== 204 && !isTunnel(status, request)) return undefined;
	if (scanner.isChunked) return `Transfer-Encoding in a ${status} response`;
	if (scanner.contentLength > 0) return `Content-Length ${scanner.contentLength} in a ${status} response`;
	return undefined;
}

/** Methods are case-sensitive, but a server that folds them would answer `head` without a body. */
function methodProblem(method: string, scanner: HeadScanner): string | undefined {
	if (method.length === 4 && method !== "HEAD" && method.toUpperCase() === "HEAD") return `method ${method}`;
	if (method.length !== 7 || method.toUpperCase() !== "CONNECT") return undefined;
	if (method !== "CONNECT") return `method ${method}`;
	return scanner.isChunked || scanner.contentLength > 0 ? "CONNECT with a body" : undefined;
}

/** RFC 9112 §3.2: each of the four forms belongs to certain methods. */
function targetProblem(method: string, target: string): string | undefined {
	if (method === "CONNECT") {
		return /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$/.test(target)
			? undefined
			: "CONNECT to something that is not host:port";
	}
	if (target.charCodeAt(0) === slash) return undefined;
	if (target === "*") return method === "OPTIONS" ? undefined : `target * with method ${method}`;
	return absoluteForm.test(target) ? undefined : "a request target that is neither a path nor a URL";
}

/** True unless the target carries an authority that differs from Host: routers disagree on which of them counts. */
function isAuthorityOfHost(scanner: HeadScanner, octets: Uint8Array, base: number, target: string): boolean {
	if (target === "*" || scanner.hosts === 0) return true;
	const authority = absoluteForm.exec(target)?.[1] ?? target;
	const host = latin1(octets, base + scanner.hostStart, base + scanner.hostEnd);
	return withoutDefaultPort(authority) === withoutDefaultPort(host);
}

function withoutDefaultPort(authority: string): string {
	const lower = authority.toLowerCase();
	return lower.endsWith(":443") ? lower.slice(0, -4) : lower;
}

/** RFC 9112 §9.3. */
function endsConnection(scanner: HeadScanner): boolean {
	return scanner.hasClose || (scanner.startLine.minor === 0 && !scanner.hasKeepAlive);
}

function refused(scanner: HeadScanner, reason: string): undefined {
	scanner.refuse(reason);
	return undefined;
}

const slash = 0x2f;
const absoluteForm = /^https?:\/\/([A-Za-z0-9._-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?)(?:[/?].*)?$/i;
