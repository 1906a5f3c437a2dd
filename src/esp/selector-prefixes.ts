/** Selectors of IKE, which are ranges, as the kernel takes them: prefixes of addresses and masks of ports. */
import type { EspSelector } from "#esp/match-selector.ts";

/** Leading bits of an address or of a number that count. */
export interface BitPrefix {
	/** Of one family: 4 or 16 octets. */
	readonly octets: Uint8Array;
	readonly length: number;
}

/** One side of a policy of the kernel. */
export interface SelectorSide {
	readonly address: BitPrefix;
	/** 0 for any. */
	readonly protocol: number;
	/** The bits of `portMask` count. */
	readonly port: number;
	readonly portMask: number;
}

/** The selector as sides that cover it exactly; undefined when it would take more than `maxSides`. */
export function selectorSides({ first, last, firstPort, lastPort, protocol }: EspSelector): SelectorSide[] | undefined {
	const addresses = rangePrefixes(first, last);
	const ports = rangePrefixes(portOctets(firstPort), portOctets(lastPort));
	if (addresses.length * ports.length > maxSides) return undefined;
	return addresses.flatMap((address) =>
		ports.map(({ octets, length }) => ({
			address,
			protocol,
			port: ((octets[0] as number) << 8) | (octets[1] as number),
			portMask: 0xffff & (0xffff << (16 - length)),
		})),
	);
}

/**
 * The fewest prefixes that are the range from `first` to `last`, both of the same number of octets; none when `last` is lower.
 *
 * Bounds: at most two for each bit.
 */
export function rangePrefixes(first: Uint8Array, last: Uint8Array): readonly BitPrefix[] {
	const bits = first.length * 8;
	const end = numberOf(last);
	const prefixes: BitPrefix[] = [];
	for (let at = numberOf(first); at <= end; ) {
		let size = 0;
		while (size < bits && (at & (1n << BigInt(size))) === 0n && at + (1n << BigInt(size + 1)) - 1n <= end) size++;
		prefixes.push({ octets: octetsOf(at, first.length), length: bits - size });
		at += 1n << BigInt(size);
	}
	return prefixes;
}

function numberOf(octets: Uint8Array): bigint {
	return octets.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

function octetsOf(value: bigint, length: number): Uint8Array {
	return Uint8Array.from({ length }, (_, index) => Number((value >> BigInt((length - 1 - index) * 8)) & 0xffn));
}

function portOctets(port: number): Uint8Array {
	return Uint8Array.of(port >> 8, port & 0xff);
}

const maxSides = 64;
