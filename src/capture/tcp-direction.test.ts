import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TcpDirection } from "#capture/tcp-direction.ts";

function gathered(push: (direction: TcpDirection) => void): string {
	let text = "";
	const direction = new TcpDirection((octets, gap) => {
		text += `${gap > 0 ? `<${gap}>` : ""}${Buffer.from(octets).toString()}`;
	});
	push(direction);
	direction.end();
	return text;
}

const octets = (text: string) => Buffer.from(text);

test("what comes out of order is put in order, what comes twice is left out", () => {
	assert.equal(
		gathered((direction) => {
			direction.begin(99);
			direction.push(103, octets("def"));
			direction.push(100, octets("abc"));
			direction.push(100, octets("abcXX"));
			direction.push(106, octets("gh"));
		}),
		"abcdefgh",
	);
});

test("numbers run around", () => {
	assert.equal(
		gathered((direction) => {
			direction.begin(0xffff_fffd);
			direction.push(1, octets("def"));
			direction.push(0xffff_fffe, octets("abc"));
		}),
		"abcdef",
	);
});

test("what is lost is told when nothing more comes, and when too much waits for it", () => {
	assert.equal(
		gathered((direction) => {
			direction.push(10, octets("ab"));
			direction.push(15, octets("fg"));
		}),
		"ab<3>fg",
	);
	const large = Buffer.alloc(65_536, "x");
	let gaps = 0;
	let delivered = 0;
	const direction = new TcpDirection((part, gap) => {
		gaps += gap;
		delivered += part.length;
	});
	direction.begin(0);
	for (let index = 0; index < 32; index++) direction.push(2 + index * large.length, large);
	assert.equal(gaps, 1);
	assert.equal(delivered, 32 * large.length);
});

test("a capture that begins in the midst begins with what it has", () => {
	assert.equal(
		gathered((direction) => direction.push(777, octets("abc"))),
		"abc",
	);
});

test("any order and overlap of a text's pieces gives the text", () => {
	const text = "the quick brown fox jumps over the lazy dog";
	const piece = fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 1, max: 12 }));
	fc.assert(
		fc.property(fc.array(piece, { maxLength: 40 }), fc.nat(), (pieces, start) => {
			const result = gathered((direction) => {
				direction.begin((start - 1) >>> 0);
				for (const [at, length] of pieces) direction.push((start + at) >>> 0, octets(text.slice(at, at + length)));
				direction.push(start >>> 0, octets(text));
			});
			assert.equal(result, text);
		}),
	);
});
