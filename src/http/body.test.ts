import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ChunkedReader, chunkData, chunkLast, chunkNeedMore, chunkRefused } from "#http/body.ts";

/** Reads the pieces up to the last chunk; the octets behind it are left. */
function read(pieces: readonly Uint8Array[]): { body: string; left: number; reason: string | undefined } {
	const reader = new ChunkedReader();
	reader.begin();
	let body = "";
	for (const [index, piece] of pieces.entries()) {
		let at = 0;
		for (;;) {
			const result = reader.read(piece, at, piece.length);
			if (result === chunkRefused) return { body, left: -1, reason: reader.reason };
			if (result === chunkData)
				body += Buffer.from(piece.subarray(reader.dataStart, reader.dataEnd)).toString("latin1");
			at = reader.position;
			if (result === chunkLast) {
				const behind = pieces.slice(index + 1).reduce((sum, { length }) => sum + length, 0);
				return { body, left: piece.length - at + behind, reason: undefined };
			}
			if (result === chunkNeedMore) break;
		}
		assert.equal(at, piece.length);
	}
	return { body, left: -1, reason: undefined };
}

function split(octets: Uint8Array, size: number): Uint8Array[] {
	const pieces: Uint8Array[] = [];
	for (let at = 0; at < octets.length; at += size) pieces.push(octets.subarray(at, at + size));
	return pieces;
}

test("any body in any chunks, cut anyhow, is read back and the trailer section is left", () => {
	const chunk = fc.record({
		data: fc.uint8Array({ minLength: 1, maxLength: 40 }),
		zeros: fc.nat(3),
		extension: fc.constantFrom("", ";a", "; a=b", ';n="q x";m'),
		isUpper: fc.boolean(),
	});
	fc.assert(
		fc.property(fc.array(chunk, { maxLength: 6 }), fc.integer({ min: 1, max: 50 }), (chunks, size) => {
			const parts = chunks.map(({ data, zeros, extension, isUpper }) => {
				const digits = data.length.toString(16);
				const line = `${"0".repeat(zeros)}${isUpper ? digits.toUpperCase() : digits}${extension}\r\n`;
				return Buffer.concat([Buffer.from(line), data, Buffer.from("\r\n")]);
			});
			const octets = Buffer.concat([...parts, Buffer.from("0;last\r\nX: y\r\n\r\n")]);
			const body = Buffer.concat(chunks.map(({ data }) => data)).toString("latin1");
			assert.deepEqual(read(split(octets, size)), { body, left: 8, reason: undefined });
		}),
	);
});

test("the largest size is read as a number, one digit more is refused", () => {
	const reader = new ChunkedReader();
	reader.begin();
	const octets = Buffer.from("ffffffffffff\r\nx");
	assert.equal(reader.read(octets, 0, octets.length), chunkData);
	assert.deepEqual([reader.dataStart, reader.dataEnd], [14, 15]);
	assert.match(read([Buffer.from("1000000000000\r\nx")]).reason ?? "", /more than 12 digits/);
});

test("random octets never throw, and end alike however they are cut", () => {
	const octet = fc.oneof(fc.constantFrom(...Buffer.from('0123af;= \t"\r\n')), fc.nat(255));
	fc.assert(
		fc.property(fc.array(octet, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (octets, size) => {
			const whole = Uint8Array.from(octets);
			assert.deepEqual(read(split(whole, size)), read([whole]));
		}),
		{ numRuns: 2_000 },
	);
});
