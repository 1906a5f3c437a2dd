/** A range of addresses as prefixes. */
import type { Address, Prefix } from "#base/address.ts";

/**
 * The fewest prefixes that hold the addresses from `lower` to `upper`, both of one family and in this order.
 *
 * Bounds: at most twice as many prefixes as an address has bits.
 */
export function prefixesOfRange(lower: Address, upper: Address): Prefix[] {
	const bits = lower.octets.length * 8;
	const last = numberOf(upper);
	const prefixes: Prefix[] = [];
	for (let first = numberOf(lower); first <= last; ) {
		let hostBits = 0;
		while (hostBits < bits && (first & ((1n << BigInt(hostBits + 1)) - 1n)) === 0n) {
			if (first + (1n << BigInt(hostBits + 1)) - 1n > last) break;
			hostBits++;
		}
		prefixes.push({ address: addressOf(first, bits), length: bits - hostBits });
		first += 1n << BigInt(hostBits);
	}
	return prefixes;
}

function numberOf({ octets }: Address): bigint {
	return BigInt(`0x${Buffer.from(octets).toString("hex")}`);
}

function addressOf(number: bigint, bits: number): Address {
	return { octets: new Uint8Array(Buffer.from(number.toString(16).padStart(bits / 4, "0"), "hex")) };
}
