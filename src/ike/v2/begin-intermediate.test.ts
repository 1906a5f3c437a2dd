import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ikeProposal, withAdditional } from "#ike/crypto/proposal.ts";
import { withFurtherExchanges } from "#ike/crypto/proposal-sets.ts";
import { exchangeType } from "#ike/wire/header.ts";
import { bringUp, makePair, type NetworkOptions, type Node } from "../../../test/support/ike-network.ts";

const plain = ikeProposal("aes-256-gcm", "sha-256", "group19");

/** Two ends that agree on further exchanges by these names. */
function pairWith(names: readonly string[], options: NetworkOptions = {}) {
	const proposals = [withAdditional(plain, names)];
	return makePair(options, { a: { proposals }, b: { proposals } });
}

function assertSameKeys(a: Node, b: Node, about = ""): void {
	const [[ofA], [ofB]] = [[...a.installed.values()], [...b.installed.values()]];
	assert.ok(ofA !== undefined && ofB !== undefined, `${about} ${a.reports} ${b.reports}`);
	assert.deepEqual(ofA.inboundKeys, ofB.outboundKeys);
	assert.deepEqual(ofA.outboundKeys, ofB.inboundKeys);
}

for (const name of ["ml-kem-512", "ml-kem-768", "ml-kem-1024"])
	test(`${name} behind the first exchange: six datagrams or their fragments, none longer than agreed, one more exchange`, () => {
		const { network, a, b } = pairWith([name]);
		const seen: [number, number][] = [];
		network.meddler = (datagram) => {
			seen.push([datagram[18] ?? 0, datagram.length]);
			return datagram;
		};
		bringUp(network, a);
		assertSameKeys(a, b);
		assert.deepEqual(
			[...new Set(seen.map(([exchange]) => exchange))],
			[exchangeType.ikeSaInit, exchangeType.ikeIntermediate, exchangeType.ikeAuth],
		);
		assert.ok(seen.every(([, octets]) => octets <= 1_228));
		assert.match(a.reports.join(), new RegExp(`group19/${name}`));
	});

test("seven further exchanges are done in their order, each under the keys of those before it", () => {
	const names = ["ml-kem-768", "group20", "ml-kem-1024", "group14", "ml-kem-512", "group21", "group31"];
	const { network, a, b } = pairWith(names);
	bringUp(network, a, 5_000);
	assertSameKeys(a, b);
	assert.deepEqual(a.endpoint.describe()[0]?.algorithms?.additional, names);
});

test("whatever the network loses, repeats and reorders, both ends come to the same keys", () => {
	for (let seed = 0; seed < 25; seed++) {
		const options = { seed: `pq ${seed}`, lost: 200, repeated: 200, delay: [1, 900] as const };
		const { network, a, b } = pairWith(["ml-kem-768", "group20"], options);
		bringUp(network, a, 60_000);
		network.lost = 0;
		if (a.installed.size === 0 || b.installed.size === 0) bringUp(network, a, 60_000);
		assertSameKeys(a, b, String(seed));
	}
});

test("a lost answer is asked for again under the old keys, and given again although the keys are new by then", () => {
	const { network, a, b } = pairWith(["ml-kem-768"]);
	let left = 2;
	network.meddler = (datagram, from) =>
		from === b && datagram[18] === exchangeType.ikeIntermediate && left-- > 0 ? undefined : datagram;
	bringUp(network, a, 10_000);
	assert.ok(left <= 0);
	assertSameKeys(a, b);
});

test("offered as optional, a peer that knows nothing of it agrees without; one that knows it agrees with it", () => {
	const optional = withFurtherExchanges(plain, { methods: ["ml-kem-768"], optional: true });
	for (const [proposals, additional] of [
		[[plain], []],
		[optional, ["ml-kem-768"]],
	] as const)
		for (const role of ["a", "b"] as const) {
			const other = role === "a" ? "b" : "a";
			const pair = makePair({}, { [role]: { proposals: optional }, [other]: { proposals } });
			bringUp(pair.network, pair.a);
			assertSameKeys(pair.a, pair.b);
			assert.deepEqual(pair.b.endpoint.describe()[0]?.algorithms?.additional, additional);
		}
});

test("a peer that must have it agrees to nothing less, and says what it offers", () => {
	for (const role of ["a", "b"] as const) {
		const { network, a, b } = makePair({}, { [role]: { proposals: [withAdditional(plain, ["ml-kem-768"])] } });
		bringUp(network, a);
		assert.equal(a.installed.size + b.installed.size, 0);
		assert.match(b.reports.join(), /no common proposal for IKE; we accept \S+, the peer offers/);
		assert.match(a.reports.join(), /NO_PROPOSAL_CHOSEN/);
	}
});

test("who takes the announcement of intermediate exchanges out of the first message gains nothing: AUTH covers it", () => {
	const proposals = withFurtherExchanges(plain, { methods: ["ml-kem-768"], optional: true });
	const { network, a, b } = makePair({}, { a: { proposals }, b: { proposals } });
	network.meddler = (datagram, from) => {
		const at = Buffer.from(datagram).indexOf(Buffer.from("4036", "hex"));
		if (from !== a || datagram[18] !== exchangeType.ikeSaInit || at === -1) return datagram;
		const changed = Uint8Array.from(datagram);
		changed[at + 1] = 0xff;
		return changed;
	};
	bringUp(network, a);
	assert.match(b.reports.join(), /authentication is wrong/);
	assert.equal(a.installed.size + b.installed.size, 0);
});

test("a value of another group, of a wrong length or none ends the negotiation", () => {
	const { network, a, b } = makePair(
		{},
		{
			a: { proposals: [withAdditional(plain, ["ml-kem-768"])] },
			b: { proposals: [withAdditional(plain, ["ml-kem-768"])] },
		},
	);
	// IKE_AUTH in the place of IKE_INTERMEDIATE: the exchange type is authenticated, so it never comes through.
	network.meddler = (datagram) => {
		if (datagram[18] !== exchangeType.ikeIntermediate) return datagram;
		const changed = Uint8Array.from(datagram);
		changed[18] = exchangeType.ikeAuth;
		return changed;
	};
	bringUp(network, a, 120_000);
	assert.equal(a.installed.size + b.installed.size, 0);
	assert.match(a.reports.join(), /did not answer/);
});

test("datagrams of a run with octets changed, cut and put in another order make neither end throw, and no other keys", () => {
	const { network, a, b } = pairWith(["ml-kem-512"]);
	const recorded: Uint8Array[] = [];
	network.meddler = (datagram) => {
		recorded.push(datagram);
		return datagram;
	};
	bringUp(network, a);
	const change = fc.record({ at: fc.nat(1_500), to: fc.nat(255), cut: fc.nat(40), pick: fc.nat(recorded.length - 1) });
	fc.assert(
		fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
			const fresh = pairWith(["ml-kem-512"]);
			let count = 0;
			fresh.network.meddler = (datagram) => {
				const one = changes[count++ % changes.length];
				if (one === undefined || count % 3 !== 0) return datagram;
				const source = one.cut > 30 ? (recorded[one.pick] ?? datagram) : datagram;
				const changed = Uint8Array.from(source.subarray(0, Math.max(1, source.length - (one.cut % 8))));
				changed[one.at % changed.length] = one.to;
				return changed;
			};
			bringUp(fresh.network, fresh.a, 20_000);
			const [[ofA], [ofB]] = [[...fresh.a.installed.values()], [...fresh.b.installed.values()]];
			if (ofA !== undefined && ofB !== undefined) assert.deepEqual(ofA.inboundKeys, ofB.outboundKeys);
		}),
		{ numRuns: 40 },
	);
	assertSameKeys(a, b);
});
