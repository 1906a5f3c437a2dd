import assert from "node:assert/strict";
import { test } from "node:test";
import { PackedSignatures } from "#signature/packed-signatures.ts";
import { loadRules } from "#signature/rule-set.ts";
import { ruleCorpus } from "../../test/support/rule-corpus.ts";
import { signatureOf } from "../../test/support/signatures.ts";

/** A signature as text: every property that is not undefined, tests of headers by what they are. */
function textOf(signature: unknown): string {
	const tests = new Set<unknown>();
	return JSON.stringify(signature, (_, value: unknown) => {
		if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
		if ("matches" in value) return `test ${tests.add(value).size}`;
		if ("type" in value && value.type === "Buffer") return [...(value as unknown as { data: number[] }).data];
		if (ArrayBuffer.isView(value)) return [...(value as Uint8Array)];
		return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
	});
}

test("every signature of a real set comes out as it went in", () => {
	const { signatures } = loadRules([{ name: "corpus", text: ruleCorpus() }]);
	const packed = new PackedSignatures(signatures);
	assert.equal(packed.length, signatures.length);
	for (const [index, signature] of signatures.entries()) {
		const made = packed.at(index);
		assert.equal(textOf(made), textOf(signature));
		for (const part of ["source", "sourcePorts", "destination", "destinationPorts"] as const)
			assert.equal(made[part], signature[part]);
	}
	assert.deepEqual(
		packed.all().map(({ sid }) => sid),
		signatures.map(({ sid }) => sid),
	);
});

test("octets of any value, keys of transforms and letters of any language are kept", () => {
	const signature = signatureOf(
		'msg:"h\\xc3\\xb6r"; http.uri; xor:"00ff80"; content:"|00 7f 80 ff 22 5c|a"; offset:3;',
	);
	const [made] = new PackedSignatures([{ ...signature, message: "hör \u{1f512}" }]).all();
	assert.equal(made?.message, "hör \u{1f512}");
	const [inspection] = made?.inspections ?? [];
	assert.deepEqual([...(inspection?.transforms[0]?.key ?? [])], [0x00, 0xff, 0x80]);
	const [step] = inspection?.steps ?? [];
	assert.ok(step?.type === "content");
	assert.deepEqual([...step.octets], [0x00, 0x7f, 0x80, 0xff, 0x22, 0x5c, 0x61]);
});

test("one that is asked for again is the same object, unless many others were asked for between", () => {
	const signature = signatureOf('http.uri; content:"a";');
	const packed = new PackedSignatures(Array.from({ length: 5_000 }, (_, sid) => ({ ...signature, sid })));
	const first = packed.at(0);
	assert.equal(packed.at(0), first);
	for (let index = 1; index < 5_000; index++) packed.at(index);
	assert.notEqual(packed.at(0), first);
	assert.equal(packed.at(0).sid, 0);
});
