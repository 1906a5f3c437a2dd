import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { netlinkFlag } from "#base/netlink.ts";
import { xfrmAlgorithms } from "#esp/xfrm-algorithms.ts";
import {
	allocateSpi,
	decodeState,
	deleteState,
	getState,
	listStates,
	newState,
	skipNumbers,
	stateOctets,
	type XfrmState,
} from "#esp/xfrm-state.ts";
import { xfrmCapture } from "../../test/support/xfrm-captures.ts";

const address = (...octets: readonly number[]) => ({ octets: Uint8Array.from(octets) });
const cipher = { engine: "aes-128-gcm", keyOctets: 16, saltOctets: 4, ivOctets: 8, blockOctets: 1, tagOctets: 16 };
const keys = { encryption: new Uint8Array(20).fill(2), integrity: new Uint8Array(0) };
const mark = { value: 0x5a13_0007, mask: 0xffff_ffff };
const outbound: XfrmState = {
	source: address(192, 0, 2, 1),
	destination: address(192, 0, 2, 2),
	spi: 0x9abc_def0,
	requestId: 0x5a14_0000,
	algorithms: xfrmAlgorithms({ cipher, hasExtendedSequenceNumbers: true }, keys) ?? [],
	replayWindow: 1,
	hasExtendedSequenceNumbers: true,
	copiesDfBit: false,
	limits: { softOctets: 160n, hardOctets: 200n, hardSeconds: 120n },
	encapsulation: { sourcePort: 4_500, destinationPort: 4_500 },
	mark,
};

test("an association that is made is the one that a kernel tells, but for what has happened since", () => {
	const { body, flags } = newState(outbound, true);
	assert.equal(flags, netlinkFlag.answer | netlinkFlag.create | netlinkFlag.exclusive);
	const told = xfrmCapture("outbound").subarray(0, stateOctets);
	const made = body.slice(0, stateOctets);
	// The family of the packets within, usage, counts and sequence are the kernel's.
	for (const [from, to] of [
		[40, 42],
		[160, 208],
	] as const)
		made.set(told.subarray(from, to), from);
	assert.equal(Buffer.from(made).toString("hex"), Buffer.from(told).toString("hex"));
});

test("what a kernel tells of associations is read: ends, SPI, number, usage, mark", () => {
	const states = (["outbound", "inbound", "pending"] as const).map((name) => {
		const decoded = decodeState(xfrmCapture(name), true);
		assert.ok(decoded.kind === "done", name);
		const { source, destination, spi, requestId, packets, mark: value } = decoded.value;
		return [source.join("."), destination.join("."), spi, requestId, Number(packets), value];
	});
	assert.deepEqual(states, [
		["192.0.2.1", "192.0.2.2", 0x9abc_def0, 0x5a14_0000, 3, mark.value],
		["192.0.2.2", "192.0.2.1", 0x1234_5678, 0x5a14_0000, 0, 0],
		["127.0.0.1", "127.157.0.7", 0, 0x5a14_0000, 0, mark.value],
	]);
});

test("numbers go on where they were, or some further, also over 32 bits; an association made anew has them", () => {
	const decoded = decodeState(xfrmCapture("outbound"), true);
	assert.ok(decoded.kind === "done" && decoded.value.replay !== undefined);
	const next = skipNumbers(decoded.value.replay, 0xffff_ffff, true);
	const view = new DataView(next.buffer);
	assert.deepEqual([view.getUint32(12, true), view.getUint32(4, true)], [1, 2]);
	const { body } = newState({ ...outbound, replay: next }, true);
	assert.ok(Buffer.from(body).includes(next));
	assert.deepEqual(skipNumbers(Uint8Array.of(1), 5, true), Uint8Array.of(1));
});

test("an association is asked for and deleted by destination, SPI and mark; all of them are asked for at once", () => {
	const { body } = deleteState(outbound, true);
	assert.equal(
		Buffer.from(body).toString("hex"),
		`c0000202${"0".repeat(24)}9abcdef00200320${"0"}0c001500${"0700135affffffff"}`,
	);
	assert.deepEqual(getState(outbound, true).body, body);
	assert.equal(deleteState({ destination: outbound.destination, spi: 1 }, true).body.length, 24);
	assert.equal(listStates.flags, netlinkFlag.list);
});

test("a pending association gets an SPI of a range that nobody else uses", () => {
	const { source, destination, requestId } = outbound;
	const { body } = allocateSpi({ source, destination, requestId, sequence: 77, mark }, true);
	const view = new DataView(body.buffer);
	assert.deepEqual(
		[view.getUint32(204, true), view.getUint32(224, true), view.getUint32(228, true)],
		[77, 0x100, 0xfff],
	);
});

test("what is shorter, of another family or has an attribute past its end is malformed; nothing is read past the end", () => {
	const octets = xfrmCapture("outbound");
	for (let end = 0; end < stateOctets; end++)
		assert.equal(decodeState(octets.subarray(0, end), true).kind, "malformed");
	assert.equal(decodeState(octets.subarray(0, stateOctets + 9), true).kind, "malformed");
	assert.equal(decodeState(new Uint8Array(stateOctets), true).kind, "malformed");
	fc.assert(
		fc.property(fc.nat(octets.length - 1), fc.nat(255), fc.boolean(), (at, value, isLittleEndian) => {
			const changed = octets.slice();
			changed[at] = value;
			assert.notEqual(decodeState(changed, isLittleEndian).kind, "need-more");
		}),
	);
});
