import assert from "node:assert/strict";
import { test } from "node:test";
import { DtlsConnection } from "#dtls/connection.ts";
import type { HandshakeMessage } from "#dtls/handshake.ts";

/** An end that understands nothing and says one message. */
class Mute extends DtlsConnection {
	readonly heard: HandshakeMessage[] = [];

	protected override message(message: HandshakeMessage): void {
		this.heard.push(message);
	}

	say(now: number): void {
		this.association.say(1, Uint8Array.of(1, 2, 3));
		this.association.sendFlight(now, false);
	}
}

function pair() {
	const wire: Uint8Array[] = [];
	const ends: string[] = [];
	const end = () =>
		new Mute(
			{ send: (datagram) => wire.push(datagram), data: () => undefined, ended: ({ kind }) => ends.push(kind) },
			1_200,
		);
	return { wire, ends, one: end(), other: end() };
}

test("what one end says the other hears as a whole message, and an unanswered flight has its time", () => {
	const { wire, one, other } = pair();
	assert.equal(one.deadline, Number.POSITIVE_INFINITY);
	one.say(5);
	for (const datagram of wire.splice(0)) other.receive(datagram, 6);
	assert.deepEqual(
		other.heard.map(({ type, body }) => [type, ...body]),
		[[1, 1, 2, 3]],
	);
	assert.ok(one.deadline > 5 && one.deadline < Number.POSITIVE_INFINITY);
	one.tick(one.deadline);
	assert.equal(wire.length, 1, "the flight is sent again");
});

test("before it is established nothing of the application goes out; it ends once", () => {
	const { ends, one } = pair();
	assert.equal(one.isEstablished, false);
	assert.equal(one.write(Uint8Array.of(1)), false);
	one.close(1);
	one.close(2);
	assert.deepEqual([one.isEnded, ends], [true, ["closed"]]);
});
