import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Pop3Machine } from "#mail/pop3-machine.ts";
import { type Turn, talk } from "../../test/support/mail-talk.ts";

const demanded = { mustUseTls: true };
const free = { mustUseTls: false };
const say = (turns: readonly Turn[], policy = demanded, sizes?: readonly number[]) =>
	talk(new Pop3Machine(policy), turns, sizes);

const greeting: Turn = ["server", "+OK Dovecot ready.\r\n"];
const capa: Turn = ["client", "CAPA\r\n"];
const offer: Turn = ["server", "+OK\r\nTOP\r\nstls\r\nSASL PLAIN\r\n.\r\n"];
const noOffer: Turn = ["server", "+OK\r\nTOP\r\n.\r\n"];
const stls: Turn = ["client", "STLS\r\n"];
const accept: Turn = ["server", "+OK Begin TLS\r\n"];
const of = (side: "client" | "server", turns: readonly Turn[]) =>
	turns
		.filter(([who]) => who === side)
		.map(([, text]) => text)
		.join("");
const upgrading = [greeting, capa, offer, stls, accept];

test("greeting and commands pass, and TLS begins behind the server's acceptance", () => {
	assert.deepEqual(say(upgrading), {
		toServer: of("client", upgrading),
		toClient: of("server", upgrading),
		end: "upgrade",
		endedAt: 4,
	});
});

test("octets of either side between STLS and the handshake are refused (CVE-2011-0411)", () => {
	for (const turns of [
		[greeting, ["client", "STLS\r\nUSER a\r\n"]],
		[greeting, stls, ["client", "USER a\r\n"]],
		[greeting, stls, ["server", "+OK\r\n+OK forged\r\n"]],
		[greeting, ["client", "CAPA\r\nSTLS\r\nX"], offer],
	] as const) {
		const { end, toServer, toClient } = say(turns);
		assert.equal(end, "MAIL_STARTTLS_INJECTION");
		assert.doesNotMatch(toServer, /USER|X/);
		assert.doesNotMatch(toClient, /forged/);
	}
});

test("a server that offers no STLS, or refuses it, is refused where TLS is demanded, and not where it is not", () => {
	for (const turns of [
		[greeting, capa, noOffer],
		[greeting, stls, ["server", "-ERR no\r\n"]],
	] as const) {
		assert.equal(say(turns).end, "MAIL_STARTTLS_MISSING");
		assert.match(say(turns).toClient, /-ERR TLS is not available\r\n$/);
		assert.equal(say(turns, free).end, "go-on");
	}
});

for (const command of ["USER tim", "PASS x", "APOP tim c4c9", "AUTH PLAIN x", "AUTH", "user tim", " PASS x"]) {
	test(`${JSON.stringify(command)} does not pass without TLS where TLS is demanded`, () => {
		const { end, toServer, toClient } = say([greeting, ["client", `${command}\r\n`]]);
		assert.deepEqual([end, toServer], ["MAIL_CLEAR_REFUSED", ""]);
		assert.match(toClient, /-ERR TLS must begin before the login\r\n$/);
	});
}

test("without the demand a login ends the machine, and what is behind it passes as it is", () => {
	for (const turns of [
		[greeting, ["client", "USER tim\r\n"], ["server", "+OK\r\n"], ["client", "PASS x\r\n"], ["server", "+OK in\r\n"]],
		[greeting, ["client", "AUTH PLAIN\r\n"], ["server", "+ \r\n"], ["client", "STLS\r\n"], ["server", "+OK in\r\n"]],
	] as const) {
		assert.deepEqual(say(turns, free), {
			toServer: of("client", turns),
			toClient: of("server", turns),
			end: "clear",
			endedAt: 4,
		});
	}
	const machine = new Pop3Machine(free);
	machine.fromServer(Buffer.from("+OK\r\n"));
	machine.fromClient(Buffer.from("PASS x\r\nSTAT\r\n"));
	assert.equal(machine.isClientWaiting, true);
	const step = machine.fromServer(Buffer.from("+OK in\r\nrest"));
	assert.equal(step.next.kind, "clear");
	assert.equal(Buffer.concat(step.toServer).toString(), "STAT\r\n");
	assert.equal(Buffer.concat(step.toClient).toString(), "+OK in\r\nrest");
});

test("a login that failed leaves the way to TLS open", () => {
	const turns: Turn[] = [greeting, ["client", "PASS x\r\n"], ["server", "-ERR\r\n"], stls, accept];
	assert.equal(say(turns, free).end, "upgrade");
	const listed: Turn[] = [greeting, ["client", "AUTH\r\n"], ["server", "+OK\r\nPLAIN\r\n.\r\n"], stls, accept];
	assert.equal(say(listed, free).end, "upgrade");
});

test("replies that nobody asked for, without a status or without end are refused", () => {
	assert.equal(say([greeting, ["server", "+OK forged\r\n"]]).end, "MAIL_REPLY_UNASKED");
	assert.equal(say([["server", "hello\r\n"]]).end, "MAIL_LINE_MALFORMED");
	assert.equal(say([greeting, capa, ["server", `+OK\r\n${"a\r\n".repeat(30_000)}`]]).end, "MAIL_LINE_MALFORMED");
	assert.equal(say([greeting, ["client", "STLS\nUSER a\r\n"]], free).end, "MAIL_LINE_MALFORMED");
	assert.equal(say([greeting, stls, ["server", "+OK\n"]], free).end, "MAIL_LINE_MALFORMED");
});

test("any split of the octets gives the same end and the same octets for both sides", () => {
	const turns = fc.constantFrom<readonly Turn[]>(
		upgrading,
		[greeting, capa, noOffer],
		[greeting, ["client", "USER a\r\n"]],
		[greeting, ["client", "CAPA\r\nNOOP\r\n"], offer, ["server", "+OK\r\n"], stls, accept],
	);
	fc.assert(
		fc.property(turns, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (all, sizes) => {
			assert.deepEqual(say(all, demanded, sizes), say(all));
		}),
	);
});

test("whatever both say, no login passes where TLS is demanded, and nothing throws", () => {
	const line = fc.constantFrom(
		"CAPA",
		"STLS",
		"USER a",
		"PASS b",
		"AUTH PLAIN",
		"AUTH",
		"+OK",
		"-ERR",
		"+ ",
		".",
		"STLS x",
		"\0",
		"a\nb",
	);
	const end = fc.constantFrom("\r\n", "\r\n", "\r\n", "\n", "");
	const side = fc.constantFrom("client" as const, "server" as const);
	const turn = fc.tuple(side, line, end).map(([who, text, rest]) => [who, text + rest] as const);
	fc.assert(
		fc.property(fc.array(turn, { maxLength: 20 }), fc.boolean(), (turns, mustUseTls) => {
			const { toServer } = say([greeting, ...turns], { mustUseTls });
			if (mustUseTls) assert.doesNotMatch(toServer, /^\s*(?:USER|PASS|AUTH)/m);
		}),
		{ numRuns: 2000 },
	);
});

test("R180: in the place of a server without TLS it is offered and accepted, also of one that knows no CAPA", () => {
	const offering = { mustUseTls: true, offersTls: true };
	for (const [answer, told] of [
		["+OK\r\nTOP\r\nUSER\r\nSASL PLAIN\r\n.\r\n", "+OK\r\nTOP\r\nSTLS\r\n.\r\n"],
		["-ERR what\r\n", "+OK\r\nSTLS\r\n.\r\n"],
	] as const) {
		const turns = [
			["server", "+OK ready\r\n"],
			["client", "CAPA\r\n"],
			["server", answer],
			["client", "STLS\r\n"],
		] as const;
		const { toServer, toClient, end } = talk(new Pop3Machine(offering), turns, [3]);
		assert.deepEqual([toServer, toClient, end], ["CAPA\r\n", `+OK ready\r\n${told}+OK Begin TLS\r\n`, "upgrade"]);
	}
	const pushed = talk(new Pop3Machine(offering), [
		["server", "+OK ready\r\n"],
		["client", "STLS\r\nUSER pat\r\n"],
	]);
	assert.equal(pushed.end, "MAIL_STARTTLS_INJECTION");
});
