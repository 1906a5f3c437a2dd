import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SmtpDataScanner } from "#mail/smtp-data.ts";

function scan(text: string, size = text.length): { octets: number; isEnd: boolean; problem: string | undefined } {
	const scanner = new SmtpDataScanner();
	scanner.begin();
	const octets = Buffer.from(text, "latin1");
	let at = 0;
	while (at < octets.length) {
		const step = scanner.scan(octets.subarray(at, at + size));
		at += step.octets;
		if (step.isEnd || scanner.problem !== undefined) return { octets: at, isEnd: step.isEnd, problem: scanner.problem };
	}
	return { octets: at, isEnd: false, problem: undefined };
}

test("data ends at CR LF . CR LF and at nothing like it", () => {
	for (const [text, end] of [
		["a\r\n.\r\nQUIT\r\n", 6],
		[".\r\nQUIT", 3],
		["..\r\n.a\r\n.\r\n", 11],
		["a.\r\n\r\n.\r\n", 9],
	] as const) {
		assert.deepEqual(scan(text), { octets: end, isEnd: true, problem: undefined }, JSON.stringify(text));
	}
	assert.equal(scan("a\r\n.b\r\n").isEnd, false);
});

test("what some servers take for the end is a problem: no command is smuggled behind it", () => {
	for (const text of ["a\n.\nMAIL", "a\n.\r\nMAIL", "a\r\n.\nMAIL", "a\r.\r\n", "a\r\n.\rMAIL", "a\r\r\n.\r\n"]) {
		assert.match(scan(text).problem ?? "", /without/, JSON.stringify(text));
	}
});

test("any pieces give the same end", () => {
	const text = fc.string({ unit: fc.constantFrom("a", ".", "\r\n", ".\r\n", "\r", "\n"), maxLength: 40 });
	fc.assert(
		fc.property(text, fc.integer({ min: 1, max: 5 }), (value, size) =>
			assert.deepEqual(scan(value, size), scan(value)),
		),
	);
});
