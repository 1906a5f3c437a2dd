import assert from "node:assert/strict";
import { test } from "node:test";
import { detectNat, natDetectionPayloads } from "#ike/v2/nat-detection.ts";
import { addressOf, bringUp, makePair } from "../../../test/support/ike-network.ts";

const spis = { initiatorSpi: new Uint8Array(8).fill(1), responderSpi: new Uint8Array(8) };
const place = (address: string, port = 500) => ({ address: addressOf(address), port });
const sent = natDetectionPayloads(spis, { local: place("10.0.0.1"), remote: place("192.0.2.2") });

test("B45: the hash is SHA-1 over both SPIs, the address and the port", () => {
	const [source] = sent;
	assert.ok(source?.type === "notify");
	assert.equal(source.notify, 16_388);
	assert.equal(source.data.length, 20);
});

test("B47: who is behind a translation is seen by either end: the peer, this end, both or none", () => {
	const seen = (local: string, remote: string, port = 500) => {
		const { isPeerBehindNat, isSelfBehindNat } = detectNat(sent, spis, {
			local: place(local),
			remote: place(remote, port),
		});
		return [isPeerBehindNat, isSelfBehindNat];
	};
	assert.deepEqual(seen("192.0.2.2", "10.0.0.1"), [false, false]);
	assert.deepEqual(seen("192.0.2.2", "203.0.113.9"), [true, false]);
	assert.deepEqual(seen("192.0.2.2", "10.0.0.1", 1_024), [true, false]);
	assert.deepEqual(seen("10.9.9.9", "10.0.0.1"), [false, true]);
	assert.deepEqual(seen("10.9.9.9", "203.0.113.9"), [true, true]);
});

test("a peer that sends no hashes does not do NAT traversal", () => {
	assert.ok(detectNat([], spis, { local: place("192.0.2.2"), remote: place("10.0.0.1") }).isUnsupported);
});

for (const [who, translated] of [
	["the initiator", ["192.0.2.1"]],
	["the responder", ["192.0.2.2"]],
	["both ends", ["192.0.2.1", "192.0.2.2"]],
] as const)
	test(`B45, B47, B46: with ${who} behind a translation the tunnel comes up on port 4500, with ESP in UDP`, () => {
		const seen: Record<string, string> = { "192.0.2.1": "203.0.113.1", "192.0.2.2": "203.0.113.2" };
		const remoteOf = (address: string) => (translated.includes(address as never) ? seen[address] : address) as string;
		const any = { remoteIdentity: { kind: "danger-any" } } as const;
		const { network, a, b } = makePair(
			{},
			{
				a: { ...any, remote: [addressOf(remoteOf("192.0.2.2"))] },
				b: { ...any, remote: undefined },
			},
		);
		for (const address of translated)
			network.translated.set(address, { address: addressOf(seen[address] as string), portShift: 0 });
		bringUp(network, a);
		const [child] = b.installed.values();
		assert.ok(child?.isEncapsulated, b.reports.join());
		assert.deepEqual([child.path.local.port, child.path.remote.port], [4_500, 4_500]);
		assert.ok([...a.installed.values()][0]?.isEncapsulated);
	});

test("B45: no-nat-traversal: nothing is detected and nothing wrapped", () => {
	const { network, a, b } = makePair(
		{},
		{ a: { hasNatTraversal: false }, b: { hasNatTraversal: false, remote: undefined } },
	);
	network.translated.set("192.0.2.1", { address: addressOf("203.0.113.1"), portShift: 0 });
	bringUp(network, a);
	assert.equal([...b.installed.values()][0]?.isEncapsulated, false);
	assert.equal([...b.installed.values()][0]?.path.remote.port, 500);
});

test("B49: who is behind a translation keeps it alive, every five seconds", () => {
	const { network, a, b } = makePair({}, { b: { remote: undefined } });
	network.translated.set("192.0.2.1", { address: addressOf("203.0.113.1"), portShift: 1_000 });
	bringUp(network, a);
	network.run(60_000);
	assert.deepEqual([a.keepalives, b.keepalives], [12, 0]);
});

test("a translation that changes is followed once the peer has said something authentic from there (RFC 7296 §2.23)", () => {
	const { network, a, b } = makePair({}, { b: { remote: undefined } });
	network.translated.set("192.0.2.1", { address: addressOf("203.0.113.1"), portShift: 1_000 });
	bringUp(network, a);
	assert.equal([...b.installed.values()][0]?.path.remote.port, 5_500);
	network.translated.set("192.0.2.1", { address: addressOf("203.0.113.7"), portShift: 2_000 });
	network.give(a, { type: "rekey-wanted", connection: "peer" });
	network.run(1_000);
	const path = [...b.installed.values()][0]?.path;
	assert.deepEqual([path?.remote.address, path?.remote.port], [addressOf("203.0.113.7"), 6_500]);
});
