/**
 * How much computing strangers may cause by first messages, for each address: a bucket of 64 units that fills by 8 a second. A
 * key exchange on a curve or of ML-KEM is one unit, over a prime as many as its size costs.
 *
 * Bounds: 4,096 addresses, IPv6 by its first 64 bits; the least lately seen is forgotten first, and begins with a full bucket.
 */
import type { Address } from "#base/address.ts";
import { BoundedMap } from "#base/bounded.ts";
import { equalBytes } from "#base/bytes.ts";
import type { IkeProposal } from "#ike/crypto/proposal.ts";
import type { GroupRow } from "#ike/crypto/transform-table.ts";

/** Where a first message says it comes from, and whether a cookie has proved that. */
export interface WorkSource {
	readonly address: Address;
	readonly isProved: boolean;
}

export class WorkLimit {
	readonly #buckets = new BoundedMap<string, { readonly units: number; readonly since: number }>(capacity);

	/** Takes what the exchanges of a proposal cost; false when there is not enough left. */
	take({ address, isProved }: WorkSource, { group, additional = [] }: IkeProposal, now: number): boolean {
		const key = `${Buffer.from(networkOf(address)).toString("hex")} ${isProved}`;
		const bucket = this.#buckets.get(key) ?? { units: full, since: now };
		const units = Math.min(full, bucket.units + ((now - bucket.since) * perSecond) / 1_000);
		const cost = [group, ...additional].reduce((sum, one) => sum + costOf(one), 0);
		const isEnough = cost <= units;
		this.#buckets.set(key, { units: isEnough ? units - cost : units, since: now });
		return isEnough;
	}
}

/** True when both are counted as one: an address of IPv4, a network of 64 bits. */
export function isSameNetwork(one: Address, other: Address): boolean {
	return equalBytes(networkOf(one), networkOf(other));
}

function networkOf({ octets }: Address): Uint8Array {
	return octets.length === 16 ? octets.subarray(0, 8) : octets;
}

/** About what each takes on a usual processor, in milliseconds. */
function costOf({ kind, publicOctets }: GroupRow): number {
	if (kind !== "modp" || publicOctets <= 192) return 1;
	if (publicOctets <= 256) return 2;
	return publicOctets <= 384 ? 4 : 8;
}

const capacity = 4_096;
const full = 64;
const perSecond = 8;
