import assert from "node:assert/strict";
import { test } from "node:test";
import { type StrangerPorts, Strangers } from "#ike/strangers.ts";
import type { EngineEffect } from "#ike/v2/engine-event.ts";
import { defaultSettings } from "#ike/v2/settings.ts";
import { decodeMessage, encodeMessage, type Message } from "#ike/wire/message.ts";
import type { Payload } from "#ike/wire/payload.ts";
import { addressA, addressB, addressOf, childConfig, connection, Network } from "../../test/support/ike-network.ts";
import { seededRandom } from "../../test/support/seeded-random.ts";

const path = {
	local: { address: addressOf(addressB), port: 500 },
	remote: { address: addressOf(addressA), port: 500 },
};
const known = [connection(addressB, addressA)];

function firstMessage(): Uint8Array {
	const network = new Network();
	const children = [childConfig("10.1.0.0/16", "10.2.0.0/16")];
	const node = network.add("x", addressA, [connection(addressA, addressB, { children })]);
	network.give(node, { type: "tunnel-wanted", connection: "peer", child: "lan" });
	const [first] = node.played.flatMap(({ effects }) => effects);
	assert.ok(first?.type === "send-datagram");
	return first.datagram;
}

function decoded(datagram: Uint8Array): Message {
	const message = decodeMessage(datagram);
	assert.ok(message.kind === "done");
	return message.value;
}

function standing(settings = {}, more: Partial<StrangerPorts> = {}) {
	const counts: string[] = [];
	const effects: EngineEffect[] = [];
	const strangers = new Strangers({ ...defaultSettings, ...settings }, seededRandom("strangers"), {
		count: (what) => counts.push(what),
		emit: (effect) => effects.push(effect),
		isOwnSpi: () => false,
		isFull: () => false,
		begin: () => assert.fail("nobody is to come in"),
		...more,
	});
	return { strangers, counts, effects };
}

test("each reason why a first message leads nowhere is counted under its name; most are not answered", () => {
	const datagram = firstMessage();
	const message = decoded(datagram);
	const without = (type: Payload["type"]) => {
		const cut = encodeMessage(
			message.header,
			message.payloads.filter((one) => one.type !== type),
		);
		return [decoded(cut), cut] as const;
	};
	const cases = [
		[standing(), [], message, datagram, "refused", 0],
		[standing({}, { isOwnSpi: () => true }), known, message, datagram, "reflected", 0],
		[standing(), known, ...without("nonce"), "malformed", 0],
		[standing({}, { isFull: () => true }), known, message, datagram, "overloaded", 0],
		[standing({ maxHalfOpen: 0 }), known, message, datagram, "overloaded", 0],
		[standing({ cookieThreshold: 0 }), known, message, datagram, "cookieChallenges", 1],
		[standing({ maxHalfOpenFromOne: 0 }), known, message, datagram, "cookieChallenges", 1],
		// Told and answered: the report and the refusal.
		[standing(), known, ...without("ke"), "refused", 2],
	] as const;
	for (const [{ strangers, counts, effects }, connections, one, octets, reason, told] of cases) {
		strangers.take(connections, one, octets, path, 0);
		assert.deepEqual([counts, effects.length], [[reason], told], reason);
	}
});

test("a version that is not spoken is counted; only a later one is told which is", () => {
	const { strangers, counts, effects } = standing();
	const datagram = firstMessage();
	const { header } = decoded(datagram);
	strangers.refuseVersion({ ...header, version: 0x10 }, datagram, path);
	strangers.refuseVersion({ ...header, version: 0x30, isResponse: true }, datagram, path);
	assert.deepEqual([counts.length, effects.length], [2, 0]);
	strangers.refuseVersion({ ...header, version: 0x30 }, datagram, path);
	assert.deepEqual([counts.at(-1), effects.map(({ type }) => type)], ["otherVersion", ["send-datagram"]]);
});
