import assert from "node:assert/strict";
import { test } from "node:test";
import { type MailAnswer, MailPhase } from "#proxy/mail-phase.ts";

const octets = (text: string) => Buffer.from(text, "latin1");
const says = ({ effects, next }: MailAnswer) => [
	...effects.map((effect) =>
		"octets" in effect ? `${effect.type} ${Buffer.from(effect.octets).toString().trim()}` : "",
	),
	next.kind,
];

test("the greeting tells the protocol, and the client is heard only behind it", () => {
	const mail = new MailPhase(false);
	assert.equal(mail.wantsClient, false);
	assert.deepEqual(says(mail.fromServer(octets("220 mail"))), ["go-on"]);
	assert.equal(mail.protocol, "other");
	assert.deepEqual(says(mail.fromServer(octets(".example ESMTP\r\n"))), [
		"send-client 220 mail.example ESMTP",
		"go-on",
	]);
	assert.deepEqual([mail.protocol, mail.wantsClient], ["smtp", true]);
	assert.throws(() => new MailPhase(false).fromClient(octets("EHLO a\r\n")), /before the greeting/);
});

test("TLS begins behind the server's acceptance, in each of the three protocols", () => {
	const smtp = new MailPhase(true);
	smtp.fromServer(octets("220 mail.example ESMTP\r\n"));
	assert.deepEqual(says(smtp.fromClient(octets("STARTTLS\r\n"))), ["send-server STARTTLS", "go-on"]);
	assert.deepEqual(says(smtp.fromServer(octets("220 go ahead\r\n"))), ["send-client 220 go ahead", "upgrade"]);
	const imap = new MailPhase(true);
	imap.fromServer(octets("* OK ready\r\n"));
	imap.fromClient(octets("a STARTTLS\r\n"));
	assert.equal(imap.fromServer(octets("a OK begin\r\n")).next.kind, "upgrade");
	const pop3 = new MailPhase(true);
	pop3.fromServer(octets("+OK ready\r\n"));
	pop3.fromClient(octets("STLS\r\n"));
	assert.equal(pop3.fromServer(octets("+OK begin\r\n")).next.kind, "upgrade");
});

test("F13: what stands behind STARTTLS before the handshake ends the connection", () => {
	const mail = new MailPhase(true);
	mail.fromServer(octets("220 mail.example ESMTP\r\n"));
	const { next } = mail.fromClient(octets("STARTTLS\r\nMAIL FROM:<a@b>\r\n"));
	assert.ok(next.kind === "refuse" && next.fault.code === "MAIL_STARTTLS_INJECTION");
});

test("a server that speaks something else is told with its words", () => {
	const { next } = new MailPhase(true).fromServer(octets("SSH-2.0-x\r\n"));
	assert.ok(next.kind === "not-mail");
	assert.equal(Buffer.from(next.greeting).toString(), "SSH-2.0-x\r\n");
});

test("R180: a server that is asked for TLS is heard alone, and its greeting is kept for the client", () => {
	const mail = new MailPhase(true, "server");
	assert.deepEqual(says(mail.fromServer(octets("+OK ready\r\n"))), ["send-server STLS", "go-on"]);
	assert.equal(mail.wantsClient, false);
	assert.deepEqual(says(mail.fromServer(octets("+OK begin\r\n"))), ["upgrade"]);
	assert.equal(Buffer.from(mail.greeting).toString(), "+OK ready\r\n");
	const { next } = new MailPhase(true, "server").fromServer(octets("SSH-2.0-x\r\n"));
	assert.ok(next.kind === "refuse" && next.fault.code === "MAIL_STARTTLS_MISSING");
});

test("R180: a client is offered TLS in the server's place", () => {
	const mail = new MailPhase(true, "client");
	mail.fromServer(octets("+OK ready\r\n"));
	assert.deepEqual(says(mail.fromClient(octets("STLS\r\n"))), ["send-client +OK Begin TLS", "upgrade"]);
	assert.equal(mail.greeting.length, 0);
});
