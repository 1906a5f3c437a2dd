import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { AlgorithmIdentifier } from "#pki/certificate.ts";
import { readAlgorithmIdentifier } from "#pki/certificate.ts";
import { DerReader, derBitString, derInteger, derNull, derOid, derSequence } from "#pki/der.ts";
import { keyAlgorithmOid } from "#pki/oids.ts";
import { readPublicKeyInfo } from "#pki/public-key.ts";
import { importKey, SignatureCache, signatureScheme, verifySignature, workingKeyInfo } from "#pki/verify-signature.ts";
import { makeKeyPair, signOctets } from "../../test/support/make-certificate.ts";

function identifier(der: Uint8Array): AlgorithmIdentifier {
	return readAlgorithmIdentifier(new DerReader(der), "algorithm");
}

function spki(key: KeyObject): Uint8Array {
	return Uint8Array.from(key.export({ type: "spki", format: "der" }));
}

const octets = Uint8Array.of(1, 2, 3);

describe("verifySignature", () => {
	it("verifies every scheme that certificates use, and no changed signature", () => {
		for (const name of ["p256", "p384", "p521", "rsa2048", "ed25519"] as const) {
			for (const isPss of name === "rsa2048" ? [false, true] : [false]) {
				const { privateKey, publicKey } = makeKeyPair(name);
				const { algorithm, signature } = signOctets(octets, privateKey, "sha384", isPss);
				const scheme = signatureScheme(identifier(algorithm));
				assert.ok(scheme !== undefined, name);
				assert.ok(verifySignature(scheme, publicKey, octets, signature), name);
				assert.ok(!verifySignature(scheme, publicKey, Uint8Array.of(1, 2, 4), signature), name);
				assert.ok(!verifySignature(scheme, publicKey, octets, new Uint8Array(3)), name);
				assert.ok(!verifySignature(scheme, makeKeyPair("p256").publicKey, octets, signature), name);
			}
		}
		const { privateKey, publicKey } = generateKeyPairSync("ml-dsa-44");
		const scheme = signatureScheme(identifier(derSequence(derOid(keyAlgorithmOid.mlDsa44))));
		assert.ok(scheme !== undefined && verifySignature(scheme, publicKey, octets, sign(null, octets, privateKey)));
	});

	it("never throws on changed signatures", () => {
		const { privateKey, publicKey } = makeKeyPair("p256");
		const { algorithm } = signOctets(octets, privateKey);
		const scheme = signatureScheme(identifier(algorithm));
		assert.ok(scheme !== undefined);
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 80 }), (signature) => {
				assert.equal(verifySignature(scheme, publicKey, octets, signature), false);
			}),
		);
	});
});

describe("signatureScheme", () => {
	it("refuses unknown algorithms and parameters that are not as they must be", () => {
		const rsa = "1.2.840.113549.1.1.11";
		const ecdsa = "1.2.840.10045.4.3.2";
		assert.equal(signatureScheme(identifier(derSequence(derOid("1.2.3")))), undefined);
		assert.equal(signatureScheme(identifier(derSequence(derOid(rsa), derInteger(1)))), undefined);
		assert.equal(signatureScheme(identifier(derSequence(derOid(ecdsa), derNull()))), undefined);
		assert.ok(signatureScheme(identifier(derSequence(derOid(rsa)))) !== undefined);
		assert.equal(signatureScheme(identifier(derSequence(derOid(rsa), derNull())))?.hash, "sha256");
	});

	it("reads RSASSA-PSS parameters and refuses a mask with another hash", () => {
		const { algorithm } = signOctets(octets, makeKeyPair("rsa2048").privateKey, "sha512", true);
		assert.deepEqual(signatureScheme(identifier(algorithm)), {
			keyKinds: ["rsa", "rsa-pss"],
			hash: "sha512",
			saltLength: 64,
		});
		const mixed = Uint8Array.from(algorithm);
		const last = Buffer.from(mixed).lastIndexOf(Buffer.from([0x04, 0x02, 0x03])) + 2;
		mixed[last] = 0x01;
		assert.equal(signatureScheme(identifier(mixed)), undefined);
		assert.equal(signatureScheme(identifier(derSequence(derOid("1.2.840.113549.1.1.10")))), undefined);
		const defaults = derSequence(derOid("1.2.840.113549.1.1.10"), derSequence());
		assert.equal(signatureScheme(identifier(defaults))?.hash, "sha1");
	});
});

describe("SignatureCache", () => {
	it("remembers good signatures by key and never bad ones", () => {
		const cache = new SignatureCache(2);
		const key = spki(makeKeyPair("p256").publicKey);
		assert.ok(cache.verify("a", key, () => true));
		assert.ok(
			cache.verify("a", key, () => false),
			"remembered",
		);
		assert.ok(cache.isKnown("a", key));
		assert.ok(!cache.isKnown("a", spki(makeKeyPair("p256").publicKey)));
		assert.ok(!cache.verify("b", key, () => false));
		assert.ok(!cache.isKnown("b", key));
		assert.equal(cache.checks, 2);
		cache.verify("c", key, () => true);
		cache.verify("d", key, () => true);
		assert.ok(!cache.isKnown("a", key), "forgotten at the capacity");
	});

	it("answers no for a key that cannot be imported", () => {
		assert.equal(
			new SignatureCache(2).verify("a", Uint8Array.of(0x30, 0), () => true),
			false,
		);
		const offCurve = spki(makeKeyPair("p256").publicKey);
		offCurve[offCurve.length - 1] = (offCurve.at(-1) as number) ^ 1;
		assert.equal(importKey(offCurve), undefined);
	});
});

describe("workingKeyInfo", () => {
	it("takes parameters from the issuer's key of the same algorithm only", () => {
		const full = spki(generateKeyPairSync("dsa", { modulusLength: 1024, divisorLength: 160 }).publicKey);
		const outer = new DerReader(full).open(0x30, "key");
		outer.element("algorithm");
		const bits = outer.element("bits");
		const bare = derSequence(derSequence(derOid(keyAlgorithmOid.dsa)), bits);
		const read = (der: Uint8Array) => readPublicKeyInfo(new DerReader(der), []);
		assert.deepEqual(workingKeyInfo(read(bare), full), full);
		assert.deepEqual(workingKeyInfo(read(full), undefined), full);
		assert.equal(workingKeyInfo(read(bare), undefined), undefined);
		assert.equal(workingKeyInfo(read(bare), spki(makeKeyPair("p256").publicKey)), undefined);
		const ec = derSequence(derSequence(derOid(keyAlgorithmOid.ec)), derBitString(octets));
		assert.equal(workingKeyInfo(read(ec), full), undefined);
	});
});
