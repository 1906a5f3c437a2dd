/** CRC-32C, the checksum of Castagnoli (RFC 9260 appendix A, polynomial 0x1edc6f41, reflected). */

/** The checksum of the parts, one behind the other. Detects accidents, not attackers. */
export function crc32c(...parts: readonly Uint8Array[]): number {
	let crc = 0xffff_ffff;
	for (const part of parts) {
		for (const octet of part) crc = (table[(crc ^ octet) & 0xff] as number) ^ (crc >>> 8);
	}
	return (crc ^ 0xffff_ffff) >>> 0;
}

const reflectedPolynomial = 0x82f6_3b78;
const table = Uint32Array.from({ length: 256 }, (_, octet) => {
	let value = octet;
	for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ reflectedPolynomial : value >>> 1;
	return value;
});
