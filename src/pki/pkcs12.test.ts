import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { derConstructed, derInteger, derNull, derOctetString, derOid, derSequence } from "#pki/der.ts";
import { encodePkcs12, type Pkcs12File, type Pkcs12Plan, readPkcs12 } from "#pki/pkcs12.ts";
import { type Made, makeChain } from "../../test/support/make-certificate.ts";
import { pkiFile, pkiFiles } from "../../test/support/pki-files.ts";

type Contents = Extract<Pkcs12File, { readonly kind: "contents" }>;

const wrong = "the passphrase is wrong, or the file is damaged";
const damaged = "the file is damaged: the passphrase opens it, but its integrity check fails";
const [leaf, ca, root] = [
	pkiFile("certificate-leaf.der"),
	pkiFile("certificate-ca.der"),
	pkiFile("certificate-root.der"),
];

function open(octets: Uint8Array, passphrase = "secret"): Contents {
	const file = readPkcs12(octets, passphrase);
	assert.equal(file.kind, "contents", JSON.stringify(file));
	return file as Contents;
}

function reasonOf(octets: Uint8Array, passphrase = "secret"): string {
	const file = readPkcs12(octets, passphrase);
	assert.equal(file.kind, "refused");
	return (file as { reason: string }).reason;
}

function shown({ certificates, keys, refusedKeys }: Contents) {
	return [
		certificates.map(({ der, friendlyName }) => [Buffer.from(der), friendlyName]),
		keys.map(({ key, friendlyName }) => [key.asymmetricKeyType, friendlyName]),
		refusedKeys,
	];
}

const random = Uint8Array.from({ length: 80 }, (_, index) => index);
const chain = makeChain(["shop.example"]);

function plan(made: Made, more: Partial<Pkcs12Plan> = {}): Pkcs12Plan {
	const certificates = [made.der, chain.intermediate.der, chain.root.der];
	return { certificates, key: made.privateKey, friendlyName: "shop", passphrase: "secret", random, ...more };
}

describe("readPkcs12", () => {
	it("R77: reads key and chain of openssl: AES, triple DES, and without passphrase", () => {
		for (const file of ["pkcs12-openssl.p12", "pkcs12-3des.p12"] as const) {
			const all = [
				[leaf, "shop"],
				[ca, undefined],
				[root, undefined],
			];
			assert.deepEqual(shown(open(pkiFile(file))), [all, [["ec", "shop"]], []]);
		}
		const none = open(pkiFile("pkcs12-empty-passphrase.p12"), "");
		assert.deepEqual(shown(none), [[[leaf, undefined]], [["ec", undefined]], []]);
	});

	it("R75: gives every certificate its alias, and the key the identifier of its certificate", () => {
		const file = open(pkiFile("pkcs12-aliases.p12"));
		assert.deepEqual(shown(file)[0], [
			[leaf, "shop"],
			[ca, "ca"],
			[root, "root"],
		]);
		assert.deepEqual(file.keys[0]?.localKeyId, file.certificates[0]?.localKeyId);
		assert.equal(file.certificates[1]?.localKeyId, undefined);
		const java = open(pkiFile("pkcs12-java.p12"));
		assert.deepEqual(shown(java)[0], [
			[leaf, "shop"],
			[ca, "CN=Zwischen-CA é,O=Example AS"],
			[root, "CN=Root,O=Example AS,C=NO"],
			[pkiFile("certificate-ed25519.der"), "other"],
		]);
		assert.equal(java.keys.length, 1);
	});

	it("R79: reads a file with certificates alone", () => {
		assert.deepEqual(shown(open(pkiFile("pkcs12-certificates.p12"))), [
			[
				[ca, undefined],
				[root, undefined],
			],
			[],
			[],
		]);
	});

	it("reads the file of NSS: indefinite lengths and 600,000 iterations three times", () => {
		const file = open(pkiFile("pkcs12-nss.p12"));
		assert.deepEqual(
			file.certificates.map(({ der }) => Buffer.from(der).toString("hex")).sort(),
			[leaf, ca, root].map((der) => der.toString("hex")).sort(),
		);
		assert.equal(file.keys.length, 1);
	});

	it("says of RC2 that it is not read, and how to convert the file", () => {
		assert.match(
			reasonOf(pkiFile("pkcs12-rc2.p12")),
			/^the file cannot be opened: it is encrypted with 40-bit RC2, a broken scheme that is not read; convert it: openssl pkcs12 -legacy /,
		);
	});

	it("refuses a wrong passphrase, one with NUL, and a file without integrity check", () => {
		for (const file of ["pkcs12-openssl.p12", "pkcs12-3des.p12", "pkcs12-empty-passphrase.p12"] as const)
			assert.equal(reasonOf(pkiFile(file), "Secret"), wrong);
		assert.equal(
			reasonOf(pkiFile("pkcs12-openssl.p12"), "secret\u0000x"),
			"a passphrase with NUL cannot open a PKCS#12 file",
		);
		assert.match(reasonOf(pkiFile("pkcs12-without-mac.p12")), /^the file has no integrity check \(MAC\)/);
	});

	it("tells a damaged file from a wrong passphrase where the content still opens", () => {
		const file = pkiFile("pkcs12-openssl.p12");
		const changed = Uint8Array.from(file);
		const salt = file.length - 8;
		changed[salt] = (changed[salt] as number) ^ 1;
		assert.equal(reasonOf(changed), damaged);
		assert.match(reasonOf(file.subarray(0, -1)), /octets announced, \d+ there$/);
	});

	it("says what other files are", () => {
		assert.equal(reasonOf(new Uint8Array(0)), "the file is empty");
		assert.equal(reasonOf(leaf), "this is no PKCS#12 file: expected version 3 at its beginning");
		assert.equal(reasonOf(pkiFile("key-ed25519.der")), "this is no PKCS#12 file, but may be a private key");
		assert.equal(reasonOf(Buffer.from("hello world")), "101 octets announced, 9 there");
		assert.equal(reasonOf(new Uint8Array(4_194_305)), "4194305 octets; at most 4194304 are read");
		const signed = derSequence(
			derInteger(3),
			derSequence(derOid("1.2.840.113549.1.7.2"), derConstructed(0, derNull())),
		);
		assert.match(reasonOf(signed), /^PKCS#12 that is signed with a key .* is not read$/);
	});

	it("computes no endless derivation, whether the MAC, a part or a key asks for it", () => {
		const data = (octets: Uint8Array) =>
			derSequence(derOid("1.2.840.113549.1.7.1"), derConstructed(0, derOctetString(octets)));
		const mac = (count: number | bigint) => {
			const digest = derSequence(derSequence(derOid("2.16.840.1.101.3.4.2.1"), derNull()), derOctetString(random));
			return derSequence(digest, derOctetString(random), derInteger(count));
		};
		const pfx = (safe: Uint8Array, count: number | bigint = 1) =>
			derSequence(derInteger(3), data(derSequence(safe)), mac(count));
		const empty = data(derSequence());
		assert.equal(
			reasonOf(pfx(empty, 2 ** 31 - 1)),
			"PKCS#12 MAC with 2147483647 iterations is not computed; at most 1250000 are",
		);
		assert.equal(reasonOf(pfx(empty, 2n ** 64n)), "PKCS#12: MAC iterations: INTEGER is larger than 2147483647");
		assert.equal(reasonOf(pfx(empty, 0)), "PKCS#12 MAC: expected at least one iteration");
		const pbes2 = (count: number) => {
			const sha256 = derSequence(derOid("1.2.840.113549.2.9"), derNull());
			const derivation = derSequence(
				derOid("1.2.840.113549.1.5.12"),
				derSequence(derOctetString(random), derInteger(count), sha256),
			);
			const cipher = derSequence(derOid("2.16.840.1.101.3.4.1.42"), derOctetString(random.subarray(0, 16)));
			return derSequence(derOid("1.2.840.113549.1.5.13"), derSequence(derivation, cipher));
		};
		const key = (count: number) =>
			derSequence(
				derOid("1.2.840.113549.1.12.10.1.2"),
				derConstructed(0, derSequence(pbes2(count), derOctetString(random))),
			);
		assert.equal(
			reasonOf(pfx(data(derSequence(key(2 ** 30))))),
			"the key cannot be decrypted: PBKDF2 with 1073741824 iterations is not computed; at most 2500000 are",
		);
		assert.match(reasonOf(pfx(data(derSequence(key(2_000_000), key(2_000_000))))), /take too long together/);
		const manyKeys = Array.from({ length: 1000 }, () => key(10_000));
		assert.match(reasonOf(pfx(data(derSequence(...manyKeys)))), /take too long together/);
	});

	it("never throws on mutated files", () => {
		const files = pkiFiles("pkcs12").filter((file) => file.length !== pkiFile("pkcs12-nss.p12").length);
		const edit = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
		fc.assert(
			fc.property(fc.constantFrom(...files), fc.array(edit, { minLength: 1, maxLength: 3 }), (file, edits) => {
				const mutated = Uint8Array.from(file);
				for (const [at, octet] of edits) mutated[at % file.length] = octet;
				assert.match(readPkcs12(mutated, "secret").kind, /^(contents|refused)$/);
			}),
		);
	});
});

describe("encodePkcs12", () => {
	it("R77: is read back with chain, key, alias and identifier", () => {
		const file = open(encodePkcs12(plan(chain.leaf, { friendlyName: "blåbær", passphrase: "påssord" })), "påssord");
		const { leaf: own, intermediate, root: anchor } = chain;
		assert.deepEqual(shown(file), [
			[
				[Buffer.from(own.der), "blåbær"],
				[Buffer.from(intermediate.der), undefined],
				[Buffer.from(anchor.der), undefined],
			],
			[["ec", "blåbær"]],
			[],
		]);
		assert.ok(file.keys[0]?.key.equals(own.privateKey));
		assert.deepEqual(file.keys[0]?.localKeyId, file.certificates[0]?.localKeyId);
	});

	it("writes certificates alone when there is no key", () => {
		const file = open(encodePkcs12(plan(chain.leaf, { key: undefined })));
		assert.deepEqual([file.certificates.length, file.keys.length, file.certificates[0]?.localKeyId], [3, 0, undefined]);
	});

	it("R85: gives back a certificate once that was written twice", () => {
		assert.equal(
			open(encodePkcs12(plan(chain.leaf, { certificates: [chain.leaf.der, chain.leaf.der] }))).certificates.length,
			1,
		);
	});

	it("throws on what it cannot write", () => {
		assert.throws(() => encodePkcs12(plan(chain.leaf, { passphrase: "a\u0000" })), /NUL/);
		assert.throws(
			() => encodePkcs12(plan(chain.leaf, { random: random.subarray(1) })),
			/expected 80 random octets, got 79/,
		);
	});
});
