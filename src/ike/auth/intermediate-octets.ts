/**
 * What the messages of IKE_INTERMEDIATE add to AUTH, so that nobody changes them unseen (RFC 9242 §3.3).
 *
 *     IntAuth_n = prf(SK_p, IntAuth_n-1 | header | header of SK | payloads within)      of each end's own messages
 *     IntAuth   = IntAuth_N of the initiator | IntAuth_N of the responder | message ID of the first IKE_AUTH (4)
 *
 * The lengths in both headers are those without IV, padding and tag, and a message that was cut counts as if it had not been.
 */
import { concat, Writer } from "#base/bytes.ts";
import { prf } from "#ike/crypto/prf.ts";
import type { PrfRow } from "#ike/crypto/transform-table.ts";
import { encodeIkeHeader, type IkeHeader, ikeHeaderOctets, ikeVersion2 } from "#ike/wire/header.ts";
import { genericHeaderOctets, payloadType } from "#ike/wire/payload.ts";

/** A message without its encryption. */
export interface PlainMessage {
	readonly head: Omit<IkeHeader, "firstPayload" | "length" | "version">;
	/** Type of the first payload within. */
	readonly firstPayload: number;
	/** The payloads within. */
	readonly octets: Uint8Array;
}

/** What both ends have said in intermediate exchanges so far; empty before the first. */
export interface IntermediateOctets {
	readonly initiator: Uint8Array;
	readonly responder: Uint8Array;
}

export const noIntermediate: IntermediateOctets = { initiator: new Uint8Array(0), responder: new Uint8Array(0) };

/** One more message of one end: `identityKey` is that end's SK_p before the exchange changes the keys. */
export function addIntermediate(
	row: PrfRow,
	identityKey: Uint8Array,
	before: Uint8Array,
	{ head, firstPayload, octets }: PlainMessage,
): Uint8Array {
	const length = genericHeaderOctets + octets.length;
	const header = encodeIkeHeader({
		...head,
		version: ikeVersion2,
		firstPayload: payloadType.encrypted,
		length: ikeHeaderOctets + length,
	});
	const sealedHeader = new Writer(genericHeaderOctets).u8(firstPayload).u8(0).u16(length).finish();
	return prf(row, identityKey, before, header, sealedHeader, octets);
}

/** The part of AUTH: empty when there was no intermediate exchange. `messageId`: of the first IKE_AUTH. */
export function intermediatePart({ initiator, responder }: IntermediateOctets, messageId: number): Uint8Array {
	if (initiator.length === 0) return initiator;
	return concat([initiator, responder, new Writer(4).u32(messageId).finish()]);
}
