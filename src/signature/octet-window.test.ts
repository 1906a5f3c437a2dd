import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OctetWindow } from "#signature/octet-window.ts";

function text(window: OctetWindow): string {
	return window.octets.toString("latin1", 0, window.length);
}

test("a short body is all there", () => {
	const window = new OctetWindow(16, 4);
	window.append(Buffer.from("xhellox"), 1, 6);
	window.append(Buffer.from(" world"), 0, 6);
	assert.deepEqual([text(window), window.base, window.total], ["hello world", 0, 11]);
});

test("of a long one the end is there, and how much went by", () => {
	const window = new OctetWindow(8, 3);
	window.append(Buffer.from("abcdef"), 0, 6);
	assert.equal(window.overflows(4), true);
	window.append(Buffer.from("ghij"), 0, 4);
	assert.deepEqual([text(window), window.base], ["defghij", 3]);
	window.append(Buffer.from("0123456789"), 0, 10);
	assert.deepEqual([text(window), window.base, window.total], ["23456789", 12, 20]);
	window.restart();
	assert.deepEqual([text(window), window.base], ["", 0]);
});

test("of what is appended for its end alone, the end is there", () => {
	const window = new OctetWindow(16, 4);
	window.append(Buffer.from("abc"), 0, 3);
	window.appendEnd(Buffer.from("defghijk"), 0, 8);
	assert.deepEqual([text(window), window.base, window.total], ["hijk", 7, 11]);
	window.appendEnd(Buffer.from("lmn"), 0, 3);
	assert.deepEqual([text(window), window.base, window.total], ["hijklmn", 7, 14]);
});

test("in lower case it holds the same octets, whenever it is asked", () => {
	const parts = fc.array(fc.tuple(fc.string({ unit: fc.constantFrom(..."aBCz[@é"), maxLength: 30 }), fc.boolean()));
	fc.assert(
		fc.property(parts, (appended) => {
			const window = new OctetWindow(40, 7);
			for (const [part, isAsked] of appended) {
				const octets = Buffer.from(part, "latin1");
				if (octets.length > 15) window.appendEnd(octets, 0, octets.length);
				else window.append(octets, 0, octets.length);
				const expected = text(window).replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
				if (isAsked) assert.equal(window.lowered().toString("latin1"), expected);
			}
		}),
	);
});

test("whatever is appended, the window is the end of it within its bounds", () => {
	fc.assert(
		fc.property(fc.array(fc.string({ unit: fc.constantFrom(..."abc"), maxLength: 40 })), (parts) => {
			const window = new OctetWindow(32, 8);
			let whole = "";
			for (const part of parts) {
				window.append(Buffer.from(part), 0, part.length);
				whole += part;
				assert.equal(window.total, whole.length);
				assert.ok(window.length <= 32);
				assert.equal(text(window), whole.slice(window.base));
			}
		}),
	);
});
