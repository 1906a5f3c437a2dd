/** The handshake messages in the fragments of one direction (RFC 8446 §4, §5.1): put together, for a reader that looks on. */
import { concat } from "#base/bytes.ts";

/**
 * Bounds: messages of more than `maxMessageOctets` are passed over without being held; the hellos that are looked for
 * are shorter.
 */
export class HandshakeMessages {
	#held: Uint8Array = nothing;
	/** Octets of a message that is passed over, still to come. */
	#passing = 0;

	/** The messages that this fragment completes, with their headers. */
	push(fragment: Uint8Array): readonly Uint8Array[] {
		const passed = Math.min(this.#passing, fragment.length);
		this.#passing -= passed;
		let rest = concat([this.#held, fragment.subarray(passed)]);
		const messages: Uint8Array[] = [];
		while (rest.length >= headerOctets) {
			const size = headerOctets + (((rest[1] as number) << 16) | ((rest[2] as number) << 8) | (rest[3] as number));
			if (size <= rest.length) {
				messages.push(rest.subarray(0, size));
				rest = rest.subarray(size);
				continue;
			}
			if (size <= maxMessageOctets) break;
			this.#passing = size - rest.length;
			rest = nothing;
		}
		this.#held = rest;
		return messages;
	}
}

const nothing = new Uint8Array(0);
const headerOctets = 4;
const maxMessageOctets = 16_384;
