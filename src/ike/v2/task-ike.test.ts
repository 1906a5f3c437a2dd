import assert from "node:assert/strict";
import { test } from "node:test";
import { bringUp, makePair, type Network, type Node } from "../../../test/support/ike-network.ts";

/** The SPIs of the only established association, and that both ends have the same. */
function onlyAssociation(a: Node, b: Node): string {
	const standing = [a, b].map((node) => node.endpoint.describe().filter(({ phase }) => phase !== "closed"));
	for (const [index, all] of standing.entries())
		assert.deepEqual(
			all.map(({ phase }) => phase),
			["established"],
			`end ${index}`,
		);
	const [ofA, ofB] = standing.map(([one]) => `${one?.initiatorSpi} ${one?.responderSpi}`);
	assert.equal(ofA, ofB);
	return ofA ?? "";
}

const renew = (network: Network, ...nodes: readonly Node[]) => {
	for (const node of nodes) network.give(node, { type: "rekey-wanted", connection: "peer" });
};

function assertOneChild(a: Node, b: Node): void {
	assert.deepEqual([a.installed.size, b.installed.size], [1, 1]);
	const [[ofA], [ofB]] = [[...a.installed.values()], [...b.installed.values()]];
	assert.deepEqual([ofA?.inboundSpi, ofA?.outboundSpi], [ofB?.outboundSpi, ofB?.inboundSpi]);
}

test("B13: an association of IKE gets new keys; its children stay as they are and belong to the new one", () => {
	for (const who of ["a", "b"] as const) {
		const { network, a, b } = makePair();
		bringUp(network, a);
		const before = onlyAssociation(a, b);
		const spi = [...a.installed.keys()];
		renew(network, who === "a" ? a : b);
		network.run(1_000);
		assert.notEqual(onlyAssociation(a, b), before);
		assert.deepEqual([...a.installed.keys()], spi);
		assert.deepEqual(a.endpoint.describe().find(({ phase }) => phase === "established")?.children.length, 1);
		assert.deepEqual([a.count("ike-rekeyed"), b.count("ike-rekeyed")], [1, 1]);
		// The children can still be replaced, under the new keys.
		network.give(b, { type: "child-worn-out", inboundSpi: [...b.installed.keys()][0] ?? 0 });
		network.run(1_000);
		assertOneChild(a, b);
		assert.notDeepEqual([...a.installed.keys()], spi);
	}
});

test("B13: an association of IKE is renewed by itself before its lifetime ends", () => {
	const { network, a, b } = makePair({}, { a: { lifetime: 28_800_000 } });
	bringUp(network, a);
	const before = onlyAssociation(a, b);
	network.run(28_100_000);
	assert.equal(onlyAssociation(a, b), before);
	network.run(300_000);
	assert.notEqual(onlyAssociation(a, b), before);
	assertOneChild(a, b);
});

test("both ends renew at once: one successor stays, on both sides the same, with the children (RFC 7296 §2.8.2)", () => {
	for (let seed = 0; seed < 12; seed++) {
		const { network, a, b } = makePair({ seed: `twins ${seed}` });
		bringUp(network, a);
		const before = onlyAssociation(a, b);
		renew(network, a, b);
		network.run(5_000);
		assert.notEqual(onlyAssociation(a, b), before);
		assertOneChild(a, b);
		assert.equal(a.count("ike-failed") + b.count("ike-failed"), 0);
	}
});

test("whatever the network loses, repeats and reorders, ends that renew at once come to the same association", () => {
	for (let seed = 0; seed < 40; seed++) {
		const { network, a, b } = makePair({ seed: `gale ${seed}`, lost: 250, repeated: 200, delay: [1, 1_500] });
		network.lost = 0;
		bringUp(network, a, 20_000);
		network.lost = 250;
		renew(network, a, b);
		if (seed % 2 === 0)
			for (const node of [a, b])
				network.give(node, { type: "child-worn-out", inboundSpi: [...node.installed.keys()][0] ?? 0 });
		network.run(30_000);
		network.lost = 0;
		network.run(200_000);
		if (a.installed.size === 0 && b.installed.size === 0) bringUp(network, a, 100_000);
		onlyAssociation(a, b);
		assertOneChild(a, b);
	}
});

test("a child is replaced at one end while the other renews the association: both come to pass (RFC 7296 §2.25)", () => {
	for (let seed = 0; seed < 10; seed++) {
		const { network, a, b } = makePair({ seed: `mixed ${seed}` });
		bringUp(network, a);
		const before = onlyAssociation(a, b);
		const spi = [...a.installed.keys()];
		network.give(a, { type: "child-worn-out", inboundSpi: spi[0] ?? 0 });
		renew(network, b);
		network.run(120_000);
		assert.notEqual(onlyAssociation(a, b), before);
		assertOneChild(a, b);
		assert.notDeepEqual([...a.installed.keys()], spi);
	}
});

test("B13: the end of an association is the end of its children; both may ask for it at once", () => {
	for (const both of [false, true]) {
		const { network, a, b } = makePair();
		bringUp(network, a);
		network.give(a, { type: "close-wanted", connection: "peer" });
		if (both) network.give(b, { type: "close-wanted", connection: "peer" });
		network.run(1_000);
		assert.deepEqual([a.phases, b.phases], [["closed"], ["closed"]]);
		assert.deepEqual([a.installed.size, b.installed.size], [0, 0]);
		network.run(60_000);
		assert.deepEqual([a.phases, b.phases], [[], []]);
	}
});

test("one end closes what the other renews: nothing is left", () => {
	for (let seed = 0; seed < 10; seed++) {
		const { network, a, b } = makePair({ seed: `crossing ${seed}`, delay: [1, 300] });
		bringUp(network, a, 5_000);
		renew(network, a);
		network.give(b, { type: "close-wanted", connection: "peer" });
		network.run(400_000);
		assert.deepEqual([a.installed.size, b.installed.size], [0, 0]);
		assert.deepEqual([a.phases, b.phases], [[], []]);
	}
});

test("B51: a silent peer is asked after the interval: when something was sent, whatever was sent, or whatever came, too", () => {
	const liveness = { interval: 10_000, mode: "optimized", threshold: 5 } as const;
	const { network, a } = makePair({}, { a: { liveness } });
	bringUp(network, a);
	const quiet = network.sent;
	network.run(60_000);
	assert.equal(network.sent, quiet);
	const [inboundSpi] = a.installed.keys();
	network.give(a, { type: "traffic-noted", inboundSpi: inboundSpi ?? 0, hasSent: true, hasReceived: false });
	network.run(1_000);
	assert.equal(network.sent, quiet + 2);
	network.give(a, { type: "traffic-noted", inboundSpi: inboundSpi ?? 0, hasSent: true, hasReceived: true });
	network.run(60_000);
	assert.equal(network.sent, quiet + 2);
	const questions = (mode: "probe-idle" | "always", hasTraffic: boolean) => {
		const other = makePair({}, { a: { liveness: { ...liveness, mode } } });
		bringUp(other.network, other.a);
		const before = other.network.sent;
		const [spi] = other.a.installed.keys();
		for (let seconds = 0; seconds < 60; seconds++) {
			if (hasTraffic)
				other.network.give(other.a, { type: "traffic-noted", inboundSpi: spi ?? 0, hasSent: true, hasReceived: true });
			other.network.run(1_000);
		}
		other.network.run(500);
		return (other.network.sent - before) / 2;
	};
	assert.deepEqual(
		[
			questions("probe-idle", false),
			questions("probe-idle", true),
			questions("always", false),
			questions("always", true),
		],
		[6, 0, 6, 6],
	);
});

test("B14, B51: a peer that does not answer is asked five times, one interval apart, and then gone, with its children", () => {
	const liveness = { interval: 10_000, mode: "always", threshold: 5 } as const;
	const { network, a } = makePair({}, { a: { liveness } });
	bringUp(network, a);
	network.lost = 1_000;
	const before = network.sent;
	network.run(55_000);
	assert.deepEqual([network.sent - before, a.installed.size], [5, 1]);
	network.run(10_000);
	assert.deepEqual([network.sent - before, a.installed.size], [5, 0]);
	assert.equal(a.count("peer-silent"), 1);
});
