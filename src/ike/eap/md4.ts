/**
 * MD4 (RFC 1320). Danger: broken since 1995. It is here for one thing alone, the hash of passwords in MS-CHAP-V2, and the
 * OpenSSL of Node has none without its legacy provider.
 */
import { concat } from "#base/bytes.ts";

/** The digest, 16 octets. */
export function md4(message: Uint8Array): Uint8Array {
	const bits = message.length * 8;
	const padding = new Uint8Array(((message.length + 8) & ~63) + 64 - message.length);
	padding[0] = 0x80;
	const view = new DataView(padding.buffer);
	view.setUint32(padding.length - 8, bits >>> 0, true);
	view.setUint32(padding.length - 4, Math.floor(bits / 0x1_0000_0000), true);
	const octets = concat([message, padding]);
	const words = new DataView(octets.buffer, octets.byteOffset, octets.length);
	const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
	for (let at = 0; at < octets.length; at += 64)
		addBlock(
			state,
			Uint32Array.from({ length: 16 }, (_, index) => words.getUint32(at + index * 4, true)),
		);
	const digest = new Uint8Array(16);
	for (const [index, word] of state.entries()) new DataView(digest.buffer).setUint32(index * 4, word, true);
	return digest;
}

function addBlock(state: Uint32Array, block: Uint32Array): void {
	let [a = 0, b = 0, c = 0, d = 0] = state;
	for (const { order, shifts, constant, mix } of rounds)
		for (let step = 0; step < 16; step++) {
			const sum = (a + mix(b, c, d) + (block[order[step] as number] as number) + constant) >>> 0;
			const shift = shifts[step & 3] as number;
			const turned = ((sum << shift) | (sum >>> (32 - shift))) >>> 0;
			[a, b, c, d] = [d, turned, b, c];
		}
	for (const [index, word] of [a, b, c, d].entries()) state[index] = (state[index] as number) + word;
}

interface Round {
	readonly order: readonly number[];
	readonly shifts: readonly [number, number, number, number];
	readonly constant: number;
	mix(x: number, y: number, z: number): number;
}

const rounds: readonly Round[] = [
	{
		order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
		shifts: [3, 7, 11, 19],
		constant: 0,
		mix: (x, y, z) => (x & y) | (~x & z),
	},
	{
		order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
		shifts: [3, 5, 9, 13],
		constant: 0x5a827999,
		mix: (x, y, z) => (x & y) | (x & z) | (y & z),
	},
	{
		order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
		shifts: [3, 9, 11, 15],
		constant: 0x6ed9eba1,
		mix: (x, y, z) => x ^ y ^ z,
	},
];
