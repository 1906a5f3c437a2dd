/** Words of 16 bits in packets, and the checksum of the internet (RFC 1071, RFC 1624). */

/** The word at a place; octets that are not there count as 0. */
export function u16(octets: Uint8Array, at: number): number {
	return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}

export function writeU16(octets: Uint8Array, at: number, value: number): void {
	octets[at] = value >>> 8;
	octets[at + 1] = value & 0xff;
}

/** Writes a word and mends the checksum that covers it: HC' = ~(~HC + ~m + m'). */
export function rewriteWord(octets: Uint8Array, at: number, value: number, checksumAt: number): void {
	const sum = (~u16(octets, checksumAt) & 0xffff) + (~u16(octets, at) & 0xffff) + value;
	writeU16(octets, at, value);
	writeU16(octets, checksumAt, ~folded(sum) & 0xffff);
}

/** The checksum over octets, after `sum` of what else it covers; 0 over octets whose checksum is right. */
export function internetChecksum(octets: Uint8Array, sum = 0): number {
	let total = sum;
	for (let at = 0; at < octets.length; at += 2) total += u16(octets, at);
	return ~folded(total) & 0xffff;
}

function folded(sum: number): number {
	let rest = sum;
	while (rest > 0xffff) rest = (rest & 0xffff) + (rest >>> 16);
	return rest;
}
