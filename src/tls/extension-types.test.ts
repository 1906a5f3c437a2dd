import assert from "node:assert/strict";
import { test } from "node:test";
import { describeExtension, extensionType } from "#tls/extension-types.ts";

test("every extension that is read has a name for messages", () => {
	for (const type of Object.values(extensionType)) assert.match(describeExtension(type), /^[a-z_]+ \(0x[0-9a-f]{4}\)$/);
	assert.equal(describeExtension(51), "key_share (0x0033)");
});

test("an unknown extension is named by its code point", () => {
	assert.equal(describeExtension(0x0a0a), "extension 0x0a0a");
	assert.equal(describeExtension(0xca34), "extension 0xca34");
});
