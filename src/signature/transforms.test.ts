import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import {
	applyTransform,
	parseTransform,
	type TransformName,
	transformKey,
	transformTable,
} from "#signature/transforms.ts";

function apply(name: TransformName, text: string, value?: string): string {
	const transform = parseTransform(name, value);
	if (typeof transform === "string") assert.fail(transform);
	return Buffer.from(applyTransform(transform, Buffer.from(text, "latin1"))).toString("latin1");
}

test("each transform turns the buffer into what its page says", () => {
	assert.equal(apply("to_lowercase", "AbZ[\u00c9"), "abz[\u00c9");
	assert.equal(apply("to_uppercase", "aBz{\u00e9"), "ABZ{\u00e9");
	assert.equal(apply("strip_whitespace", " a\tb\r\nc\v\fd "), "abcd");
	assert.equal(apply("compress_whitespace", "a \t\r\n b  c"), "a b c");
	assert.equal(apply("url_decode", "a%20b+c%zz%4"), "a b c%zz%4");
	assert.equal(apply("dotprefix", "example.com"), ".example.com");
	assert.equal(apply("xor", "\x01\x02\x03", '"0dc8"'), "\x0c\xca\x0e");
	assert.equal(apply("header_lowercase", "Host: A\r\nUser-Agent: B"), "host: A\r\nuser-agent: B");
	assert.equal(apply("strip_pseudo_headers", ":path: /\r\nHost: a\r\n"), "Host: a\r\n");
	for (const hash of ["md5", "sha1", "sha256"] as const)
		assert.equal(apply(`to_${hash}`, "abc"), createHash(hash).update("abc").digest().toString("latin1"));
});

test("values are refused where none belongs, and a key must be hexadecimal", () => {
	assert.match(String(parseTransform("to_md5", "x")), /takes no value/);
	for (const value of [undefined, '"0"', '"zz"', '""']) assert.equal(typeof parseTransform("xor", value), "string");
});

test("equal transforms have equal keys", () => {
	const key = (value: string) => transformKey(parseTransform("xor", value) as never);
	assert.equal(key('"0A"'), key("0a"));
	assert.notEqual(key('"0a"'), key('"0b"'));
});

test("no octets make a transform fail", () => {
	fc.assert(
		fc.property(fc.uint8Array(), (octets) => {
			for (const name of Object.keys(transformTable) as TransformName[])
				applyTransform(name === "xor" ? { name, key: Uint8Array.of(1) } : { name }, octets);
		}),
	);
});
