import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeHtml, htmlDocument, pageStyle } from "#onboarding/page-style.ts";

test("the style is for light and dark and loads nothing", () => {
	assert.match(pageStyle, /prefers-color-scheme:dark/);
	assert.doesNotMatch(pageStyle, /url\(|@import|expression|<\//i);
});

test("a title cannot break out of its element", () => {
	const html = htmlDocument("</title><script>", "<p>x</p>");
	assert.ok(!html.includes("<script>"));
	assert.equal(escapeHtml(`<a href='x'>&"`), "&#60;a href=&#39;x&#39;&#62;&#38;&#34;");
});
