import assert from "node:assert/strict";
import { test } from "node:test";
import {
	authenticatorResponse,
	isNtResponse,
	masterSessionKey,
	ntResponse,
	passwordHash,
	userOf,
} from "#ike/eap/ms-chap-v2.ts";

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex"));
const hexOf = (value: Uint8Array) => Buffer.from(value).toString("hex");
/** RFC 2759 §9.2. */
const talk = {
	authenticatorChallenge: octets("5b5d7c7d7b3f2f3e3c2c602132262628"),
	peerChallenge: octets("21402324255e262a28295f2b3a337c7e"),
	user: "User",
};
const hash = passwordHash("clientPass");
const response = octets("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");

test("the hash of a password, the proof of the peer and that of this end as RFC 2759 has them", () => {
	assert.equal(hexOf(hash), "44ebba8d5312b8d611474411f56989ae");
	assert.equal(hexOf(ntResponse(hash, talk)), hexOf(response));
	assert.equal(authenticatorResponse(hash, talk, response), "S=407A5589115FD0D6209F510FE9C04566932CDA56");
});

test("the keys as RFC 3079 has them: the server's key for sending is in the middle", () => {
	const key = masterSessionKey(hash, response);
	assert.equal(key.length, 64);
	assert.equal(hexOf(key.subarray(16, 32)), "8b7cdc149b993a1ba118cb153f56dccb");
	assert.equal(hexOf(key.subarray(32)), "00".repeat(32));
});

test("another password, name, challenge or length is no proof", () => {
	assert.ok(isNtResponse(hash, talk, response));
	assert.ok(!isNtResponse(passwordHash("clientpass"), talk, response));
	assert.ok(!isNtResponse(hash, { ...talk, user: "user" }, response));
	assert.ok(!isNtResponse(hash, { ...talk, peerChallenge: new Uint8Array(16) }, response));
	assert.ok(!isNtResponse(hash, talk, response.subarray(0, 23)));
});

test("passwords are taken as UTF-16, names without their domain", () => {
	assert.notEqual(hexOf(passwordHash("päss")), hexOf(passwordHash("pass")));
	assert.deepEqual(["OFFICE\\ann", "ann", "ann@office.example"].map(userOf), ["ann", "ann", "ann@office.example"]);
});
