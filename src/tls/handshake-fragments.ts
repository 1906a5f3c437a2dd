/**
 * Puts a handshake message together from fragments that come in any order, twice, or overlapping: CRYPTO frames of QUIC
 * (RFC 9000 §19.6), fragments of DTLS (RFC 6347 §4.2.3).
 *
 * Fragments that disagree about an octet are refused: the server might read the other one.
 */

/** Why a fragment was not taken. */
export type FragmentProblem = "conflict" | "too-far" | "too-many";

/**
 * One stream of handshake octets from 0 on.
 *
 * Bounds: holds at most `maxOctets`, and never much more than came; at most `maxGaps` fragments that do not join the beginning.
 */
export class HandshakeFragments {
	readonly #maxOctets: number;
	#buffer: Uint8Array = nothing;
	#length = 0;
	/** Sorted, apart from each other, all behind the beginning. */
	#later: { readonly start: number; readonly octets: Uint8Array }[] = [];

	constructor(maxOctets: number) {
		this.#maxOctets = maxOctets;
	}

	/** Takes a fragment, which is copied. */
	add(start: number, octets: Uint8Array): FragmentProblem | undefined {
		if (start + octets.length > this.#maxOctets) return "too-far";
		let at = start;
		let rest = octets;
		if (at < this.#length) {
			const known = Math.min(this.#length - at, rest.length);
			if (!isSame(this.#buffer.subarray(at, at + known), rest.subarray(0, known))) return "conflict";
			rest = rest.subarray(known);
			at += known;
		}
		for (const later of this.#later) {
			const from = Math.max(at, later.start);
			const to = Math.min(at + rest.length, later.start + later.octets.length);
			if (from >= to) continue;
			const [ours, theirs] = [
				rest.subarray(from - at, to - at),
				later.octets.subarray(from - later.start, to - later.start),
			];
			if (!isSame(ours, theirs)) return "conflict";
		}
		return this.#insert(at, rest);
	}

	/** The octets from 0 up to the first gap. */
	get beginning(): Uint8Array {
		return this.#buffer.subarray(0, this.#length);
	}

	#insert(start: number, octets: Uint8Array): FragmentProblem | undefined {
		if (octets.length === 0) return undefined;
		if (start > this.#length) {
			const isKnown = this.#later.some(
				(one) => one.start <= start && one.start + one.octets.length >= start + octets.length,
			);
			if (isKnown) return undefined;
			if (this.#later.length >= maxGaps) return "too-many";
			const kept = this.#later.filter(
				(one) => one.start < start || one.start + one.octets.length > start + octets.length,
			);
			this.#later = [...kept, { start, octets: Uint8Array.from(octets) }].sort((a, b) => a.start - b.start);
			return undefined;
		}
		this.#append(octets);
		for (let first = this.#later[0]; first !== undefined && first.start <= this.#length; first = this.#later[0]) {
			this.#later.shift();
			const known = this.#length - first.start;
			if (known < first.octets.length) this.#append(first.octets.subarray(known));
		}
		return undefined;
	}

	#append(octets: Uint8Array): void {
		const needed = this.#length + octets.length;
		if (needed > this.#buffer.length) {
			const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2, smallestBuffer));
			larger.set(this.beginning);
			this.#buffer = larger;
		}
		this.#buffer.set(octets, this.#length);
		this.#length = needed;
	}
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
	return Buffer.compare(a, b) === 0;
}

const nothing = new Uint8Array(0);
const smallestBuffer = 512;
export const maxGaps = 128;
