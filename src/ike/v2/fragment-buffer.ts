/** Fragments of one message, put together as they come in any order (RFC 7383 §2.6). Each was authenticated before. */
import { concat } from "#base/bytes.ts";
import { maxFragments } from "#ike/crypto/sealed-message.ts";

export interface Fragment {
	readonly messageId: number;
	/** From 1. */
	readonly number: number;
	readonly total: number;
	/** Type of the first payload; counts in the first fragment. */
	readonly firstPayload: number;
	/** The decrypted part. */
	readonly octets: Uint8Array;
}

export interface WholeMessage {
	readonly firstPayload: number;
	readonly octets: Uint8Array;
}

/**
 * Holds the fragments of one message; those of another begin anew.
 *
 * Bounds: 64 fragments, 65,536 octets.
 */
export class FragmentBuffer {
	#messageId = -1;
	#total = 0;
	#octets = 0;
	#parts = new Map<number, Fragment>();

	/** The whole message once its last missing fragment is there. */
	add(fragment: Fragment): WholeMessage | undefined {
		const { messageId, number, total, octets } = fragment;
		if (total > maxFragments) return undefined;
		const isSame = messageId === this.#messageId;
		// The peer has cut the message smaller: what came before belongs to the attempt that failed.
		if (!isSame || total > this.#total) this.#begin(messageId, total);
		if (total !== this.#total || this.#parts.has(number)) return undefined;
		if (this.#octets + octets.length > maxOctets) return undefined;
		this.#octets += octets.length;
		this.#parts.set(number, fragment);
		if (this.#parts.size < total) return undefined;
		const inOrder = Array.from(
			{ length: total },
			(_, index) => this.#parts.get(index + 1)?.octets ?? new Uint8Array(0),
		);
		const firstPayload = this.#parts.get(1)?.firstPayload ?? 0;
		this.#begin(-1, 0);
		return { firstPayload, octets: concat(inOrder) };
	}

	#begin(messageId: number, total: number): void {
		this.#messageId = messageId;
		this.#total = total;
		this.#octets = 0;
		this.#parts = new Map();
	}
}

const maxOctets = 65_536;
