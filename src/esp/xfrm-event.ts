/**
 * What the kernel tells by itself of associations: one is wanted, one comes to an end, a peer is seen elsewhere.
 *
 *     acquire: destination, SPI, protocol (24) | source (16) | selector of the packet (56) | policy (168) | algorithms (12)
 *              | sequence (4); with the mark of the policy as an attribute
 *     expire:  association (224) | hard (1) | 0 (7)
 *
 * Source: linux/xfrm.h.
 */
import { type Decoded, done, malformed } from "#base/bytes.ts";
import { decodeAttributes, type NetlinkMessage } from "#base/netlink.ts";
import { decodeState, stateOctets } from "#esp/xfrm-state.ts";
import {
	addressOctets,
	readMark,
	readSelector,
	type XfrmSelector,
	xfrmAttribute,
	xfrmType,
} from "#esp/xfrm-structures.ts";

/** Octet fields are views. */
export type XfrmEvent =
	/** A packet has no association: one is to be made. */
	| {
			readonly kind: "acquire";
			readonly mark: number;
			/** Of the packet. */
			readonly packet: XfrmSelector;
			readonly source: Uint8Array;
			readonly destination: Uint8Array;
			/** By which what came into being without keys is found. */
			readonly sequence: number;
	  }
	/** A limit is reached; `isHard`: the association is gone. */
	| { readonly kind: "expire"; readonly spi: number; readonly requestId: number; readonly isHard: boolean }
	| { readonly kind: "other" };

/** Reads a message that came by itself. */
export function decodeXfrmEvent(
	{ type, body }: Extract<NetlinkMessage, { readonly kind: "message" }>,
	isLittleEndian: boolean,
): Decoded<XfrmEvent> {
	if (type === xfrmType.acquire) return decodeAcquire(body, isLittleEndian);
	if (type === xfrmType.expire) return decodeExpire(body, isLittleEndian);
	return done({ kind: "other" }, body.length);
}

function decodeAcquire(body: Uint8Array, isLittleEndian: boolean): Decoded<XfrmEvent> {
	if (body.length < acquireOctets) return malformed(`a wish of ${body.length} octets`);
	const view = new DataView(body.buffer, body.byteOffset, body.length);
	const packet = readSelector(body.subarray(40), isLittleEndian);
	const attributes = decodeAttributes(body.subarray(acquireOctets), isLittleEndian);
	if (packet === undefined) return malformed("a wish for another family than IPv4 and IPv6");
	if (attributes.kind !== "done") return attributes;
	const octets = addressOctets(templateFamily(attributes.value, isLittleEndian)) ?? packet.source.address.octets.length;
	return done(
		{
			kind: "acquire",
			mark: readMark(attributes.value.get(xfrmAttribute.mark), isLittleEndian),
			packet,
			destination: body.subarray(0, octets),
			source: body.subarray(24, 24 + octets),
			sequence: view.getUint32(276, isLittleEndian),
		},
		body.length,
	);
}

/** The ends of the tunnel may be of another family than the packet. */
function templateFamily(attributes: ReadonlyMap<number, Uint8Array>, isLittleEndian: boolean): number {
	const template = attributes.get(xfrmAttribute.templates);
	if (template === undefined || template.length < 26) return 0;
	return new DataView(template.buffer, template.byteOffset, 26).getUint16(24, isLittleEndian);
}

function decodeExpire(body: Uint8Array, isLittleEndian: boolean): Decoded<XfrmEvent> {
	if (body.length < expireOctets) return malformed(`an end of ${body.length} octets`);
	const state = decodeState(body.subarray(0, stateOctets), isLittleEndian);
	if (state.kind !== "done") return state;
	const { spi, requestId } = state.value;
	return done({ kind: "expire", spi, requestId, isHard: body[stateOctets] !== 0 }, body.length);
}

const acquireOctets = 280;
const expireOctets = stateOctets + 8;
