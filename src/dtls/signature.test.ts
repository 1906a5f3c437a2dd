import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { dtlsSchemes, peerKeyOf } from "#dtls/signature.ts";
import { dtlsIdentity } from "../../test/support/dtls-pair.ts";
import { selfSigned } from "../../test/support/origins.ts";

const octets = Buffer.from("what is signed");

for (const key of ["p256", "p384", "rsa2048", "ed25519"] as const) {
	test(`a key of ${key} signs with its schemes, and its certificate verifies them and no other`, () => {
		const identity = dtlsIdentity(selfSigned(["a.test"], { key }));
		const peer = peerKeyOf(identity.certificates[0] as Uint8Array);
		assert.equal(peer?.authentication, identity.authentication);
		for (const scheme of dtlsSchemes) {
			if (!identity.schemes.includes(scheme)) {
				assert.equal(peer?.verify(scheme, octets, new Uint8Array(64)), false);
				continue;
			}
			const signature = identity.sign(scheme, octets);
			assert.equal(peer?.verify(scheme, octets, signature), true);
			assert.equal(peer?.verify(scheme, Buffer.from("another"), signature), false);
			assert.equal(peer?.verify(scheme, octets, signature.subarray(1)), false);
		}
	});
}

test("any octets for a certificate or a signature are refused without an exception", () => {
	const identity = dtlsIdentity(selfSigned(["a.test"]));
	const peer = peerKeyOf(identity.certificates[0] as Uint8Array);
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 90 }), (some) => {
			assert.equal(peerKeyOf(some), undefined);
			assert.equal(peer?.verify(0x0403, octets, some), false);
		}),
		{ numRuns: 200 },
	);
});
