import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ImapReader } from "#mail/imap-reader.ts";
import { follow } from "../../test/support/mail-readers.ts";
import type { Turn } from "../../test/support/mail-talk.ts";

const say = (turns: readonly Turn[], sizes: readonly number[] = []) =>
	follow((sink) => new ImapReader(sink), turns, sizes);
const seen = ({ messages }: ReturnType<typeof say>) =>
	messages.map(({ direction, coding, text, isOver }) => [direction, coding, text, isOver]);
const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 6 });

test("messages of APPEND and of FETCH are cut out, other literals are not, however the octets are cut", () => {
	const turns: readonly Turn[] = [
		["server", "* OK {3}\r\n"],
		["client", "a LOGIN {3}\r\npat {6}\r\nsecret\r\n"],
		["server", "+ go on\r\n"],
		["server", "+ go on\r\n"],
		["server", "a OK {7}\r\n"],
		["client", "b APPEND INBOX (\\Seen) {5}\r\nab\r\nc\r\nc APPEND x {3+}\r\ndef\r\n"],
		["server", "+ ok\r\nb OK done\r\nc OK done\r\n"],
		["client", "d UID FETCH 1 (BODY[] FLAGS)\r\n"],
		["server", '* 1 FETCH (UID 7 BODY[] {6}\r\ngh)\r\n* FLAGS ())\r\n* LIST () "/" {4}\r\nname\r\nd OK done\r\n'],
	];
	fc.assert(
		fc.property(cuts, (sizes) => {
			const told = say(turns, sizes);
			assert.deepEqual(seen(told), [
				[0, undefined, "ab\r\nc", true],
				[0, undefined, "def", true],
				[1, undefined, "gh)\r\n*", true],
			]);
			assert.deepEqual([told.lost, told.waiting], [undefined, ""]);
		}),
	);
});

test("a literal that the server refuses is a command after all, and waits until that is known", () => {
	const held = say([["client", "a APPEND INBOX {5}\r\nb NOOP\r\n"]]);
	assert.equal(held.waiting, "b NOOP\r\n");
	const refused = say([
		["client", "a APPEND INBOX {5}\r\nb FETCH\r\n"],
		["server", "a NO [TRYCREATE] no\r\n"],
	]);
	assert.deepEqual([seen(refused), refused.waiting], [[[0, undefined, "", true]], ""]);
});

test("a body that is fetched in pieces is one message; another section, or a gap, begins another", () => {
	const piece = (section: string, from: number, text: string): Turn => [
		"server",
		`* 1 FETCH (BODY[${section}]<${from}> {${text.length}}\r\n${text})\r\n`,
	];
	const told = say([
		piece("", 0, "abc"),
		piece("", 3, "def"),
		piece("", 6, "g"),
		piece("", 9, "x"),
		piece("2", 10, "y"),
	]);
	assert.deepEqual(
		told.messages.map(({ text }) => text),
		["abcdefg", "x", "y"],
	);
});

test("the body of a part alone is said to be coded in an unknown way, a head or a whole message is not", () => {
	for (const [item, coding] of [
		["BODY[]", undefined],
		["RFC822", undefined],
		["BODY[HEADER]", undefined],
		["BODY[1.MIME]", undefined],
		["BODY[2]", "unknown"],
		["BODY[1.2.3]", "unknown"],
		["BINARY[1]", "unknown"],
		["BODY[TEXT]", "unknown"],
		["RFC822.TEXT", "unknown"],
	] as const)
		assert.deepEqual(seen(say([["server", `* 1 FETCH (${item} {1}\r\nx)\r\n`]])), [[1, coding, "x", true]], item);
});

test("what both sides agree to compress begins behind the server's word; another compression and TLS inside TLS are not followed", () => {
	const deflate = say([
		["client", "a COMPRESS DEFLATE\r\n"],
		["server", "* 1 EXISTS\r\na OK now\r\nrest"],
	]);
	assert.deepEqual([deflate.lost, deflate.reader.compressedFrom], [undefined, 22]);
	for (const verb of ["COMPRESS LZ", "STARTTLS"]) {
		const agreed = say([
			["client", `a ${verb}\r\n`],
			["server", "a OK now\r\n"],
		]);
		assert.match(agreed.lost ?? "", /agreed upon (COMPRESS|STARTTLS)/);
	}
	const refused = say([
		["client", "a COMPRESS DEFLATE\r\nb NOOP\r\n"],
		["server", "a NO no\r\n"],
	]);
	assert.deepEqual([refused.lost, refused.waiting], [undefined, ""]);
});

test("a line of any length, and one that ends in LF alone, hides no message", () => {
	const told = say([
		["server", `* SEARCH${" 12345".repeat(20_000)}\r\n`],
		["server", `* 1 FETCH (ENVELOPE ("${"x".repeat(50_000)}") BODY[] {3}\r\nabc)\r\n`],
		["server", "* 2 FETCH (BODY[] {3}\ndef)\n"],
	]);
	assert.deepEqual(
		told.messages.map(({ text, isOver }) => [text, isOver]),
		[
			["abc", true],
			["def", true],
		],
	);
});

test("a line that names hundreds of bodies costs no more than another one", () => {
	const line = `* 1 FETCH (${" BODY[".repeat(700)}`;
	const startedAt = performance.now();
	const told = say([["server", `${`${line} {0}\r\n`.repeat(4_000)}${line}] {3}\r\nabc)\r\n`]]);
	assert.deepEqual(
		told.messages.map(({ text, isOver }) => [text, isOver]),
		[["abc", true]],
	);
	// Looking for the end of each anew took 50 s.
	assert.ok(performance.now() - startedAt < 10_000);
});

test("a refusal is told between responses, and not amid one", () => {
	assert.match(say([["server", "* OK x\r\n"]]).reader.refusal(1, "no") ?? "", /^\* BYE \[ALERT\] no\r\n$/);
	const amid = say([
		["server", "* 1 FETCH (BODY[] {6}\r\ngh"],
		["server", "i"],
	]);
	assert.equal(amid.reader.refusal(1, "no"), undefined);
});

test("whatever both sides say in whatever pieces, it is followed without failing", () => {
	const text = fc.oneof(
		fc.string({ maxLength: 12 }),
		fc.constantFrom(
			"a APPEND x {3}\r\n",
			"a APPEND x {3+}\r\n",
			"+ ok\r\n",
			"a OK x\r\n",
			"* 1 FETCH (BODY[] {4}\r\n",
			"* 1 FETCH (BODY[]<4> {4}\r\n",
			"x)\r\n",
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
