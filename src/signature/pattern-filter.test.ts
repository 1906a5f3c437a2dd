import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PatternFilter } from "#signature/pattern-filter.ts";

function found(filter: PatternFilter): Set<number> {
	return new Set(Array.from({ length: filter.hitCount }, (_, at) => filter.hit(at)));
}

const octets = fc.array(fc.constantFrom(0x00, 0x20, 0x41, 0x61, 0x62, 0x63, 0xff), { maxLength: 1_500 });
const patterns = fc.array(fc.array(fc.constantFrom(0x00, 0x41, 0x61, 0x62, 0xff), { minLength: 1, maxLength: 24 }), {
	minLength: 1,
	maxLength: 12,
});

function includesFolded(text: Uint8Array, pattern: Uint8Array): boolean {
	const lower = (value: Uint8Array) => Buffer.from(Buffer.from(value).toString("latin1").toLowerCase(), "latin1");
	return lower(text).includes(lower(pattern));
}

test("the patterns that stand in the text are found, each once, and no others", () => {
	fc.assert(
		fc.property(octets, patterns, (text, list) => {
			const input = Uint8Array.from(text);
			const all = list.map((each) => Uint8Array.from(each));
			const filter = new PatternFilter(all);
			filter.scanWhole(input, 0, input.length);
			const hits = found(filter);
			assert.equal(hits.size, filter.hitCount);
			for (const [index, pattern] of all.entries()) assert.equal(hits.has(index), includesFolded(input, pattern));
		}),
	);
});

test("a pattern is found however the stream is cut", () => {
	fc.assert(
		fc.property(octets, patterns, fc.array(fc.nat(400), { maxLength: 12 }), (text, list, cuts) => {
			const input = Uint8Array.from(text);
			const all = list.map((each) => Uint8Array.from(each));
			const filter = new PatternFilter(all);
			const stream = filter.start();
			const hits = new Set<number>();
			let at = 0;
			for (const size of [...cuts, input.length]) {
				const end = Math.min(input.length, at + size);
				filter.scan(stream, input, at, end);
				for (const hit of found(filter)) hits.add(hit);
				at = end;
			}
			// A pattern of which the rarest piece is found counts as found: at least what is there must be told.
			for (const [index, pattern] of all.entries()) if (includesFolded(input, pattern)) assert.ok(hits.has(index));
		}),
	);
});

test("little is told that is not there", () => {
	const filter = new PatternFilter(["/evil.php?id=", "cmd.exe", "xyz", "q!", "~"].map((text) => Buffer.from(text)));
	const text = Buffer.from(
		"The quick brown fox jumps over the lazy dog, GET /index.html HTTP/1.1 and so on.".repeat(20),
	);
	filter.scanWhole(text, 0, text.length);
	assert.equal(filter.hitCount, 0);
	const evil = Buffer.from("GET /EVIL.php?ID=1");
	filter.scanWhole(evil, 4, evil.length);
	assert.deepEqual([...found(filter)], [0]);
});

test("only the range that was given is searched", () => {
	const filter = new PatternFilter([Buffer.from("abcdefgh"), Buffer.from("ab")]);
	const text = Buffer.from("abcdefgh");
	filter.scanWhole(text, 1, 8);
	assert.equal(filter.hitCount, 0);
	filter.scanWhole(text, 0, 2);
	assert.deepEqual([...found(filter)], [1]);
});
