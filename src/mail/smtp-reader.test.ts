import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SmtpReader } from "#mail/smtp-reader.ts";
import { follow } from "../../test/support/mail-readers.ts";
import type { Turn } from "../../test/support/mail-talk.ts";

const say = (turns: readonly Turn[], sizes: readonly number[] = [], isGreeted = true) =>
	follow((sink) => new SmtpReader(sink, isGreeted), turns, sizes);
const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 6 });

const letter: readonly Turn[] = [
	["server", "220-mail.test\r\n220 ESMTP\r\n"],
	["client", "EHLO a.test\r\n"],
	["server", "250-mail.test\r\n250 PIPELINING\r\n"],
	[
		"client",
		"MAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nMAIL FROM:<c@a.test>\r\n",
	],
	["server", "250 ok\r\n250 ok\r\n354 go ahead\r\n"],
	["server", "250 queued\r\n250 ok\r\n"],
	["client", "BDAT 5\r\nab\r\ncBDAT 2 LAST\r\ndeQUIT\r\n"],
	["server", "250 ok\r\n250 queued\r\n221 bye\r\n"],
];

test("messages of DATA and of BDAT are cut out, dots undone, however the octets are cut; pipelined ones wait for their reply", () => {
	fc.assert(
		fc.property(cuts, (sizes) => {
			const { messages, lost, waiting } = say(letter, sizes, false);
			assert.deepEqual(
				messages.map(({ text, isOver }) => [text, isOver]),
				[
					["Subject: x\r\n\r\n.dot\r\n", true],
					["ab\r\ncde", true],
				],
			);
			assert.deepEqual([lost, waiting], [undefined, ""]);
		}),
	);
});

test("what follows DATA is a message only when the server says so", () => {
	const { messages } = say([
		["client", "DATA\r\nRSET\r\n"],
		["server", "503 no\r\n250 ok\r\n"],
	]);
	assert.deepEqual(messages, []);
	const held = say([["client", "DATA\r\nSubject: x\r\n"]]);
	assert.equal(held.waiting, "Subject: x\r\n");
	assert.equal(held.reader.isClientHeld, true);
});

test("lines of a login are no commands, and a dialog that ends lets commands go on", () => {
	const { messages, lost } = say([
		["client", "AUTH LOGIN\r\nDATA\r\n"],
		["server", "334 VXNlcg==\r\n"],
		["server", "334 UGFzcw==\r\n"],
		["client", "cGFzcw==\r\nDATA\r\n"],
		["server", "235 ok\r\n"],
		["server", "354 go\r\n"],
		["client", "x\r\n.\r\n"],
	]);
	assert.deepEqual([messages.map(({ text }) => text), lost], [["x\r\n"], undefined]);
});

test("chunks that are given up end their message, an empty last chunk too", () => {
	const { messages } = say([["client", "BDAT 2\r\nabRSET\r\nBDAT 0 LAST\r\n"]]);
	assert.deepEqual(
		messages.map(({ text, isOver }) => [text, isOver]),
		[
			["ab", true],
			["", true],
		],
	);
});

test("F15: what two programs may read differently, and TLS inside TLS, is refused", () => {
	for (const [turns, why] of [
		[[["client", "NOOP\nDATA\r\n"]], /client sent LF without CR/],
		[[["client", "BDAT x\r\n"]], /BDAT without a size/],
		[
			[
				["client", "STARTTLS\r\n"],
				["server", "220 go\r\n"],
			],
			/TLS was begun inside TLS/,
		],
		[
			[
				["client", "DATA\r\n"],
				["server", "354 go\r\n"],
				["client", "a\n.\nb"],
			],
			/ends there for some servers only/,
		],
	] as const) {
		assert.match(say(turns).reader.refused ?? "", why);
	}
});

test("a server that is not understood is not followed any more", () => {
	const { lost, waiting } = say([
		["client", "DATA\r\nx"],
		["server", "354 a\0b\r\n"],
	]);
	assert.deepEqual([lost, waiting], ["the server sent NUL in a line", ""]);
});

test("the replies of LMTP to each recipient do not hide the one to the next DATA", () => {
	const { messages } = say([
		["client", "DATA\r\n"],
		["server", "354 go\r\n"],
		["client", "one\r\n.\r\nMAIL FROM:<a@a.test>\r\nDATA\r\n"],
		["server", "250 first\r\n250 second\r\n250 ok\r\n354 go\r\n"],
		["client", "two\r\n.\r\n"],
	]);
	assert.deepEqual(
		messages.map(({ text }) => text),
		["one\r\n", "two\r\n"],
	);
});

test("a refusal is told while the client sends", () => {
	const { reader } = say([]);
	assert.equal(reader.refusal(0, "no"), "554 5.7.1 no\r\n");
	assert.equal(reader.refusal(1, "no"), undefined);
});

test("whatever both sides say in whatever pieces, it is followed without failing, and nothing waits for ever behind a reply", () => {
	const text = fc.oneof(
		fc.string({ maxLength: 12 }),
		fc.constantFrom(
			"DATA\r\n",
			"BDAT 3\r\n",
			"BDAT 3 LAST\r\n",
			".\r\n",
			"AUTH x\r\n",
			"354 go\r\n",
			"250 ok\r\n",
			"334 x\r\n",
		),
	);
	const turn = fc.tuple(fc.constantFrom("client" as const, "server" as const), text);
	fc.assert(
		fc.property(fc.array(turn, { maxLength: 20 }), cuts, (turns, sizes) => {
			const whole = say(turns);
			const cut = say(turns, sizes);
			assert.deepEqual([cut.lost, cut.reader.refused], [whole.lost, whole.reader.refused]);
			if (whole.reader.refused === undefined) assert.deepEqual(cut.messages, whole.messages);
		}),
	);
});

test("the envelope of a message is what the client asked for: its name, sender and recipients, without parameters", () => {
	const envelopes: unknown[] = [];
	const { reader } = follow(
		(sink) => {
			const made: SmtpReader = new SmtpReader(
				{
					...sink,
					messageBegin: () => {
						envelopes.push(made.envelope);
						return false;
					},
					messageOctets: () => false,
					messageEnd: () => false,
				},
				true,
			);
			return made;
		},
		[
			[
				"client",
				"EHLO  a.test \r\nMAIL FROM: <a@a.test> SIZE=5\r\nRCPT TO:<b@b.test>\r\nrcpt to:<c@c.test> NOTIFY=NEVER\r\nDATA\r\n",
			],
			["server", "250 a\r\n250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n"],
			[
				"client",
				"\r\n.\r\nMAIL FROM:<x@a.test>\r\nRCPT TO:<y@b.test>\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<z@b.test>\r\nDATA\r\n",
			],
			["server", "250 queued\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"],
			["client", ".\r\n"],
		],
	);
	assert.deepEqual(envelopes, [
		{ helo: "a.test", from: "<a@a.test>", recipients: ["<b@b.test>", "<c@c.test>"] },
		{ helo: "a.test", from: "<>", recipients: ["<z@b.test>"] },
	]);
	assert.equal(reader.lost, undefined);
	const many = new SmtpReader({ messageBegin: () => false, messageOctets: () => false, messageEnd: () => false }, true);
	for (let n = 0; n < 50; n++) {
		many.fromClient(Buffer.from("RCPT TO:<x@x.test>\r\n".repeat(50)));
		many.fromServer(Buffer.from("250 ok\r\n".repeat(50)));
	}
	assert.equal(many.envelope.recipients.length, 1_000);
});
