/**
 * Slows the guessing of passwords: an address that sent five wrong ones waits a minute, and twice as long after each further
 * one, up to an hour. A right one does not clear it, as a guesser may have one of his own.
 *
 * Bounds: 4,096 addresses, IPv6 by its first 64 bits; those that failed least lately are forgotten first.
 */
import type { Address } from "#base/address.ts";
import { BoundedMap } from "#base/bounded.ts";

export class GuessLimit {
	readonly #failures = new BoundedMap<string, { readonly count: number; readonly until: number }>(capacity);

	/** True when somebody at this address may try a password. */
	mayTry(address: Address, now: number): boolean {
		const seen = this.#failures.get(keyOf(address));
		return seen === undefined || seen.count < freeTries || now >= seen.until;
	}

	/** A wrong password came from there. */
	failed(address: Address, now: number): void {
		const key = keyOf(address);
		const seen = this.#failures.get(key);
		const isForgotten = seen !== undefined && now >= seen.until + memory;
		const count = seen === undefined || isForgotten ? 1 : seen.count + 1;
		const wait = count < freeTries ? 0 : Math.min(longestWait, firstWait * 2 ** (count - freeTries));
		this.#failures.set(key, { count, until: now + wait });
	}
}

function keyOf({ octets }: Address): string {
	return Buffer.from(octets.length === 16 ? octets.subarray(0, 8) : octets).toString("hex");
}

const capacity = 4_096;
const freeTries = 5;
const firstWait = 60_000;
const longestWait = 3_600_000;
/** Milliseconds after which the wrong passwords of an address are forgotten. */
const memory = 3_600_000;
