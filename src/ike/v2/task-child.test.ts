import assert from "node:assert/strict";
import { test } from "node:test";
import { espProposal } from "#ike/crypto/proposal.ts";
import type { ChildAssociation } from "#ike/v2/engine-event.ts";
import { bringUp, childConfig, makePair, type Network, type Node } from "../../../test/support/ike-network.ts";

/** The only child of a node. */
function onlyChild(node: Node): ChildAssociation {
	const [child, more] = node.installed.values();
	assert.ok(child !== undefined && more === undefined, `${node.name} has ${node.installed.size} children`);
	return child;
}

/** Both ends have the same one child, seen from either side. */
function assertMirrored(a: Node, b: Node): void {
	const [ofA, ofB] = [onlyChild(a), onlyChild(b)];
	assert.deepEqual([ofA.inboundSpi, ofA.outboundSpi], [ofB.outboundSpi, ofB.inboundSpi]);
	assert.deepEqual(ofA.inboundKeys, ofB.outboundKeys);
	assert.deepEqual(ofA.outboundKeys, ofB.inboundKeys);
	assert.deepEqual(ofA.localSelectors, ofB.remoteSelectors);
}

const wearOut = (network: Network, ...nodes: readonly Node[]) => {
	for (const node of nodes) network.give(node, { type: "child-worn-out", inboundSpi: onlyChild(node).inboundSpi });
};

test("B8: a child is replaced by one with other SPIs and keys; the old one goes", () => {
	const { network, a, b } = makePair();
	bringUp(network, a);
	const before = onlyChild(a);
	wearOut(network, a);
	network.run(1_000);
	assertMirrored(a, b);
	assert.notEqual(onlyChild(a).inboundSpi, before.inboundSpi);
	assert.notDeepEqual(onlyChild(a).inboundKeys, before.inboundKeys);
	assert.deepEqual([a.count("child-rekeyed"), b.count("child-rekeyed"), b.count("child-closed")], [1, 1, 0]);
});

test("B7: the replacement is there before the old one goes, and it comes before the hard lifetime", () => {
	const { network, a, b } = makePair({}, { child: { lifetime: 3_600_000 } });
	bringUp(network, a);
	const first = onlyChild(a).inboundSpi;
	network.run(2_960_000);
	assert.equal(onlyChild(a).inboundSpi, first);
	network.run(80_000);
	assert.notEqual(onlyChild(a).inboundSpi, first);
	assertMirrored(a, b);
	const order = a.played
		.flatMap(({ effects }) => effects.map(({ type }) => type))
		.filter((type) => type.endsWith("-child"));
	assert.deepEqual(order, ["install-child", "install-child", "remove-child"]);
});

test("both ends replace the same child at once: one replacement stays, on both sides the same (RFC 7296 §2.8.1)", () => {
	for (let seed = 0; seed < 12; seed++) {
		const { network, a, b } = makePair({ seed: `collision ${seed}` });
		bringUp(network, a);
		const before = onlyChild(a).inboundSpi;
		wearOut(network, a, b);
		network.run(5_000);
		assertMirrored(a, b);
		assert.notEqual(onlyChild(a).inboundSpi, before);
		assert.equal(a.count("child-failed") + b.count("child-failed"), 0);
	}
});

test("whatever the network loses, repeats and reorders, ends that replace at once come to the same child", () => {
	for (let seed = 0; seed < 40; seed++) {
		const options = { seed: `storm ${seed}`, lost: 250, repeated: 200, delay: [1, 1_500] as const };
		const { network, a, b } = makePair(options);
		network.lost = 0;
		bringUp(network, a, 20_000);
		network.lost = 250;
		wearOut(network, a, b);
		network.run(30_000);
		network.lost = 0;
		network.run(120_000);
		if (a.installed.size === 0 && b.installed.size === 0) bringUp(network, a, 60_000);
		assertMirrored(a, b);
	}
});

test("one end deletes what the other replaces: no half of a pair is left", () => {
	for (let seed = 0; seed < 10; seed++) {
		const { network, a, b } = makePair({ seed: `delete ${seed}`, delay: [1, 400] }, { child: { lifetime: 600_000 } });
		bringUp(network, a, 5_000);
		wearOut(network, a);
		network.give(b, { type: "close-wanted", connection: "peer" });
		network.run(60_000);
		assert.deepEqual([a.installed.size, b.installed.size], [0, 0]);
	}
});

test("B29: new keys with forward secrecy come from an exchange of their own", () => {
	const proposals = [espProposal("aes-256-gcm", undefined, "group19")];
	const { network, a, b } = makePair({}, { child: { proposals } });
	bringUp(network, a);
	assert.equal(onlyChild(a).algorithms.cipher.name, "aes-256-gcm");
	wearOut(network, b);
	network.run(1_000);
	assertMirrored(a, b);
	assert.equal(b.count("child-rekeyed"), 1);
});

test("the peer wants another of our groups: it is tried with that one", () => {
	const [g14, g19] = ["group14", "group19"].map((group) => espProposal("aes-256-gcm", undefined, group));
	assert.ok(g14 !== undefined && g19 !== undefined);
	const { network, a, b } = makePair(
		{},
		{
			a: { children: [childConfig("10.1.0.0/16", "10.2.0.0/16", { proposals: [g14, g19] })] },
			b: { children: [childConfig("10.2.0.0/16", "10.1.0.0/16", { proposals: [g19] })] },
		},
	);
	bringUp(network, a);
	wearOut(network, a);
	network.run(2_000);
	assertMirrored(a, b);
	assert.equal(a.count("child-rekeyed"), 1);
});

test("a second child is made below the same association", () => {
	const { network, a, b } = makePair(
		{},
		{
			a: {
				children: [
					childConfig("10.1.0.0/16", "10.2.0.0/16"),
					childConfig("10.3.0.0/16", "10.4.0.0/16", { name: "second" }),
				],
			},
			b: {
				children: [
					childConfig("10.2.0.0/16", "10.1.0.0/16"),
					childConfig("10.4.0.0/16", "10.3.0.0/16", { name: "second" }),
				],
			},
		},
	);
	bringUp(network, a);
	network.give(a, { type: "tunnel-wanted", connection: "peer", child: "second" });
	network.run(1_000);
	assert.deepEqual([...b.installed.values()].map(({ child }) => child).sort(), ["lan", "second"]);
	assert.equal(a.endpoint.describe().length, 1);
});

test("B9: a child whose hard lifetime ends without a successor goes on both sides", () => {
	const { network, a, b } = makePair(
		{},
		{
			a: { children: [childConfig("10.1.0.0/16", "10.2.0.0/16", { lifetime: 600_000 })] },
			b: { children: [childConfig("10.2.0.0/16", "10.1.0.0/16", { proposals: [] })] },
		},
	);
	bringUp(network, a);
	assert.equal(a.installed.size, 0);
	assert.equal(a.count("child-failed"), 1);
	assert.equal(b.count("child-failed"), 1);
	assert.deepEqual([a.phases, b.phases], [["established"], ["established"]]);
});
