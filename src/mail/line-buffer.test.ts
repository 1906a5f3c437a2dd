import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineBuffer, maxMailLineOctets } from "#mail/line-buffer.ts";

function linesOf(text: string, size = text.length): { lines: string[]; problem: string | undefined; rest: number } {
	const buffer = new LineBuffer();
	const octets = Buffer.from(text, "latin1");
	const lines: string[] = [];
	for (let at = 0; at < octets.length; at += size) {
		buffer.push(octets.subarray(at, at + size));
		for (let line = buffer.line(); line !== undefined; line = buffer.line()) lines.push(line.text);
	}
	return { lines, problem: buffer.problem, rest: buffer.length };
}

test("lines end in CR LF, and what is not whole waits", () => {
	assert.deepEqual(linesOf("a\r\n\r\nb\xe9\r\nc"), { lines: ["a", "", "b\xe9"], problem: undefined, rest: 1 });
});

test("CR, LF or NUL alone, and a line that is too long, end it", () => {
	assert.match(linesOf("a\r\nb\nc\r\n").problem ?? "", /LF without CR/);
	assert.match(linesOf("a\rb\r\n").problem ?? "", /CR without LF/);
	assert.match(linesOf("a\0\r\n").problem ?? "", /NUL/);
	assert.match(linesOf("x".repeat(maxMailLineOctets)).problem ?? "", /more than 16384/);
	assert.equal(linesOf(`${"x".repeat(maxMailLineOctets - 2)}\r\n`).lines.length, 1);
	assert.match(linesOf(`${"x".repeat(maxMailLineOctets - 1)}\r\n`).problem ?? "", /more than 16384/);
});

test("runs of octets are taken between lines", () => {
	const buffer = new LineBuffer();
	buffer.push(Buffer.from("a\r\n\n\0\r"));
	assert.equal(buffer.line()?.text, "a");
	buffer.push(Buffer.from("zb\r\n"));
	assert.deepEqual([...buffer.peek().subarray(0, 3)], [10, 0, 13]);
	assert.equal(Buffer.from(buffer.take(4)).toString(), "\n\0\rz");
	assert.equal(buffer.line()?.text, "b");
});

test("any pieces give the same lines", () => {
	const text = fc.string({ unit: fc.constantFrom("a", "b", "\r\n", "\r\n", "\r", "\n", "\0"), maxLength: 60 });
	fc.assert(
		fc.property(text, fc.integer({ min: 1, max: 9 }), (value, size) => {
			const [pieces, whole] = [linesOf(value, size), linesOf(value)];
			assert.deepEqual([pieces.lines, pieces.problem], [whole.lines, whole.problem]);
		}),
	);
});
