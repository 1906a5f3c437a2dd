import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BufferName, bufferNames, bufferTable } from "#signature/buffer-table.ts";
import { MailMessage, mailBuffer } from "#signature/mail-buffers.ts";

const head = [
	"Received: from a by b",
	"Received: from c",
	"\tby d",
	"FROM: Ann <ann@a.example>",
	"Subject : =?utf-8?b?R3LDvMOfZQ==?= and more",
	"To: bob@b.example,",
	" carol@c.example",
	"To: second@is.not.read",
	"Cc: dan@d.example",
	"Date: Mon, 30 Nov 2026 10:00:00 +0000",
	"Message-ID: <1@a.example>",
	"X-Mailer: Own 1.0",
	"no field at all",
	"",
	"",
].join("\r\n");
const envelope = { helo: "a.example", from: "<ann@a.example>", recipients: ["<bob@b.example>", "<carol@c.example>"] };
const message = new MailMessage(envelope, head);
const texts = (name: BufferName, of = message) => mailBuffer(name, of).map((octets) => octets.toString("utf8"));

test("a message shows its envelope and its fields, unfolded; what is encoded also decoded", () => {
	assert.deepEqual(texts("smtp.helo"), ["a.example"]);
	assert.deepEqual(texts("smtp.mail_from"), ["<ann@a.example>"]);
	assert.deepEqual(texts("smtp.rcpt_to"), envelope.recipients);
	assert.deepEqual(texts("email.from"), ["Ann <ann@a.example>"]);
	assert.deepEqual(texts("email.subject"), ["=?utf-8?b?R3LDvMOfZQ==?= and more", "Grüße and more"]);
	assert.deepEqual(texts("email.to"), ["bob@b.example, carol@c.example"]);
	assert.deepEqual(texts("email.cc"), ["dan@d.example"]);
	assert.deepEqual(texts("email.date"), ["Mon, 30 Nov 2026 10:00:00 +0000"]);
	assert.deepEqual(texts("email.message_id"), ["<1@a.example>"]);
	assert.deepEqual(texts("email.x_mailer"), ["Own 1.0"]);
	assert.deepEqual(texts("email.received"), ["from a by b", "from c by d"]);
});

test("addresses are those that were found by now, and what is not there is no buffer", () => {
	const bare = new MailMessage(undefined, "");
	const ofMail = bufferNames.filter((name) => ["smtp", "mail"].includes(bufferTable[name].protocol));
	assert.equal(ofMail.length, 12);
	for (const name of ofMail) assert.deepEqual(mailBuffer(name, bare), [], name);
	bare.urls = ["http://a.example"];
	assert.deepEqual(texts("email.url", bare), ["http://a.example"]);
	assert.deepEqual(mailBuffer("http.uri", message), []);
});

test("no head makes it fail, or keep more than stated", () => {
	fc.assert(
		fc.property(fc.string({ maxLength: 400 }), (text) => {
			for (const name of bufferNames) mailBuffer(name, new MailMessage(undefined, text));
		}),
	);
	const many = new MailMessage(undefined, "Received: x\r\n".repeat(2_000));
	assert.equal(mailBuffer("email.received", many).length, 500);
	assert.equal(
		mailBuffer("email.subject", new MailMessage(undefined, `Subject: ${"x".repeat(9_000)}`))[0]?.length,
		4_095,
	);
});
