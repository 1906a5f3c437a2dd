/** The checksum of the internet over places of the memory of packets, fast enough for whole payloads (RFC 1071). */

/** The sum of words of 16 bits, folded; an odd octet at the end counts as the upper half of a word. `sum`: what else counts. */
export function sumOf(view: DataView, at: number, octets: number, sum = 0): number {
	const end = at + octets;
	let upper = 0;
	let lower = sum;
	let place = at;
	for (const last = end - 16; place <= last; place += 16) {
		const a = view.getUint32(place);
		const b = view.getUint32(place + 4);
		const c = view.getUint32(place + 8);
		const d = view.getUint32(place + 12);
		upper += (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16);
		lower += (a & 0xffff) + (b & 0xffff) + (c & 0xffff) + (d & 0xffff);
	}
	for (; place + 1 < end; place += 2) lower += view.getUint16(place);
	if (place < end) upper += view.getUint8(place) << 8;
	return folded(upper + lower);
}

/** A sum brought to 16 bits. */
export function folded(sum: number): number {
	let rest = sum;
	while (rest > 0xffff) rest = (rest & 0xffff) + (rest >>> 16);
	return rest;
}

/** The sum of the pseudo-header of TCP: both addresses, the protocol, the octets of header and payload. `at`: of the header of IP. */
export function pseudoSum(view: DataView, at: number, isVersion4: boolean, octets: number): number {
	return isVersion4 ? sumOf(view, at + 12, 8, tcp + octets) : sumOf(view, at + 8, 32, tcp + octets);
}

const tcp = 6;
