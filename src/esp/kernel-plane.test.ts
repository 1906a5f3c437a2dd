import assert from "node:assert/strict";
import { test } from "node:test";
import type { EspPath, PlaneAssociation, PlaneVpn } from "#esp/data-plane.ts";
import { isOwnRequestId, KernelPlane } from "#esp/kernel-plane.ts";
import type { XfrmEvent } from "#esp/xfrm-event.ts";
import { xfrmType } from "#esp/xfrm-structures.ts";
import { MemoryKernel, policyTexts } from "../../test/support/memory-kernel.ts";

const address = (...octets: readonly number[]) => ({ octets: Uint8Array.from(octets) });
const net = (...octets: readonly number[]) => ({
	protocol: 0,
	firstPort: 0,
	lastPort: 65_535,
	first: Uint8Array.from([...octets, 0, 0, 0, 0].slice(0, 4)),
	last: Uint8Array.from([...octets, 255, 255, 255, 255].slice(0, 4)),
});
const everything = { localSelectors: [net()], remoteSelectors: [net()] };
const vpn: PlaneVpn = { name: "v", unit: "st0.3", dfBit: "clear", selectors: everything };
const pathTo = (last: number, port = 500): EspPath => ({
	local: { address: address(192, 0, 2, 1), port },
	remote: { address: address(192, 0, 2, last), port },
	isEncapsulated: port === 4_500,
});
const cipher = { engine: "aes-128-gcm", keyOctets: 16, saltOctets: 4, ivOctets: 8, blockOctets: 1, tagOctets: 16 };
const keys = { encryption: new Uint8Array(20).fill(1), integrity: new Uint8Array(0) };
const association = (inboundSpi: number, more: Partial<PlaneAssociation> = {}): PlaneAssociation => ({
	vpn: "v",
	inboundSpi,
	outboundSpi: inboundSpi + 0x1000,
	algorithms: { cipher, hasExtendedSequenceNumbers: false },
	inboundKeys: keys,
	outboundKeys: keys,
	path: pathTo(2),
	replayWindow: 64,
	...everything,
	...more,
});

async function makePlane(vpns: readonly PlaneVpn[] = [vpn]) {
	const kernel = new MemoryKernel();
	const told: string[] = [];
	const plane = new KernelPlane(kernel, {
		wanted: (name) => told.push(`wanted ${name}`),
		wornOut: (spi) => told.push(`worn ${spi}`),
		spent: (spi) => told.push(`spent ${spi}`),
		told: (note) => told.push(note.what === "refused" ? `refused ${note.inboundSpi}: ${note.reason}` : note.what),
		noted: (notes) => told.push(...notes.map((one) => `noted ${one.inboundSpi} ${one.hasSent} ${one.hasReceived}`)),
	});
	for (const { unit } of vpns) await plane.addUnit(unit, 4);
	plane.configure(vpns);
	return { kernel, plane, told };
}

const wish = (mark: number, to: ReturnType<typeof net>): XfrmEvent => {
	const side = { address: { octets: to.first, length: 32 }, protocol: 0, port: 0, portMask: 0 };
	const ends = { source: Uint8Array.of(127, 0, 0, 1), destination: Uint8Array.of(127, 157, 0, 3) };
	return { kind: "acquire", mark, packet: { source: side, destination: side }, ...ends, sequence: 9 };
};

test("B32: a VPN without an association has a policy that lets the kernel wish; a wish that led nowhere is repeated", async () => {
	const { kernel, plane, told } = await makePlane();
	assert.deepEqual(policyTexts(kernel), ["out 5a130003 0.0.0.0/0 0.0.0.0/0 2000"]);
	plane.hear([wish(0x5a13_0003, net(10, 2, 0, 1)), wish(0x5a13_0003, net(224, 0, 0, 5)), wish(0x5a13_0009, net(10))]);
	assert.deepEqual(told, ["wanted v"]);
	plane.look();
	assert.deepEqual(kernel.asked.slice(-4), [
		xfrmType.allocateSpi,
		xfrmType.deleteState,
		xfrmType.allocateSpi,
		xfrmType.deleteState,
	]);
	assert.equal(kernel.states.size, 0);
	assert.equal((await plane.report()).vpns.get("v")?.unprotected, 2);
});

test("B4, B8: an association is two in the kernel with one number; the next of the same traffic has it too and changes no policy", async () => {
	const { kernel, plane } = await makePlane();
	plane.install(association(0x100_0000));
	assert.deepEqual([...kernel.states.keys()], [0x100_0000, 0x100_1000]);
	assert.deepEqual(policyTexts(kernel), [
		"out 5a130003 0.0.0.0/0 0.0.0.0/0 1000",
		"in 5a130003 0.0.0.0/0 0.0.0.0/0 1000",
	]);
	const before = kernel.asked.length;
	plane.install(association(0x200_0000));
	assert.deepEqual(kernel.asked.slice(before), [xfrmType.newState, xfrmType.newState]);
	const ids = new Set([...kernel.states.keys()].map((spi) => kernel.state(spi).requestId));
	assert.deepEqual([...ids].map(isOwnRequestId), [true]);
	plane.remove(0x100_0000);
	assert.deepEqual([...kernel.states.keys()], [0x200_0000, 0x200_1000]);
	assert.equal(kernel.policies.size, 2);
	plane.remove(0x200_0000);
	plane.remove(0x200_0000);
	assert.deepEqual(policyTexts(kernel), ["out 5a130003 0.0.0.0/0 0.0.0.0/0 2000"]);
});

test("B28: what was agreed may be narrower: its traffic goes by it alone, the rest wishes on", async () => {
	const { kernel, plane, told } = await makePlane();
	plane.install(association(0x100_0000, { remoteSelectors: [net(10, 2)] }));
	assert.deepEqual(policyTexts(kernel).toSorted(), [
		"in 5a130003 10.2.0.0/16 0.0.0.0/0 1000",
		"out 5a130003 0.0.0.0/0 0.0.0.0/0 2000",
		"out 5a130003 0.0.0.0/0 10.2.0.0/16 1000",
	]);
	const many = { ...net(), first: Uint8Array.of(0, 0, 0, 1), last: Uint8Array.of(255, 255, 255, 254), firstPort: 1 };
	plane.install(association(0x200_0000, { localSelectors: [many], remoteSelectors: [many] }));
	plane.hear([]);
	assert.deepEqual(told, ["refused 33554432: what was agreed takes too many policies", "spent 33554432"]);
});

test("the device admits what comes from where the peer is, and only changes when that does", async () => {
	const { kernel, plane } = await makePlane();
	const device = () => Buffer.from(kernel.devices.get("st0.3") ?? "").toString("hex");
	assert.match(device(), /7f9d0003/);
	plane.install(association(0x100_0000));
	assert.match(device(), /c0000201.*c0000202/);
	const before = kernel.asked.length;
	plane.install(association(0x200_0000));
	assert.ok(!kernel.asked.slice(before).some((type) => type < 0));
});

test("B49: a peer that is seen elsewhere is followed: the numbers of its associations go on", async () => {
	const { kernel, plane } = await makePlane();
	plane.install(association(0x100_0000, { path: pathTo(2, 4_500) }));
	const sent = kernel.state(0x100_1000).replay;
	assert.ok(sent !== undefined);
	new DataView(sent.buffer, sent.byteOffset).setUint32(4, 50, true);
	kernel.use(0x100_1000, 50);
	plane.move(0x100_0000, pathTo(9, 4_501));
	const moved = kernel.state(0x100_1000);
	assert.deepEqual([...moved.destination], [192, 0, 2, 9]);
	const replay = moved.replay as Uint8Array;
	assert.equal(new DataView(replay.buffer, replay.byteOffset).getUint32(4, true), 50 + 1_024);
	// What was counted before counts on.
	kernel.use(0x100_1000, 3);
	assert.equal((await plane.report()).vpns.get("v")?.encryptedPackets, 53);
	plane.move(0x999, pathTo(3));
});

test("B9, B73: what associations did is asked, told once, and kept when they go", async () => {
	const { kernel, plane, told } = await makePlane();
	plane.install(association(0x100_0000));
	kernel.use(0x100_0000, 4, [1, 2, 3]);
	plane.look();
	plane.look();
	kernel.use(0x100_1000, 1);
	plane.look();
	assert.deepEqual(told, ["noted 16777216 false true", "noted 16777216 true false"]);
	const report = await plane.report();
	assert.deepEqual(report.associations, [
		{
			inboundSpi: 0x100_0000,
			sentPackets: 1,
			sentOctets: 100,
			receivedPackets: 4,
			receivedOctets: 400,
			refused: [0, 0, 3, 3, 0],
		},
	]);
	plane.remove(0x100_0000);
	const counters = (await plane.report()).vpns.get("v");
	assert.deepEqual(
		[counters?.decryptedOctets, counters?.encryptedPackets, counters?.replayed, counters?.notAuthentic],
		[400, 1, 3, 3],
	);
	assert.equal((await plane.report()).unknownSpi, 0);
});

test("B7: limits of the kernel ask for new keys, or end the association", async () => {
	const { plane, told } = await makePlane();
	plane.install(association(0x100_0000));
	const expire = (spi: number, isHard: boolean): XfrmEvent => ({ kind: "expire", spi, requestId: 0, isHard });
	plane.hear([expire(0x100_1000, false), expire(0x100_0000, false), expire(0x100_0000, true), expire(5, true)]);
	assert.deepEqual(told, ["worn 16777216", "spent 16777216"]);
});

test("what the kernel refuses is told, leaves nothing behind, and ends the association a moment later", async () => {
	const { kernel, plane, told } = await makePlane();
	const refusals = () => {
		plane.hear([]);
		return told.splice(0);
	};
	kernel.refuse = { type: xfrmType.newState, errorNumber: 38 };
	plane.install(association(0x100_0000));
	assert.deepEqual(told, []);
	assert.deepEqual(refusals(), ["refused 16777216: the kernel refuses the association: ENOSYS", "spent 16777216"]);
	kernel.refuse = undefined;
	const unknown = { ...cipher, engine: "rot13" };
	plane.install(association(0x100_0000, { algorithms: { cipher: unknown, hasExtendedSequenceNumbers: false } }));
	assert.match(refusals()[0] ?? "", /no name for the algorithms/);
	plane.install(association(0x100_0000, { vpn: "another" }));
	assert.equal(kernel.states.size, 0);
	kernel.refuse = { type: xfrmType.updatePolicy, errorNumber: 22 };
	plane.install(association(0x100_0000));
	assert.match(refusals()[0] ?? "", /refuses a policy: EINVAL/);
	kernel.refuse = { type: -16, errorNumber: 17 };
	await assert.rejects(plane.addUnit("st0.4", 4), /no room \(EEXIST\)/);
});

test("ports of UDP are those of the path; the kernel takes ESP from the socket of IKE until the end", async () => {
	const { kernel, plane } = await makePlane();
	await plane.attach(address(192, 0, 2, 1), 33);
	await plane.attach(address(192, 0, 2, 1), 33);
	await plane.attach(address(192, 0, 2, 8), 34);
	plane.detach(address(192, 0, 2, 8));
	plane.install(association(0x100_0000, { path: pathTo(2, 4_500) }));
	const octets = Buffer.from(kernel.states.get(0x100_0000) ?? "").toString("hex");
	assert.match(octets, /1c0004000200(1194){2}/);
	await plane.close();
	assert.deepEqual(
		[...kernel.inUdp],
		[
			[33, false],
			[34, true],
		],
	);
	assert.deepEqual([kernel.states.size, kernel.policies.size, kernel.devices.size], [0, 0, 0]);
});

test("a VPN that is bound elsewhere by now, or a unit that goes, takes its associations along", async () => {
	const { kernel, plane } = await makePlane([vpn, { ...vpn, name: "w", unit: "st0.4" }]);
	plane.install(association(0x100_0000));
	plane.install(association(0x200_0000, { vpn: "w", path: pathTo(3) }));
	await plane.removeUnit("st0.4");
	assert.deepEqual([...kernel.states.keys()], [0x100_0000, 0x100_1000]);
	plane.configure([]);
	assert.deepEqual([kernel.states.size, kernel.policies.size, [...kernel.devices.keys()].join()], [0, 0, "st0.3"]);
});
