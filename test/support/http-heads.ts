/** Heads of HTTP messages out of their text, as the HTTP machine makes them. */
import assert from "node:assert/strict";
import { RequestHead, ResponseHead } from "#http/head.ts";

/** `lines`: the first line and header lines; `\r\n` is put behind each. */
export function requestHead(lines: readonly string[], body = ""): RequestHead {
	const [method = "", target = ""] = (lines[0] ?? "").split(" ");
	return new RequestHead(
		"1.1",
		text(lines),
		body === "" ? "none" : "length",
		body.length,
		false,
		method,
		target,
		false,
	);
}

export function responseHead(lines: readonly string[], body = ""): ResponseHead {
	const match = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(lines[0] ?? "");
	assert.ok(match !== null, `"${lines[0]}" begins no response`);
	const framing = body === "" ? "none" : "length";
	return new ResponseHead("1.1", text(lines), framing, body.length, false, Number(match[1]), match[2] ?? "");
}

function text(lines: readonly string[]): string {
	return `${lines.join("\r\n")}\r\n\r\n`;
}
