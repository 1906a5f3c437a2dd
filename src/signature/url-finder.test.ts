import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UrlFinder } from "#signature/url-finder.ts";

function found(...pieces: string[]): readonly string[] {
	const finder = new UrlFinder();
	for (const piece of pieces) finder.write(Buffer.from(piece, "latin1"));
	finder.end();
	return finder.urls;
}

test("addresses end at white space, quotes and brackets", () => {
	assert.deepEqual(found('see http://a.example/b?c=1 and <a href="HTTPS://d.example">ftp://e</a>, smb://f\\g'), [
		"http://a.example/b?c=1",
		"HTTPS://d.example",
		"ftp://e",
		"smb://f\\g",
	]);
	assert.deepEqual(found("mailto:a@b x:// http:// gopher://x javascript://y"), []);
});

test("an address is one wherever the pieces are cut, and each is told once", () => {
	const text = 'x http://a.example/path "https://b.example" http://a.example/path end';
	const whole = found(text);
	assert.deepEqual(whole, ["http://a.example/path", "https://b.example"]);
	fc.assert(
		fc.property(fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 20 }), (cuts) => {
			const at = [0, ...cuts.sort((a, b) => a - b), text.length];
			assert.deepEqual(found(...at.slice(1).map((end, index) => text.slice(at[index], end))), whole);
		}),
	);
});

test("the last address of a part ends with it, and parts do not run into each other", () => {
	const finder = new UrlFinder();
	for (const part of ["http://a.exam", "ple/next"]) {
		finder.write(Buffer.from(part));
		finder.end();
	}
	assert.deepEqual(finder.urls, ["http://a.exam"]);
});

test("no text makes it keep more than stated", () => {
	const many = found(...Array.from({ length: 1_000 }, (_, n) => `http://${n}.example `));
	assert.equal(many.length, 256);
	assert.equal(found(`http://${"a".repeat(1e6)}`)[0]?.length, 1_024);
	const finder = new UrlFinder();
	finder.write(Buffer.alloc(2_000_000, "x"));
	finder.write(Buffer.from(" http://too.late "));
	finder.end();
	assert.deepEqual(finder.urls, []);
});
