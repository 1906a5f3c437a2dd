import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { maxPatternOctets, type Pattern, PatternMatcher } from "#inspect/pattern-match.ts";

const eicar = String.raw`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`;

/** Every match as `pattern@end` with the end counted from the stream's begin, found by the matcher chunk by chunk. */
function found(matcher: PatternMatcher, chunks: readonly Uint8Array[]): string[] {
	const stream = matcher.start();
	const matches: string[] = [];
	let before = 0;
	for (const chunk of chunks) {
		// The octets stand inside a larger buffer, so that a read beside the range shows.
		const padded = Buffer.concat([Buffer.from("EICAR"), chunk, Buffer.from("EICAR")]);
		const stopped = matcher.scan(stream, padded, 5, 5 + chunk.length, (pattern, end) => {
			matches.push(`${pattern}@${before + end - 5}`);
			return false;
		});
		assert.equal(stopped, false);
		before += chunk.length;
	}
	return matches.sort();
}

/** The same by comparing at every offset. */
function expected(patterns: readonly Pattern[], octets: Uint8Array): string[] {
	const text = Buffer.from(octets).toString("latin1");
	const matches: string[] = [];
	for (const [index, { octets: wanted, ignoresCase }] of patterns.entries()) {
		const pattern = Buffer.from(wanted).toString("latin1");
		for (let at = 0; at + pattern.length <= text.length; at++) {
			const piece = text.slice(at, at + pattern.length);
			if (piece === pattern || (ignoresCase && foldAscii(piece) === foldAscii(pattern))) {
				matches.push(`${index}@${at + pattern.length}`);
			}
		}
	}
	return matches.sort();
}

function foldAscii(text: string): string {
	return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function pattern(text: string, ignoresCase = false): Pattern {
	return { octets: Buffer.from(text, "latin1"), ignoresCase };
}

function cut(octets: Uint8Array, sizes: readonly number[]): Uint8Array[] {
	const chunks: Uint8Array[] = [];
	let at = 0;
	for (let index = 0; at < octets.length; index++) {
		const size = sizes[index % sizes.length] as number;
		chunks.push(octets.subarray(at, at + size));
		at += size;
	}
	return chunks;
}

test("EICAR is found wherever it is split", () => {
	const matcher = new PatternMatcher([pattern(eicar)]);
	const octets = Buffer.from(`${"x".repeat(1_000)}${eicar}${"y".repeat(1_000)}`);
	for (let at = 0; at <= octets.length; at++) {
		assert.deepEqual(found(matcher, [octets.subarray(0, at), octets.subarray(at)]), ["0@1068"], `split at ${at}`);
	}
	assert.deepEqual(found(matcher, cut(octets, [1])), ["0@1068"]);
});

test("nothing is found where nothing is, and one octet changed hides the pattern", () => {
	const matcher = new PatternMatcher([pattern(eicar)]);
	for (let at = 0; at < eicar.length; at++) {
		const octets = Buffer.from(`${"z".repeat(300)}${eicar}${"z".repeat(300)}`);
		octets[300 + at] = (octets[300 + at] as number) ^ 1;
		assert.deepEqual(found(matcher, [octets]), []);
	}
});

test("restart forgets the beginning of a pattern", () => {
	for (const patterns of [[pattern("needle")], [pattern("ab")], [pattern("needle", true), pattern("Needle")]]) {
		const matcher = new PatternMatcher(patterns);
		const stream = matcher.start();
		const half = Buffer.from("ABneed nee a".slice(0, -1));
		let count = 0;
		const onMatch = () => {
			count++;
			return false;
		};
		matcher.scan(stream, Buffer.from("xneed"), 0, 5, onMatch);
		matcher.scan(stream, Buffer.from("a"), 0, 1, onMatch);
		matcher.restart(stream);
		matcher.scan(stream, Buffer.from("b"), 0, 1, onMatch);
		matcher.scan(stream, half, 0, half.length, onMatch);
		assert.equal(count, 0);
	}
});

test("onMatch stops the scan", () => {
	for (const patterns of [[pattern("ab")], [pattern("abab")]]) {
		const matcher = new PatternMatcher(patterns);
		let count = 0;
		const octets = Buffer.from("abab".repeat(300));
		const stopped = matcher.scan(matcher.start(), octets, 0, octets.length, () => ++count === 3);
		assert.equal(stopped, true);
		assert.equal(count, 3);
	}
});

test("a set without patterns finds nothing; empty and huge patterns are refused", () => {
	assert.deepEqual(found(new PatternMatcher([]), [Buffer.from("anything")]), []);
	assert.throws(() => new PatternMatcher([pattern("")]), RangeError);
	assert.throws(() => new PatternMatcher([pattern("x".repeat(maxPatternOctets + 1))]), RangeError);
	assert.equal(
		found(new PatternMatcher([pattern("x".repeat(maxPatternOctets))]), [Buffer.alloc(1_025, "x")]).length,
		2,
	);
});

test("all 256 octets in patterns are told apart", () => {
	const patterns = Array.from({ length: 256 }, (_, octet) => ({ octets: Uint8Array.of(octet) }));
	patterns.push({ octets: Uint8Array.of(255, 255) });
	const octets = Uint8Array.from({ length: 512 }, (_, index) => 255 - (index >> 1));
	assert.deepEqual(found(new PatternMatcher(patterns), [octets]), expected(patterns, octets));
});

test("input chosen to look like the pattern costs no more than the automaton", () => {
	const matcher = new PatternMatcher([pattern(`${"a".repeat(1_000)}b`)]);
	const octets = Buffer.alloc(4 * 1_048_576, "a");
	octets.write("b", octets.length - 1);
	const begin = process.cpuUsage();
	assert.deepEqual(found(matcher, [octets]), [`0@${octets.length}`]);
	const { user, system } = process.cpuUsage(begin);
	// Comparing at every offset would be 4 * 10^9 steps.
	assert.ok(user + system < 2_000_000, `${user + system} µs`);
});

const alphabets = ["ab", "aAbB", "abcdefgh \n", "aB\xe9\xc9\0\xff"];
const cases = fc.constantFrom(...alphabets).chain((alphabet) => {
	const octets = (minLength: number, maxLength: number) =>
		fc
			.array(fc.constantFrom(...alphabet), { minLength, maxLength })
			.map((letters) => Buffer.from(letters.join(""), "latin1"));
	return fc.record({
		patterns: fc.oneof(
			fc.array(fc.record({ octets: octets(1, 9), ignoresCase: fc.boolean() }), { minLength: 1, maxLength: 12 }),
			fc.array(fc.record({ octets: octets(4, 12), ignoresCase: fc.boolean() }), { minLength: 1, maxLength: 3 }),
		),
		octets: octets(0, 400),
		sizes: fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 6 }),
	});
});

test("any patterns in any stream, cut anyhow, are found exactly as by comparing at every offset", () => {
	fc.assert(
		fc.property(cases, ({ patterns, octets, sizes }) => {
			const matcher = new PatternMatcher(patterns);
			const wanted = expected(patterns, octets);
			assert.deepEqual(found(matcher, [octets]), wanted);
			assert.deepEqual(found(matcher, cut(octets, sizes)), wanted);
		}),
		{ numRuns: 1_500 },
	);
});

test("a thousand patterns are found among each other's beginnings", () => {
	const patterns = Array.from({ length: 1_000 }, (_, index) => pattern(`sig-${index}-${index % 7}`, index % 2 === 0));
	const octets = Buffer.from(
		Array.from({ length: 100 }, (_, index) => `SIG-${index * 9}-${(index * 9) % 7} sig-${index}-`).join(""),
	);
	assert.deepEqual(found(new PatternMatcher(patterns), cut(octets, [777])), expected(patterns, octets));
});
