/** The answer to a blocked HTTP request: names the rule and the session, is never cached, reflects no content. */
import type { Header } from "#http/head.ts";
import type { ServiceFinding } from "#inspect/service.ts";
import type { Finding } from "#telemetry/session-record.ts";

/** What the page says. All fields come from the gateway's own configuration, none from the peer. */
export interface BlockNotice {
	readonly status: 302 | 400 | 403 | 404 | 405 | 407 | 408 | 421 | 431 | 500 | 502 | 503 | 504;
	/** One sentence: what happened. */
	readonly sentence: string;
	readonly rule?: string;
	readonly sessionId: string;
	/** Extra header lines, each ending in CR LF. */
	readonly headers?: string;
	/** Where the client is sent instead. */
	readonly location?: string;
	/** No body behind the head: the answer to HEAD. */
	readonly isHeadOnly?: boolean;
}

/** What a client is told of an exchange that a service blocked. The text of a finding with an answer of its own stems from the peer. */
export function blockNotice(
	blocked: Pick<Finding, "service" | "name"> | undefined,
	answer: ServiceFinding["answer"],
): Pick<BlockNotice, "status" | "sentence" | "rule" | "location"> {
	if (blocked !== undefined && answer !== undefined) return { ...answer, rule: blocked.service };
	const rule = blocked === undefined ? {} : { rule: `${blocked.service} ${blocked.name}` };
	return { status: 403, sentence: "The content of this exchange was blocked.", ...rule };
}

/** A whole HTTP/1.1 response that closes the connection. */
export function encodeBlockPage(notice: BlockNotice): Uint8Array {
	const octets = blockPageBody(notice);
	const lines = fieldsOf(notice)
		.map(({ name, value }) => `${name}: ${value}\r\n`)
		.join("");
	const head =
		`HTTP/1.1 ${titleOf(notice)}\r\nContent-Length: ${octets.length}\r\n${lines}` +
		`${notice.headers ?? ""}Connection: close\r\n\r\n`;
	return notice.isHeadOnly === true
		? Buffer.from(head, "latin1")
		: Buffer.concat([Buffer.from(head, "latin1"), octets]);
}

/** The page itself. */
export function blockPageBody(notice: BlockNotice): Uint8Array {
	const title = titleOf(notice);
	const rule = notice.rule === undefined ? "" : `<tr><th>Rule</th><td>${escapeHtml(notice.rule)}</td></tr>`;
	const body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:12vh auto;padding:0 1rem;color:#1b1f24;background:#fff}h1{font-size:1.4rem}
th{text-align:left;padding-right:1rem;font-weight:600}code{font-family:ui-monospace,monospace}@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#15181c}}</style></head>
<body><h1>${escapeHtml(notice.sentence)}</h1>
<table>${rule}<tr><th>Session</th><td><code>${escapeHtml(notice.sessionId)}</code></td></tr></table>
<p>This answer comes from the Sallyport gateway of your network, not from the site. Give the session number to its administrator, who sees the reason with <code>sallyport explain ${escapeHtml(notice.sessionId)}</code>.</p></body></html>
`;
	return Buffer.from(body, "utf8");
}

/** The field lines of the answer; names as HTTP/1.1 servers write them. */
export function fieldsOf({ location }: Pick<BlockNotice, "location">): readonly Header[] {
	return location === undefined ? blockPageFields : [...blockPageFields, { name: "Location", value: location }];
}

/** What every answer of the gateway has, whatever carries it. */
const blockPageFields: readonly Header[] = [
	{ name: "Content-Type", value: "text/html; charset=utf-8" },
	{ name: "Cache-Control", value: "no-store" },
	{ name: "X-Content-Type-Options", value: "nosniff" },
	{ name: "Content-Security-Policy", value: "default-src 'none'; style-src 'unsafe-inline'" },
];

function titleOf({ status }: BlockNotice): string {
	return `${status} ${reasons[status]}`;
}

function escapeHtml(text: string): string {
	return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const reasons = {
	302: "Found",
	400: "Bad Request",
	403: "Forbidden",
	404: "Not Found",
	405: "Method Not Allowed",
	407: "Proxy Authentication Required",
	408: "Request Timeout",
	421: "Misdirected Request",
	431: "Request Header Fields Too Large",
	500: "Internal Server Error",
	502: "Bad Gateway",
	503: "Service Unavailable",
	504: "Gateway Timeout",
} as const;
