import assert from "node:assert/strict";
import { createHmac, createSecretKey } from "node:crypto";
import { test } from "node:test";
import { textIdentity } from "#ike/auth/identity.ts";
import { isSharedKeyAuth, sharedKeyAuth, signedOctets } from "#ike/auth/signed-octets.ts";
import { prfNamed } from "#ike/crypto/transform-table.ts";

const sha256 = prfNamed("hmac-sha256");
const parts = {
	message: Uint8Array.of(1, 2, 3),
	peerNonce: new Uint8Array(16).fill(7),
	identityKey: new Uint8Array(32).fill(9),
	identity: textIdentity("a.example"),
};
const hmac = (key: Uint8Array, ...data: Uint8Array[]) => createHmac("sha256", key).update(Buffer.concat(data)).digest();

test("the octets are the message, the other end's nonce and the identity under SK_p", () => {
	const id = Buffer.from("\x02\0\0\0a.example", "latin1");
	assert.deepEqual(
		Buffer.from(signedOctets(sha256, parts)),
		Buffer.concat([parts.message, parts.peerNonce, hmac(parts.identityKey, id)]),
	);
});

test("AUTH of a pre-shared key is padded with the text of the RFC", () => {
	const key = createSecretKey(Buffer.from("test-psk"));
	const inner = hmac(Buffer.from("test-psk"), Buffer.from("Key Pad for IKEv2"));
	assert.deepEqual(
		Buffer.from(sharedKeyAuth(sha256, key, parts)),
		hmac(inner, Buffer.from(signedOctets(sha256, parts))),
	);
});

test("another key, identity, nonce or message is not accepted, nor a cut AUTH", () => {
	const key = createSecretKey(Buffer.from("test-psk"));
	const auth = sharedKeyAuth(sha256, key, parts);
	assert.ok(isSharedKeyAuth(sha256, key, parts, auth));
	assert.ok(!isSharedKeyAuth(sha256, createSecretKey(Buffer.from("test-psK")), parts, auth));
	assert.ok(!isSharedKeyAuth(sha256, key, { ...parts, identity: textIdentity("b.example") }, auth));
	assert.ok(!isSharedKeyAuth(sha256, key, { ...parts, message: Uint8Array.of(1, 2) }, auth));
	assert.ok(!isSharedKeyAuth(sha256, key, { ...parts, peerNonce: new Uint8Array(16) }, auth));
	assert.ok(!isSharedKeyAuth(sha256, key, parts, auth.subarray(0, 31)));
});
