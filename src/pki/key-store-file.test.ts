import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { decodeKeyStoreFile, encodeKeyStoreFile, type KeyStoreFile, maxEntries } from "#pki/key-store-file.ts";

const octets = (text: string) => new Uint8Array(Buffer.from(text));
const cost = { salt: new Uint8Array(16).fill(1), memoryKib: 65_536, passes: 3, parallelism: 4 };
const entry = {
	id: "corp ca",
	version: 2,
	created: 5,
	isExportable: true,
	certificates: [octets("own"), octets("above")],
	request: octets("request"),
	key: octets("sealed"),
};
const sample: KeyStoreFile = {
	protection: { kind: "passphrase", source: "/run/passphrase", cost },
	check: octets("check"),
	entries: [entry, { ...entry, id: "b", request: undefined, key: "not-kept" }, { ...entry, id: "c", key: undefined }],
};

function changed(change: (document: Record<string, unknown>) => void): string {
	const document = JSON.parse(encodeKeyStoreFile(sample)) as Record<string, unknown>;
	change(document);
	return JSON.stringify(document);
}

function reasonOf(text: string): string {
	const decoded = decodeKeyStoreFile(text);
	return decoded.kind === "malformed" ? decoded.reason : decoded.kind;
}

test("a store is read as it was written, with every kind of protection", () => {
	for (const protection of [sample.protection, { kind: "key-file" }, { kind: "memory" }] as const) {
		const decoded = decodeKeyStoreFile(encodeKeyStoreFile({ ...sample, protection }));
		assert.ok(decoded.kind === "done");
		assert.deepEqual(decoded.value, { ...sample, protection });
	}
});

test("what is damaged is told by its field or by its entry", () => {
	assert.match(reasonOf(encodeKeyStoreFile(sample).slice(0, -9)), /cut short or no JSON/);
	assert.match(reasonOf("[]"), /holds no object/);
	assert.match(reasonOf(changed((store) => Object.assign(store, { format: 2 }))), /format is 2; this version reads 1/);
	assert.match(reasonOf(changed((store) => Object.assign(store, { check: 1 }))), /'check' is damaged/);
	assert.match(reasonOf(changed((store) => Object.assign(store, { entries: {} }))), /'entries' is no list/);
	for (const part of [{ version: -1 }, { id: "" }, { isExportable: "yes" }, { certificates: ["?"] }, { request: 1 }])
		assert.match(
			reasonOf(changed(({ entries }) => Object.assign((entries as object[])[1] as object, part))),
			/entry 2 is damaged/,
			JSON.stringify(part),
		);
	assert.match(
		reasonOf(changed(({ entries }) => Object.assign((entries as object[])[2] as object, { id: "b" }))),
		/entry 3/,
	);
});

test("a key that is no base64 leaves the other entries readable", () => {
	const decoded = decodeKeyStoreFile(
		changed(({ entries }) => Object.assign((entries as object[])[0] as object, { key: "?" })),
	);
	assert.ok(decoded.kind === "done");
	assert.deepEqual(decoded.value.entries[0]?.key, new Uint8Array(0));
	assert.deepEqual(decoded.value.entries[1], sample.entries[1]);
});

test("a cost that would take all memory or minutes is refused", () => {
	for (const part of [
		{ memoryKib: 2 ** 31 },
		{ memoryKib: 8 },
		{ passes: 0 },
		{ passes: 1_000 },
		{ parallelism: 99 },
		{ salt: "" },
	])
		assert.match(
			reasonOf(changed(({ protection }) => Object.assign(protection as object, part))),
			/'protection' is damaged/,
			JSON.stringify(part),
		);
});

test("so many entries are read and no more", () => {
	const entries = Array.from({ length: maxEntries + 1 }, (_, index) => ({ ...entry, id: `e${index}` }));
	assert.equal(reasonOf(encodeKeyStoreFile({ ...sample, entries: entries.slice(1) })), "done");
	assert.match(reasonOf(encodeKeyStoreFile({ ...sample, entries })), /no list of at most/);
});

test("whatever the text, the decoder answers and does not throw", () => {
	const text = encodeKeyStoreFile(sample);
	fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (any) => assert.match(reasonOf(any), /./)));
	fc.assert(
		fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 3 }), (at, put) => {
			assert.match(reasonOf(text.slice(0, at) + put + text.slice(at + put.length)), /./);
		}),
	);
});
