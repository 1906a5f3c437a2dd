import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cellWidth, fitText, visibleJson, visibleText } from "#telemetry/display-text.ts";
import { hostileText } from "../../test/support/session-records.ts";

const moves = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

test("control, direction and format characters are shown, not obeyed", () => {
	assert.equal(visibleText("a\x1b[2Jb"), "a\\x1b[2Jb");
	assert.equal(visibleText("a\r\n\tb\0\x9b"), "a\\r\\n\\tb\\x00\\x9b");
	assert.equal(visibleText("\u202etxt.exe\u2028"), "\\u{202e}txt.exe\\u{2028}");
	assert.equal(visibleText("\ud800"), "\\u{d800}");
	assert.equal(visibleText("\u{e0041}"), "\\u{e0041}");
});

test("ordinary text of any language stays as it is", () => {
	for (const text of ["plain", "räksmörgås", "日本語", "नमस्ते", "🦊", 'q"\\']) assert.equal(visibleText(text), text);
});

test("no text leaves a character behind that a terminal would obey", () => {
	fc.assert(fc.property(hostileText, (text) => !moves.test(visibleText(text))));
});

test("JSON made safe to print still says the same", () => {
	fc.assert(
		fc.property(fc.array(hostileText), (texts) => {
			const json = visibleJson(texts);
			assert.deepEqual(JSON.parse(json), texts);
			assert.ok(!moves.test(json));
		}),
	);
});

test("wide letters take two cells, combining marks none", () => {
	assert.equal(cellWidth("abc"), 3);
	assert.equal(cellWidth("日本"), 4);
	assert.equal(cellWidth("e\u0301"), 1);
});

test("a text is cut with a mark at its end, or padded", () => {
	assert.equal(fitText("shop.example", 8), "shop.ex~");
	assert.equal(fitText("shop", 8), "shop    ");
	assert.equal(fitText("日本語", 4), "日~ ");
	assert.equal(fitText("shop", 0), "");
});

test("a fitted text takes exactly its cells, whatever the text", () => {
	fc.assert(
		fc.property(hostileText, fc.integer({ min: 1, max: 40 }), (text, width) => {
			assert.equal(cellWidth(fitText(visibleText(text), width)), width);
		}),
	);
});
