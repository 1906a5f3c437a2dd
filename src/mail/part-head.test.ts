import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readPartHead } from "#mail/part-head.ts";

const head = (...lines: readonly string[]) => readPartHead(`${lines.join("\r\n")}\r\n\r\n`);

test("type, boundary and encoding are read, folded and commented as they may be", () => {
	const read = head(
		"subject: hello",
		'Content-Type: Multipart/MIXED;\r\n\tcharset=x; boundary="a \\"b\\" c"',
		"Content-Transfer-Encoding: (old) BASE64 ; x",
	);
	assert.deepEqual(read, {
		type: "multipart/mixed",
		boundary: 'a "b" c',
		encoding: "base64",
		name: undefined,
		subject: "hello",
	});
	const bare = head("X: y");
	assert.deepEqual([bare.type, bare.boundary, bare.encoding], ["text/plain", undefined, ""]);
	assert.equal(head("Content-Type: multipart/mixed; boundary=plain-1").boundary, "plain-1");
});

test("names of files are read from either field, by RFC 2231 and RFC 2047 too", () => {
	for (const [line, name] of [
		['Content-Disposition: attachment; filename="invoice.pdf"', "invoice.pdf"],
		["Content-Type: application/zip; name=a.zip", "a.zip"],
		["Content-Disposition: attachment; filename*=utf-8''%e2%82%ac%20rates.exe", "€ rates.exe"],
		["Content-Disposition: attachment; filename*0*=utf-8'en'%e2%82; filename*1*=%ac; filename*2=.exe", "€.exe"],
		['Content-Disposition: attachment; filename*1="b.exe"; filename*0="a"', "ab.exe"],
		['Content-Type: x/y; name="=?utf-8?B?4oKs?= =?iso-8859-1?Q?_=E4.exe?="', "€ ä.exe"],
		['Content-Disposition: attachment; filename="=?nonsense?Q?a=2Eexe?="', "a.exe"],
	] as const)
		assert.equal(head(line).name, name, line);
});

test("the first of several fields counts, names are cut, and no text makes it fail", () => {
	assert.equal(head("Content-Type: a/b", "Content-Type: c/d").type, "a/b");
	assert.equal(head(`Content-Type: a/b; name=${"x".repeat(5_000)}`).name?.length, 200);
	fc.assert(
		fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 100 }), (text, value) => {
			readPartHead(text);
			readPartHead(`Content-Type: multipart/x; boundary=${value}\r\nContent-Disposition: a; filename*0*=${value}`);
			readPartHead(`Subject: =?${value}?b?${value}?=`);
		}),
	);
});

test("of a field that never ends its beginning is read, however odd it is", () => {
	for (const value of [
		`a/b${'; a*1="\\'.repeat(8_000)}`,
		`a/b; ${"a=b; ".repeat(10_000)}`,
		`a/b;${" ".repeat(60_000)}`,
		`a/b${"\r\n ".repeat(20_000)}`,
	])
		assert.equal(head(`Content-Type: ${value}`).type, "a/b");
	assert.equal(head(`Content-Transfer-Encoding: base64${"(".repeat(60_000)}`).encoding.slice(0, 6), "base64");
	assert.equal(head(`Subject: ${"=?a?b?".repeat(10_000)}`).subject?.length, 200);
});
