import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { StarttlsAsker } from "#mail/ask-starttls.ts";
import { talk } from "../../test/support/mail-talk.ts";

const good = {
	smtp: [
		"220-mail.test ESMTP\r\n220 hello\r\n",
		"250-mail.test\r\n250-PIPELINING\r\n250 STARTTLS\r\n",
		"220 go ahead\r\n",
	],
	imap: [
		"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n",
		"* CAPABILITY IMAP4rev1\r\nsallyport1 OK begin\r\n",
	],
	pop3: ["+OK <1.2@mail.test> ready\r\n", "+OK begin\r\n"],
} as const;
const asked = {
	smtp: "EHLO sallyport.invalid\r\nSTARTTLS\r\n",
	imap: "sallyport1 STARTTLS\r\n",
	pop3: "STLS\r\n",
} as const;
const greetings = {
	smtp: "220-mail.test ESMTP\r\n220 hello\r\n",
	imap: "* OK ready\r\n",
	pop3: "+OK <1.2@mail.test> ready\r\n",
} as const;

function ask(protocol: keyof typeof good, turns: readonly string[], sizes: readonly number[] = []) {
	const machine = new StarttlsAsker(protocol);
	const said = talk(
		machine,
		turns.map((text) => ["server", text] as const),
		sizes,
	);
	return { ...said, greeting: Buffer.from(machine.greeting).toString("latin1") };
}

for (const protocol of ["smtp", "imap", "pop3"] as const) {
	test(`R180: a server of ${protocol} is asked for TLS, and the client hears its greeting alone, however the octets are cut`, () => {
		fc.assert(
			fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 8 }), (sizes) => {
				const { toServer, toClient, end, greeting } = ask(protocol, good[protocol], sizes);
				assert.deepEqual([toServer, toClient, end], [asked[protocol], "", "upgrade"]);
				assert.equal(greeting, greetings[protocol]);
			}),
		);
	});

	test(`F13: octets of ${protocol} behind the acceptance, or before the question, end it: nobody in TLS has said them`, () => {
		const turns = good[protocol];
		const late = [...turns.slice(0, -1), `${turns.at(-1)}250 OK injected\r\n`];
		assert.equal(ask(protocol, late).end, "MAIL_STARTTLS_INJECTION");
		assert.equal(ask(protocol, [turns.join("")]).end, "MAIL_REPLY_UNASKED");
	});
}

describe("F13: a server that does not begin TLS is refused, and the client is told in its protocol", () => {
	for (const [says, protocol, turns, farewell] of [
		["offers no STARTTLS", "smtp", [good.smtp[0], "250 mail.test\r\n"], /^421 /],
		["refuses EHLO", "smtp", [good.smtp[0], "502 what\r\n"], /^421 /],
		["refuses STARTTLS", "smtp", [...good.smtp.slice(0, 2), "454 not now\r\n"], /^421 /],
		["does not serve", "smtp", ["554-no\r\n554 service\r\n"], /^421 /],
		["refuses STARTTLS", "imap", [good.imap[0], "sallyport1 BAD what\r\n"], /^\* BYE /],
		["logs in by itself", "imap", ["* PREAUTH hello\r\n"], /^\* BYE /],
		["refuses STLS", "pop3", [good.pop3[0], "-ERR what\r\n"], /^-ERR /],
	] as const) {
		test(`${protocol} that ${says}`, () => {
			const { end, toClient } = ask(protocol, turns);
			assert.equal(end, "MAIL_STARTTLS_MISSING");
			assert.match(toClient, farewell);
		});
	}
});

test("F13: mailbox data, foreign tags, lines that are none and endless talk before TLS end it", () => {
	assert.equal(ask("imap", [good.imap[0], "* 3 EXISTS\r\n"]).end, "MAIL_REPLY_UNASKED");
	assert.equal(ask("imap", [good.imap[0], "a1 OK begin\r\n"]).end, "MAIL_REPLY_UNASKED");
	assert.equal(ask("smtp", ["hello\r\n"]).end, "MAIL_LINE_MALFORMED");
	assert.equal(ask("pop3", ["+OK a\nb\r\n"]).end, "MAIL_LINE_MALFORMED");
	assert.equal(ask("smtp", ["220-more\r\n".repeat(7_000)]).end, "MAIL_LINE_MALFORMED");
});

test("whatever a server says, it never throws, and nothing but the questions goes to it", () => {
	fc.assert(
		fc.property(
			fc.constantFrom("smtp", "imap", "pop3"),
			fc.array(fc.oneof(fc.string(), fc.constantFrom(...Object.values(good).flat()))),
			(protocol, turns) => {
				const { toServer, toClient, end } = ask(protocol, turns);
				assert.ok(asked[protocol].startsWith(toServer));
				if (end === "go-on" || end === "upgrade") assert.equal(toClient, "");
			},
		),
	);
});
