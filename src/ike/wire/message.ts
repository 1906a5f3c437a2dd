/** A whole message of IKEv2 as it stands in a datagram: the header and the chain of payloads behind it (RFC 7296 §3). */
import { concat, type Decoded, done } from "#base/bytes.ts";
import { decodeIkeHeader, encodeIkeHeader, type IkeHeader, ikeHeaderOctets, ikeVersion2 } from "#ike/wire/header.ts";
import { decodePayloads, encodePayloads, type Payload, type PayloadChain } from "#ike/wire/payload.ts";

/** Header fields that the sender chooses; the others follow from the message. */
export type MessageHead = Omit<IkeHeader, "firstPayload" | "length" | "version">;

export interface Message extends PayloadChain {
	readonly header: IkeHeader;
}

/** Decodes a datagram whose header was accepted before. Faults: those of the header and of the payloads. */
export function decodeMessage(datagram: Uint8Array): Decoded<Message> {
	const header = decodeIkeHeader(datagram);
	if (header.kind !== "done") return header;
	const chain = decodePayloads(header.value.firstPayload, datagram.subarray(ikeHeaderOctets));
	if (chain.kind !== "done") return chain;
	return done({ header: header.value, ...chain.value }, datagram.length);
}

/** Encodes a message that is not encrypted. */
export function encodeMessage(head: MessageHead, payloads: readonly Payload[]): Uint8Array {
	const { first, octets } = encodePayloads(payloads);
	return concat([encodeHeadOf(head, first, ikeHeaderOctets + octets.length), octets]);
}

/** The header of a message of `length` octets whose first payload is of type `first`. */
export function encodeHeadOf(head: MessageHead, first: number, length: number): Uint8Array {
	return encodeIkeHeader({ ...head, firstPayload: first, version: ikeVersion2, length });
}
