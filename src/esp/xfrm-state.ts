/**
 * Associations of ESP as the kernel has them ("states"): made, changed, deleted, asked for.
 *
 *     selector (56) | destination (16) | SPI (4, order of the network) | protocol (1) | 0 (3) | source (16)
 *     | limits (64) | usage (32) | replay window, replayed, not authentic (4, 4, 4)
 *     | sequence (4) | request id (4) | family (2) | mode (1) | window (1) | flags (1) | 0 (7)       struct xfrm_usersa_info
 *
 * Source: linux/xfrm.h.
 */
import type { Address } from "#base/address.ts";
import { concat, type Decoded, done, malformed } from "#base/bytes.ts";
import { decodeAttributes, encodeAttribute, type NetlinkRequest, netlinkFlag } from "#base/netlink.ts";
import { encodeAlgorithm, type XfrmAlgorithm } from "#esp/xfrm-algorithms.ts";
import {
	addressOctets,
	encodeMark,
	espProtocol,
	familyOf,
	readMark,
	selectorOctets,
	tunnelMode,
	type XfrmMark,
	xfrmAttribute,
	xfrmType,
} from "#esp/xfrm-structures.ts";

/** By which the kernel finds an association. */
export interface XfrmStateId {
	readonly destination: Address;
	readonly spi: number;
	/** Only packets with the mark go by it. */
	readonly mark?: XfrmMark | undefined;
}

/** One direction of an association. */
export interface XfrmState extends XfrmStateId {
	readonly source: Address;
	/** By which policies find it. */
	readonly requestId: number;
	readonly algorithms: readonly XfrmAlgorithm[];
	/** Packets in the replay window; 0 switches it off. */
	readonly replayWindow: number;
	readonly hasExtendedSequenceNumbers: boolean;
	/** Numbers that were sent and received, as the kernel told them: of an association that goes on at another place. */
	readonly replay?: Uint8Array;
	/** The DF bit of the outer header is that of the packet within; otherwise routers may fragment. */
	readonly copiesDfBit: boolean;
	readonly limits: XfrmLimits;
	/** Ports of UDP. */
	readonly encapsulation?: { readonly sourcePort: number; readonly destinationPort: number } | undefined;
	/** Of a device that is bound to policies by that number instead of a mark. */
	readonly interfaceId?: number;
}

/** What an association may be used for; undefined is for ever. `soft`: from then on others are asked for. */
export interface XfrmLimits {
	readonly softOctets?: bigint;
	readonly hardOctets?: bigint;
	readonly softPackets?: bigint;
	readonly hardPackets?: bigint;
	/** Since it was made. */
	readonly hardSeconds?: bigint;
}

/** What came into being without keys, as a packet had no association. */
export interface PendingState {
	readonly source: Address;
	readonly destination: Address;
	readonly requestId: number;
	readonly sequence: number;
	readonly mark: XfrmMark;
}

/** An association as the kernel tells it. Octet fields are views. */
export interface XfrmStateView {
	readonly source: Uint8Array;
	readonly destination: Uint8Array;
	readonly spi: number;
	readonly protocol: number;
	readonly requestId: number;
	/** Value of the mark; 0 when there is none. */
	readonly mark: number;
	readonly octets: bigint;
	readonly packets: bigint;
	/** Too old for the replay window, and in it already. */
	readonly outsideWindow: number;
	readonly replayed: number;
	readonly notAuthentic: number;
	/** Numbers that were sent and received; undefined when the kernel does not tell. */
	readonly replay: Uint8Array | undefined;
}

/** Makes an association; refused when there is one of that SPI. */
export function newState(state: XfrmState, isLittleEndian: boolean): NetlinkRequest {
	const flags = netlinkFlag.answer | netlinkFlag.create | netlinkFlag.exclusive;
	return { type: xfrmType.newState, flags, body: stateBody(state, isLittleEndian) };
}

export function deleteState(id: XfrmStateId, isLittleEndian: boolean): NetlinkRequest {
	return { type: xfrmType.deleteState, flags: netlinkFlag.answer, body: encodeStateId(id, isLittleEndian) };
}

/** The answer is a message of the type `newState`. */
export function getState(id: XfrmStateId, isLittleEndian: boolean): NetlinkRequest {
	return { type: xfrmType.getState, flags: netlinkFlag.answer, body: encodeStateId(id, isLittleEndian) };
}

/** All associations of this host, whosever they are. */
export const listStates: NetlinkRequest = {
	type: xfrmType.getState,
	flags: netlinkFlag.list,
	body: new Uint8Array(0),
};

/** Gives an SPI to what came into being without keys when a packet had no association; the answer is as of `getState`. */
export function allocateSpi(pending: PendingState, isLittleEndian: boolean): NetlinkRequest {
	const octets = new Uint8Array(stateOctets + 8);
	const view = new DataView(octets.buffer);
	writeEnds(octets, { ...pending, spi: 0 }, isLittleEndian);
	view.setUint32(204, pending.sequence, isLittleEndian);
	view.setUint32(208, pending.requestId, isLittleEndian);
	view.setUint32(stateOctets, lowestSpi, isLittleEndian);
	view.setUint32(stateOctets + 4, highestSpi, isLittleEndian);
	const body = concat([octets, ...markAttribute(pending.mark, isLittleEndian)]);
	return { type: xfrmType.allocateSpi, flags: netlinkFlag.answer, body };
}

/** Reads the body of a message of the type `newState`. */
export function decodeState(body: Uint8Array, isLittleEndian: boolean): Decoded<XfrmStateView> {
	if (body.length < stateOctets) return malformed(`an association of ${body.length} octets`);
	const view = new DataView(body.buffer, body.byteOffset, body.length);
	const length = addressOctets(view.getUint16(212, isLittleEndian));
	if (length === undefined) return malformed(`an association of family ${view.getUint16(212, isLittleEndian)}`);
	const attributes = decodeAttributes(body.subarray(stateOctets), isLittleEndian);
	if (attributes.kind !== "done") return attributes;
	const state: XfrmStateView = {
		destination: body.subarray(56, 56 + length),
		source: body.subarray(80, 80 + length),
		spi: view.getUint32(72),
		protocol: body[76] as number,
		requestId: view.getUint32(208, isLittleEndian),
		mark: readMark(attributes.value.get(xfrmAttribute.mark), isLittleEndian),
		octets: view.getBigUint64(160, isLittleEndian),
		packets: view.getBigUint64(168, isLittleEndian),
		outsideWindow: view.getUint32(192, isLittleEndian),
		replayed: view.getUint32(196, isLittleEndian),
		notAuthentic: view.getUint32(200, isLittleEndian),
		replay: attributes.value.get(xfrmAttribute.replay),
	};
	return done(state, body.length);
}

function stateBody(state: XfrmState, isLittleEndian: boolean): Uint8Array {
	const info = new Uint8Array(stateOctets);
	const view = new DataView(info.buffer);
	writeEnds(info, state, isLittleEndian);
	writeLimits(new DataView(info.buffer, 96, 64), state.limits, isLittleEndian);
	view.setUint32(208, state.requestId, isLittleEndian);
	info[216] =
		anyFamilyWithin |
		(state.copiesDfBit ? 0 : outerMayFragment) |
		(state.hasExtendedSequenceNumbers ? extendedNumbers : 0);
	const attribute = (type: number, value: Uint8Array) => encodeAttribute(type, value, isLittleEndian);
	const parts = state.algorithms.map((one) => attribute(one.attribute, encodeAlgorithm(one, isLittleEndian)));
	parts.push(attribute(xfrmAttribute.replay, encodeReplay(state, isLittleEndian)));
	const { encapsulation, mark, interfaceId } = state;
	if (encapsulation !== undefined) {
		const value = new Uint8Array(24);
		const ports = new DataView(value.buffer);
		ports.setUint16(0, espInUdp, isLittleEndian);
		ports.setUint16(2, encapsulation.sourcePort);
		ports.setUint16(4, encapsulation.destinationPort);
		parts.push(attribute(xfrmAttribute.encapsulation, value));
	}
	parts.push(...markAttribute(mark, isLittleEndian));
	if (interfaceId !== undefined) {
		const value = new Uint8Array(4);
		new DataView(value.buffer).setUint32(0, interfaceId, isLittleEndian);
		parts.push(attribute(xfrmAttribute.interfaceId, value));
	}
	return concat([info, ...parts]);
}

function writeEnds(
	octets: Uint8Array,
	{ source, destination, spi }: Pick<XfrmState, "source" | "destination" | "spi">,
	isLittleEndian: boolean,
): void {
	const view = new DataView(octets.buffer);
	octets.set(destination.octets, selectorOctets);
	view.setUint32(72, spi);
	octets[76] = espProtocol;
	octets.set(source.octets, 80);
	view.setUint16(212, familyOf(destination.octets), isLittleEndian);
	octets[214] = tunnelMode;
}

/** Octets, packets, seconds since it was made, seconds since it was used: a soft and a hard limit of each; 0 seconds are for ever. */
function writeLimits(view: DataView, limits: XfrmLimits, isLittleEndian: boolean): void {
	const { softOctets, hardOctets, softPackets, hardPackets, hardSeconds = 0n } = limits;
	for (const [index, limit] of [softOctets, hardOctets, softPackets, hardPackets].entries())
		view.setBigUint64(index * 8, limit ?? unlimited, isLittleEndian);
	view.setBigUint64(40, hardSeconds, isLittleEndian);
}

/**
 * Numbers as the kernel told them, with `more` left out before the next that is sent: for what went out since they were told.
 */
export function skipNumbers(replay: Uint8Array, more: number, isLittleEndian: boolean): Uint8Array {
	if (replay.length < replayOctets) return replay;
	const octets = replay.slice();
	const view = new DataView(octets.buffer);
	const upper = BigInt(view.getUint32(12, isLittleEndian)) << 32n;
	const next = upper + BigInt(view.getUint32(4, isLittleEndian) + more);
	view.setUint32(4, Number(next & 0xffff_ffffn), isLittleEndian);
	view.setUint32(12, Number((next >> 32n) & 0xffff_ffffn), isLittleEndian);
	return octets;
}

/**
 *     words of the bitmap (4) | sent (4) | received (4) | upper half of sent (4) | of received (4) | window (4) | bitmap
 */
function encodeReplay({ replayWindow, replay }: XfrmState, isLittleEndian: boolean): Uint8Array {
	if (replay !== undefined) return replay;
	const words = Math.ceil(replayWindow / 32);
	const octets = new Uint8Array(replayOctets + words * 4);
	const view = new DataView(octets.buffer);
	view.setUint32(0, words, isLittleEndian);
	view.setUint32(20, replayWindow, isLittleEndian);
	return octets;
}

/** destination (16) | SPI (4, order of the network) | family (2) | protocol (1) | 0 (1) */
function encodeStateId({ destination, spi, mark }: XfrmStateId, isLittleEndian: boolean): Uint8Array {
	const octets = new Uint8Array(24);
	const view = new DataView(octets.buffer);
	octets.set(destination.octets);
	view.setUint32(16, spi);
	view.setUint16(20, familyOf(destination.octets), isLittleEndian);
	octets[22] = espProtocol;
	return concat([octets, ...markAttribute(mark, isLittleEndian)]);
}

function markAttribute(mark: XfrmMark | undefined, isLittleEndian: boolean): readonly Uint8Array[] {
	if (mark === undefined) return [];
	return [encodeAttribute(xfrmAttribute.mark, encodeMark(mark, isLittleEndian), isLittleEndian)];
}

/** `struct xfrm_usersa_info`. */
export const stateOctets = 224;
const unlimited = 0xffff_ffff_ffff_ffffn;
const replayOctets = 24;
const espInUdp = 2;
/** XFRM_STATE_NOPMTUDISC, XFRM_STATE_AF_UNSPEC, XFRM_STATE_ESN. */
const outerMayFragment = 4;
const anyFamilyWithin = 32;
const extendedNumbers = 128;
/** What peers choose is above: nobody has these. */
const lowestSpi = 0x100;
const highestSpi = 0xfff;
