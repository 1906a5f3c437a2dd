/**
 * Tells a mail protocol by the greeting of its server, which speaks first.
 *
 *   smtp   220 mail.example ESMTP                 (a 220 that names neither SMTP nor LMTP may be of FTP: other)
 *   pop3   +OK
 *   imap   * OK, * PREAUTH or * BYE
 */

export type GreetingProtocol = "smtp" | "pop3" | "imap" | "other";

/** Bounds: looks at `maxGreetingOctets`; with so many, or a line, the answer is not need-more. */
export function sniffGreeting(octets: Uint8Array): GreetingProtocol | "need-more" {
	const head = octets.subarray(0, maxGreetingOctets);
	const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString("latin1");
	const isWhole = text.includes("\n") || head.length === maxGreetingOctets;
	const line = text.split("\n", 1)[0] as string;
	if (/^220[ -].*\b(?:E?SMTP|LMTP)/i.test(line)) return "smtp";
	if (/^\+OK[ \r]/i.test(line)) return "pop3";
	if (/^\* (?:OK|PREAUTH|BYE)[ \r]/i.test(line)) return "imap";
	if (isWhole) return "other";
	return beginnings.some((one) => one.startsWith(line.toUpperCase()) || line.toUpperCase().startsWith(one))
		? "need-more"
		: "other";
}

/** True of a line that clients of mail begin with, who ought to have waited for the greeting. Redis and others know `AUTH` too. */
export function isMailCommand(octets: Uint8Array): boolean {
	const head = Buffer.from(octets.buffer, octets.byteOffset, Math.min(octets.length, maxCommandOctets)).toString(
		"latin1",
	);
	return /^(?:EHLO|HELO|LHLO|USER|CAPA|STLS|APOP)[ \r\n]/i.test(head) || imapCommand.test(head);
}

const imapCommand = /^[^\s]+ (?:CAPABILITY|NOOP|LOGOUT|STARTTLS|AUTHENTICATE|LOGIN|ID|ENABLE|SELECT|EXAMINE)[ \r\n]/i;
const maxCommandOctets = 128;
const maxGreetingOctets = 512;
const beginnings: readonly string[] = ["220 ", "220-", "+OK", "* OK", "* PREAUTH", "* BYE"];
