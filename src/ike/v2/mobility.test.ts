import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "#base/address.ts";
import {
	addressA,
	addressB,
	addressOf,
	bringUp,
	childConfig,
	connection,
	makePair,
	type Network,
	type NetworkOptions,
	type Node,
} from "../../../test/support/ike-network.ts";

const elsewhere = "203.0.113.50";
const mobile = { isMobile: true, localIdentity: { idType: 2, data: Buffer.from("ann.example") } } as const;
const expects = { kind: "exactly", identity: mobile.localIdentity } as const;

/** `a` began and may move, `b` waits for it anywhere. */
function mobilePair(options: NetworkOptions = {}, more = {}) {
	const pair = makePair(options, {
		a: { ...mobile, ...more },
		b: { isMobile: true, remote: undefined, remoteIdentity: expects },
	});
	bringUp(pair.network, pair.a, 5_000);
	assert.deepEqual([pair.a.installed.size, pair.b.installed.size], [1, 1]);
	return pair;
}

/** `a` has another address from now on. */
function move(network: Network, a: Node, to: string): void {
	a.address = addressOf(to);
	const child = childConfig("10.1.0.0/16", "10.2.0.0/16");
	network.give(a, {
		type: "connections-changed",
		connections: [connection(to, addressB, { ...mobile, children: [child] })],
	});
}

const placesOf = (node: Node) =>
	[...node.installed.values()].map(
		({ path }) => `${formatAddress(path.local.address)} ${formatAddress(path.remote.address)}`,
	);

test("an end that moves takes its association along: the same SPIs and keys, no new negotiation", () => {
	const { network, a, b } = mobilePair();
	const before = [...b.installed.values()].map(({ inboundSpi, inboundKeys }) => ({ inboundSpi, inboundKeys }));
	move(network, a, elsewhere);
	network.run(2_000);
	assert.deepEqual([placesOf(a), placesOf(b)], [[`${elsewhere} ${addressB}`], [`${addressB} ${elsewhere}`]]);
	assert.deepEqual(
		[...b.installed.values()].map(({ inboundSpi, inboundKeys }) => ({ inboundSpi, inboundKeys })),
		before,
	);
	assert.deepEqual([a.phases, b.phases], [["established"], ["established"]]);
	assert.equal(b.count("ike-established"), 1);
	// It stands as before: new keys, and the way back.
	for (const node of [a, b]) network.give(node, { type: "rekey-wanted", connection: "peer" });
	network.run(40_000);
	move(network, a, addressA);
	network.run(5_000);
	assert.deepEqual(placesOf(b), [`${addressB} ${addressA}`]);
});

test("traffic goes to the new address only when the peer has answered from there", () => {
	const { network, a, b } = mobilePair();
	const moves = () => b.played.flatMap(({ effects }) => effects.filter(({ type }) => type === "move-child")).length;
	let cookies = 0;
	network.meddler = (datagram, from) => {
		// Whatever `a` says after the answer to its first request at the new place is lost.
		if (from === a && datagram[19] === 0x28) {
			cookies++;
			return undefined;
		}
		return datagram;
	};
	move(network, a, elsewhere);
	network.run(500);
	assert.equal(moves(), 0);
	network.run(200_000);
	assert.ok(cookies > 1);
	assert.equal(moves(), 0);
	assert.match(b.reports.join(), /peer-silent/);
});

test("a peer that says again and again that it is where it does not answer has no traffic sent there, by old children or new ones", () => {
	const { network, a, b } = mobilePair();
	const victim = "198.51.100.77";
	const places = [elsewhere, "203.0.113.51", "203.0.113.52", "203.0.113.53"];
	for (const place of places) network.translated.set(place, { address: addressOf(victim), portShift: 0 });
	network.meddler = (datagram, from) => (from === a && datagram[19] === 0x28 ? undefined : datagram);
	for (const place of places) {
		move(network, a, place);
		network.run(1_000);
	}
	assert.deepEqual(placesOf(b), [`${addressB} ${addressA}`]);
	for (const inboundSpi of [...a.installed.keys()]) network.give(a, { type: "child-worn-out", inboundSpi });
	network.run(2_000);
	network.give(a, { type: "rekey-wanted", connection: "peer" });
	network.run(2_000);
	for (const inboundSpi of [...a.installed.keys()]) network.give(a, { type: "child-worn-out", inboundSpi });
	move(network, a, elsewhere);
	network.run(2_000);
	assert.equal(b.count("child-rekeyed"), 2, b.reports.join());
	assert.equal(b.count("ike-rekeyed"), 1);
	assert.deepEqual(new Set(placesOf(b)), new Set([`${addressB} ${addressA}`]));
	// Where it answers after all, its traffic follows.
	network.meddler = (datagram) => datagram;
	network.run(60_000);
	assert.deepEqual(new Set(placesOf(b)), new Set([`${addressB} ${victim}`]), b.reports.join());
});

test("moves without end leave one proof waiting, not one for each", () => {
	const { network, a, b } = mobilePair();
	network.meddler = (datagram, from) => (from === a && datagram[19] === 0x28 ? undefined : datagram);
	for (let count = 0; count < 40; count++) {
		move(network, a, `203.0.113.${98 + (count & 1)}`);
		network.run(20);
	}
	let asked = 0;
	network.meddler = (datagram, from) => {
		if (from === b && datagram[19] === 0) asked++;
		return datagram;
	};
	network.run(60_000);
	assert.ok(asked <= 3, `${asked}`);
	assert.deepEqual(placesOf(b), [`${addressB} 203.0.113.99`]);
});

test("behind a translation that appears or goes away ESP goes in UDP, or as itself again", () => {
	const { network, a, b } = mobilePair();
	assert.deepEqual(
		[...b.installed.values()].map(({ isEncapsulated }) => isEncapsulated),
		[false],
	);
	network.translated.set(elsewhere, { address: addressOf("198.51.100.77"), portShift: 1_000 });
	move(network, a, elsewhere);
	network.run(2_000);
	for (const node of [a, b])
		assert.deepEqual(
			[...node.installed.values()].map(({ isEncapsulated }) => isEncapsulated),
			[true],
		);
	assert.deepEqual(placesOf(b), [`${addressB} 198.51.100.77`]);
	network.run(30_000);
	assert.ok(a.keepalives > 2);
	move(network, a, addressA);
	network.run(2_000);
	for (const node of [a, b])
		assert.deepEqual(
			[...node.installed.values()].map(({ isEncapsulated }) => isEncapsulated),
			[false],
		);
});

test("where one end is not to move, another address is another association, and a request from elsewhere moves nothing", () => {
	const { network, a, b } = makePair({}, { a: mobile, b: { remote: undefined, remoteIdentity: expects } });
	bringUp(network, a);
	move(network, a, elsewhere);
	network.run(3_000);
	assert.equal(b.played.flatMap(({ effects }) => effects.filter(({ type }) => type === "move-child")).length, 0);
	bringUp(network, a, 40_000);
	assert.equal(b.count("ike-established"), 2);
});

test("a recorded move that is sent again, from the same or another address, moves nothing", () => {
	const { network, a, b } = mobilePair();
	const recorded: Uint8Array[] = [];
	network.meddler = (datagram, from) => {
		if (from === a) recorded.push(datagram);
		return datagram;
	};
	move(network, a, elsewhere);
	network.run(2_000);
	move(network, a, addressA);
	network.run(2_000);
	network.meddler = (datagram) => datagram;
	const local = { address: addressOf(addressB), port: 4_500 };
	for (const from of [elsewhere, "198.51.100.99"])
		for (const datagram of recorded)
			network.give(b, {
				type: "datagram-received",
				path: { local, remote: { address: addressOf(from), port: 4_500 } },
				datagram,
			});
	network.run(5_000);
	assert.deepEqual(placesOf(b), [`${addressB} ${addressA}`]);
	assert.deepEqual(b.phases, ["established"]);
});

test("whatever the network loses, repeats and reorders while an end moves again and again, both come to the last place", () => {
	for (let seed = 0; seed < 20; seed++) {
		const { network, a, b } = mobilePair({ seed: `move ${seed}`, repeated: 200, delay: [1, 400] });
		network.lost = 200;
		const addresses = ["203.0.113.1", "203.0.113.2", "203.0.113.3", elsewhere];
		for (const to of addresses) {
			move(network, a, to);
			network.run(700);
		}
		network.lost = 0;
		network.run(90_000);
		assert.deepEqual(placesOf(b), [`${addressB} ${elsewhere}`], `${seed} ${b.reports}`);
		assert.deepEqual(placesOf(a), [`${elsewhere} ${addressB}`]);
		assert.equal(b.count("ike-established"), 1);
	}
});

test("changed datagrams of a move make neither end throw, and move nothing to where no end is", () => {
	const change = fc.record({ at: fc.nat(300), to: fc.nat(255) });
	fc.assert(
		fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
			const { network, a, b } = mobilePair();
			let count = 0;
			network.meddler = (datagram) => {
				const one = changes[count++ % changes.length];
				if (one === undefined || count % 2 === 0) return datagram;
				const changed = Uint8Array.from(datagram);
				changed[one.at % changed.length] = one.to;
				return changed;
			};
			move(network, a, elsewhere);
			network.run(60_000);
			const places = [`${addressB} ${addressA}`, `${addressB} ${elsewhere}`];
			assert.ok(placesOf(b).every((place) => places.includes(place)));
		}),
		{ numRuns: 30 },
	);
});
