import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ImapMachine } from "#mail/imap-machine.ts";
import { type Turn, talk } from "../../test/support/mail-talk.ts";

const demanded = { mustUseTls: true };
const free = { mustUseTls: false };
const say = (turns: readonly Turn[], policy = demanded, sizes?: readonly number[]) =>
	talk(new ImapMachine(policy), turns, sizes);

const greeting: Turn = ["server", "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n"];
const plainGreeting: Turn = ["server", "* OK ready\r\n"];
const capability: Turn = ["client", "a1 CAPABILITY\r\n"];
const offer: Turn = ["server", "* CAPABILITY IMAP4rev1 starttls\r\na1 OK done\r\n"];
const noOffer: Turn = ["server", "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na1 OK done\r\n"];
const starttls: Turn = ["client", "a2 STARTTLS\r\n"];
const accept: Turn = ["server", "a2 OK Begin TLS\r\n"];
const of = (side: "client" | "server", turns: readonly Turn[]) =>
	turns
		.filter(([who]) => who === side)
		.map(([, text]) => text)
		.join("");
const upgrading = [greeting, capability, offer, starttls, accept];

test("greeting and commands pass, and TLS begins behind the server's acceptance", () => {
	assert.deepEqual(say(upgrading), {
		toServer: of("client", upgrading),
		toClient: of("server", upgrading),
		end: "upgrade",
		endedAt: 4,
	});
});

test("octets of either side between STARTTLS and the handshake are refused (CVE-2011-0411)", () => {
	for (const turns of [
		[greeting, ["client", "a STARTTLS\r\nb LOGIN x y\r\n"]],
		[greeting, starttls, ["client", "b LOGIN x y\r\n"]],
		[greeting, starttls, ["server", "a2 OK\r\n* OK [ALERT] forged\r\n"]],
		[greeting, ["client", "a1 CAPABILITY\r\na STARTTLS\r\nX"], offer],
	] as const) {
		const { end, toServer, toClient } = say(turns);
		assert.equal(end, "MAIL_STARTTLS_INJECTION");
		assert.doesNotMatch(toServer, /LOGIN|X/);
		assert.doesNotMatch(toClient, /forged/);
	}
});

test("data of a mailbox before TLS, and replies that nobody asked for, are refused", () => {
	for (const text of [
		"* 3 EXISTS\r\n",
		'* LIST () "/" INBOX\r\n',
		"* SEARCH 1\r\n",
		"b7 OK forged\r\n",
		"+ go on\r\n",
	]) {
		for (const turns of [
			[greeting, ["server", text]],
			[greeting, starttls, ["server", text]],
		] as const) {
			assert.equal(say(turns).end, "MAIL_REPLY_UNASKED", text);
			assert.equal(say(turns, free).end, "MAIL_REPLY_UNASKED", text);
		}
	}
});

test("a server without STARTTLS is refused where TLS is demanded, wherever it says so, and not where it is not", () => {
	for (const turns of [
		[plainGreeting, capability, noOffer],
		[["server", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n"]],
		[plainGreeting, capability, ["server", "a1 OK [CAPABILITY IMAP4rev1] done\r\n"]],
		[plainGreeting, starttls, ["server", "a2 NO not now\r\n"]],
		[plainGreeting, starttls, ["server", "a2 BAD what\r\n"]],
	] as const) {
		assert.equal(say(turns).end, "MAIL_STARTTLS_MISSING");
		assert.match(say(turns).toClient, /\* BYE TLS is not available\r\n$/);
		assert.equal(say(turns, free).end, "go-on");
	}
});

test("PREAUTH keeps the client from TLS: refused where it is demanded, else it stays as it is", () => {
	const turns = [["server", "* PREAUTH hello\r\n"]] as const;
	assert.equal(say(turns).end, "MAIL_STARTTLS_MISSING");
	assert.equal(say(turns, free).end, "clear");
});

for (const command of ["LOGIN tim x", "login {3}", "AUTHENTICATE PLAIN", "SELECT INBOX", " LOGIN a b", "UNKNOWN"]) {
	test(`${JSON.stringify(command)} does not pass without TLS where TLS is demanded`, () => {
		const { end, toServer, toClient } = say([greeting, ["client", `a9 ${command}\r\n`]]);
		assert.deepEqual([end, toServer], ["MAIL_CLEAR_REFUSED", ""]);
		assert.match(toClient, /a9 NO \[PRIVACYREQUIRED\] TLS must begin before the login\r\n$/);
	});
}

test("without the demand a login passes, by literals and by an exchange, and ends the machine", () => {
	for (const turns of [
		[plainGreeting, ["client", "a LOGIN tim x\r\n"], ["server", "a OK in\r\n"]],
		[
			plainGreeting,
			["client", "a LOGIN {3}\r\n"],
			["server", "+ \r\n"],
			["client", "tim {4}\r\n"],
			["server", "+ \r\n"],
			["client", "\r\n\0b\r\n"],
			["server", "a OK in\r\n"],
		],
		[plainGreeting, ["client", "a LOGIN {3+}\r\ntim {14+}\r\nb STARTTLS\r\n\r\n\r\n"], ["server", "a OK in\r\n"]],
		[
			plainGreeting,
			["client", "a AUTHENTICATE PLAIN\r\n"],
			["server", "+ \r\n"],
			["client", "b STARTTLS\r\n"],
			["server", "* OK still here\r\na OK in\r\n"],
		],
	] as const) {
		assert.deepEqual(say(turns, free), {
			toServer: of("client", turns),
			toClient: of("server", turns),
			end: "clear",
			endedAt: turns.length - 1,
		});
	}
});

test("a login that failed, or whose literal the server did not want, leaves the way to TLS open", () => {
	for (const turns of [
		[plainGreeting, ["client", "a LOGIN tim x\r\n"], ["server", "a NO wrong\r\n"], starttls, accept],
		[plainGreeting, ["client", "a LOGIN {3}\r\n"], ["server", "a BAD no literals\r\n"], starttls, accept],
		[
			plainGreeting,
			["client", "a LOGIN {3+}\r\nti"],
			["server", "a BAD no\r\n"],
			["client", "m x\r\n"],
			starttls,
			accept,
		],
	] as const) {
		assert.equal(say(turns, free).end, "upgrade");
	}
});

test("a command that is not whole is not accepted, a large literal and a literal of the server are refused", () => {
	const half = [plainGreeting, ["client", "a LOGIN {3}\r\n"], ["server", "a OK in\r\n"]] as const;
	assert.equal(say(half, free).end, "MAIL_REPLY_UNASKED");
	assert.equal(say([plainGreeting, ["client", "a ID {65537+}\r\n"]], free).end, "MAIL_LINE_MALFORMED");
	assert.equal(say([plainGreeting, ["client", "a ID {65536+}\r\n"]], free).end, "go-on");
	assert.equal(say([plainGreeting, ["server", "* ID {5}\r\n"]], free).end, "MAIL_LINE_MALFORMED");
	assert.equal(say([plainGreeting, ["client", "STARTTLS\r\n"]], free).end, "MAIL_LINE_MALFORMED");
	assert.equal(say([["server", "220 mail.test ESMTP\r\n"]], free).end, "MAIL_LINE_MALFORMED");
	assert.equal(say([plainGreeting, ["client", "a NOOP\nb STARTTLS\r\n"]], free).end, "MAIL_LINE_MALFORMED");
});

test("commands that come together are handed on one by one", () => {
	const machine = new ImapMachine(demanded);
	machine.fromServer(Buffer.from(greeting[1]));
	const first = machine.fromClient(Buffer.from("a1 CAPABILITY\r\na2 NOOP\r\n"));
	assert.equal(Buffer.concat(first.toServer).toString(), "a1 CAPABILITY\r\n");
	assert.equal(machine.isClientWaiting, true);
	const second = machine.fromServer(Buffer.from(offer[1]));
	assert.equal(Buffer.concat(second.toServer).toString(), "a2 NOOP\r\n");
	assert.equal(machine.isClientWaiting, false);
});

test("any split of the octets gives the same end and the same octets for both sides", () => {
	const conversation = fc.constantFrom<{ turns: readonly Turn[]; policy: { mustUseTls: boolean } }>(
		{ turns: upgrading, policy: demanded },
		{ turns: [plainGreeting, capability, noOffer], policy: demanded },
		{ turns: [greeting, ["client", "a LOGIN x y\r\n"]], policy: demanded },
		{
			turns: [
				plainGreeting,
				["client", "a LOGIN {3+}\r\ntim {3+}\r\n\r\n.\r\n"],
				["server", "a NO\r\n"],
				starttls,
				accept,
			],
			policy: free,
		},
	);
	fc.assert(
		fc.property(
			conversation,
			fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
			({ turns, policy }, sizes) => {
				assert.deepEqual(say(turns, policy, sizes), say(turns, policy));
			},
		),
	);
});

test("whatever both say, no login passes where TLS is demanded, and nothing throws", () => {
	const line = fc.constantFrom(
		...[
			"a CAPABILITY",
			"a STARTTLS",
			"a LOGIN x y",
			"a LOGIN {2}",
			"a ID {2+}",
			"a AUTHENTICATE PLAIN",
			"xx",
			"a OK",
			"a NO",
		],
		...["* CAPABILITY STARTTLS", "* CAPABILITY X", "* OK", "* 1 EXISTS", "+ ", "* BYE", "* PREAUTH", "\0", "a\nb", ""],
	);
	const end = fc.constantFrom("\r\n", "\r\n", "\r\n", "\n", "");
	const side = fc.constantFrom("client" as const, "server" as const);
	const turn = fc.tuple(side, line, end).map(([who, text, rest]) => [who, text + rest] as const);
	fc.assert(
		fc.property(fc.array(turn, { maxLength: 20 }), fc.boolean(), (turns, mustUseTls) => {
			const { toServer } = say([plainGreeting, ...turns], { mustUseTls });
			// A literal of ID may hold anything; it is no command.
			if (mustUseTls)
				assert.doesNotMatch(toServer.replace(/\{2\+\}\r\n[\s\S]{0,2}/g, ""), /^a (?:LOGIN|AUTHENTICATE)/m);
		}),
		{ numRuns: 2000 },
	);
});

test("R180: in the place of a server without TLS it is offered and accepted, and the server hears nothing of it", () => {
	const offering = { mustUseTls: true, offersTls: true };
	const turns = [
		["server", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n"],
		["client", "a CAPABILITY\r\n"],
		["server", "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na OK done\r\n"],
		["client", "b STARTTLS\r\n"],
	] as const;
	for (const sizes of [[], [1], [5, 2]]) {
		const { toServer, toClient, end } = talk(new ImapMachine(offering), turns, sizes);
		assert.deepEqual([toServer, end], ["a CAPABILITY\r\n", "upgrade"]);
		const list = "CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED";
		assert.equal(toClient, `* OK [${list}] ready\r\n* ${list}\r\na OK done\r\nb OK Begin TLS negotiation now\r\n`);
	}
	const pushed = talk(new ImapMachine(offering), [turns[0], ["client", "b STARTTLS\r\nc NOOP\r\n"]]);
	assert.equal(pushed.end, "MAIL_STARTTLS_INJECTION");
	const early = talk(new ImapMachine(offering), [turns[0], ["client", "b LOGIN pat secret\r\n"]]);
	assert.deepEqual([early.end, early.toServer], ["MAIL_CLEAR_REFUSED", ""]);
});
