import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { test } from "node:test";
import { concat } from "#base/bytes.ts";
import { type OpenableSuite, openableSuiteOf, RecordOpener } from "#tls/record-opener.ts";

const tls13: OpenableSuite = { ...(openableSuiteOf(0x1301) ?? assert.fail()) };
const keys = { key: new Uint8Array(16).fill(1), iv: new Uint8Array(12).fill(2) };

/** A record of TLS 1.3 as the RFC describes it, under the sequence number given. */
function sealed(sequence: number, inner: Uint8Array) {
	const header = Uint8Array.of(23, 3, 3, 0, inner.length + 16);
	const nonce = keys.iv.slice();
	(nonce[11] as number) ^= sequence;
	const cipher = createCipheriv("aes-128-gcm", keys.key, nonce);
	cipher.setAAD(header);
	const fragment = concat([cipher.update(inner), cipher.final(), cipher.getAuthTag()]);
	return { type: 23, legacyVersion: 0x0303, length: fragment.length, fragment };
}

test("suites are opened by their cipher, whatever exchanged the keys; others are not", () => {
	assert.deepEqual(tls13, { cipher: "aes-128-gcm", keyOctets: 16, ivOctets: 4, hash: "sha256", isTls13: true });
	assert.deepEqual(openableSuiteOf(0xc030)?.hash, "sha384");
	assert.deepEqual(openableSuiteOf(0x009c)?.isTls13, false);
	assert.deepEqual(openableSuiteOf(0xcca8)?.ivOctets, 12);
	for (const code of [0x002f, 0xc027, 0x1304, 0x0a0a]) assert.equal(openableSuiteOf(code), undefined);
});

test("records are opened in their order, without padding and with the type inside", () => {
	const opener = new RecordOpener(tls13, keys);
	const first = opener.open(sealed(0, Uint8Array.of(7, 8, 23, 0, 0, 0)));
	assert.deepEqual([first?.type, ...(first?.content ?? [])], [23, 7, 8]);
	assert.equal(opener.open(sealed(2, Uint8Array.of(9, 23))), undefined);
	assert.deepEqual(opener.open(sealed(1, Uint8Array.of(22)))?.type, 22);
});

test("a record of nothing but zeros has no type and is refused", () => {
	assert.equal(new RecordOpener(tls13, keys).open(sealed(0, new Uint8Array(4))), undefined);
});

test("fragments that are too short to be sealed are refused", () => {
	for (const code of [0x1301, 0xc02f, 0xcca8]) {
		const suite = openableSuiteOf(code) ?? assert.fail();
		const opener = new RecordOpener(suite, { key: new Uint8Array(suite.keyOctets), iv: new Uint8Array(12) });
		for (let length = 0; length < 25; length++)
			assert.equal(
				opener.open({ type: 23, legacyVersion: 0x0303, length, fragment: new Uint8Array(length) }),
				undefined,
			);
	}
});
