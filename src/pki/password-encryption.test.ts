import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readAlgorithmIdentifier } from "#pki/certificate.ts";
import { DerReader, derInteger, derNull, derOctetString, derOid, derSequence } from "#pki/der.ts";
import { encryptPbes2, type PasswordScheme, readPasswordScheme } from "#pki/password-encryption.ts";

const salt = new Uint8Array(16).fill(7);
const iv = new Uint8Array(16).fill(9);
const pbkdf2 = "1.2.840.113549.1.5.12";
const scrypt = "1.3.6.1.4.1.11591.4.11";
const aes256 = derSequence(derOid("2.16.840.1.101.3.4.1.42"), derOctetString(iv));
const sha512 = derSequence(derOid("1.2.840.113549.2.11"), derNull());

function read(algorithm: Uint8Array) {
	return readPasswordScheme(readAlgorithmIdentifier(new DerReader(algorithm), "algorithm"));
}

function reasonOf(algorithm: Uint8Array): string {
	const answer = read(algorithm);
	assert.equal(answer.kind, "refused");
	return (answer as { reason: string }).reason;
}

function schemeOf(algorithm: Uint8Array): PasswordScheme {
	const answer = read(algorithm);
	assert.equal(answer.kind, "scheme", JSON.stringify(answer));
	return (answer as { scheme: PasswordScheme }).scheme;
}

function pbes2(derivation: string, fields: Uint8Array[], encryption = aes256): Uint8Array {
	const inner = derSequence(derSequence(derOid(derivation), derSequence(...fields)), encryption);
	return derSequence(derOid("1.2.840.113549.1.5.13"), inner);
}

describe("PBES2", () => {
	it("decrypts what it encrypted, and nothing with another passphrase", () => {
		const { algorithm, ciphertext } = encryptPbes2(Buffer.from("plain"), "påss", salt, iv, 1000);
		const scheme = schemeOf(algorithm);
		assert.equal(scheme.cost, 1000);
		assert.equal(Buffer.from(scheme.decrypt(ciphertext, "påss") ?? []).toString(), "plain");
		assert.equal(scheme.decrypt(ciphertext, "pass"), undefined);
		assert.equal(scheme.decrypt(ciphertext.subarray(1), "påss"), undefined);
		assert.equal(scheme.decrypt(new Uint8Array(0), "påss"), undefined);
	});

	it("refuses iterations without end, none, and more than the digest's share, before computing any", () => {
		const of = (count: number | bigint, ...more: Uint8Array[]) =>
			pbes2(pbkdf2, [derOctetString(salt), derInteger(count), ...more]);
		const sha256 = derSequence(derOid("1.2.840.113549.2.9"), derNull());
		assert.equal(schemeOf(of(2_500_000, sha256)).cost, 2_500_000);
		assert.equal(
			reasonOf(of(2_500_001, sha256)),
			"PBKDF2 with 2500001 iterations is not computed; at most 2500000 are",
		);
		assert.equal(
			reasonOf(of(0x7fff_ffff, sha512)),
			"PBKDF2 with 2147483647 iterations is not computed; at most 833333 are",
		);
		assert.equal(reasonOf(of(2n ** 80n)), "PBKDF2: iterations: INTEGER is larger than 2147483647");
		assert.equal(reasonOf(of(0)), "PBKDF2: expected at least one iteration");
		assert.equal(reasonOf(of(-1)), "PBKDF2: iterations: INTEGER is negative");
		assert.equal(reasonOf(of(1, derInteger(16))), "PBKDF2: expected a key length of 32 octets");
		assert.equal(reasonOf(of(1, derSequence(derOid("1.2.3")))), "PBKDF2 with function 1.2.3 is not known");
	});

	it("bounds the memory and time of scrypt", () => {
		const of = (cost: number, block: number, lanes: number) =>
			pbes2(scrypt, [derOctetString(salt), ...[cost, block, lanes].map((one) => derInteger(one))]);
		assert.equal(schemeOf(of(16_384, 8, 1)).cost, 786_432);
		assert.equal(reasonOf(of(131_072, 8, 1)), "scrypt takes 134217728 octets of memory; at most 67108864");
		assert.match(reasonOf(of(16_383, 8, 1)), /must be a power of two/);
		assert.match(reasonOf(of(16_384, 8, 0)), /parallelization above 0/);
		assert.equal(reasonOf(of(65_536, 8, 1)), "scrypt with 65536 iterations is not computed; at most 52083 are");
	});

	it("refuses other ciphers, vectors of another length and schemes that it does not know", () => {
		const fields = [derOctetString(salt), derInteger(1)];
		const gcm = derSequence(derOid("2.16.840.1.101.3.4.1.46"), derOctetString(iv));
		assert.match(
			reasonOf(pbes2(pbkdf2, fields, gcm)),
			/^PBES2 with cipher 2\.16\.840\.1\.101\.3\.4\.1\.46 is not read/,
		);
		const short = derSequence(derOid("2.16.840.1.101.3.4.1.42"), derOctetString(iv.subarray(1)));
		assert.equal(reasonOf(pbes2(pbkdf2, fields, short)), "PBES2: expected an initialization vector of 16 octets");
		assert.equal(reasonOf(pbes2("1.2.3", fields)), "key derivation 1.2.3 is not known");
		assert.equal(reasonOf(derSequence(derOid("1.2.3"))), "encryption 1.2.3 is not known");
		assert.equal(reasonOf(derSequence(derOid("1.2.840.113549.1.5.13"))), "PBES2: missing or cut short");
	});
});

describe("older schemes", () => {
	it("says that RC2 and RC4 are not read, and how to convert the file", () => {
		const legacy = (arc: number) => reasonOf(derSequence(derOid(`1.2.840.113549.1.12.1.${arc}`)));
		assert.match(
			legacy(6),
			/^it is encrypted with 40-bit RC2, a broken scheme that is not read; convert it: openssl pkcs12 -legacy/,
		);
		assert.match(legacy(1), /128-bit RC4/);
	});

	it("reads the parameters of PKCS#12's triple DES and bounds its slower derivation", () => {
		const of = (count: number) =>
			derSequence(derOid("1.2.840.113549.1.12.1.3"), derSequence(derOctetString(salt), derInteger(count)));
		assert.equal(schemeOf(of(2048)).cost, 61_440);
		assert.equal(
			reasonOf(of(100_000)),
			"PKCS#12 key derivation with 100000 iterations is not computed; at most 83333 are",
		);
	});
});
