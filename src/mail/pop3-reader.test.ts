import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Pop3Reader } from "#mail/pop3-reader.ts";
import { follow } from "../../test/support/mail-readers.ts";
import type { Turn } from "../../test/support/mail-talk.ts";

const say = (turns: readonly Turn[], sizes: readonly number[] = [], isGreeted = true) =>
	follow((sink) => new Pop3Reader(sink, isGreeted), turns, sizes);
const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 6 });

test("messages of RETR and TOP are cut out, lists are not, however the octets are cut, pipelined or not", () => {
	const turns: readonly Turn[] = [
		["server", "+OK ready\r\n"],
		["client", "USER pat\r\nPASS secret\r\nLIST\r\nLIST 1\r\nRETR 1\r\nTOP 2 0\r\nRETR 9\r\nUIDL\r\n"],
		["server", "+OK\r\n+OK\r\n+OK 2\r\n1 5\r\n2 6\r\n.\r\n+OK 1 5\r\n+OK 5 octets\r\nab\r\n..c\r\n.\r\n"],
		["server", "+OK\r\nX: y\r\n\r\n.\r\n-ERR no such message\r\n+OK\r\n1 a\r\n.\r\n"],
		["client", "QUIT\r\n"],
		["server", "+OK bye\r\n"],
	];
	fc.assert(
		fc.property(cuts, (sizes) => {
			const { messages, reader, waiting } = say(turns, sizes, false);
			assert.deepEqual(
				messages.map(({ direction, text, isOver }) => [direction, text, isOver]),
				[
					[1, "ab\r\n.c\r\n", true],
					[1, "X: y\r\n\r\n", true],
				],
			);
			assert.deepEqual([reader.refused, waiting], [undefined, ""]);
		}),
	);
});

test("lines of a login are no commands", () => {
	const { messages, waiting } = say([
		["client", "AUTH PLAIN\r\nRETR 1\r\n"],
		["server", "+ \r\n"],
		["server", "+OK\r\n"],
		["client", "RETR 1\r\n"],
		["server", "+OK\r\nx\r\n.\r\n"],
	]);
	assert.deepEqual([messages.map(({ text }) => text), waiting], [["x\r\n"], ""]);
});

test("F15: TLS inside TLS, lines that are none and replies that are none are refused", () => {
	for (const [turns, why] of [
		[
			[
				["client", "STLS\r\n"],
				["server", "+OK\r\n"],
			],
			/inside TLS/,
		],
		[[["client", "NOOP\nX"]], /client sent LF without CR/],
		[[["server", "+OK\0\r\n"]], /server sent NUL/],
		[
			[
				["client", "XTRA\r\n"],
				["server", "+OK\r\nmore\r\n"],
			],
			/no reply/,
		],
	] as const)
		assert.match(say(turns).reader.refused ?? "", why);
});

test("a refusal is told between replies, and not amid one", () => {
	assert.equal(say([]).reader.refusal(1, "no"), "-ERR [SYS/PERM] no\r\n");
	const amid = say([
		["client", "RETR 1\r\n"],
		["server", "+OK\r\nab"],
		["server", "c"],
	]);
	assert.equal(amid.reader.refusal(1, "no"), undefined);
});

test("whatever both sides say in whatever pieces, it is followed without failing", () => {
	const text = fc.oneof(
		fc.string({ maxLength: 12 }),
		fc.constantFrom("RETR 1\r\n", "LIST\r\n", "AUTH x\r\n", "+OK\r\n", "+ x\r\n", "-ERR\r\n", ".\r\n", "a\r\n"),
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
