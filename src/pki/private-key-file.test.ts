import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, type PrivateKeyExportOptions } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { derInteger, derNull, derOctetString, derOid, derSequence } from "#pki/der.ts";
import { type PrivateKeyFile, readPrivateKey } from "#pki/private-key-file.ts";
import { type KeyName, makeCertificate, makeKeyPair } from "../../test/support/make-certificate.ts";
import { pkiFile } from "../../test/support/pki-files.ts";

const accepted = "expected RSA of 2048 to 4096 bits, P-256, P-384 or Ed25519";
const wrong = "the passphrase is wrong, or the encrypted part of the key is damaged";

function exported(key: KeyObject, options: PrivateKeyExportOptions): Uint8Array {
	return Buffer.from(key.export(options) as string);
}

function reasonOf(octets: Uint8Array | string, passphrase?: string): string {
	const answer = readPrivateKey(Buffer.from(octets), passphrase);
	assert.equal(answer.kind, "refused", JSON.stringify(answer));
	return (answer as { reason: string }).reason;
}

function isKey(answer: PrivateKeyFile, key: KeyObject): boolean {
	return answer.kind === "key" && answer.key.equals(key);
}

describe("readPrivateKey", () => {
	it("R76: reads every accepted type in every encoding, PEM and DER, open and encrypted", () => {
		for (const name of ["rsa2048", "p256", "p384", "ed25519"] as const) {
			const { privateKey } = makeKeyPair(name);
			const types = name === "rsa2048" ? ["pkcs8", "pkcs1"] : name === "ed25519" ? ["pkcs8"] : ["pkcs8", "sec1"];
			for (const type of types as "pkcs8"[]) {
				for (const format of ["pem", "der"] as const)
					assert.ok(
						isKey(readPrivateKey(exported(privateKey, { type, format }), undefined), privateKey),
						`${name} ${type}`,
					);
				const locked = exported(privateKey, { type, format: "pem", cipher: "aes-256-cbc", passphrase: "secret" });
				assert.deepEqual(readPrivateKey(locked, undefined), { kind: "needs-passphrase" });
				assert.ok(isKey(readPrivateKey(locked, "secret"), privateKey), `${name} ${type} encrypted`);
				assert.equal(reasonOf(locked, "Secret"), wrong);
			}
			const der = exported(privateKey, { type: "pkcs8", format: "der", cipher: "aes-128-cbc", passphrase: "secret" });
			assert.ok(isKey(readPrivateKey(der, "secret"), privateKey));
			assert.deepEqual(readPrivateKey(der, undefined), { kind: "needs-passphrase" });
		}
	});

	it("reads the encodings and encryptions of openssl", () => {
		const key = (name: Parameters<typeof pkiFile>[0], passphrase?: string) => {
			const answer = readPrivateKey(pkiFile(name), passphrase);
			assert.equal(answer.kind, "key", `${name}: ${JSON.stringify(answer)}`);
			return (answer as { key: KeyObject }).key;
		};
		const own = key("key-p256-sec1.pem");
		for (const name of ["scrypt.pem", "des3.pem", "pbes1.pem", "aes.der"] as const) {
			assert.ok(key(`key-p256-${name}`, "secret").equals(own), name);
			assert.equal(reasonOf(pkiFile(`key-p256-${name}`), "Secret"), wrong);
		}
		assert.ok(key("key-rsa-encrypted.pem", "secret").equals(key("key-rsa-pkcs1.pem")));
		assert.equal(key("key-ed25519.der").asymmetricKeyType, "ed25519");
		assert.equal(reasonOf(pkiFile("key-p256-explicit.pem")), `an EC key on a curve that is spelled out; ${accepted}`);
		assert.match(reasonOf(pkiFile("key-dsa.pem")), /^a key of type dsa; expected RSA/);
		assert.match(reasonOf(pkiFile("key-openssh.pem")), /^an OpenSSH key file; convert it/);
	});

	it("reads a key between certificates and text, but not one of two", () => {
		const { pem, keyPem, privateKey } = makeCertificate();
		const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
		assert.ok(
			isKey(readPrivateKey(Buffer.from(`\ufeff${parameters}\r\ntext\r\n${keyPem}${pem}`), undefined), privateKey),
		);
		assert.equal(reasonOf(keyPem + keyPem), "the file holds 2 private keys; expected one");
		assert.equal(reasonOf(pem), "the file holds no private key, but CERTIFICATE");
	});

	it("refuses other types and sizes, and names the one it got", () => {
		const pkcs8 = (key: KeyObject) => exported(key, { type: "pkcs8", format: "pem" });
		const of = (name: KeyName) => reasonOf(pkcs8(makeKeyPair(name).privateKey));
		assert.equal(of("rsa1024"), `an RSA key of 1024 bits; ${accepted}`);
		assert.equal(of("p521"), `an EC key on secp521r1; ${accepted}`);
		assert.equal(reasonOf(pkcs8(generateKeyPairSync("ed448").privateKey)), `a key of type ed448; ${accepted}`);
		assert.equal(reasonOf(pkcs8(generateKeyPairSync("x25519").privateKey)), `a key of type x25519; ${accepted}`);
		const pss = generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).privateKey;
		assert.equal(reasonOf(pkcs8(pss)), `a key of type rsa-pss; ${accepted}`);
	});

	it("tells damage around the encrypted part from a wrong passphrase", () => {
		const { privateKey } = makeKeyPair("p256");
		const der = exported(privateKey, { type: "pkcs8", format: "der", cipher: "aes-256-cbc", passphrase: "secret" });
		assert.match(
			reasonOf(der.subarray(0, -1), "secret"),
			/^neither PEM nor DER: key: \d+ octets announced, \d+ there$/,
		);
		const locked = Buffer.from(
			exported(privateKey, { type: "sec1", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }),
		);
		assert.equal(
			reasonOf(locked.toString().replace(/DEK-Info.*\n/, ""), "x"),
			"the key is damaged: encrypted PEM without DEK-Info",
		);
		assert.match(
			reasonOf(locked.toString().replace("AES-256-CBC", "DES-CBC"), "x"),
			/^encrypted PEM with DES-CBC is not read/,
		);
	});

	it("refuses a key whose private part does not belong to its public part", () => {
		const of = (key: KeyObject) => exported(key, { type: "pkcs8", format: "der" });
		const [own, foreign] = [of(makeKeyPair("p256").privateKey), of(makeKeyPair("p256").privateKey)];
		const mixed = Buffer.concat([own.subarray(0, -64), foreign.subarray(-64)]);
		assert.equal(reasonOf(mixed), "the key is damaged: what it signs does not verify with its public part");
		const rsa = makeKeyPair("rsa2048").privateKey.export({ format: "jwk" });
		const parts = (["n", "e", "d", "p", "q", "dp", "dq", "qi"] as const).map((name) =>
			Buffer.from(rsa[name] as string, "base64url"),
		);
		const modulus = parts[0] as Buffer;
		modulus[100] = (modulus[100] as number) ^ 2;
		assert.equal(
			reasonOf(derSequence(derInteger(0), ...parts.map((part) => derInteger(part)))),
			"the key is damaged: what it signs does not verify with its public part",
		);
	});

	it("states what other files are", () => {
		assert.equal(reasonOf(""), "the file is empty");
		assert.equal(reasonOf(new Uint8Array(65_537)), "65537 octets; a key file has at most 65536");
		assert.equal(reasonOf(makeCertificate().der), "this is a certificate or a request, not a key");
		const pfx = derSequence(derInteger(3), derSequence(derOid("1.2.840.113549.1.7.1")));
		assert.equal(reasonOf(pfx), "this is a PKCS#12 file; load it as one");
		assert.match(reasonOf("hello world"), /^neither PEM nor DER: key: expected tag 0x30, got 0x68$/);
		assert.equal(reasonOf(derSequence(derInteger(0), derNull())), "DER of another kind; expected a private key");
		assert.match(
			reasonOf("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"),
			/ssh-keygen -p -m PKCS8/,
		);
		assert.match(
			reasonOf("-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----"),
			/^PEM of DSA PRIVATE KEY; expected/,
		);
		assert.equal(reasonOf("-----BEGIN PRIVATE KEY-----\nAA"), "PEM: PRIVATE KEY has no END line");
		assert.equal(
			reasonOf("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
			"the key is damaged: its PKCS#8 structure cannot be read",
		);
	});

	it("does not compute an endless key derivation", () => {
		const parameters = derSequence(derOctetString(new Uint8Array(8)), derInteger(0x7fff_ffff));
		const derivation = derSequence(derOid("1.2.840.113549.1.5.12"), parameters);
		const cipher = derSequence(derOid("2.16.840.1.101.3.4.1.42"), derOctetString(new Uint8Array(16)));
		const pbes2 = derSequence(derOid("1.2.840.113549.1.5.13"), derSequence(derivation, cipher));
		assert.equal(
			reasonOf(derSequence(pbes2, derOctetString(new Uint8Array(16))), "x"),
			"the key cannot be decrypted: PBKDF2 with 2147483647 iterations is not computed; at most 1250000 are",
		);
	});

	it("never throws on mutated keys", () => {
		const files = (["p256", "ed25519", "rsa2048"] as const).flatMap((name) => {
			const { privateKey } = makeKeyPair(name);
			return (["pem", "der"] as const).map((format) => exported(privateKey, { type: "pkcs8", format }));
		});
		const edit = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
		fc.assert(
			fc.property(fc.constantFrom(...files), fc.array(edit, { minLength: 1, maxLength: 3 }), (file, edits) => {
				const mutated = Uint8Array.from(file);
				for (const [at, octet] of edits) mutated[at % file.length] = octet;
				assert.match(readPrivateKey(mutated, "x").kind, /^(key|refused|needs-passphrase)$/);
			}),
		);
	});
});
