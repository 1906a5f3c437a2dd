import assert from "node:assert/strict";
import { test } from "node:test";
import { MailWire, splitCommand } from "#mail/mail-step.ts";

const octets = (text: string) => Buffer.from(text, "latin1");

test("a command is its first word in upper case; white space before it is passed over", () => {
	assert.deepEqual(splitCommand("ehlo  mail.test "), { verb: "EHLO", rest: "mail.test " });
	assert.deepEqual(splitCommand("\t StartTLS"), { verb: "STARTTLS", rest: "" });
	assert.deepEqual(splitCommand(""), { verb: "", rest: "" });
});

test("octets of either side behind the acceptance of TLS are refused, and the acceptance is not handed on", () => {
	for (const side of ["client", "server"] as const) {
		const wire = new MailWire("SMTP");
		wire[side].push(octets("x"));
		wire.upgrade(octets("220 go\r\n"));
		const { next, toClient } = wire.step();
		assert.equal(next.kind === "refuse" && next.fault.code, "MAIL_STARTTLS_INJECTION");
		assert.deepEqual(toClient, []);
	}
});

test("the first refusal stays, and its farewell is sent once", () => {
	const wire = new MailWire("IMAP");
	wire.refuse("MAIL_CLEAR_REFUSED", "first", "* BYE first");
	wire.refuse("MAIL_LINE_MALFORMED", "second", "* BYE second");
	const step = wire.step();
	assert.equal(Buffer.concat(step.toClient).toString(), "* BYE first\r\n");
	assert.equal(step.next.kind === "refuse" && step.next.fault.message, "IMAP: first");
	assert.deepEqual(wire.step(), { ...step, toClient: [] });
});

test("staying without TLS hands on what is held, and waiting octets have a bound", () => {
	const wire = new MailWire("POP3");
	wire.client.push(octets("a"));
	wire.server.push(octets("b"));
	wire.stayClear();
	const step = wire.step();
	assert.deepEqual([Buffer.concat(step.toServer).toString(), Buffer.concat(step.toClient).toString()], ["a", "b"]);
	const full = new MailWire("POP3");
	full.fromClient(new Uint8Array(262_144));
	assert.equal(full.isOver, false);
	full.fromClient(new Uint8Array(1));
	assert.equal(full.isOver, true);
});
