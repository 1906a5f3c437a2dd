import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineEnds } from "#mail/line-ends.ts";

function lines(text: string, sizes: readonly number[] = []): { readonly lines: string[]; readonly isAtStart: boolean } {
	const reader = new LineEnds();
	const found: string[] = [];
	for (let at = 0, turn = 0; at < text.length; turn++) {
		const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? text.length);
		const octets = Buffer.from(text.slice(at, at + size), "latin1");
		for (let from = 0; from < octets.length; ) {
			const { count, line } = reader.read(octets, from);
			if (line !== undefined) found.push(line);
			from += count;
		}
		at += size;
	}
	return { lines: found, isAtStart: reader.isAtStart };
}

test("lines are told without what ends them, however they are cut", () => {
	fc.assert(
		fc.property(
			fc.array(fc.stringMatching(/^[ -~]{0,20}$/)),
			fc.array(fc.integer({ min: 1, max: 9 })),
			(texts, sizes) => {
				const whole = texts.map((text, at) => `${text}${at % 2 === 0 ? "\r\n" : "\n"}`).join("");
				assert.deepEqual(lines(whole, sizes), { lines: texts, isAtStart: true });
			},
		),
	);
	assert.deepEqual(lines("a\r\nb"), { lines: ["a"], isAtStart: false });
});

test("of a long line beginning and end are kept, however it is cut", () => {
	const long = `* 1 FETCH (${"x ".repeat(50_000)}BODY[] {12}`;
	for (const sizes of [[], [1], [1_000, 3]]) {
		const [line = ""] = lines(`${long}\r\n`, sizes).lines;
		assert.ok(line.length < 5_000);
		assert.match(line, /^\* 1 FETCH \(.*BODY\[\] \{12\}$/);
	}
});
