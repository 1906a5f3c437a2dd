import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { plainMemory } from "#base/packet-memory.ts";
import { newCounters } from "#esp/data-plane.ts";
import type { DfBit } from "#esp/outer-header.ts";
import { nodeCiphers } from "#esp/packet-cipher.ts";
import { type PlacedAssociation, TrafficPlane } from "#esp/traffic-plane.ts";
import { placeAt, randomPool } from "../../test/support/esp-packets.ts";
import { tcpPacket } from "../../test/support/tcp-packets.ts";

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
		vpn: "v",
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

interface Header {
	readonly trafficClass: number;
	readonly flowLabel: number;
	readonly mayFragment: boolean;
}

/** `limit`: octets of ESP that the path takes. */
function makePlane(dfBit: DfBit = "clear", limit = 65_535) {
	const sent: { packet: Uint8Array; path: string; header: Header }[] = [];
	const delivered: Uint8Array[] = [];
	const wanted: string[] = [];
	const worn: string[] = [];
	const left: string[] = [];
	/** What is said and not heard yet. */
	const late: (() => void)[] = [];
	const memory = plainMemory(200_000);
	const packetAt = (at: number, octets: number) => memory.octets.slice(at, at + octets);
	let next = 70_000;
	const plane = new TrafficPlane<string>(nodeCiphers(memory), randomPool(), {
		send: (path, at, octets, trafficClass, flowLabel, mayFragment) =>
			sent.push({ packet: packetAt(at, octets), path, header: { trafficClass, flowLabel, mayFragment } }),
		deliver: (unit, at, octets) => {
			assert.equal(unit, "st0.0");
			delivered.push(packetAt(at, octets));
		},
		room: () => {
			next += 2_000;
			return next;
		},
		limitOf: () => limit,
		catchUp: () => {
			const said = late.shift();
			said?.();
			return said !== undefined;
		},
		onLeft: (path) => left.push(path),
		onWanted: (vpn) => wanted.push(vpn),
		onWornOut: (spi) => worn.push(`worn ${spi}`),
		onSpent: (spi) => worn.push(`spent ${spi}`),
	});
	const selectors = { localSelectors: [net(1)], remoteSelectors: [net(2), net(3)] };
	plane.configure([{ name: "v", unit: "st0.0", dfBit, selectors }], 0);
	const put = (packet: Uint8Array) => {
		memory.octets.fill(0, placeAt, placeAt + 10_000);
		memory.octets.set(packet, placeAt);
	};
	return {
		plane,
		sent,
		delivered,
		wanted,
		worn,
		left,
		late,
		counters: () => plane.counters().get("v") ?? newCounters(),
		goOut: (packet: Uint8Array, segment = 0, tcpOffset = 0) => {
			put(packet);
			plane.takeOutgoing("st0.0", placeAt, packet.length, segment, tcpOffset);
		},
		comeIn: (packet: Uint8Array = new Uint8Array(0), trafficClass = 0) => {
			put(packet);
			plane.takeIncoming(placeAt, packet.length, trafficClass);
		},
	};
}

test("B4, B37: a packet goes out by the association that it fits, and comes out at the other end as it was", () => {
	const a = makePlane();
	const b = makePlane();
	a.plane.install(side(1, 2, [300, 400], [1, 2]));
	b.plane.install(side(2, 1, [400, 300], [2, 1]));
	a.goOut(packet(1, 2));
	assert.equal(a.sent[0]?.path, "to 2");
	b.comeIn(a.sent[0]?.packet);
	assert.deepEqual(b.delivered, [packet(1, 2)]);
	assert.deepEqual([a.counters().encryptedPackets, b.counters().decryptedOctets], [1, 40]);
});

test("B32: a packet without an association is lost, and one is asked for: at once, and again with the notes", () => {
	const { plane, sent, wanted, goOut, counters } = makePlane();
	plane.install(side(1, 2, [300, 400], [1, 2]));
	// Outside of what the VPN is for, and to a group.
	for (const other of [packet(3, 2), packet(1, 9)]) goOut(other);
	assert.deepEqual(wanted, []);
	for (let index = 0; index < 5; index++) goOut(packet(1, 3));
	assert.deepEqual(wanted, ["v"]);
	plane.takeNotes();
	assert.deepEqual(wanted, ["v", "v"]);
	plane.takeNotes();
	goOut(packet(1, 3));
	assert.deepEqual([sent.length, counters().unprotected, wanted.length], [0, 8, 3]);
});

test("B30: a VPN that is bound to another unit, or is gone, loses its associations", () => {
	const { plane, left } = makePlane();
	plane.install(side(1, 2, [300, 400], [1, 2]));
	plane.configure([{ name: "v", unit: "st0.0", dfBit: "copy", selectors: undefined }], 0);
	assert.deepEqual([plane.counts().length, left], [1, []]);
	plane.configure([{ name: "v", unit: "st0.1", dfBit: "copy", selectors: undefined }], 0);
	assert.deepEqual([plane.counts().length, left], [0, ["to 2"]]);
	assert.ok(!plane.install({ ...side(1, 2, [300, 400], [1, 2]), vpn: "another" }));
});

test("B8: new keys are used as soon as they are there; the old ones still open what was on its way", () => {
	const a = makePlane();
	const b = makePlane();
	a.plane.install(side(1, 2, [300, 400], [1, 2]));
	b.plane.install(side(2, 1, [400, 300], [2, 1]));
	a.goOut(packet(1, 2));
	a.plane.install(side(1, 2, [301, 401], [3, 4]));
	b.plane.install(side(2, 1, [401, 301], [4, 3]));
	a.goOut(packet(1, 2, 50));
	assert.equal(Buffer.from(a.sent[1]?.packet ?? []).readUInt32BE(), 401);
	for (const { packet: sealed } of a.sent) b.comeIn(sealed);
	assert.equal(b.delivered.length, 2);
	b.plane.remove(400);
	b.comeIn(a.sent[0]?.packet);
	assert.equal(b.plane.unknownSpi, 1);
});

test("what a peer sends outside of what was agreed is not delivered, nor what is no packet of IP", () => {
	const { plane, delivered, comeIn, counters } = makePlane();
	const peer = makePlane();
	// The peer believes that its association is for other traffic.
	peer.plane.install(side(7, 1, [400, 300], [2, 1]));
	plane.install(side(1, 2, [300, 400], [1, 2]));
	peer.goOut(packet(7, 1));
	comeIn(peer.sent[0]?.packet);
	assert.deepEqual([delivered.length, counters().outsideSelectors], [0, 1]);
});

test("B51: what was sent and received is told once", () => {
	const a = makePlane();
	const b = makePlane();
	a.plane.install(side(1, 2, [300, 400], [1, 2]));
	b.plane.install(side(2, 1, [400, 300], [2, 1]));
	a.goOut(packet(1, 2));
	b.comeIn(a.sent[0]?.packet);
	assert.deepEqual(a.plane.takeNotes(), [{ inboundSpi: 300, hasSent: true, hasReceived: false }]);
	assert.deepEqual(b.plane.takeNotes(), [{ inboundSpi: 400, hasSent: false, hasReceived: true }]);
	assert.deepEqual(a.plane.takeNotes(), []);
});

test("a peer that is reached elsewhere gets its packets there", () => {
	const { plane, sent, left, goOut } = makePlane();
	plane.install(side(1, 2, [300, 400], [1, 2]));
	plane.move(300, "elsewhere");
	plane.move(301, "nowhere");
	goOut(packet(1, 2));
	assert.deepEqual([sent[0]?.path, left], ["elsewhere", ["to 2", "nowhere"]]);
});

test("beyond 4,096 associations none is taken", () => {
	const { plane } = makePlane();
	for (let index = 0; index < 4_096; index++) assert.ok(plane.install(side(1, 2, [300 + index, 1], [1, 2])));
	assert.ok(!plane.install(side(1, 2, [99_999, 1], [1, 2])));
});

test("no octets make it throw, from this host or from the network", () => {
	const { plane, delivered, goOut, comeIn } = makePlane();
	plane.install(side(1, 2, [0x01010101, 400], [1, 2]));
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (octets, isOurs) => {
			if (isOurs) octets.set([1, 1, 1, 1].slice(0, octets.length));
			comeIn(octets);
			goOut(octets);
		}),
	);
	assert.deepEqual(delivered, []);
});

test("B7, B8: with a limit of octets new keys are asked for before it, and nothing more goes out by what is used up", () => {
	const a = makePlane();
	a.plane.install({ ...side(1, 2, [256, 257], [1, 2]), maxOctets: 400 });
	for (let index = 0; index < 8; index++) a.goOut(packet(1, 2));
	assert.deepEqual(a.worn, ["worn 256"]);
	for (let index = 0; index < 4; index++) a.goOut(packet(1, 2));
	assert.deepEqual([a.worn, a.sent.length, a.wanted.length], [["worn 256", "spent 256"], 10, 1]);
	a.plane.install(side(1, 2, [300, 301], [1, 2]));
	a.goOut(packet(1, 2));
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
		a.goOut(inner);
	}
	assert.deepEqual(
		a.sent.map(({ header }) => header),
		[0xba, 0xb8].map((trafficClass) => ({ trafficClass, flowLabel: 0, mayFragment: false })),
	);
	for (const { packet: sealed } of a.sent) b.comeIn(sealed, 0xbb);
	assert.deepEqual([b.delivered.map((inner) => inner[1]), b.counters().congested], [[0xbb], 1]);
});

test("what does not fit the path is told to its sender, or goes in fragments where that is allowed", () => {
	const [a, b] = [makePlane("set", 600), makePlane()];
	a.plane.install(side(1, 2, [300, 400], [1, 2]));
	b.plane.install(side(2, 1, [400, 300], [2, 1]));
	const firm = packet(1, 2, 1_000);
	firm[6] = 0x40;
	a.goOut(firm);
	assert.deepEqual([a.sent.length, a.counters().tooLarge, a.delivered.length], [0, 1, 1]);
	const mtu = Buffer.from(a.delivered[0] ?? []).readUInt16BE(26);
	// That much fits, and not one octet more.
	const fitting = packet(1, 2, mtu);
	a.goOut(fitting);
	assert.deepEqual([a.sent.length, a.sent[0]?.packet.length], [1, 600]);
	a.goOut(packet(1, 2, 1_000));
	for (const { packet: sealed } of a.sent) b.comeIn(sealed);
	assert.deepEqual([b.delivered.length, b.delivered[0]?.length], [3, mtu]);
	assert.equal(a.counters().encryptedPackets, 3);
});

test("of too large packets 50 are answered from one look at the notes to the next", () => {
	const { plane, delivered, goOut, counters } = makePlane("set", 600);
	plane.install(side(1, 2, [300, 400], [1, 2]));
	const firm = packet(1, 2, 1_000);
	firm[6] = 0x40;
	for (let index = 0; index < 60; index++) goOut(firm);
	assert.deepEqual([delivered.length, counters().tooLarge], [50, 60]);
	plane.takeNotes();
	goOut(firm);
	assert.equal(delivered.length, 51);
});

test("hostile packets: each is counted for what it is, nothing of them arrives, and what is right still does", () => {
	const [a, b] = [makePlane(), makePlane()];
	a.plane.install(side(1, 2, [300, 400], [1, 2]));
	b.plane.install(side(2, 1, [400, 300], [2, 1]));
	for (let index = 0; index < 2; index++) a.goOut(packet(1, 2, 60));
	const [first, second] = a.sent.map((one) => one.packet) as [Uint8Array, Uint8Array];
	const forged = Uint8Array.from(first);
	forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1;
	for (const hostile of [
		forged,
		first.subarray(0, 20),
		first.subarray(0, 7),
		first.subarray(0, 2),
		Buffer.concat([first, new Uint8Array(9_000)]),
		Uint8Array.of(9, 9, 9, 9, ...first.subarray(4)),
	])
		b.comeIn(hostile);
	assert.deepEqual(b.delivered, []);
	for (const right of [first, second, first]) b.comeIn(right);
	const { notAuthentic, badHeaders, replayed, refused, decryptedPackets } = b.counters();
	assert.deepEqual(
		{ notAuthentic, badHeaders, replayed, refused, decryptedPackets },
		{ notAuthentic: 2, badHeaders: 2, replayed: 1, refused: 5, decryptedPackets: 2 },
	);
	assert.deepEqual([b.plane.unknownSpi, b.plane.lastUnknownSpi], [2, 0x09090909]);
});

test("a large packet of TCP goes out as those that it stands for, each sealed for itself; a damaged one not at all", () => {
	const [a, b] = [makePlane(), makePlane()];
	a.plane.install(side(1, 2, [300, 400], [1, 2]));
	b.plane.install(side(2, 1, [400, 300], [2, 1]));
	const payload = Uint8Array.from({ length: 3_000 }, (_, index) => index);
	a.goOut(tcpPacket({ payload }), 1_348, 20);
	for (const { packet: sealed } of a.sent) b.comeIn(sealed);
	assert.deepEqual(
		b.delivered.map((one) => one.length),
		[1_388, 1_388, 344],
	);
	assert.deepEqual(Buffer.concat(b.delivered.map((one) => one.subarray(40))), Buffer.from(payload));
	a.goOut(tcpPacket({ payload }), 1_348, 9_000);
	assert.deepEqual([a.sent.length, a.counters().malformed, a.counters().encryptedPackets], [3, 1, 3]);
});

test("B8: a packet under new keys that overtakes the word of them is opened, once that was heard", () => {
	const [a, b] = [makePlane(), makePlane()];
	a.plane.install(side(1, 2, [300, 400], [1, 2]));
	a.goOut(packet(1, 2));
	b.late.push(() => b.plane.install(side(2, 1, [400, 300], [2, 1])));
	b.comeIn(a.sent[0]?.packet);
	assert.deepEqual([b.delivered.length, b.plane.unknownSpi], [1, 0]);
});
