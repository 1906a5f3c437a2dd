import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeChapPacket } from "#ike/eap/chap-packet.ts";
import { EapClient } from "#ike/eap/eap-client.ts";
import { passwordHash } from "#ike/eap/ms-chap-v2.ts";
import { seededRandom } from "../../../test/support/seeded-random.ts";

const newClient = () => new EapClient({ name: "ann", hash: passwordHash("secret") }, seededRandom("client"));
const ask = (...data: number[]) => ({ code: 1, identifier: 7, data: Uint8Array.from(data) });
const challenge = ask(26, ...encodeChapPacket({ kind: "challenge", id: 7, challenge: new Uint8Array(16), name: "x" }));

test("it says its name, and that it speaks nothing but MSCHAPv2", () => {
	const client = newClient();
	const named = client.take(ask(1));
	assert.ok(named.kind === "answer");
	assert.deepEqual([named.message.identifier, Buffer.from(named.message.data).toString("latin1")], [7, "\x01ann"]);
	const refused = client.take(ask(4, 1, 2));
	assert.ok(refused.kind === "answer");
	assert.deepEqual([...refused.message.data], [3, 26]);
});

test("a server that welcomes it without knowing the password is not believed", () => {
	const client = newClient();
	client.take(challenge);
	const welcome = encodeChapPacket({ kind: "success", id: 8, text: `S=${"0".repeat(40)} M=hi` });
	const end = client.take(ask(26, ...welcome));
	assert.ok(end.kind === "failure");
	assert.match(end.reason, /does not know the password/);
	const early = newClient().take({ code: 3, identifier: 7, data: new Uint8Array(0) });
	assert.ok(early.kind === "failure");
	assert.match(early.reason, /without having proved/);
});

test("a refusal is reported in the server's words, control characters made visible; a server that asks without end is left", () => {
	const client = newClient();
	client.take(challenge);
	client.take(ask(26, ...encodeChapPacket({ kind: "failure", id: 8, text: "E=691\u0007" })));
	const end = client.take({ code: 4, identifier: 8, data: new Uint8Array(0) });
	assert.ok(end.kind === "failure" && end.reason.startsWith("the peer refuses the user: E=691"));
	assert.ok(!end.reason.includes("\u0007"));
	const other = newClient();
	for (let count = 0; count < 16; count++) assert.equal(other.take(ask(1)).kind, "answer");
	assert.equal(other.take(ask(1)).kind, "failure");
});

test("no questions make it throw, and none but a right proof leads to success", () => {
	const question = fc.record({
		code: fc.integer({ min: 1, max: 4 }),
		identifier: fc.nat(255),
		data: fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constant(challenge.data)),
	});
	fc.assert(
		fc.property(fc.array(question, { maxLength: 10 }), (questions) => {
			const client = newClient();
			for (const one of questions) assert.notEqual(client.take(one).kind, "success");
		}),
	);
});
