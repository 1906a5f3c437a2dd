/** ASCII letters in lower case, four octets at a time. */

/** Writes the octets in lower case to `target`, which is at least as long, and answers that part of it. */
export function lowerCase(octets: Uint8Array, target: Buffer): Buffer {
	target.set(octets);
	const result = target.subarray(0, octets.length);
	let at = 0;
	if (target.byteOffset % 4 === 0) {
		const words = new Int32Array(target.buffer, target.byteOffset, octets.length >> 2);
		for (let index = 0; index < words.length; index++) {
			const word = words[index] as number;
			const low = word & 0x7f7f7f7f;
			// The highest bit of each octet: from A on; behind Z; an octet above 127.
			const isLetter = (low + 0x3f3f3f3f) & ~(low + 0x25252525) & ~word & 0x80808080;
			if (isLetter !== 0) words[index] = word | (isLetter >>> 2);
		}
		at = words.length * 4;
	}
	for (; at < octets.length; at++) {
		const octet = octets[at] as number;
		if (octet >= 0x41 && octet <= 0x5a) result[at] = octet | 0x20;
	}
	return result;
}
