import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { PacketHeader } from "#base/linux.ts";
import type { DfBit } from "#esp/outer-header.ts";
import { type PlacedAssociation, TrafficPlane } from "#esp/traffic-plane.ts";

const gcm = { engine: "aes-128-gcm", keyOctets: 16, saltOctets: 4, ivOctets: 8, blockOctets: 1, tagOctets: 16 };
const key = (octet: number) => ({ encryption: new Uint8Array(20).fill(octet), integrity: new Uint8Array(0) });
const net = (second: number) => ({
	protocol: 0,
	firstPort: 0,
	lastPort: 65_535,
	first: Uint8Array.of(10, second, 0, 0),
	last: Uint8Array.of(10, second, 255, 255),
});

/** A packet of UDP from one network to the other. */
function packet(from: number, to: number, octets = 40): Uint8Array {
	const whole = new Uint8Array(octets);
	whole.set([0x45, 0, octets >> 8, octets & 0xff, 0, 0, 0, 0, 64, 17, 0, 0, 10, from, 0, 1, 10, to, 0, 1]);
	return whole;
}

function side(
	own: number,
	peer: number,
	spis: readonly [number, number],
	keys: readonly [number, number],
): PlacedAssociation<string> {
	return {
		inboundSpi: spis[0],
		outboundSpi: spis[1],
		algorithms: { cipher: gcm, hasExtendedSequenceNumbers: false },
		inboundKeys: key(keys[0]),
		outboundKeys: key(keys[1]),
		localSelectors: [net(own)],
		remoteSelectors: [net(peer)],
		path: `to ${peer}`,
		replayWindow: 64,
	};
}

/** `limit`: octets of ESP that the path takes. */
function makePlane(dfBit: DfBit = "clear", limit = 65_535) {
	const sent: { packet: Uint8Array; path: string; header: PacketHeader }[] = [];
	const delivered: Uint8Array[] = [];
	const wanted: string[] = [];
	const worn: string[] = [];
	const plane = new TrafficPlane<string>(
		{
			sendEsp: (sealed, path, header) => {
				if (!header.mayFragment && sealed.length > limit) return limit;
				sent.push({ packet: Uint8Array.from(sealed), path, header });
				return undefined;
			},
			deliver: (inner) => delivered.push(Uint8Array.from(inner)),
			onUnprotected: ({ destination }) => wanted.push([...destination].join(".")),
			onWornOut: (spi) => worn.push(`worn ${spi}`),
			onSpent: (spi) => worn.push(`spent ${spi}`),
			fillRandom: (octets) => void randomFillSync(octets),
		},
		{ mss: 0, dfBit },
	);
	return { plane, sent, delivered, wanted, worn };
}

test("B4, B37: a packet goes out by the association that it fits, and comes out at the other end as it was", () => {
	const a = makePlane();
	const b = makePlane();
	a.plane.install(side(1, 2, [300, 400], [1, 2]));
	b.plane.install(side(2, 1, [400, 300], [2, 1]));
	a.plane.takeOutgoing(packet(1, 2));
	assert.equal(a.sent[0]?.path, "to 2");
	b.plane.takeIncoming(a.sent[0]?.packet ?? new Uint8Array(0));
	assert.deepEqual(b.delivered, [packet(1, 2)]);
	assert.deepEqual([a.plane.counters.encryptedPackets, b.plane.counters.decryptedOctets], [1, 40]);
});

test("B32: a packet without an association is lost, and one is asked for", () => {
	const { plane, sent, wanted } = makePlane();
	plane.install(side(1, 2, [300, 400], [1, 2]));
	plane.takeOutgoing(packet(1, 3));
	plane.takeOutgoing(packet(3, 2));
	assert.deepEqual([sent.length, plane.counters.unprotected], [0, 2]);
	assert.deepEqual(wanted, ["10.3.0.1", "10.2.0.1"]);
});

test("B8: new keys are used as soon as they are there; the old ones still open what was on its way", () => {
	const a = makePlane();
	const b = makePlane();
	a.plane.install(side(1, 2, [300, 400], [1, 2]));
	b.plane.install(side(2, 1, [400, 300], [2, 1]));
	a.plane.takeOutgoing(packet(1, 2));
	a.plane.install(side(1, 2, [301, 401], [3, 4]));
	b.plane.install(side(2, 1, [401, 301], [4, 3]));
	a.plane.takeOutgoing(packet(1, 2, 50));
	assert.equal(Buffer.from(a.sent[1]?.packet ?? []).readUInt32BE(), 401);
	for (const { packet: sealed } of a.sent) b.plane.takeIncoming(sealed);
	assert.equal(b.delivered.length, 2);
	b.plane.remove(400);
	b.plane.takeIncoming(a.sent[0]?.packet ?? new Uint8Array(0));
	assert.equal(b.plane.unknownSpi, 1);
});

test("what a peer sends outside of what was agreed is not delivered, nor what is no packet of IP", () => {
	const { plane, delivered } = makePlane();
	const peer = makePlane();
	// The peer believes that its association is for other traffic.
	peer.plane.install(side(7, 1, [400, 300], [2, 1]));
	plane.install(side(1, 2, [300, 400], [1, 2]));
	peer.plane.takeOutgoing(packet(7, 1));
	plane.takeIncoming(peer.sent[0]?.packet ?? new Uint8Array(0));
	assert.deepEqual([delivered.length, plane.counters.outsideSelectors], [0, 1]);
});

test("B51: what was sent and received is told once", () => {
	const a = makePlane();
	const b = makePlane();
	a.plane.install(side(1, 2, [300, 400], [1, 2]));
	b.plane.install(side(2, 1, [400, 300], [2, 1]));
	a.plane.takeOutgoing(packet(1, 2));
	b.plane.takeIncoming(a.sent[0]?.packet ?? new Uint8Array(0));
	assert.deepEqual(a.plane.takeNotes(), [{ inboundSpi: 300, hasSent: true, hasReceived: false }]);
	assert.deepEqual(b.plane.takeNotes(), [{ inboundSpi: 400, hasSent: false, hasReceived: true }]);
	assert.deepEqual(a.plane.takeNotes(), []);
});

test("a peer that is reached elsewhere gets its packets there", () => {
	const { plane, sent } = makePlane();
	plane.install(side(1, 2, [300, 400], [1, 2]));
	plane.move(300, "elsewhere");
	plane.takeOutgoing(packet(1, 2));
	assert.equal(sent[0]?.path, "elsewhere");
});

test("beyond 4,096 associations none is taken", () => {
	const { plane } = makePlane();
	for (let index = 0; index < 4_096; index++) assert.ok(plane.install(side(1, 2, [300 + index, 1], [1, 2])));
	assert.ok(!plane.install(side(1, 2, [99_999, 1], [1, 2])));
});

test("no octets make it throw, from this host or from the network", () => {
	const { plane, delivered } = makePlane();
	plane.install(side(1, 2, [0x01010101, 400], [1, 2]));
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (octets, isOurs) => {
			if (isOurs) octets.set([1, 1, 1, 1].slice(0, octets.length));
			plane.takeIncoming(octets);
			plane.takeOutgoing(octets);
		}),
	);
	assert.deepEqual(delivered, []);
});

test("B7, B8: with a limit of octets new keys are asked for before it, and nothing more goes out by what is used up", () => {
	const a = makePlane();
	a.plane.install({ ...side(1, 2, [256, 257], [1, 2]), maxOctets: 400 });
	for (let index = 0; index < 8; index++) a.plane.takeOutgoing(packet(1, 2));
	assert.deepEqual(a.worn, ["worn 256"]);
	for (let index = 0; index < 4; index++) a.plane.takeOutgoing(packet(1, 2));
	assert.deepEqual([a.worn, a.sent.length, a.wanted.length], [["worn 256", "spent 256"], 10, 2]);
	a.plane.install(side(1, 2, [300, 301], [1, 2]));
	a.plane.takeOutgoing(packet(1, 2));
	assert.equal(a.sent.length, 11);
});

test("B42: the outer header goes with each packet; congestion that it told of at the end comes out within", () => {
	const [a, b] = [makePlane("copy"), makePlane()];
	a.plane.install(side(1, 2, [300, 400], [1, 2]));
	b.plane.install(side(2, 1, [400, 300], [2, 1]));
	for (const trafficClass of [0xba, 0xb8]) {
		const inner = packet(1, 2);
		inner[1] = trafficClass;
		inner[6] = 0x40;
		a.plane.takeOutgoing(inner);
	}
	assert.deepEqual(
		a.sent.map(({ header }) => header),
		[0xba, 0xb8].map((trafficClass) => ({ trafficClass, flowLabel: 0, mayFragment: false })),
	);
	for (const { packet: sealed } of a.sent) b.plane.takeIncoming(sealed, 0xbb);
	assert.deepEqual([b.delivered.map((inner) => inner[1]), b.plane.counters.congested], [[0xbb], 1]);
});

test("what does not fit the path is told to its sender, or goes in fragments where that is allowed", () => {
	const [a, b] = [makePlane("set", 600), makePlane()];
	a.plane.install(side(1, 2, [300, 400], [1, 2]));
	b.plane.install(side(2, 1, [400, 300], [2, 1]));
	const firm = packet(1, 2, 1_000);
	firm[6] = 0x40;
	a.plane.takeOutgoing(firm);
	assert.deepEqual([a.sent.length, a.plane.counters.tooLarge, a.delivered.length], [0, 1, 1]);
	const mtu = Buffer.from(a.delivered[0] ?? []).readUInt16BE(26);
	// That much fits, and not one octet more.
	const fitting = packet(1, 2, mtu);
	a.plane.takeOutgoing(fitting);
	assert.deepEqual([a.sent.length, a.sent[0]?.packet.length], [1, 600]);
	a.plane.takeOutgoing(packet(1, 2, 1_000));
	for (const { packet: sealed } of a.sent) b.plane.takeIncoming(sealed);
	assert.deepEqual([b.delivered.length, b.delivered[0]?.length], [3, mtu]);
	assert.equal(a.plane.counters.encryptedPackets, 3);
});

test("of too large packets 50 are answered from one look at the notes to the next", () => {
	const { plane, delivered } = makePlane("set", 600);
	plane.install(side(1, 2, [300, 400], [1, 2]));
	const firm = packet(1, 2, 1_000);
	firm[6] = 0x40;
	for (let index = 0; index < 60; index++) plane.takeOutgoing(firm);
	assert.deepEqual([delivered.length, plane.counters.tooLarge], [50, 60]);
	plane.takeNotes();
	plane.takeOutgoing(firm);
	assert.equal(delivered.length, 51);
});
