/** ASCII letters in lower case, octet by octet. */

/** Writes the octets in lower case to `target`, which is at least as long, and answers that part of it. */
export function lowerCase(octets: Uint8Array, target: Buffer): Buffer {
	for (let at = 0; at < octets.length; at++) {
		const octet = octets[at] as number;
		target[at] = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
	}
	return target.subarray(0, octets.length);
}
