import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	certificateEncoding,
	decodeCertificateBody,
	decodeCertificateRequest,
	encodeCertificateBody,
} from "#ike/wire/certificate.ts";

test("a certificate stands behind its encoding; without one the payload is malformed", () => {
	const body = encodeCertificateBody(certificateEncoding.x509Signature, Uint8Array.of(0x30));
	assert.deepEqual([...body], [4, 0x30]);
	assert.equal(decodeCertificateBody(body).kind, "done");
	for (const octets of [0, 1]) assert.equal(decodeCertificateBody(new Uint8Array(octets)).kind, "malformed");
});

test("authorities are asked for by whole hashes of 20 octets", () => {
	for (const [octets, kind] of [
		[0, "done"],
		[20, "done"],
		[40, "done"],
		[19, "malformed"],
		[21, "malformed"],
	] as const)
		assert.equal(decodeCertificateRequest(encodeCertificateBody(4, new Uint8Array(octets))).kind, kind);
	assert.equal(decodeCertificateRequest(new Uint8Array(0)).kind, "malformed");
});

test("no octets make the decoders throw", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
			assert.notEqual(decodeCertificateBody(octets).kind, "need-more");
			assert.notEqual(decodeCertificateRequest(octets).kind, "need-more");
		}),
	);
});
