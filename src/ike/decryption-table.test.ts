import assert from "node:assert/strict";
import { test } from "node:test";
import { ikeProposal } from "#ike/crypto/proposal.ts";
import { danger_decryptionLine } from "#ike/decryption-table.ts";

const direction = (octet: number) => ({ encryption: Uint8Array.of(octet, 1), integrity: Uint8Array.of(octet, 2) });
const keys = {
	derivation: Uint8Array.of(0xdd),
	initiator: direction(0xaa),
	responder: direction(0xbb),
	initiatorIdentity: Uint8Array.of(0xee),
	responderIdentity: Uint8Array.of(0xef),
};
const line = (cipher: string, hash: string | undefined) =>
	danger_decryptionLine({
		initiatorSpi: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
		responderSpi: Uint8Array.of(9, 10, 11, 12, 13, 14, 15, 16),
		algorithms: ikeProposal(cipher, hash, "group14"),
		keys,
	});

test("a line has both SPIs and the keys of both directions, in Wireshark's order and names; no other key", () => {
	const cbc = line("aes-128-cbc", "sha1");
	assert.equal(
		cbc,
		'0102030405060708,090a0b0c0d0e0f10,aa01,bb01,"AES-CBC-128 [RFC3602]",aa02,bb02,"HMAC_SHA1_96 [RFC2404]"',
	);
	assert.match(
		line("aes-256-gcm", "sha-256") ?? "",
		/"AES-GCM-256 with 16 octet ICV \[RFC5282\]",.*"NONE \[RFC4306\]"$/,
	);
});

test("a cipher that Wireshark does not know has no line", () => {
	assert.equal(line("des-cbc", "md5"), undefined);
});
