/**
 * Policies of the kernel: which packets of a marked device go by which associations, and which come in by them.
 *
 *     selector (56) | limits (64) | usage (32) | priority (4) | index (4) | direction, action, flags, share (1 each) | 0 (4)
 *     template: destination (16) | SPI (4) | protocol (1) | 0 (3) | family (2) | 0 (2) | source (16) | request id (4)
 *               | mode, share, optional (1 each) | 0 (1) | algorithms that will do (4, 4, 4)
 *
 * Source: linux/xfrm.h.
 */
import type { Address } from "#base/address.ts";
import { concat, type Decoded, done, malformed } from "#base/bytes.ts";
import { decodeAttributes, encodeAttribute, type NetlinkRequest, netlinkFlag } from "#base/netlink.ts";
import {
	encodeMark,
	encodeSelector,
	espProtocol,
	familyOf,
	limitsOctets,
	readMark,
	readSelector,
	selectorOctets,
	tunnelMode,
	usageOctets,
	type XfrmMark,
	type XfrmSelector,
	xfrmAttribute,
	xfrmType,
} from "#esp/xfrm-structures.ts";

export type XfrmDirection = "in" | "out";

/** By which the kernel finds a policy. */
export interface XfrmPolicyId {
	readonly direction: XfrmDirection;
	readonly selector: XfrmSelector;
	readonly mark: XfrmMark;
}

export interface XfrmPolicy extends XfrmPolicyId {
	/** The lowest goes first. */
	readonly priority: number;
	/** The ends of the tunnel, and the number of its associations. */
	readonly source: Address;
	readonly destination: Address;
	readonly requestId: number;
}

/** A policy as the kernel tells it. */
export interface XfrmPolicyView {
	/** Undefined for the direction of what is forwarded, which nobody here makes. */
	readonly direction: XfrmDirection | undefined;
	readonly selector: XfrmSelector;
	/** Value of the mark; 0 when there is none. */
	readonly mark: number;
}

/** Makes a policy, or puts it in the place of the one that is there. */
export function putPolicy(policy: XfrmPolicy, isLittleEndian: boolean): NetlinkRequest {
	const info = new Uint8Array(policyOctets);
	const view = new DataView(info.buffer);
	info.set(encodeSelector(policy.selector, isLittleEndian));
	// Four limits of octets and packets that are none; those of seconds are none when 0.
	info.fill(0xff, selectorOctets, selectorOctets + 32);
	view.setUint32(priorityAt, policy.priority, isLittleEndian);
	info[directionAt] = directions[policy.direction];
	const body = concat([
		info,
		encodeAttribute(xfrmAttribute.templates, encodeTemplate(policy, isLittleEndian), isLittleEndian),
		encodeAttribute(xfrmAttribute.mark, encodeMark(policy.mark, isLittleEndian), isLittleEndian),
	]);
	return { type: xfrmType.updatePolicy, flags: netlinkFlag.answer | netlinkFlag.create, body };
}

export function deletePolicy({ selector, direction, mark }: XfrmPolicyId, isLittleEndian: boolean): NetlinkRequest {
	const id = new Uint8Array(policyIdOctets);
	id.set(encodeSelector(selector, isLittleEndian));
	id[60] = directions[direction];
	const body = concat([id, encodeAttribute(xfrmAttribute.mark, encodeMark(mark, isLittleEndian), isLittleEndian)]);
	return { type: xfrmType.deletePolicy, flags: netlinkFlag.answer, body };
}

/** All policies of this host, whosever they are. */
export const listPolicies: NetlinkRequest = {
	type: xfrmType.getPolicy,
	flags: netlinkFlag.list,
	body: new Uint8Array(0),
};

/** Reads the body of a message of the type `newPolicy`. Views. */
export function decodePolicy(body: Uint8Array, isLittleEndian: boolean): Decoded<XfrmPolicyView> {
	if (body.length < policyOctets) return malformed(`a policy of ${body.length} octets`);
	const selector = readSelector(body, isLittleEndian);
	if (selector === undefined) return malformed("a policy of another family than IPv4 and IPv6");
	const attributes = decodeAttributes(body.subarray(policyOctets), isLittleEndian);
	if (attributes.kind !== "done") return attributes;
	const mark = readMark(attributes.value.get(xfrmAttribute.mark), isLittleEndian);
	return done({ direction: directionOf(body[directionAt] as number), selector, mark }, body.length);
}

function encodeTemplate({ source, destination, requestId }: XfrmPolicy, isLittleEndian: boolean): Uint8Array {
	const octets = new Uint8Array(64);
	const view = new DataView(octets.buffer);
	octets.set(destination.octets);
	octets[20] = espProtocol;
	view.setUint16(24, familyOf(destination.octets), isLittleEndian);
	octets.set(source.octets, 28);
	view.setUint32(44, requestId, isLittleEndian);
	octets[48] = tunnelMode;
	octets.fill(0xff, 52);
	return octets;
}

function directionOf(value: number): XfrmDirection | undefined {
	if (value === directions.in) return "in";
	return value === directions.out ? "out" : undefined;
}

const directions = { in: 0, out: 1 } as const;
const priorityAt = selectorOctets + limitsOctets + usageOctets;
const directionAt = priorityAt + 8;
/** `struct xfrm_userpolicy_info` and `xfrm_userpolicy_id`. */
export const policyOctets = 168;
const policyIdOctets = 64;
