import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DotReader } from "#mail/dot-reader.ts";

/** The text, what is behind it, and whether a line ended strangely. */
function read(octets: string, sizes: readonly number[] = []) {
	const reader = new DotReader();
	let text = "";
	const sink = (piece: Uint8Array) => {
		text += Buffer.from(piece).toString("latin1");
		return false;
	};
	let isAmbiguous = false;
	for (let at = 0, turn = 0; at < octets.length; turn++) {
		const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? octets.length);
		const run = reader.read(Buffer.from(octets.slice(at, at + size), "latin1"), 0, sink);
		isAmbiguous ||= run.isAmbiguous;
		if (run.isEnd) return { text, rest: octets.slice(at + run.next), isEnd: true, isAmbiguous };
		at += size;
	}
	return { text, rest: "", isEnd: false, isAmbiguous };
}

test("the text ends at the line with a dot alone, and other dots at the beginning of a line are halved", () => {
	assert.deepEqual(read("a\r\n..b\r\n...\r\n.c\r\n.\r\nQUIT\r\n"), {
		text: "a\r\n.b\r\n..\r\nc\r\n",
		rest: "QUIT\r\n",
		isEnd: true,
		isAmbiguous: false,
	});
	assert.deepEqual(read(".\r\n").isEnd, true);
	assert.deepEqual(read("a.\r\n").isEnd, false);
});

test("a dot alone in what is a line to some programs only is told, and ends nothing; CR or LF alone is text", () => {
	for (const text of ["a\n.\nb", "a\n.\r\nb", "a\r\n.\nb", "a\r.\r\nb", "a\r\n.\rb", "a\r.\rb"]) {
		const { isEnd, isAmbiguous } = read(text);
		assert.deepEqual([isEnd, isAmbiguous], [false, true], JSON.stringify(text));
	}
	for (const text of ["a\nb\rc\r\rd\n\ne", "a\n.b", "a\r\n..\nb"]) {
		const { isEnd, isAmbiguous } = read(text);
		assert.deepEqual([isEnd, isAmbiguous], [false, false], JSON.stringify(text));
	}
});

test("any octets in any pieces give the same", () => {
	const octet = fc.constantFrom("\r", "\n", ".", "a", "\r\n", "\r\n.\r\n");
	fc.assert(
		fc.property(
			fc.array(octet, { maxLength: 30 }),
			fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }),
			(octets, sizes) => {
				assert.deepEqual(read(octets.join(""), sizes), read(octets.join("")));
			},
		),
	);
});

test("what comes out of a text that was made ready for the way is the text", () => {
	fc.assert(
		fc.property(fc.array(fc.stringMatching(/^[.a]{0,4}$/), { maxLength: 8 }), (lines) => {
			const sent = `${lines.map((line) => `${line.replace(/^\./, "..")}\r\n`).join("")}.\r\n`;
			assert.equal(read(sent).text, lines.map((line) => `${line}\r\n`).join(""));
		}),
	);
});

test("a sink that stops ends it", () => {
	for (const text of ["a", "a\r\n.b", "\r\n.\ra"])
		assert.equal(new DotReader().read(Buffer.from(text), 0, () => true).isStopped, true);
});
