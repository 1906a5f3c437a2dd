/**
 * Handshake messages over datagrams: whole as they are hashed, in fragments as they are sent.
 *
 *   type (1) | length (3) | message_seq (2) | fragment offset (3) | fragment length (3) | body
 *
 * Source: RFC 6347 §4.2.2, §4.2.3, §4.2.6.
 */
import { type Decoded, done, malformed, type Reader, Writer } from "#base/bytes.ts";
import { HandshakeFragments } from "#tls/handshake-fragments.ts";

export const handshakeType = {
	helloRequest: 0,
	clientHello: 1,
	serverHello: 2,
	helloVerifyRequest: 3,
	certificate: 11,
	serverKeyExchange: 12,
	certificateRequest: 13,
	serverHelloDone: 14,
	certificateVerify: 15,
	clientKeyExchange: 16,
	finished: 20,
} as const;

export const handshakeHeaderOctets = 12;

export interface HandshakeFragment {
	readonly type: number;
	/** Octets of the whole body. */
	readonly size: number;
	readonly sequence: number;
	readonly offset: number;
	readonly octets: Uint8Array;
}

/** A whole message. */
export interface HandshakeMessage {
	readonly type: number;
	readonly sequence: number;
	/** The epoch that its record came in: from 1 on, whoever sent it has the keys. */
	readonly epoch: number;
	readonly body: Uint8Array;
}

/**
 * Decodes one fragment at the reader's position.
 *
 * Faults: malformed when the record ends within it, or it reaches past the end of its message.
 */
export function decodeHandshakeFragment(reader: Reader): Decoded<HandshakeFragment> {
	const start = reader.position;
	const type = reader.u8();
	const size = reader.u24();
	const sequence = reader.u16();
	const offset = reader.u24();
	const octets = reader.take(reader.u24());
	if (reader.isShort) return malformed("a record ends within a handshake fragment");
	if (offset + octets.length > size)
		return malformed(`a fragment reaches to ${offset + octets.length} of ${size} octets`);
	return done({ type, size, sequence, offset, octets }, reader.position - start);
}

export function encodeHandshakeFragment({ type, size, sequence, offset, octets }: HandshakeFragment): Uint8Array {
	return new Writer(handshakeHeaderOctets + octets.length)
		.u8(type)
		.u24(size)
		.u16(sequence)
		.u24(offset)
		.prefixed(3, (body) => body.bytes(octets))
		.finish();
}

/** The message as one fragment: the form that is hashed, however it was sent (RFC 6347 §4.2.6). */
export function encodeHandshakeMessage({ type, sequence, body }: Omit<HandshakeMessage, "epoch">): Uint8Array {
	return encodeHandshakeFragment({ type, size: body.length, sequence, offset: 0, octets: body });
}

/**
 * Puts messages together and hands them out in their order.
 *
 * Bounds: the next `maxAhead` messages, each of at most `maxMessageOctets`; at most `maxHandshakeOctets` of fragments in one handshake.
 */
export class MessageAssembler {
	readonly #parts = new Map<number, Part>();
	#next = 0;
	#octets = 0;

	/** The number of the message that is awaited. */
	get next(): number {
		return this.#next;
	}

	/** From here on messages are counted from another number. */
	startAt(sequence: number): void {
		this.#next = sequence;
		this.#parts.clear();
	}

	/** Takes a fragment. `old` for a part of a message that was taken; `refused` for what no honest peer sends. */
	add({ type, size, sequence, offset, octets }: HandshakeFragment, epoch: number): "taken" | "old" | "refused" {
		if (sequence < this.#next) return "old";
		if (sequence >= this.#next + maxAhead || size > maxMessageOctets) return "refused";
		this.#octets += octets.length;
		if (this.#octets > maxHandshakeOctets) return "refused";
		const part = this.#parts.get(sequence) ?? {
			type,
			size,
			epoch,
			fragments: new HandshakeFragments(maxMessageOctets),
		};
		if (part.type !== type || part.size !== size || part.epoch !== epoch) return "refused";
		if (part.fragments.add(offset, octets) !== undefined) return "refused";
		this.#parts.set(sequence, part);
		return "taken";
	}

	/** The next message, once all of it is there. */
	take(): HandshakeMessage | undefined {
		const part = this.#parts.get(this.#next);
		if (part === undefined || part.fragments.beginning.length < part.size) return undefined;
		const { type, epoch, fragments } = part;
		this.#parts.delete(this.#next);
		return { type, sequence: this.#next++, epoch, body: fragments.beginning };
	}
}

interface Part {
	readonly type: number;
	readonly size: number;
	readonly epoch: number;
	readonly fragments: HandshakeFragments;
}

/** A flight has at most six messages. */
const maxAhead = 8;
/** Chains of certificates are the longest messages; those in use have a few thousand octets. */
export const maxMessageOctets = 65_536;
/** Retransmissions count. */
export const maxHandshakeOctets = 1_048_576;
