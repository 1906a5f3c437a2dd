import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeHuffman, encodeHuffman, huffmanLength } from "#http/huffman.ts";

function encode(text: string): string {
	const octets = new Uint8Array(huffmanLength(text) + 2);
	encodeHuffman(text, octets, 1);
	assert.equal(octets[0], 0, "nothing before");
	assert.equal(octets.at(-1), 0, "nothing behind");
	return Buffer.from(octets.subarray(1, -1)).toString("hex");
}

function decode(hex: string, room = 4_096): string | undefined {
	const octets = Buffer.from(`ab${hex}cd`, "hex");
	const into = new Uint8Array(room);
	const count = decodeHuffman(octets, 1, octets.length - 1, into);
	return count === -1 ? undefined : Buffer.from(into.subarray(0, count)).toString("latin1");
}

/** RFC 7541 appendix C, and codes of appendix B that are rare: 15, 19, 20, 26, 28 and 30 bits. */
const vectors: readonly [text: string, hex: string][] = [
	["www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"],
	["no-cache", "a8eb10649cbf"],
	["custom-key", "25a849e95ba97d7f"],
	["custom-value", "25a849e95bb8e8b4bf"],
	["302", "6402"],
	["private", "aec3771a4b"],
	["Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"],
	["https://www.example.com", "9d29ad171863c78f0b97c8e9ae82ae43d3"],
	["gzip", "9bd9ab"],
	["", ""],
	["<", "fff9"],
	["\\", "fffe1f"],
	["\x80", "fffe6f"],
	["\xff", "fffffbbf"],
	["\x02", "fffffe2f"],
	["\x0a", "fffffff3"],
	["\x16", "fffffffb"],
	["\0", "ffc7"],
];

test("R7541 vectors are coded and decoded", () => {
	for (const [text, hex] of vectors) {
		assert.equal(encode(text), hex, JSON.stringify(text));
		assert.equal(decode(hex), text);
	}
});

test("every octet comes back, at every bit offset", () => {
	for (let octet = 0; octet < 256; octet++) {
		for (let before = 0; before < 8; before++) {
			const text = `${"0".repeat(before)}${String.fromCharCode(octet).repeat(3)}z`;
			assert.equal(decode(encode(text)), text);
		}
	}
});

test("EOS, long padding and padding that is not ones are refused", () => {
	assert.equal(decode("ff"), undefined, "8 bits of padding");
	assert.equal(decode("6402ff"), undefined);
	assert.equal(decode("1fff"), undefined, "a symbol of 5 bits and 11 bits of padding");
	assert.equal(decode("1f"), "a");
	assert.equal(decode("1e"), undefined, "padding with a zero");
	assert.equal(decode("fffffffc"), undefined, "EOS");
	assert.equal(decode("ffffffff"), undefined);
	assert.equal(decode(`1f${"ff".repeat(8)}`), undefined);
	assert.equal(decode("fffffff0"), undefined, "ends in zeros that are no code and no padding");
});

test("text that does not fit is refused", () => {
	assert.equal(decode(encode("12345678"), 8), "12345678");
	assert.equal(decode(encode("12345678"), 7), undefined);
	assert.equal(decode(encode("1234567\n"), 7), undefined);
});

test("any text comes back; random octets never throw and, when they decode, are the only code of their text", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
			const text = Buffer.from(octets).toString("latin1");
			assert.equal(decode(encode(text)), text);
			const hex = Buffer.from(octets).toString("hex");
			const decoded = decode(hex);
			if (decoded !== undefined) assert.equal(encode(decoded), hex);
		}),
		{ numRuns: 1_000 },
	);
	for (let first = 0; first < 256; first++) {
		for (let second = 0; second < 256; second++) {
			const hex = Buffer.from([first, second]).toString("hex");
			const decoded = decode(hex);
			if (decoded !== undefined) assert.equal(encode(decoded), hex);
		}
	}
});
