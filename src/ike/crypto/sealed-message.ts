/**
 * Messages whose payloads are encrypted: the SK payload, and SKF when one is cut into fragments.
 *
 *     SK:  | next | 0 | length (2) | IV | payloads | padding | pad length (1) | tag |
 *     SKF: | next | 0 | length (2) | fragment (2) | total (2) | IV | part of payloads | padding | pad length | tag |
 *
 * All from the header of IKE to the pad length is authenticated.
 * Source: RFC 7296 §3.14, RFC 5282 (AEAD), RFC 7383 (fragments).
 */
import { concat, Writer } from "#base/bytes.ts";
import type { RandomOctets } from "#ike/crypto/agree-key.ts";
import { open, type Protection, seal, tagOctets } from "#ike/crypto/cipher.ts";
import type { DirectionKeys } from "#ike/crypto/derive-keys.ts";
import { ikeHeaderOctets } from "#ike/wire/header.ts";
import { encodeHeadOf, type MessageHead } from "#ike/wire/message.ts";
import { encodePayloads, genericHeaderOctets, type Payload, payloadType, type SealedTail } from "#ike/wire/payload.ts";

/** How to seal: algorithms, keys and where IVs come from. */
export interface Sealer {
	readonly protection: Protection;
	readonly keys: DirectionKeys;
	readonly random: RandomOctets;
}

/**
 * The datagrams of one message: one, or fragments when it would be longer than `maxOctets` (0: never in fragments).
 *
 * Bounds: at most 64 fragments; a message that needs more throws, as none of ours comes near.
 */
export function sealMessage(
	sealer: Sealer,
	head: MessageHead,
	payloads: readonly Payload[],
	maxOctets = 0,
): readonly Uint8Array[] {
	const { first, octets } = encodePayloads(payloads);
	const whole = sealPart(sealer, head, first, octets);
	if (maxOctets === 0 || whole.length <= maxOctets) return [whole];
	const room = maxOctets - fragmentOverhead(sealer.protection);
	const total = Math.ceil(octets.length / room);
	if (room < 1 || total > maxFragments)
		throw new RangeError(`a message of ${octets.length} octets in fragments of ${room}`);
	return Array.from({ length: total }, (_, index) => {
		const part = octets.subarray(index * room, (index + 1) * room);
		return sealPart(sealer, head, index === 0 ? first : payloadType.none, part, { number: index + 1, total });
	});
}

/**
 * The octets of the payloads inside a sealed message or fragment; undefined when it is not authentic.
 *
 * `tail` must be what `decodeMessage` found at the end of `datagram`.
 */
export function openSealed(
	{ protection, keys }: Pick<Sealer, "protection" | "keys">,
	datagram: Uint8Array,
	tail: SealedTail,
): Uint8Array | undefined {
	const prefix = datagram.subarray(0, datagram.length - tail.body.length);
	const plain = open(protection, keys, prefix, tail.body);
	if (plain === undefined || plain.length === 0) return undefined;
	const padding = plain[plain.length - 1] as number;
	if (padding + 1 > plain.length) return undefined;
	return plain.subarray(0, plain.length - padding - 1);
}

/** The most fragments that a message is cut into or put together from. */
export const maxFragments = 64;

function sealPart(
	{ protection, keys, random }: Sealer,
	head: MessageHead,
	first: number,
	octets: Uint8Array,
	fragment?: { readonly number: number; readonly total: number },
): Uint8Array {
	const { ivOctets, blockOctets } = protection.cipher;
	const padding = (blockOctets - ((octets.length + 1) % blockOctets)) % blockOctets;
	const plain = concat([octets, new Uint8Array(padding), Uint8Array.of(padding)]);
	const numbers = fragment === undefined ? 0 : fragmentNumberOctets;
	const length = genericHeaderOctets + numbers + ivOctets + plain.length + tagOctets(protection);
	const type = fragment === undefined ? payloadType.encrypted : payloadType.encryptedFragment;
	const writer = new Writer().bytes(encodeHeadOf(head, type, ikeHeaderOctets + length));
	writer.u8(first).u8(0).u16(length);
	if (fragment !== undefined) writer.u16(fragment.number).u16(fragment.total);
	const prefix = writer.finish();
	return concat([prefix, seal(protection, keys, prefix, random(ivOctets), plain)]);
}

/** Octets of a fragment that are not payload, with the longest padding. */
function fragmentOverhead(protection: Protection): number {
	const { ivOctets, blockOctets } = protection.cipher;
	return ikeHeaderOctets + genericHeaderOctets + fragmentNumberOctets + ivOctets + blockOctets + tagOctets(protection);
}

const fragmentNumberOctets = 4;
