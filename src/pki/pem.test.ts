import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { certificatePem, isPem, pemCertificates, pemText, readPemBlocks } from "#pki/pem.ts";

test("what is written as PEM reads back, several in one text and text between them", () => {
	fc.assert(
		fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 4 }), (all) => {
			const text = all.map((der) => `some text\n${certificatePem(der)}`).join("");
			assert.deepEqual(
				pemCertificates(text).map((der) => [...der]),
				all.map((der) => [...der]),
			);
		}),
	);
});

test("lines have at most 64 characters", () => {
	for (const line of certificatePem(new Uint8Array(500)).split("\n")) assert.ok(line.length <= 64);
});

test("keys, broken marks and other text give no certificate", () => {
	for (const text of [
		"",
		"-----BEGIN CERTIFICATE-----",
		"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----",
	]) {
		assert.deepEqual(pemCertificates(text), []);
	}
});

function reasonOf(text: string): string {
	const read = readPemBlocks(text);
	assert.equal(read.kind, "refused");
	return (read as { reason: string }).reason;
}

test("blocks are read with their labels, whatever line ends, text around them and headers", () => {
	const text = `Bag Attributes\r\n${pemText("CERTIFICATE", Uint8Array.of(1, 2)).replaceAll("\n", "\r\n")}text\n-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----`;
	const read = readPemBlocks(text);
	assert.equal(read.kind, "blocks");
	if (read.kind !== "blocks") return;
	assert.deepEqual(
		read.blocks.map(({ label, der, isEncrypted }) => [label, [...der], isEncrypted]),
		[
			["CERTIFICATE", [1, 2], false],
			["RSA PRIVATE KEY", [0, 0, 0], true],
		],
	);
	assert.deepEqual(readPemBlocks("no block"), { kind: "blocks", blocks: [] });
});

test("a block that is cut, nested, mismatched or not base64 is refused with its label", () => {
	const [begin, end] = ["-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n"];
	assert.equal(reasonOf(begin), "PEM: CERTIFICATE has no END line");
	assert.equal(reasonOf(begin + begin), "PEM: CERTIFICATE begins and CERTIFICATE begins before its END line");
	assert.equal(reasonOf(end), "PEM: END of CERTIFICATE without its BEGIN line");
	assert.equal(reasonOf(`${begin}AAAA\n-----END X-----\n`), "PEM: END of X without its BEGIN line");
	for (const content of ["", "AAA", "AA=A", "AA?A", "A: b\nAAAA"])
		assert.equal(reasonOf(`${begin}${content}\n${end}`), "PEM: the content of CERTIFICATE is not base64");
	assert.equal(reasonOf(pemText("X", Uint8Array.of(1)).repeat(4097)), "PEM: more than 4096 blocks");
});

test("DER is not taken for text, even where it holds a BEGIN line", () => {
	const text = Buffer.from("-----BEGIN CERTIFICATE-----");
	assert.ok(isPem(text));
	assert.ok(isPem(Buffer.from("0 text first\n-----BEGIN X-----")));
	assert.ok(!isPem(Buffer.concat([Buffer.of(0x30, 0x81, 0x90), text])));
	assert.ok(!isPem(new Uint8Array(0)));
});

test("reading blocks never throws", () => {
	const pieces = fc.constantFrom("-----BEGIN A-----", "-----END A-----", "\n", "\r", "AAAA", "=", ":", " ", "-----");
	fc.assert(
		fc.property(
			fc.oneof(
				fc.string(),
				fc.array(pieces).map((list) => list.join("")),
			),
			(text) => {
				assert.match(readPemBlocks(text).kind, /^(blocks|refused)$/);
			},
		),
	);
});
