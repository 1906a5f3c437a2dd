/** The rate of a flow of datagrams: what is beyond it is lost, as datagrams may be; nothing is held. */
import type { TokenBucket } from "#base/token-bucket.ts";

export class FlowRate {
	readonly #bucket: Pick<TokenBucket, "take"> | undefined;

	/** Undefined for none. */
	constructor(bucket: Pick<TokenBucket, "take"> | undefined) {
		this.#bucket = bucket;
	}

	/** `now` in milliseconds. */
	passes(octets: number, now: number): boolean {
		if (this.#bucket === undefined) return true;
		if (this.#bucket.take(0, now) > 0) return false;
		this.#bucket.take(octets, now);
		return true;
	}
}
