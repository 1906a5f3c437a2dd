import assert from "node:assert/strict";
import { test } from "node:test";
import { espProposal, ikeProposal, withAdditional } from "#ike/crypto/proposal.ts";
import { withFurtherExchanges } from "#ike/crypto/proposal-sets.ts";
import { exchangeType } from "#ike/wire/header.ts";
import { bringUp, makePair, type Network, type NetworkOptions, type Node } from "../../../test/support/ike-network.ts";

const ike = withAdditional(ikeProposal("aes-256-gcm", "sha-256", "group19"), ["ml-kem-768"]);
const esp = withAdditional(espProposal("aes-256-gcm", undefined, "group19"), ["ml-kem-512", "group20"]);

function pairWith(options: NetworkOptions = {}) {
	return makePair(options, { a: { proposals: [ike] }, b: { proposals: [ike] }, child: { proposals: [esp] } });
}

function onlyChild(node: Node) {
	const [child, more] = node.installed.values();
	assert.ok(
		child !== undefined && more === undefined,
		`${node.name} has ${node.installed.size}: ${node.reports.join("\n")}`,
	);
	return child;
}

function assertMirrored(a: Node, b: Node): void {
	const [ofA, ofB] = [onlyChild(a), onlyChild(b)];
	assert.deepEqual([ofA.inboundSpi, ofA.outboundSpi], [ofB.outboundSpi, ofB.inboundSpi]);
	assert.deepEqual(ofA.inboundKeys, ofB.outboundKeys);
	assert.deepEqual(ofA.outboundKeys, ofB.inboundKeys);
}

const wearOut = (network: Network, ...nodes: readonly Node[]) => {
	for (const node of nodes) network.give(node, { type: "child-worn-out", inboundSpi: onlyChild(node).inboundSpi });
};

test("new keys of a child and of IKE go through a further exchange for each method, in either direction", () => {
	for (const role of ["a", "b"] as const) {
		const pair = pairWith();
		const { network, a, b } = pair;
		bringUp(network, a);
		const exchanges: number[] = [];
		network.meddler = (datagram, from) => {
			if (from === pair[role]) exchanges.push(datagram[18] ?? 0);
			return datagram;
		};
		const before = onlyChild(a);
		wearOut(network, pair[role]);
		network.run(1_000);
		assertMirrored(a, b);
		assert.notDeepEqual(onlyChild(a).inboundKeys, before.inboundKeys);
		// ML-KEM-512 fits one datagram; then comes the second method, then the end of the old child.
		const { createChildSa, ikeFollowupKe, informational } = exchangeType;
		assert.deepEqual(exchanges, [createChildSa, ikeFollowupKe, ikeFollowupKe, informational]);
		exchanges.length = 0;
		network.give(pair[role], { type: "rekey-wanted", connection: "peer" });
		network.run(1_000);
		assert.deepEqual(exchanges.slice(0, 3), [createChildSa, ikeFollowupKe, ikeFollowupKe]);
		assert.equal(a.count("ike-rekeyed") + b.count("ike-rekeyed"), 2);
		wearOut(network, pair[role]);
		network.run(1_000);
		assertMirrored(a, b);
		assert.equal(a.count("child-failed") + b.count("child-failed"), 0);
	}
});

test("both ends ask for new keys of the same child at once: one replacement stays", () => {
	for (let seed = 0; seed < 20; seed++) {
		const { network, a, b } = pairWith({ seed: `collision ${seed}`, delay: [1, 40] });
		bringUp(network, a);
		const before = onlyChild(a).inboundSpi;
		wearOut(network, a, b);
		network.run(40_000);
		assertMirrored(a, b);
		assert.notEqual(onlyChild(a).inboundSpi, before);
	}
});

test("both ends ask for new keys of IKE at once: one successor stays, and works", () => {
	for (let seed = 0; seed < 20; seed++) {
		const { network, a, b } = pairWith({ seed: `ike collision ${seed}`, delay: [1, 40] });
		bringUp(network, a);
		for (const node of [a, b]) network.give(node, { type: "rekey-wanted", connection: "peer" });
		// An end whose last answer comes behind the peer's delete never has its successor: the peer's part of it fades away.
		network.run(120_000);
		for (const node of [a, b])
			assert.deepEqual(
				node.phases.filter((phase) => phase !== "closed"),
				["established"],
				`${seed} ${node.reports}`,
			);
		wearOut(network, a);
		network.run(5_000);
		assertMirrored(a, b);
	}
});

test("whatever the network loses, repeats and reorders, ends that ask for everything at once come to the same child", () => {
	for (let seed = 0; seed < 20; seed++) {
		const options = { seed: `pq storm ${seed}`, lost: 200, repeated: 200, delay: [1, 900] as const };
		const { network, a, b } = pairWith(options);
		network.lost = 0;
		bringUp(network, a, 30_000);
		network.lost = 200;
		wearOut(network, a, b);
		network.give(seed % 2 === 0 ? a : b, { type: "rekey-wanted", connection: "peer" });
		network.run(60_000);
		network.lost = 0;
		network.run(200_000);
		if (a.installed.size === 0 && b.installed.size === 0) bringUp(network, a, 60_000);
		assertMirrored(a, b);
	}
});

test("a peer whose further exchange does not come is waited for 20 s; the child stays, and gets its keys later", () => {
	const { network, a, b } = pairWith();
	bringUp(network, a);
	const before = onlyChild(b);
	network.meddler = (datagram) => (datagram[18] === exchangeType.ikeFollowupKe ? undefined : datagram);
	wearOut(network, a);
	network.run(21_000);
	assert.deepEqual(onlyChild(b), before);
	network.meddler = (datagram) => datagram;
	// The request that was lost so far comes at last: what it was for is forgotten.
	network.run(60_000);
	assert.match(a.reports.join(), /STATE_NOT_FOUND/);
	network.run(60_000);
	assertMirrored(a, b);
	assert.notEqual(onlyChild(b).inboundSpi, before.inboundSpi);
});

test("where they are optional, ends of which one does not know them renew without", () => {
	const optional = withFurtherExchanges(espProposal("aes-256-gcm", undefined, "group19"), {
		methods: ["ml-kem-768"],
		optional: true,
	});
	const { network, a, b } = makePair({}, { child: { proposals: optional } });
	bringUp(network, a);
	wearOut(network, a);
	network.run(2_000);
	assertMirrored(a, b);
	assert.deepEqual(onlyChild(a).algorithms, optional[0]);
});
