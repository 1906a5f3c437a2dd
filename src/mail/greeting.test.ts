import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isMailCommand, sniffGreeting } from "#mail/greeting.ts";

const sniff = (text: string) => sniffGreeting(Buffer.from(text, "latin1"));

test("greetings are told by protocol at every octet alike", () => {
	for (const [text, protocol] of [
		["220 mail.test ESMTP Postfix\r\n", "smtp"],
		["220-mail.test ESMTP\r\n220 ready\r\n", "smtp"],
		["220 lists.test LMTP\r\n", "smtp"],
		["+OK Dovecot ready.\r\n", "pop3"],
		["+OK\r\n", "pop3"],
		["* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", "imap"],
		["* PREAUTH hello\r\n", "imap"],
		["220 (vsFTPd 3.0.3)\r\n", "other"],
		["SSH-2.0-x\r\n", "other"],
		["+OKAY\r\n", "other"],
		["554 no\r\n", "other"],
	] as const) {
		const told = Array.from({ length: text.length + 1 }, (_, length) => sniff(text.slice(0, length)));
		const first = told.findIndex((answer) => answer !== "need-more");
		assert.deepEqual([...new Set(told.slice(first))], [protocol], text);
	}
});

test("the first lines of mail clients are told from those of others", () => {
	for (const line of ["EHLO a\r\n", "helo a\n", "CAPA\r\n", "a1 login x y\r\n", "* id nil\r\n"])
		assert.equal(isMailCommand(Buffer.from(line)), true, line);
	for (const line of ["AUTH secret\r\n", "NICK pat\r\n", "PING\r\n", "EHLOX\r\n", "", "a", `${"x".repeat(200)} LOGIN `])
		assert.equal(isMailCommand(Buffer.from(line)), false, line);
});

test("no octets make it throw or wait for more than 512", () => {
	const octets = fc.oneof(
		fc.uint8Array({ maxLength: 600 }),
		fc.uint8Array({ maxLength: 600 }).map((tail) => Uint8Array.from([...Buffer.from("220 "), ...tail])),
	);
	fc.assert(
		fc.property(octets, (value) => {
			if (sniffGreeting(value) === "need-more") assert.ok(value.length < 512);
		}),
	);
});
