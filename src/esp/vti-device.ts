/**
 * Devices of tunnels whose packets the kernel protects (VTI): made, pointed elsewhere, taken away, listed.
 *
 *     family (1) | 0 (1) | kind of hardware (2) | index (4) | flags (4) | flags that change (4)      struct ifinfomsg
 *     name | link information: kind | data: mark of what comes in, mark of what goes out, own address, the peer's
 *
 * What is routed to a device has its mark when policies are looked for, and what came in by an association between its
 * addresses comes out of it. Numbers of marks are in the order of the network.
 * Source: rtnetlink(7); linux/if_link.h, linux/if_tunnel.h.
 */
import type { Address } from "#base/address.ts";
import { concat, type Decoded, done, malformed } from "#base/bytes.ts";
import { decodeAttributes, encodeAttribute, type NetlinkRequest, netlinkFlag } from "#base/netlink.ts";

export interface VtiDevice {
	/** `st0.0`: at most 15 characters. */
	readonly name: string;
	readonly mark: number;
	/** Of one family. */
	readonly local: Address;
	readonly remote: Address;
}

/** A device of the kernel, of whichever kind. */
export interface DeviceView {
	readonly name: string;
	/** `vti`, `vti6`, `tun`; empty for what has none. */
	readonly kind: string;
	/** Of a VTI; 0 otherwise. */
	readonly mark: number;
}

/** Makes a device, down and without addresses. Refused when there is one of that name. */
export function newVti(device: VtiDevice, isLittleEndian: boolean): NetlinkRequest {
	const flags = netlinkFlag.answer | netlinkFlag.create | netlinkFlag.exclusive;
	return { type: newLink, flags, body: vtiBody(device, isLittleEndian) };
}

/** Points a device at another pair of addresses of the same family; its own addresses and routes stay. */
export function changeVti(device: VtiDevice, isLittleEndian: boolean): NetlinkRequest {
	return { type: newLink, flags: netlinkFlag.answer, body: vtiBody(device, isLittleEndian) };
}

/** Takes a device away, with its addresses and routes. */
export function deleteDevice(name: string, isLittleEndian: boolean): NetlinkRequest {
	const body = concat([new Uint8Array(headerOctets), encodeAttribute(nameAttribute, text(name), isLittleEndian)]);
	return { type: deleteLink, flags: netlinkFlag.answer, body };
}

/** All devices of this host. */
export const listDevices: NetlinkRequest = { type: 18, flags: netlinkFlag.list, body: new Uint8Array(16) };

/** Reads the body of a message that tells a device. */
export function decodeDevice(body: Uint8Array, isLittleEndian: boolean): Decoded<DeviceView> {
	if (body.length < headerOctets) return malformed(`a device of ${body.length} octets`);
	const attributes = decodeAttributes(body.subarray(headerOctets), isLittleEndian);
	if (attributes.kind !== "done") return attributes;
	const none = new Uint8Array(0);
	const information = decodeAttributes(attributes.value.get(informationAttribute) ?? none, isLittleEndian);
	if (information.kind !== "done") return information;
	const kind = textOf(information.value.get(kindAttribute) ?? none);
	const data = kind.startsWith("vti") ? information.value.get(dataAttribute) : undefined;
	const numbers = decodeAttributes(data ?? none, isLittleEndian);
	if (numbers.kind !== "done") return numbers;
	const mark = numbers.value.get(vtiAttribute.inboundMark);
	return done(
		{
			name: textOf(attributes.value.get(nameAttribute) ?? none),
			kind,
			mark: mark?.length === 4 ? new DataView(mark.buffer, mark.byteOffset, 4).getUint32(0) : 0,
		},
		body.length,
	);
}

function vtiBody({ name, mark, local, remote }: VtiDevice, isLittleEndian: boolean): Uint8Array {
	const attribute = (type: number, value: Uint8Array) => encodeAttribute(type, value, isLittleEndian);
	const number = new Uint8Array(4);
	new DataView(number.buffer).setUint32(0, mark);
	const data = concat([
		attribute(vtiAttribute.inboundMark, number),
		attribute(vtiAttribute.outboundMark, number),
		attribute(vtiAttribute.local, local.octets),
		attribute(vtiAttribute.remote, remote.octets),
	]);
	const kind = text(local.octets.length === 4 ? "vti" : "vti6");
	return concat([
		new Uint8Array(headerOctets),
		attribute(nameAttribute, text(name)),
		attribute(informationAttribute, concat([attribute(kindAttribute, kind), attribute(dataAttribute, data)])),
	]);
}

/** It ends with NUL. */
function text(value: string): Uint8Array {
	return Buffer.from(`${value}\0`, "latin1");
}

function textOf(octets: Uint8Array): string {
	return Buffer.from(octets).toString("latin1").replace(/\0.*$/s, "");
}

const headerOctets = 16;
const newLink = 16;
const deleteLink = 17;
const nameAttribute = 3;
const informationAttribute = 18;
const kindAttribute = 1;
const dataAttribute = 2;
const vtiAttribute = { inboundMark: 2, outboundMark: 3, local: 4, remote: 5 } as const;
