/** Requests, keys, certificates and containers against PKI.js: what one side writes the other reads. */
import assert from "node:assert/strict";
import { createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { test } from "node:test";
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";
import { readCertificateFile } from "#pki/certificate-file.ts";
import {
	assembleCertificateRequest,
	decodeCertificateRequest,
	planCertificateRequest,
} from "#pki/certificate-request.ts";
import { parseDistinguishedName } from "#pki/distinguished-name.ts";
import { generalNameText } from "#pki/general-name.ts";
import type { SignatureScheme } from "#pki/mint.ts";
import { encodePkcs12, readPkcs12 } from "#pki/pkcs12.ts";
import { readPrivateKey } from "#pki/private-key-file.ts";
import { encodeSubjectAltName } from "#pki/subject-alt-name.ts";
import { type KeyName, makeChain, makeKeyPair } from "../support/make-certificate.ts";

interface KeyRow {
	readonly name: KeyName;
	readonly scheme: SignatureScheme;
	readonly digest: "sha256" | "sha384" | null;
	/** For WebCrypto. */
	readonly algorithm: RsaHashedImportParams | EcKeyImportParams | { readonly name: "Ed25519" };
}

type RsaHashedImportParams = { readonly name: "RSASSA-PKCS1-v1_5"; readonly hash: "SHA-256" };
type EcKeyImportParams = { readonly name: "ECDSA"; readonly namedCurve: "P-256" | "P-384" };

const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;
const keyRows: readonly KeyRow[] = [
	{ name: "rsa2048", scheme: "rsa-sha256", digest: "sha256", algorithm: rsa },
	{ name: "rsa3072", scheme: "rsa-sha256", digest: "sha256", algorithm: rsa },
	{ name: "rsa4096", scheme: "rsa-sha256", digest: "sha256", algorithm: rsa },
	{ name: "p256", scheme: "ecdsa-p256", digest: "sha256", algorithm: { name: "ECDSA", namedCurve: "P-256" } },
	{ name: "p384", scheme: "ecdsa-p384", digest: "sha384", algorithm: { name: "ECDSA", namedCurve: "P-384" } },
	{ name: "ed25519", scheme: "ed25519", digest: null, algorithm: { name: "Ed25519" } },
];

/** PKI.js knows no Ed25519 signatures; it reads the rest of such files. */
const isVerified = ({ name }: KeyRow) => name !== "ed25519";

const passphrase = "påssord";
const password = new Uint8Array(Buffer.from(passphrase)).buffer;

function bytes(octets: Uint8Array): ArrayBuffer {
	return new Uint8Array(octets).buffer;
}

function cryptoKey(key: KeyObject, { algorithm }: KeyRow): CryptoKey {
	return key.toCryptoKey(algorithm, true, [key.type === "private" ? "sign" : "verify"]);
}

test("R68: PKI.js verifies and reads a request of every key type that is made here", async () => {
	const parsed = parseDistinguishedName("CN=vpn.example,O=Example AS,C=NO");
	assert.equal(parsed.kind, "name");
	if (parsed.kind !== "name") return;
	for (const row of keyRows) {
		const { name, scheme, digest } = row;
		const { privateKey, publicKey } = makeKeyPair(name);
		const info = planCertificateRequest({
			subject: parsed.der,
			publicKeyInfo: publicKey.export({ type: "spki", format: "der" }),
			subjectAltName: encodeSubjectAltName({ dns: ["*.vpn.example"] }),
		});
		const der = assembleCertificateRequest(info, scheme, sign(digest, info, privateKey));
		const request = pkijs.CertificationRequest.fromBER(bytes(der));
		if (isVerified(row)) assert.equal(await request.verify(), true, name);
		const values = request.subject.typesAndValues.map(({ type, value }) => [type, value.valueBlock.value]);
		assert.deepEqual(values, [
			["2.5.4.6", "NO"],
			["2.5.4.10", "Example AS"],
			["2.5.4.3", "vpn.example"],
		]);
		const [asked] = request.attributes ?? [];
		const extensions = new pkijs.Extensions({ schema: asked?.values[0] }).extensions;
		assert.deepEqual(
			extensions.map(({ extnID, critical }) => [extnID, critical]),
			[
				["2.5.29.15", true],
				["2.5.29.17", false],
			],
		);
		assert.equal(((extensions[1] as pkijs.Extension).parsedValue as pkijs.AltName).altNames[0]?.value, "*.vpn.example");
		assert.deepEqual(Buffer.from(request.toSchema().toBER()), Buffer.from(der));
	}
});

test("a request of every key type that PKI.js can sign with is read and verified", async () => {
	for (const row of keyRows.filter(isVerified)) {
		const { privateKey, publicKey } = makeKeyPair(row.name);
		const request = new pkijs.CertificationRequest();
		request.subject.typesAndValues.push(
			new pkijs.AttributeTypeAndValue({ type: "2.5.4.3", value: new asn1js.Utf8String({ value: "blåbær" }) }),
		);
		await request.subjectPublicKeyInfo.importKey(cryptoKey(publicKey, row));
		const names = new pkijs.GeneralNames({ names: [new pkijs.GeneralName({ type: 2, value: "a.example" })] });
		const extension = new pkijs.Extension({ extnID: "2.5.29.17", extnValue: names.toSchema().toBER() });
		const values = [new pkijs.Extensions({ extensions: [extension] }).toSchema()];
		request.attributes = [new pkijs.Attribute({ type: "1.2.840.113549.1.9.14", values })];
		await request.sign(cryptoKey(privateKey, row), row.digest === "sha384" ? "SHA-384" : "SHA-256");
		const decoded = decodeCertificateRequest(Buffer.from(request.toSchema().toBER()));
		assert.equal(decoded.kind, "done", JSON.stringify(decoded));
		if (decoded.kind !== "done") continue;
		assert.ok(decoded.value.verify(), row.name);
		assert.equal(decoded.value.subject.text, "CN=blåbær");
		assert.deepEqual(decoded.value.typed.subjectAltName?.map(generalNameText), ["DNS:a.example"]);
	}
});

test("R77: PKI.js opens a PKCS#12 file of every key type that is made here", async () => {
	for (const { name } of keyRows) {
		const { leaf, intermediate, root } = makeChain(["shop.example"], { leaf: { key: name } });
		const file = encodePkcs12({
			certificates: [leaf.der, intermediate.der, root.der],
			key: leaf.privateKey,
			friendlyName: "blåbær",
			passphrase,
			random: randomBytes(80),
		});
		const pfx = pkijs.PFX.fromBER(bytes(file));
		// Its MAC takes two seconds: one file shows that it fits.
		await pfx.parseInternalValues({ password, checkIntegrity: name === "p256" });
		const safe = pfx.parsedValue?.authenticatedSafe as pkijs.AuthenticatedSafe;
		await safe.parseInternalValues({ safeContents: [{ password }, {}] });
		const [certificates, keys] = safe.parsedValue.safeContents.map(
			({ value }: { value: pkijs.SafeContents }) => value.safeBags,
		);
		const ders = certificates.map(({ bagValue }: pkijs.SafeBag) => {
			const certificate = (bagValue as pkijs.CertBag).parsedValue as pkijs.Certificate;
			return Buffer.from(certificate.toSchema().toBER());
		});
		assert.deepEqual(
			ders,
			[leaf, intermediate, root].map(({ der }) => Buffer.from(der)),
			name,
		);
		const [bag] = keys as [pkijs.SafeBag<pkijs.PKCS8ShroudedKeyBag>];
		const opener = bag.bagValue as unknown as {
			parseInternalValues(parameters: { password: ArrayBuffer }): Promise<void>;
		};
		await opener.parseInternalValues({ password });
		const pkcs8 = Buffer.from(bag.bagValue.parsedValue?.toSchema().toBER() as ArrayBuffer);
		const read = readPrivateKey(pkcs8, undefined);
		assert.ok(read.kind === "key" && read.key.equals(leaf.privateKey), name);
		const alias = bag.bagAttributes?.find(({ type }) => type === "1.2.840.113549.1.9.20")?.values[0];
		assert.equal((alias as asn1js.BmpString).valueBlock.value, "blåbær");
	}
});

test("R75, R77: a PKCS#12 file of every key type that PKI.js makes is read, with its aliases", async () => {
	for (const row of keyRows) {
		const { leaf, root } = makeChain(["shop.example"], { leaf: { key: row.name } });
		const friendly = (text: string) => [
			new pkijs.Attribute({ type: "1.2.840.113549.1.9.20", values: [new asn1js.BmpString({ value: text })] }),
		];
		const certificate = (der: Uint8Array, text: string) =>
			new pkijs.SafeBag({
				bagId: "1.2.840.113549.1.12.10.1.3",
				bagValue: new pkijs.CertBag({ parsedValue: pkijs.Certificate.fromBER(bytes(der)) }),
				bagAttributes: friendly(text),
			});
		const pkcs8 = bytes(leaf.privateKey.export({ type: "pkcs8", format: "der" }));
		const keyBag = new pkijs.PKCS8ShroudedKeyBag({ parsedValue: pkijs.PrivateKeyInfo.fromBER(pkcs8) });
		const encryption = {
			password,
			contentEncryptionAlgorithm: { name: "AES-CBC", length: 256 },
			hmacHashAlgorithm: "SHA-256",
			iterationCount: 2048,
		};
		await keyBag.makeInternalValues(encryption as unknown as Parameters<typeof keyBag.makeInternalValues>[0]);
		const keySafe = new pkijs.SafeContents({
			safeBags: [
				new pkijs.SafeBag({ bagId: "1.2.840.113549.1.12.10.1.2", bagValue: keyBag, bagAttributes: friendly("key") }),
			],
		});
		const safe = new pkijs.AuthenticatedSafe({
			parsedValue: {
				safeContents: [
					{ privacyMode: 0, value: keySafe },
					{
						privacyMode: 1,
						value: new pkijs.SafeContents({ safeBags: [certificate(leaf.der, "shop"), certificate(root.der, "root")] }),
					},
				],
			},
		});
		await safe.makeInternalValues({ safeContents: [{}, encryption] });
		const pfx = new pkijs.PFX({ parsedValue: { integrityMode: 0, authenticatedSafe: safe } });
		await pfx.makeInternalValues({
			password,
			iterations: 2048,
			pbkdf2HashAlgorithm: "SHA-256",
			hmacHashAlgorithm: "SHA-256",
		});
		const file = readPkcs12(Buffer.from(pfx.toSchema().toBER()), passphrase);
		assert.equal(file.kind, "contents", JSON.stringify(file));
		if (file.kind !== "contents") continue;
		assert.deepEqual(
			file.certificates.map(({ der, friendlyName }) => [Buffer.from(der), friendlyName]),
			[
				[Buffer.from(leaf.der), "shop"],
				[Buffer.from(root.der), "root"],
			],
		);
		assert.ok(file.keys[0]?.key.equals(leaf.privateKey), row.name);
		assert.equal(file.keys[0]?.friendlyName, "key");
		assert.equal(readPkcs12(Buffer.from(pfx.toSchema().toBER()), "wrong").kind, "refused");
	}
});

test("R76: certificates of every key type and PKCS#7 go both ways between PKI.js and here", async () => {
	for (const row of keyRows) {
		const { leaf, root } = makeChain(["shop.example"], { root: { key: row.name }, leaf: { key: row.name } });
		const parsed = pkijs.Certificate.fromBER(bytes(leaf.der));
		assert.deepEqual(Buffer.from(parsed.toSchema().toBER()), Buffer.from(leaf.der));
		if (!isVerified(row)) continue;
		assert.equal(await parsed.verify(pkijs.Certificate.fromBER(bytes(root.der))), false);
		assert.equal(await pkijs.Certificate.fromBER(bytes(root.der)).verify(), true, row.name);
		const own = new pkijs.Certificate();
		own.version = 2;
		own.serialNumber = new asn1js.Integer({ value: 5 });
		for (const name of [own.issuer, own.subject])
			name.typesAndValues.push(
				new pkijs.AttributeTypeAndValue({ type: "2.5.4.3", value: new asn1js.PrintableString({ value: "pkijs" }) }),
			);
		own.notBefore.value = new Date(Date.now() - 1000);
		own.notAfter.value = new Date(Date.now() + 1_000_000);
		own.extensions = [
			new pkijs.Extension({
				extnID: "2.5.29.19",
				critical: true,
				extnValue: new pkijs.BasicConstraints({ cA: true }).toSchema().toBER(),
			}),
		];
		await own.subjectPublicKeyInfo.importKey(cryptoKey(createPublicKey(leaf.privateKey), row));
		await own.sign(cryptoKey(leaf.privateKey, row), row.digest === "sha384" ? "SHA-384" : "SHA-256");
		const der = Buffer.from(own.toSchema(true).toBER());
		assert.deepEqual(readCertificateFile(der), { kind: "certificates", certificates: [der] });
		const signed = new pkijs.SignedData({
			version: 1,
			encapContentInfo: new pkijs.EncapsulatedContentInfo({ eContentType: "1.2.840.113549.1.7.1" }),
			certificates: [own, parsed],
		});
		const container = new pkijs.ContentInfo({ contentType: "1.2.840.113549.1.7.2", content: signed.toSchema(true) });
		const file = readCertificateFile(Buffer.from(container.toSchema().toBER()));
		assert.equal(file.kind, "certificates", JSON.stringify(file));
		if (file.kind === "certificates")
			assert.deepEqual(
				file.certificates.map((one) => Buffer.from(one)),
				[der, Buffer.from(leaf.der)],
			);
	}
});
