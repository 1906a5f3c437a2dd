import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EapClient } from "#ike/eap/eap-client.ts";
import { EapServer, type EapServerStep, eapType } from "#ike/eap/eap-server.ts";
import { passwordHash } from "#ike/eap/ms-chap-v2.ts";
import { seededRandom } from "../../../test/support/seeded-random.ts";

const users = { passwords: new Map([["ann", passwordHash("correct horse")]]) };

/** Lets both ends talk until one ends it; `meddle` with what the client says. */
function talk(
	name: string,
	password: string,
	meddle = (data: Uint8Array, _round: number) => data,
): { readonly last: EapServerStep; readonly client: string; readonly clientKey: Uint8Array | undefined } {
	const server = new EapServer(users, seededRandom("server"));
	const client = new EapClient({ name, hash: passwordHash(password) }, seededRandom("client"));
	let asked = server.begin();
	for (let round = 0; round < 20; round++) {
		const answer = client.take(asked);
		if (answer.kind !== "answer")
			return { last: { kind: "ask", message: asked }, client: answer.kind, clientKey: undefined };
		const step = server.take({ ...answer.message, data: meddle(answer.message.data, round) });
		if (step.kind === "tls" || step.kind === "judge") throw new Error("nobody asked for TLS");
		if (step.kind !== "ask") {
			const end = client.take(step.message);
			return { last: step, client: end.kind, clientKey: end.kind === "success" ? end.key : undefined };
		}
		asked = step.message;
	}
	throw new Error("it goes on without end");
}

test("a user with the right password is let in, and both ends have the same key", () => {
	const { last, clientKey } = talk("ann", "correct horse");
	assert.ok(last.kind === "success");
	assert.equal(last.user, "ann");
	assert.deepEqual(clientKey, last.key);
	assert.equal(talk("OFFICE\\ann", "correct horse").last.kind, "success");
});

test("a wrong password and a name that nobody has are refused at the same place, by the same words", () => {
	for (const [name, password] of [
		["ann", "wrong"],
		["bob", "correct horse"],
	] as const) {
		let rounds = 0;
		const { last, client } = talk(name, password, (data, round) => {
			rounds = round;
			return data;
		});
		assert.ok(last.kind === "failure" && last.isGuess);
		assert.deepEqual([rounds, client], [1, "failure"]);
		assert.match(last.reason, /is not known or has another password/);
	}
});

test("who says another name to the method than before is refused", () => {
	const { last } = talk("ann", "correct horse", (data, round) =>
		round === 0 ? Uint8Array.of(eapType.identity, ...Buffer.from("bob")) : data,
	);
	assert.ok(last.kind === "failure");
});

test("a name of no octets or more than 253, a method that is not offered and an answer out of turn end it", () => {
	for (const [round, data, reason] of [
		[0, Uint8Array.of(1), /no name/],
		[0, new Uint8Array(255).fill(1), /no name/],
		[1, Uint8Array.of(eapType.nak, 13), /knows no method/],
		[1, Uint8Array.of(4, 1), /by method 4/],
		[1, Uint8Array.of(eapType.mschapv2, 3), /not expected/],
		[2, Uint8Array.of(eapType.mschapv2, 4), /not expected/],
	] as const) {
		const { last } = talk("ann", "correct horse", (own, at) => (at === round ? data : own));
		assert.ok(last.kind === "failure" && !last.isGuess);
		assert.match(last.reason, reason);
	}
});

test("no answers make it throw, in any order, and none but the right ones lead to success", () => {
	const answer = fc.record({
		code: fc.constantFrom(1, 2, 2, 2, 3, 4),
		shift: fc.constantFrom(0, 0, 0, 1),
		data: fc.oneof(
			fc.uint8Array({ minLength: 1, maxLength: 80 }),
			fc.constantFrom(Uint8Array.of(1, 97, 110, 110), Uint8Array.of(26, 3), Uint8Array.of(26, 4)),
		),
	});
	fc.assert(
		fc.property(fc.array(answer, { maxLength: 8 }), (answers) => {
			const server = new EapServer(users, seededRandom("any"));
			let { identifier } = server.begin();
			for (const { code, shift, data } of answers) {
				const step = server.take({ code, identifier: (identifier + shift) & 0xff, data });
				assert.notEqual(step.kind, "success");
				if (step.kind !== "tls" && step.kind !== "judge") identifier = step.message.identifier;
			}
		}),
	);
});

test("where users have certificates TLS is offered first; who does not want it gets MSCHAPv2, if there are passwords", () => {
	const begin = (passwords: ReadonlyMap<string, Uint8Array>) => {
		const server = new EapServer({ passwords, certificates: {} }, seededRandom("tls"));
		const said = (identifier: number, ...data: number[]) =>
			server.take({ code: 2, identifier, data: Uint8Array.from(data) });
		const start = said(server.begin().identifier, eapType.identity, 97, 110, 110);
		assert.ok(start.kind === "ask");
		assert.deepEqual([...start.message.data], [eapType.tls, 0x20]);
		return { server, said, identifier: start.message.identifier };
	};
	const other = begin(users.passwords);
	const chap = other.said(other.identifier, eapType.nak, eapType.mschapv2);
	assert.ok(chap.kind === "ask" && chap.message.data[0] === eapType.mschapv2);
	const none = begin(new Map());
	assert.equal(none.said(none.identifier, eapType.nak, eapType.mschapv2).kind, "failure");
	const late = begin(users.passwords);
	assert.equal(late.said(late.identifier, eapType.tls, 0, 1, 2, 3).kind, "tls");
	const asked = late.server.answerTls({ output: Uint8Array.of(9) });
	assert.ok(asked.kind === "ask");
	assert.equal(late.said(asked.message.identifier, eapType.nak, eapType.mschapv2).kind, "failure");
});

test("behind TLS the certificate is judged; only then the user is let in, with the key of TLS", () => {
	for (const refusal of [undefined, "it was revoked"]) {
		const server = new EapServer({ passwords: new Map(), certificates: {} }, seededRandom("tls"));
		const said = (identifier: number, ...data: number[]) =>
			server.take({ code: 2, identifier, data: Uint8Array.from(data) });
		const start = said(server.begin().identifier, eapType.identity, 97, 110, 110);
		assert.ok(start.kind === "ask");
		const flight = said(start.message.identifier, eapType.tls, 0, 1, 2, 3);
		assert.ok(flight.kind === "tls" && flight.isFirst);
		assert.equal(server.judged(undefined).kind === "success", false);
		const again = new EapServer({ passwords: new Map(), certificates: {} }, seededRandom("tls"));
		const first = again.take({ code: 2, identifier: again.begin().identifier, data: Uint8Array.of(1, 97, 110, 110) });
		assert.ok(first.kind === "ask");
		again.take({ code: 2, identifier: first.message.identifier, data: Uint8Array.of(eapType.tls, 0, 1) });
		const key = new Uint8Array(64).fill(5);
		const last = again.answerTls({ output: Uint8Array.of(9), done: { key, certificates: [Uint8Array.of(1)] } });
		assert.ok(last.kind === "ask");
		const judge = again.take({ code: 2, identifier: last.message.identifier, data: Uint8Array.of(eapType.tls, 0) });
		assert.deepEqual(judge, { kind: "judge", user: "ann", certificates: [Uint8Array.of(1)] });
		const end = again.judged(refusal);
		assert.equal(end.kind, refusal === undefined ? "success" : "failure");
		if (end.kind === "success") assert.deepEqual(end.key, key);
		if (end.kind === "failure") assert.match(end.reason, /user ann: it was revoked/);
	}
});

test("without an engine of TLS nobody is let in", () => {
	const server = new EapServer({ passwords: new Map(), certificates: {} }, seededRandom("tls"));
	const start = server.take({ code: 2, identifier: server.begin().identifier, data: Uint8Array.of(1, 97) });
	assert.ok(start.kind === "ask");
	server.take({ code: 2, identifier: start.message.identifier, data: Uint8Array.of(eapType.tls, 0, 1) });
	assert.equal(server.answerTls(undefined).kind, "failure");
});
