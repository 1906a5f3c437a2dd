import assert from "node:assert/strict";
import { test } from "node:test";
import { GreetingStream } from "#inspect/greeting-stream.ts";
import { MailStream } from "#inspect/mail-stream.ts";
import { OpaqueStream } from "#inspect/opaque-stream.ts";
import { patternService } from "#inspect/pattern-service.ts";
import { forward, hold, release } from "#inspect/plaintext-stream.ts";

function opened() {
	const chosen: string[] = [];
	const stream = new GreetingStream(
		(protocol) => {
			chosen.push(protocol);
			return new MailStream(protocol, [patternService([])], "s1", false);
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
	const both = opened();
	both.stream.fromServer(Buffer.from("220 m"));
	both.stream.fromClient(Buffer.from("hello\r\n"));
	assert.equal(both.stream.fromServer(Buffer.from("ail.test ESMTP\r\n")), release);
	assert.equal(Buffer.concat(both.stream.released).toString(), "220 mail.test ESMTP\r\n");
	assert.deepEqual(both.chosen, ["other"]);
	assert.equal(opened().stream.clientEnded(), forward);
});
