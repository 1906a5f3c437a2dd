/**
 * What a server without TLS says it can do, made over for clients that the gateway offers TLS: STARTTLS comes in, and where TLS is
 * demanded the ways to log in without it go.
 *
 * Source: RFC 3207 §4.2, RFC 9051 §6.2.1 and §7.2.2, RFC 2595 §4, RFC 2449.
 */
import { splitCommand } from "#mail/mail-step.ts";

/**
 * The lines of a reply to EHLO.
 *
 * Shape: without CR LF and without code, the greeting first.
 */
export function offerBySmtp(lines: readonly string[], mustUseTls: boolean): readonly string[] {
	const [greeting = "", ...keywords] = lines;
	const kept = keywords.filter((line) => {
		const verb = splitCommand(line).verb;
		return verb !== "STARTTLS" && !(mustUseTls && (verb === "AUTH" || verb.startsWith("AUTH=")));
	});
	return [greeting, ...kept, "STARTTLS"];
}

/** A line of IMAP that may list capabilities, as data of their own or in a response code; any other line is as it was. */
export function offerByImap(line: string, mustUseTls: boolean): string {
	const found = /^(\* CAPABILITY |\S+ (?:OK|NO|BAD|PREAUTH) \[CAPABILITY )([^\]]*)(.*)$/is.exec(line);
	if (found === null) return line;
	const [, before = "", list = "", behind = ""] = found;
	const kept = list.split(" ").filter((word) => {
		const upper = word.toUpperCase();
		return word !== "" && upper !== "STARTTLS" && !(mustUseTls && (upper.startsWith("AUTH=") || upper === "SASL-IR"));
	});
	const isDisabled = kept.some((word) => word.toUpperCase() === "LOGINDISABLED");
	const added = mustUseTls && !isDisabled ? ["STARTTLS", "LOGINDISABLED"] : ["STARTTLS"];
	return `${before}${[...kept, ...added].join(" ")}${behind}`;
}

/** The lines of a reply to CAPA between its first and its last, without CR LF. */
export function offerByPop3(lines: readonly string[], mustUseTls: boolean): readonly string[] {
	const kept = lines.filter((line) => {
		const { verb } = splitCommand(line);
		return verb !== "STLS" && !(mustUseTls && (verb === "USER" || verb === "SASL"));
	});
	return [...kept, "STLS"];
}
