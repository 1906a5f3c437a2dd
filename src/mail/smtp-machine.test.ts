import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SmtpMachine } from "#mail/smtp-machine.ts";
import { type Turn, talk } from "../../test/support/mail-talk.ts";

const demanded = { mustUseTls: true };
const free = { mustUseTls: false };
const say = (turns: readonly Turn[], policy = demanded, sizes?: readonly number[]) =>
	talk(new SmtpMachine(policy), turns, sizes);

const greeting: Turn = ["server", "220 mail.test ESMTP\r\n"];
const ehlo: Turn = ["client", "EHLO client.test\r\n"];
const offer: Turn = ["server", "250-mail.test\r\n250-SIZE 1000\r\n250-starttls\r\n250 PIPELINING\r\n"];
const noOffer: Turn = ["server", "250-mail.test\r\n250 PIPELINING\r\n"];
const starttls: Turn = ["client", "STARTTLS\r\n"];
const accept: Turn = ["server", "220 2.0.0 Ready\r\n"];
const of = (side: "client" | "server", turns: readonly Turn[]) =>
	turns
		.filter(([who]) => who === side)
		.map(([, text]) => text)
		.join("");

test("greeting and commands pass, and TLS begins behind the server's acceptance", () => {
	const turns = [greeting, ehlo, offer, starttls, accept];
	assert.deepEqual(say(turns), {
		toServer: of("client", turns),
		toClient: of("server", turns),
		end: "upgrade",
		endedAt: 4,
	});
});

test("octets of the client behind STARTTLS are refused: in its segment, before and with the acceptance (CVE-2011-0411)", () => {
	for (const turns of [
		[greeting, ehlo, offer, ["client", "STARTTLS\r\nRSET\r\n"]],
		[greeting, ehlo, offer, starttls, ["client", "MAIL FROM:<a@b.test>\r\n"]],
		[greeting, ehlo, offer, starttls, ["client", "Z"]],
		[greeting, ["client", "EHLO a\r\nSTARTTLS\r\nR"], offer],
	] as const) {
		const { end, toServer, toClient } = say(turns);
		assert.equal(end, "MAIL_STARTTLS_INJECTION");
		assert.doesNotMatch(toServer, /RSET|MAIL|Z/);
		assert.doesNotMatch(toClient, /Ready/);
	}
});

test("octets of the server behind its acceptance are refused", () => {
	const { end, toClient } = say([greeting, ehlo, offer, starttls, ["server", "220 Ready\r\n250 forged\r\n"]]);
	assert.equal(end, "MAIL_STARTTLS_INJECTION");
	assert.doesNotMatch(toClient, /Ready|forged/);
});

test("a STARTTLS behind other commands waits for their replies, so that its own reply is known", () => {
	const early = say([greeting, ["client", "EHLO a\r\nSTARTTLS\r\n"], offer], free);
	assert.deepEqual([early.toServer, early.end], ["EHLO a\r\nSTARTTLS\r\n", "go-on"]);
	const held = say([greeting, ["client", "NOOP\r\nSTARTTLS\r\n"]], free);
	assert.equal(held.toServer, "NOOP\r\n");
	const forged = say([greeting, ["client", "NOOP\r\nSTARTTLS\r\n"], ["server", "220 forged\r\n"]], free);
	assert.deepEqual([forged.toServer, forged.end], ["NOOP\r\nSTARTTLS\r\n", "go-on"]);
});

test("a server that offers no STARTTLS, or refuses it, is refused where TLS is demanded, and not where it is not", () => {
	for (const turns of [
		[greeting, ehlo, noOffer],
		[greeting, ehlo, offer, starttls, ["server", "454 4.7.0 not now\r\n"]],
	] as const) {
		const refused = say(turns);
		assert.equal(refused.end, "MAIL_STARTTLS_MISSING");
		assert.match(refused.toClient, /421 4\.7\.0 TLS is not available\r\n$/);
		assert.equal(say(turns, free).end, "go-on");
	}
});

for (const command of [
	"AUTH PLAIN AGEAYg==",
	"MAIL FROM:<a@b.test>",
	"mail from:<a@b.test>",
	"BDAT 3 LAST",
	"X\tY",
	" AUTH LOGIN",
	"LHLO a",
]) {
	test(`${JSON.stringify(command)} does not pass without TLS where TLS is demanded`, () => {
		const { end, toServer, toClient } = say([greeting, ehlo, offer, ["client", `${command}\r\n`]]);
		assert.deepEqual([end, toServer], ["MAIL_CLEAR_REFUSED", "EHLO client.test\r\n"]);
		assert.match(toClient, /530 5\.7\.0 Must issue a STARTTLS command first\r\n$/);
	});
}

test("what a client gave away in a refused command is in no message", () => {
	const machine = new SmtpMachine(demanded);
	machine.fromServer(Buffer.from(greeting[1]));
	const { next } = machine.fromClient(Buffer.from("AUTH PLAIN c2VjcmV0\r\n"));
	assert.ok(next.kind === "refuse");
	assert.doesNotMatch(JSON.stringify(next.fault), /c2VjcmV0/);
	assert.match(next.fault.message, /AUTH without TLS; expected STARTTLS/);
});

const message: readonly Turn[] = [
	greeting,
	ehlo,
	noOffer,
	["client", "AUTH LOGIN\r\n"],
	["server", "334 VXNlcm5hbWU6\r\n"],
	["client", "STARTTLS\r\n"],
	["server", "334 UGFzc3dvcmQ6\r\n"],
	["client", "cGFzcw==\r\n"],
	["server", "235 ok\r\n"],
	["client", "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"],
	["server", "250 ok\r\n250 ok\r\n"],
	["server", "354 go\r\n"],
	["client", "Subject: x\r\n\r\nSTARTTLS\r\n..\r\n.\r\n"],
	["server", "250 queued\r\n"],
	["client", "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nBDAT 12\r\nSTARTTLS\r\n\n\0BDAT 0 LAST\r\n"],
	["server", "250 ok\r\n250 ok\r\n250 ok\r\n250 queued\r\n"],
];

test("without the demand a message passes, and STARTTLS inside a login, data or a chunk is none", () => {
	const told = say(message, free);
	assert.deepEqual(told, {
		toServer: of("client", message),
		toClient: of("server", message),
		end: "go-on",
		endedAt: -1,
	});
	assert.equal(say([...message, starttls, accept], free).end, "upgrade");
});

test("a command smuggled into data by an end that only some servers see is refused", () => {
	const turns = [...message.slice(0, 12), ["client", "x\n.\nSTARTTLS\r\n"] as const];
	const { end, toServer } = say(turns, free);
	assert.equal(end, "MAIL_LINE_MALFORMED");
	assert.doesNotMatch(toServer, /x\n/);
});

test("DATA that the server refuses leaves the client at commands", () => {
	const turns: Turn[] = [greeting, ehlo, noOffer, ["client", "DATA\r\nSTARTTLS\r\n"], ["server", "503 no\r\n"], accept];
	assert.equal(say(turns, free).end, "upgrade");
});

test("replies that nobody asked for, without a code or without end are refused; a server may say that it goes", () => {
	assert.equal(say([greeting, ["server", "250 forged\r\n"]]).end, "MAIL_REPLY_UNASKED");
	assert.equal(say([["server", "hello\r\n"]]).end, "MAIL_LINE_MALFORMED");
	assert.equal(say([["server", "220-a\r\n250 b\r\n"]]).end, "MAIL_LINE_MALFORMED");
	assert.equal(say([["server", `220-${"a".repeat(1000)}\r\n`.repeat(100)]]).end, "MAIL_LINE_MALFORMED");
	assert.deepEqual(say([greeting, ["server", "421 bye\r\n"]]).toClient, `${greeting[1]}421 bye\r\n`);
});

test("lines that servers read differently, and that do not end, are refused on both sides", () => {
	for (const text of ["EHLO a\nSTARTTLS\r\n", "EHLO a\rb\r\n", "EHLO\0\r\n", "E".repeat(20_000)]) {
		assert.equal(say([greeting, ["client", text]], free).end, "MAIL_LINE_MALFORMED");
		assert.equal(say([["server", text]], free).end, "MAIL_LINE_MALFORMED");
	}
});

test("a client that speaks before the greeting waits, and one that floods is refused", () => {
	const machine = new SmtpMachine(demanded);
	assert.deepEqual(machine.fromClient(Buffer.from("EHLO a\r\n")).toServer, []);
	assert.equal(machine.fromServer(Buffer.from(greeting[1])).toServer.length, 1);
	machine.fromClient(Buffer.from("EHLO b\r\nNOOP\r\n"));
	assert.equal(machine.isClientWaiting, true);
	const { next } = machine.fromClient(new Uint8Array(262_144));
	assert.equal(next.kind === "refuse" && next.fault.code, "MAIL_LINE_MALFORMED");
});

test("any split of the octets gives the same end and the same octets for both sides", () => {
	const conversation = fc.constantFrom(
		{ turns: [greeting, ehlo, offer, starttls, accept], policy: demanded },
		{ turns: [...message, starttls, accept], policy: free },
		{ turns: [greeting, ehlo, noOffer], policy: demanded },
		{ turns: [greeting, ehlo, offer, ["client", "AUTH PLAIN x\r\n"] as const], policy: demanded },
	);
	fc.assert(
		fc.property(
			conversation,
			fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
			({ turns, policy }, sizes) => {
				assert.deepEqual(say(turns, policy, sizes), say(turns, policy));
			},
		),
	);
});

test("whatever both say, no octet of the client passes that could log in where TLS is demanded, and nothing throws", () => {
	const line = fc.constantFrom(
		...[
			"EHLO a",
			"STARTTLS",
			"AUTH PLAIN x",
			"MAIL FROM:<a>",
			"DATA",
			".",
			"NOOP",
			"BDAT 5",
			"a\nb",
			"220 ok",
			"250-STARTTLS",
		],
		...["250 STARTTLS", "250 ok", "354 go", "334 x", "454 no", "421 bye", "", "\0"],
	);
	const end = fc.constantFrom("\r\n", "\r\n", "\r\n", "\n", "");
	const side = fc.constantFrom("client" as const, "server" as const);
	const turn = fc.tuple(side, line, end).map(([who, text, rest]) => [who, text + rest] as const);
	fc.assert(
		fc.property(fc.array(turn, { maxLength: 20 }), fc.boolean(), (turns, mustUseTls) => {
			const { toServer } = say([greeting, ...turns], { mustUseTls });
			if (mustUseTls) assert.doesNotMatch(toServer, /^\s*(?:AUTH|MAIL|DATA|BDAT)/m);
		}),
		{ numRuns: 2000 },
	);
});

const offering = { mustUseTls: true, offersTls: true };

test("R180: in the place of a server without TLS it is offered and accepted, and the server hears nothing of it", () => {
	const login: Turn = ["server", "250-mail.test\r\n250-AUTH PLAIN\r\n250 PIPELINING\r\n"];
	for (const sizes of [[], [1], [3, 7]]) {
		const { toServer, toClient, end } = say([greeting, ehlo, login, starttls], offering, sizes);
		assert.deepEqual([toServer, end], ["EHLO client.test\r\n", "upgrade"]);
		assert.equal(
			toClient,
			"220 mail.test ESMTP\r\n250-mail.test\r\n250-PIPELINING\r\n250 STARTTLS\r\n220 2.0.0 Ready to start TLS\r\n",
		);
	}
	const early = say([greeting, ["client", "EHLO a\r\nSTARTTLS\r\n"], login], offering);
	assert.deepEqual([early.toServer, early.end], ["EHLO a\r\n", "upgrade"]);
});

test("F13: no TLS is offered behind what a server would not forget, nor with octets behind STARTTLS", () => {
	const lax = { mustUseTls: false, offersTls: true };
	for (const [before, answer] of [
		["AUTH PLAIN AGEAYg==\r\n", "235 ok\r\n"],
		["MAIL FROM:<a@b.test>\r\n", "250 ok\r\n"],
		["BDAT 0\r\n", "250 ok\r\n"],
	] as const) {
		const { end, toClient } = say([greeting, ["client", before], ["server", answer], starttls], lax);
		assert.equal(end, "MAIL_CLEAR_REFUSED");
		assert.match(toClient, /503 5\.5\.1 TLS must begin before the login\r\n$/);
	}
	const { end, toClient } = say([greeting, ["client", "STARTTLS\r\nRSET\r\n"]], offering);
	assert.equal(end, "MAIL_STARTTLS_INJECTION");
	assert.doesNotMatch(toClient, /Ready/);
	assert.equal(say([greeting, ["client", "AUTH PLAIN AGEAYg==\r\n"]], offering).end, "MAIL_CLEAR_REFUSED");
});
