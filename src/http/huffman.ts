/**
 * The Huffman code of HPACK (RFC 7541 §5.2, appendix B).
 *
 * The code is canonical: sorted by length and then by symbol, the codes count upwards. So the lengths are the table.
 */

/** How many octets the text takes when coded; `text` holds one char per octet. */
export function huffmanLength(text: string): number {
	let bits = 0;
	for (let index = 0; index < text.length; index++) bits += lengths[text.charCodeAt(index)] as number;
	return (bits + 7) >> 3;
}

/** Writes the coded text at `at`; the caller has asked for its length. The last octet is filled with ones. */
export function encodeHuffman(text: string, octets: Uint8Array, at: number): void {
	let position = at;
	let pending = 0;
	let bits = 0;
	for (let index = 0; index < text.length; index++) {
		const symbol = text.charCodeAt(index);
		let left = lengths[symbol] as number;
		const code = codes[symbol] as number;
		// At most 7 bits are pending, so that a code of up to 30 bits is added in parts of at most 16.
		while (left > 0) {
			const part = Math.min(left, 16);
			left -= part;
			pending = (pending << part) | ((code >>> left) & ((1 << part) - 1));
			bits += part;
			while (bits >= 8) {
				bits -= 8;
				octets[position++] = pending >>> bits;
			}
			pending &= (1 << bits) - 1;
		}
	}
	if (bits > 0) octets[position] = (pending << (8 - bits)) | (0xff >> bits);
}

/**
 * Decodes `octets[start..end)` into `into`; answers how many octets came out, or -1 when the coded text is malformed
 * (EOS in it, padding that is not the shortest run of ones) or does not fit.
 */
export function decodeHuffman(octets: Uint8Array, start: number, end: number, into: Uint8Array): number {
	let written = 0;
	let pending = 0;
	let bits = 0;
	let at = start;
	for (;;) {
		while (bits <= 16 && at < end) {
			pending = ((pending << 8) | (octets[at++] as number)) & 0xff_ffff;
			bits += 8;
		}
		if (bits === 0) return written;
		const next = bits >= 8 ? (pending >>> (bits - 8)) & 0xff : ((pending << (8 - bits)) | (0xff >> bits)) & 0xff;
		const short = shortCodes[next] as number;
		const length = short & 0x0f;
		if (short !== 0 && length <= bits) {
			if (written === into.length) return -1;
			into[written++] = short >> 4;
			bits -= length;
			continue;
		}
		if (at === end && bits < 8) return next === 0xff ? written : -1;
		// A code of 10 to 30 bits: rare octets. It is read bit by bit from where the short look-up failed.
		let code = 0;
		let codeLength = 0;
		let symbol = -1;
		while (symbol === -1) {
			if (bits === 0) {
				if (at === end) return codeLength < 8 && code === (1 << codeLength) - 1 ? written : -1;
				pending = octets[at++] as number;
				bits = 8;
			}
			bits--;
			code = (code << 1) | ((pending >>> bits) & 1);
			codeLength++;
			if (codeLength > maxCodeBits) return -1;
			symbol = symbolOf(code, codeLength);
		}
		if (symbol === eos || written === into.length) return -1;
		into[written++] = symbol;
	}
}

/** The symbol of a complete code, or -1: one range of codes per length, as the code is canonical. */
function symbolOf(code: number, length: number): number {
	const index = code - (firstCode[length] as number);
	if (index < 0 || index >= (codesOfLength[length] as number)) return -1;
	return bySize[(firstIndex[length] as number) + index] as number;
}

const eos = 256;
const maxCodeBits = 30;

/** The code's length for each octet and EOS. */
const lengths = Uint8Array.from([
	13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
	28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
	13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
	5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
	22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
	23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
	20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
	27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
	27, 27, 27, 26, 30,
]);

/** All symbols, by length and then by value. */
const bySize = Uint16Array.from(lengths.keys()).sort(
	(a, b) => (lengths[a] as number) - (lengths[b] as number) || a - b,
);
const codes = new Uint32Array(lengths.length);
const firstCode = new Uint32Array(maxCodeBits + 1);
const firstIndex = new Uint16Array(maxCodeBits + 1);
const codesOfLength = new Uint16Array(maxCodeBits + 1);
/** By the next 8 bits: symbol << 4 | length for codes of at most 8 bits, else 0. */
const shortCodes = new Uint16Array(256);

assignCodes();

function assignCodes(): void {
	let code = 0;
	let length = 0;
	for (const [index, symbol] of bySize.entries()) {
		const symbolLength = lengths[symbol] as number;
		code <<= symbolLength - length;
		if (symbolLength !== length) {
			firstCode[symbolLength] = code;
			firstIndex[symbolLength] = index;
		}
		length = symbolLength;
		codesOfLength[length] = (codesOfLength[length] as number) + 1;
		codes[symbol] = code;
		if (length <= 8) shortCodes.fill((symbol << 4) | length, code << (8 - length), (code + 1) << (8 - length));
		code++;
	}
}
