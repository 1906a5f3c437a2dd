import assert from "node:assert/strict";
import { test } from "node:test";
import { espProposal, ikeProposal } from "#ike/crypto/proposal.ts";
import type { Connection } from "#ike/v2/connection.ts";
import {
	addressA,
	addressB,
	bringUp,
	childConfig,
	connection,
	makePair,
	type Node,
} from "../../test/support/ike-network.ts";

const child = childConfig("10.1.0.0/16", "10.2.0.0/16");
const ofA = (more: Partial<Connection> = {}) => connection(addressA, addressB, { children: [child], ...more });
const spis = ({ installed }: Node) => [...installed.keys()];
const standing = (node: Node) => node.endpoint.describe().filter(({ phase }) => phase === "established");

function upPair(more: Parameters<typeof makePair>[1] = {}) {
	const pair = makePair({}, more);
	bringUp(pair.network, pair.a);
	const follow = (...connections: readonly Connection[]) => {
		pair.network.give(pair.a, { type: "connections-changed", connections });
		pair.network.run(2_000);
	};
	return { ...pair, follow, before: spis(pair.a), initiatorSpi: standing(pair.a)[0]?.initiatorSpi };
}

test("B30: what is not touched goes on: the same associations, and not one message", () => {
	const { network, a, follow, before, initiatorSpi } = upPair();
	const { sent } = network;
	follow(ofA(), connection("192.0.2.77", "192.0.2.78", { name: "another" }));
	assert.equal(network.sent, sent);
	assert.deepEqual([spis(a), standing(a)[0]?.initiatorSpi], [before, initiatorSpi]);
});

test("B30: other algorithms in the proposal of IKE leave associations as they are; the next negotiation offers them", () => {
	const { network, a, b, follow, before, initiatorSpi } = upPair();
	const proposals = [ikeProposal("aes-128-gcm", "sha-256", "group19")];
	follow(ofA({ proposals }));
	assert.deepEqual([spis(a), standing(a)[0]?.initiatorSpi], [before, initiatorSpi]);
	network.give(b, {
		type: "connections-changed",
		connections: [connection(addressB, addressA, { children: [childConfig("10.2.0.0/16", "10.1.0.0/16")], proposals })],
	});
	network.give(a, { type: "rekey-wanted", connection: "peer" });
	network.run(2_000);
	assert.equal(standing(a)[0]?.algorithms?.cipher, "aes-128-gcm");
});

test("B30: another cipher or forward secrecy of a child deletes it at both ends; traffic brings it up anew", () => {
	for (const proposal of [espProposal("aes-128-gcm", undefined), espProposal("aes-256-gcm", undefined, "group19")]) {
		const { network, a, b, follow, initiatorSpi } = upPair();
		const changed = { ...child, proposals: [proposal] };
		follow(ofA({ children: [changed] }));
		assert.deepEqual([spis(a), spis(b)], [[], []]);
		assert.equal(standing(a)[0]?.initiatorSpi, initiatorSpi);
		const theirs = { ...childConfig("10.2.0.0/16", "10.1.0.0/16"), proposals: [proposal] };
		network.give(b, {
			type: "connections-changed",
			connections: [connection(addressB, addressA, { children: [theirs] })],
		});
		bringUp(network, a);
		assert.equal(spis(a).length, 1, `${a.reports} ${b.reports}`);
	}
});

test("B33: a child that was deleted, or is new, is made at once where tunnels start immediately", () => {
	const { a, b, follow, before } = upPair({ a: { startsImmediately: true } });
	const second = { ...childConfig("10.3.0.0/16", "10.2.0.0/16"), name: "second" };
	follow(ofA({ children: [child, second], startsImmediately: true }));
	// The peer knows no such traffic and says so; the first child stays.
	assert.deepEqual(spis(a), before);
	assert.match(a.reports.join(), /child second: the peer answered TS_UNACCEPTABLE/);
	assert.equal(spis(b).length, 1);
});

test("a connection that is gone, and one with another secret, end with a notification; a new one begins where it should", () => {
	const gone = upPair();
	gone.follow();
	assert.deepEqual([spis(gone.a), spis(gone.b), standing(gone.b).length], [[], [], 0]);
	assert.match(gone.b.reports.join(), /closed by the peer/);
	const other = upPair();
	other.follow(ofA({ localIdentity: { idType: 2, data: Buffer.from("a.example") }, startsImmediately: true }));
	// The peer expects the address as identity: it refuses, and nothing of the old association stands.
	assert.deepEqual([spis(other.a), standing(other.b).length], [[], 0]);
	assert.match(other.b.reports.join(), /whom no connection expects/);
});

test("B33: a connection that starts immediately begins as soon as it is known, and one that no longer does is not retried", () => {
	const { network, a, b } = makePair();
	network.give(a, { type: "connections-changed", connections: [ofA({ startsImmediately: true })] });
	network.run(1_000);
	assert.deepEqual([spis(a).length, spis(b).length], [1, 1]);
	const lonely = makePair();
	lonely.network.lost = 1_000;
	lonely.network.give(lonely.a, { type: "connections-changed", connections: [ofA({ startsImmediately: true })] });
	lonely.network.run(1_000);
	lonely.network.give(lonely.a, { type: "connections-changed", connections: [] });
	const { sent } = lonely.network;
	lonely.network.run(300_000);
	assert.equal(lonely.network.sent, sent);
	assert.equal(lonely.a.endpoint.describe().length, 0);
});

test("one association and one child can be closed by themselves", () => {
	const { network, a, b, before } = upPair();
	network.give(a, { type: "child-close-wanted", inboundSpi: before[0] ?? 0 });
	network.run(1_000);
	assert.deepEqual([spis(a), spis(b), standing(a).length], [[], [], 1]);
	network.give(a, { type: "association-close-wanted", association: standing(a)[0]?.id ?? 0 });
	network.run(1_000);
	assert.deepEqual([standing(a).length, standing(b).length], [0, 0]);
});

test("B33: a tunnel that starts immediately is made again when the peer has deleted it alone, by one end once", () => {
	const { network, a, b } = makePair({}, { a: { startsImmediately: true } });
	network.run(1_000);
	network.give(b, { type: "child-close-wanted", inboundSpi: spis(b)[0] ?? 0 });
	network.run(5_000);
	assert.deepEqual([spis(a), spis(b)], [[], []]);
	network.run(10_000);
	assert.deepEqual([spis(a).length, spis(b).length, standing(a).length], [1, 1, 1]);
	const { sent } = network;
	network.run(60_000);
	assert.equal(network.sent, sent);
});

test("B9: a tunnel without traffic for the idle time is deleted at both ends; traffic keeps it", () => {
	const { network, a, b } = makePair({}, { child: { idleTime: 60_000 } });
	bringUp(network, a);
	const note = { type: "traffic-noted", inboundSpi: spis(a)[0] ?? 0, hasSent: false, hasReceived: true } as const;
	network.run(50_000);
	network.give(a, note);
	network.give(b, { ...note, inboundSpi: spis(b)[0] ?? 0 });
	network.run(50_000);
	assert.deepEqual([spis(a).length, spis(b).length], [1, 1]);
	network.run(15_000);
	assert.deepEqual([spis(a), spis(b), standing(a).length], [[], [], 1]);
	assert.match(a.reports.join(), /it was idle/);
});
