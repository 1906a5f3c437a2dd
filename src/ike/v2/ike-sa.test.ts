import assert from "node:assert/strict";
import { test } from "node:test";
import { bringUp, makePair, type Network, type Node } from "../../../test/support/ike-network.ts";
import { makeCertificate } from "../../../test/support/make-certificate.ts";

/** The sizes of datagrams that go over the network while `body` runs. */
function sizesDuring(network: Network, body: () => void): number[] {
	const sizes: number[] = [];
	network.meddler = (datagram) => {
		sizes.push(datagram.length);
		return datagram;
	};
	body();
	network.meddler = (datagram) => datagram;
	return sizes;
}

function withLargeCertificate() {
	const made = makeCertificate({ names: Array.from({ length: 150 }, (_, index) => `host-${index}.example`) });
	const own = { kind: "certificate", certificates: [made.der], publicKey: made.publicKey } as const;
	const judged = { kind: "certificate", judge: () => ({ kind: "trusted", publicKey: made.publicKey }) } as const;
	const pair = makePair(
		{ delay: [1, 200] },
		{
			a: { localAuthentication: own },
			b: { remoteAuthentication: { ...judged, authorities: new Uint8Array(0) } as never },
		},
	);
	pair.a.signer = made.privateKey;
	return pair;
}

test("a message that is too long for a datagram goes in fragments, which may come in any order", () => {
	const { network, a, b } = withLargeCertificate();
	const sizes = sizesDuring(network, () => bringUp(network, a, 5_000));
	assert.deepEqual([a.installed.size, b.installed.size], [1, 1], `${a.reports} ${b.reports}`);
	assert.ok(sizes.filter((size) => size > 1_000).length >= 2);
	assert.ok(Math.max(...sizes) <= 1_228);
});

test("fragments that are lost, repeated and reordered make the message all the same", () => {
	for (let seed = 0; seed < 15; seed++) {
		const { network, a, b } = withLargeCertificate();
		network.lost = 0;
		let count = seed;
		network.meddler = (datagram) => (count++ % 5 === 0 ? undefined : datagram);
		bringUp(network, a, 60_000);
		assert.deepEqual([a.installed.size, b.installed.size], [1, 1], `${seed} ${a.reports} ${b.reports}`);
	}
});

test("a peer that cannot read fragments gets the message whole", () => {
	const { network, a, b } = withLargeCertificate();
	const largest: number[] = [];
	network.meddler = (datagram) => {
		largest.push(datagram.length);
		const at = Buffer.from(datagram).indexOf(Buffer.from("402e", "hex"));
		// The announcement in the first messages becomes one that nobody knows.
		if (datagram[18] !== 34 || at === -1) return datagram;
		const changed = Uint8Array.from(datagram);
		changed[at + 1] = 0x99;
		return changed;
	};
	bringUp(network, a, 5_000);
	assert.ok(Math.max(...largest) > 2_000);
	// Changed first messages are what AUTH finds out.
	assert.deepEqual([a.installed.size, b.installed.size], [0, 0]);
	assert.match(b.reports.join(), /does not verify/);
});

/** All that changes when a message is taken: what stands and what is in force. */
const stateOf = ({ endpoint, installed, reports }: Node) =>
	JSON.stringify([endpoint.describe().map(({ traffic, ...rest }) => rest), [...installed.keys()], reports]);

test("changed, cut or repeated messages of an established association change nothing", () => {
	const { network, a, b } = makePair();
	const seen: Uint8Array[] = [];
	network.meddler = (datagram, from) => {
		if (from === a) seen.push(datagram);
		return datagram;
	};
	bringUp(network, a);
	network.give(a, { type: "rekey-wanted", connection: "peer" });
	network.run(1_000);
	const path = {
		local: { address: b.address, port: 500 },
		remote: { address: a.address, port: 500 },
	};
	const before = stateOf(b);
	for (const datagram of seen.slice(1)) {
		for (let at = 16; at < datagram.length; at += 3) {
			const changed = Uint8Array.from(datagram);
			changed[at] = (changed[at] ?? 0) ^ 0x10;
			network.give(b, { type: "datagram-received", path, datagram: changed });
			network.give(b, { type: "datagram-received", path, datagram: datagram.subarray(0, at) });
		}
		network.give(b, { type: "datagram-received", path, datagram });
	}
	assert.equal(stateOf(b), before);
});

test("a request that comes again is answered again with the same octets, and done once", () => {
	const { network, a, b } = makePair();
	let request: Uint8Array | undefined;
	const answers: string[] = [];
	network.meddler = (datagram, from) => {
		if (from === a) request = datagram;
		else answers.push(Buffer.from(datagram).toString("hex"));
		return datagram;
	};
	bringUp(network, a);
	network.give(a, { type: "child-worn-out", inboundSpi: [...a.installed.keys()][0] ?? 0 });
	network.run(1_000);
	assert.ok(request !== undefined);
	const path = { local: { address: b.address, port: 500 }, remote: { address: a.address, port: 500 } };
	const count = b.count("child-rekeyed");
	network.give(b, { type: "datagram-received", path, datagram: request });
	assert.equal(answers.at(-1), answers.at(-2));
	assert.equal(b.count("child-rekeyed"), count);
});

test("B9: associations and children end with their hard lifetime when the peer is silent", () => {
	const { network, a } = makePair(
		{},
		{ a: { lifetime: 600_000 }, settings: { retransmit: { first: 700_000, longest: 700_000, times: 5 } } },
	);
	bringUp(network, a);
	network.lost = 1_000;
	network.run(700_000);
	assert.deepEqual([a.installed.size, a.count("ike-closed")], [0, 1]);
});
