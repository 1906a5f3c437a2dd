import assert from "node:assert/strict";
import { test } from "node:test";
import { metaKeywords } from "#signature/meta-keywords.ts";
import { problemOf, signatureOf } from "../../test/support/signatures.ts";

test("what describes a rule is kept, escapes undone", () => {
	const signature = signatureOf(
		'msg:"a \\"b\\"\\;"; gid:2; rev:3; classtype:trojan-activity; reference:url,x.y; reference:cve,2020-1; metadata:a b, c d; target:dest_ip; noalert;',
	);
	const { message, gid, rev, classtype, priority, references, metadata, target, isNoAlert } = signature;
	assert.deepEqual([message, gid, rev, classtype, priority], ['a "b";', 2, 3, "trojan-activity", 1]);
	assert.deepEqual(
		[references, metadata],
		[
			["url,x.y", "cve,2020-1"],
			["a b", "c d"],
		],
	);
	assert.deepEqual([target, isNoAlert], ["dest_ip", true]);
});

test("priority goes before that of the class, and without both it is 3", () => {
	assert.equal(signatureOf("classtype:trojan-activity; priority:4;").priority, 4);
	assert.equal(signatureOf("").priority, 3);
});

test("what cannot be read is refused", () => {
	for (const option of [
		"msg:a",
		"gid:x",
		"rev:-1",
		"sid:99999999999",
		"priority:300",
		"classtype:none-such",
		"target:both",
	])
		assert.match(problemOf(`${option};`), new RegExp(`^${option.split(":")[0]}: `));
});

test("every keyword of the table says what it is", () => {
	for (const [name, { about }] of Object.entries(metaKeywords)) assert.ok(about.length > 5, name);
});
