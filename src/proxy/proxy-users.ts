/**
 * The users of an explicit proxy: whether a password is right, and how often one may be tried.
 *
 * Bounds: one entry a client for `maxClients` of them, one digest a user. A password that was right is known again by its
 * digest; any other costs some milliseconds of the worker, and a worker spends `checksPerSecond` of them at most.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { type Address, formatAddress } from "#base/address.ts";
import { BoundedMap } from "#base/bounded.ts";
import { verifyPassword } from "#base/password-hash.ts";
import type { Secret } from "#base/secret.ts";

/** Held: nothing was looked at, since there were too many wrong passwords. The client is not told the difference. */
export type UserVerdict = "accepted" | "refused" | "held";

interface Failures {
	readonly count: number;
	/** Until then nothing is looked at, in milliseconds. */
	readonly until: number;
	readonly at: number;
}

export class ProxyUsers {
	readonly #hashes: ReadonlyMap<string, Secret>;
	readonly #key: Uint8Array;
	readonly #right = new Map<string, Buffer>();
	readonly #failures = new BoundedMap<string, Failures>(maxClients);
	#checksLeft = checksPerSecond;
	#checksAt = 0;

	/** `hashes` by user, in crypt form. `key` is a random one of this process. */
	constructor(hashes: ReadonlyMap<string, Secret>, key: Uint8Array) {
		this.#hashes = hashes;
		this.#key = key;
	}

	/** `now` in milliseconds. */
	check(client: Address, user: string, password: Secret, now: number): UserVerdict {
		const origin = originOf(client);
		const before = this.#failures.get(origin);
		if (before !== undefined && now < before.until) return "held";
		const digest = this.#digest(user, password);
		const known = this.#right.get(user);
		if (known !== undefined && timingSafeEqual(known, digest)) return "accepted";
		if (!this.#mayCheck(now)) return "held";
		if (this.#isRight(user, password)) {
			this.#right.set(user, digest);
			this.#failures.take(origin);
			return "accepted";
		}
		const isRecent = before !== undefined && now - before.at < forgetMs;
		const count = (isRecent ? before.count : 0) + 1;
		this.#failures.set(origin, { count, until: now + holdMs(count), at: now });
		return "refused";
	}

	/** For a user that does not exist as long as for one that does. */
	#isRight(user: string, password: Secret): boolean {
		const hash = this.#hashes.get(user);
		const [any] = this.#hashes.values();
		const compared = hash ?? any;
		const isRight = compared !== undefined && verifyPassword(password, compared.danger_reveal());
		return isRight && hash !== undefined;
	}

	#digest(user: string, password: Secret): Buffer {
		return createHmac("sha256", this.#key).update(`${user}\0${password.danger_reveal()}`).digest();
	}

	#mayCheck(now: number): boolean {
		const earned = Math.floor(((now - this.#checksAt) * checksPerSecond) / 1_000);
		if (earned > 0) {
			this.#checksLeft = Math.min(checksPerSecond, this.#checksLeft + earned);
			this.#checksAt = now;
		}
		if (this.#checksLeft === 0) return false;
		this.#checksLeft--;
		return true;
	}
}

/** The question of one session; undefined where clients need not say who they are. */
export function userCheck(
	users: ProxyUsers | undefined,
	session: { readonly client: { readonly address: Address } },
): ((user: string, password: Secret, now: number) => UserVerdict) | undefined {
	if (users === undefined) return undefined;
	return (user, password, now) => users.check(session.client.address, user, password, now);
}

/** A client of IPv6 has a whole network of addresses. */
function originOf(client: Address): string {
	return client.octets.length === 4 ? formatAddress(client) : Buffer.from(client.octets.subarray(0, 8)).toString("hex");
}

/** Nothing for the first wrong passwords, then twice as long for each. */
function holdMs(count: number): number {
	return count < freeFailures ? 0 : Math.min(longestHoldMs, firstHoldMs * 2 ** (count - freeFailures));
}

const maxClients = 4_096;
const checksPerSecond = 20;
const freeFailures = 5;
const firstHoldMs = 5_000;
const longestHoldMs = 300_000;
const forgetMs = 900_000;
