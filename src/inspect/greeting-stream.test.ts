import assert from "node:assert/strict";
import { test } from "node:test";
import { GreetingStream } from "#inspect/greeting-stream.ts";
import { MailStream } from "#inspect/mail-stream.ts";
import { OpaqueStream } from "#inspect/opaque-stream.ts";
import { patternService } from "#inspect/pattern-service.ts";
import { forward, hold, release, stop } from "#inspect/plaintext-stream.ts";

function opened() {
	const chosen: string[] = [];
	const stream = new GreetingStream(
		(protocol) => {
			chosen.push(protocol);
			return new MailStream(protocol, [patternService([])], {
				sessionId: "s1",
				isGreeted: false,
				maxDecodedOctets: 1_000,
			});
		},
		() => {
			chosen.push("other");
			return new OpaqueStream([]);
		},
	);
	return { chosen, stream };
}

test("R117: the greeting tells the protocol, and travels as it came", () => {
	for (const [greeting, protocol] of [
		["220 mail.test ESMTP\r\n", "smtp"],
		["* OK ready\r\n", "imap"],
		["+OK ready\r\n", "pop3"],
		["SSH-2.0-x\r\n", "other"],
	] as const) {
		const { chosen, stream } = opened();
		assert.equal(stream.fromServer(Buffer.from(greeting)), forward);
		assert.deepEqual(chosen, [protocol]);
		assert.equal(stream.inspection, protocol === "other" ? "decrypted, not inspected" : "inspected");
		assert.equal(stream.fromClient(Buffer.from("NOOP\r\n")), forward);
		assert.equal(stream.fromServer(Buffer.from(`${protocol === "pop3" ? "+OK" : "250 ok"}\r\n`)), forward);
	}
});

test("a greeting in pieces is held until it tells", () => {
	const { chosen, stream } = opened();
	for (const piece of ["2", "20 mail.te"]) assert.equal(stream.fromServer(Buffer.from(piece)), hold);
	assert.equal(stream.fromServer(Buffer.from("st ESMTP\r\n")), release);
	assert.equal(Buffer.concat(stream.released).toString(), "220 mail.test ESMTP\r\n");
	assert.deepEqual(chosen, ["smtp"]);
});

test("a server that ends amid its greeting, or a client that speaks first, is not mail; nothing is lost", () => {
	const cut = opened();
	cut.stream.fromServer(Buffer.from("220 m"));
	assert.equal(cut.stream.serverEnded(), release);
	assert.equal(Buffer.concat(cut.stream.released).toString(), "220 m");
	const early = opened();
	assert.equal(early.stream.fromClient(Buffer.from("hello\r\n")), forward);
	assert.deepEqual(early.chosen, ["other"]);
	for (const answer of ["hello", "+OK\r\n", "220 x\r\n"])
		assert.equal(early.stream.fromServer(Buffer.from(answer)), forward);
	assert.equal(opened().stream.clientEnded(), forward);
});

test("R117: a client that speaks mail before the greeting waits for it, and is read from its first octet on", () => {
	for (const [command, greeting, protocol] of [
		["EHLO a\r\n", "220 mail.test ESMTP\r\n", "smtp"],
		["a LOGIN pat secret\r\n", "* OK ready\r\n", "imap"],
		["USER pat\r\n", "+OK ready\r\n", "pop3"],
		["EHLO a\r\n", "-ERR\r\n", "other"],
	] as const) {
		const { chosen, stream } = opened();
		assert.equal(stream.fromClient(Buffer.from(command)), hold);
		assert.deepEqual([stream.isClientWaiting, stream.clientMayGoOn()], [true, hold]);
		assert.equal(stream.fromServer(Buffer.from(greeting)), forward);
		assert.deepEqual(chosen, [protocol]);
		assert.equal(stream.clientMayGoOn(), release);
		assert.equal(Buffer.concat(stream.released).toString(), command);
		assert.equal(stream.isClientWaiting, false);
	}
	const amid = opened();
	amid.stream.fromServer(Buffer.from("220 m"));
	assert.equal(amid.stream.fromClient(Buffer.from("hello\r\n")), hold);
	assert.equal(amid.stream.fromServer(Buffer.from("ail.test ESMTP\r\n")), release);
	assert.deepEqual(amid.chosen, ["smtp"]);
	const gone = opened();
	gone.stream.fromClient(Buffer.from("QUIT\r\nUSER"));
	assert.equal(gone.stream.isClientWaiting, false);
	const left = opened();
	left.stream.fromClient(Buffer.from("EHLO a\r\n"));
	assert.equal(left.stream.clientEnded(), release);
	assert.equal(Buffer.concat(left.stream.released).toString(), "EHLO a\r\n");
	left.stream.close();
});

test("F13: a mail server that greets a client which spoke first ends the connection, in whatever pieces it greets", () => {
	for (const pieces of [["220 mail.test ESMTP\r\n"], ["* ", "OK ready\r\n"]]) {
		const { stream } = opened();
		assert.equal(stream.fromClient(Buffer.from("x XYZZY\r\n")), forward);
		const answers = pieces.map((piece) => stream.fromServer(Buffer.from(piece)));
		assert.equal(answers.at(-1), stop);
		assert.equal(stream.stop?.faultCode, "MAIL_LINE_MALFORMED");
		assert.match(stream.stop?.why ?? "", /spoke before the server's greeting/);
	}
});
