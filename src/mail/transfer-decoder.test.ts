import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openTransferDecoder } from "#mail/transfer-decoder.ts";

/** What comes out when the text goes in by pieces of these sizes. */
function decoded(encoding: string, text: string | Uint8Array, sizes: readonly number[] = []): Buffer {
	const octets = typeof text === "string" ? Buffer.from(text, "latin1") : text;
	const decoder = openTransferDecoder(encoding);
	const out: Buffer[] = [];
	const sink = (piece: Uint8Array) => {
		out.push(Buffer.from(piece));
		return false;
	};
	for (let at = 0, turn = 0; at < octets.length; turn++) {
		const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? octets.length);
		decoder.write(octets, at, Math.min(octets.length, at + size), sink);
		decoder.flush(sink);
		at += size;
	}
	decoder.end(sink);
	return Buffer.concat(out);
}

const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 });

test("base64 is undone however it is cut, line breaks and strange characters passed over", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 300 }), cuts, (octets, sizes) => {
			const coded = Buffer.from(octets)
				.toString("base64")
				.replaceAll(/(.{7})/g, "$1\r\n *");
			assert.deepEqual(decoded("base64", coded, sizes), Buffer.from(octets));
		}),
	);
	assert.equal(decoded("base64", "QUI=QUJD").toString(), "ABABC");
	assert.equal(decoded("base64", "QUJDR").toString(), "ABC");
	const large = Buffer.alloc(100_000, "0123456789abcdef");
	assert.deepEqual(decoded("base64", large.toString("base64")), large);
});

test("quoted-printable is undone however it is cut; what is no escape stays", () => {
	for (const [coded, plain] of [
		["a=3Db=0D=0Ac", "a=b\r\nc"],
		["soft=\r\n break=  \r\n here=\n too", "soft break here too"],
		["=e4=E4", "\xe4\xe4"],
		["50% = half, =G1, =4, ==41", "50% = half, =G1, =4, =A"],
		["end=", "end="],
		["end=4", "end=4"],
	] as const)
		for (const sizes of [[], [1], [2, 3]])
			assert.equal(decoded("quoted-printable", coded, sizes).toString("latin1"), plain);
});

test("other encodings are what they seem, and any octets in any pieces give the same", () => {
	fc.assert(
		fc.property(
			fc.constantFrom("", "8bit", "base64", "quoted-printable", "unknown"),
			fc.uint8Array({ maxLength: 400 }),
			cuts,
			(encoding, octets, sizes) => {
				const whole = decoded(encoding, octets);
				assert.deepEqual(decoded(encoding, octets, sizes), whole);
				if (encoding === "8bit") assert.deepEqual(whole, Buffer.from(octets));
			},
		),
	);
});

test("what is not said to be base64 is taken for it where it can be nothing else", () => {
	const text = "What stands in a part that is fetched without its head, long enough to be told by.";
	for (const sizes of [[], [1], [63, 2]]) {
		assert.equal(decoded("unknown", Buffer.from(text).toString("base64"), sizes).toString(), text);
		assert.equal(decoded("unknown", text, sizes).toString(), text);
		assert.equal(decoded("unknown", "QUJD", sizes).toString(), "ABC");
	}
});

test("a sink that stops ends it", () => {
	for (const encoding of ["", "base64", "quoted-printable"]) {
		const decoder = openTransferDecoder(encoding);
		const octets = Buffer.alloc(60_000, "QUJD");
		assert.equal(decoder.write(octets, 0, octets.length, () => true) || decoder.flush(() => true), true);
	}
});
