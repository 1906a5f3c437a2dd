import assert from "node:assert/strict";
import { type KeyObject, sign, X509Certificate } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { checkLeaf } from "#pki/check-leaf.ts";
import { derElement, derSequence } from "#pki/der.ts";
import { decodeExtension, keyUsageBit, noExtensions } from "#pki/extensions.ts";
import {
	assembleCertificate,
	crlPath,
	crlPointer,
	crlUrl,
	keyIdentifier,
	type LeafKey,
	leafDates,
	type MintedIdentity,
	type MintingRules,
	planAuthority,
	planLeaf,
	type SignatureScheme,
	type SigningCa,
} from "#pki/mint.ts";
import { extensionOid, purposeOid } from "#pki/oids.ts";
import { certificatePem } from "#pki/pem.ts";
import {
	type KeyName,
	type KeyPair,
	makeCertificate,
	makeKeyPair,
	makeName,
} from "../../test/support/make-certificate.ts";

const second = 1_000;
const day = 86_400_000;
const now = Date.UTC(2026, 10, 21);
const rules: MintingRules = { now, maximumLifetimeMs: 47 * day, crlHost: "sallyport.test" };
const endless: MintingRules = { ...rules, maximumLifetimeMs: 100_000 * day };
const digests: Record<SignatureScheme, string | null> = {
	"ecdsa-p256": "sha256",
	"ecdsa-p384": "sha384",
	"rsa-sha256": "sha256",
	ed25519: null,
};
const keyNames: Record<SignatureScheme, KeyName> = {
	"ecdsa-p256": "p256",
	"ecdsa-p384": "p384",
	"rsa-sha256": "rsa2048",
	ed25519: "ed25519",
};

interface TestAuthority {
	readonly ca: SigningCa;
	readonly key: KeyObject;
	readonly publicKey: KeyObject;
	readonly certificate: Certificate;
}

function spkiOf(pair: KeyPair): Uint8Array {
	return pair.publicKey.export({ type: "spki", format: "der" });
}

function decoded(der: Uint8Array): Certificate {
	const answer = decodeCertificate(der);
	assert.ok(answer.kind === "done", JSON.stringify(answer));
	assert.deepEqual(answer.value.faults, []);
	return answer.value;
}

function makeAuthority(scheme: SignatureScheme, pair = makeKeyPair(keyNames[scheme])): TestAuthority {
	const publicKeyInfo = spkiOf(pair);
	const toBeSigned = planAuthority({
		commonName: "Signing CA",
		organization: "Sallyport on gw",
		notBefore: now - day,
		notAfter: now + 365 * day,
		key: { publicKeyInfo, keyIdentifier: keyIdentifier(publicKeyInfo) },
		scheme,
		serial: new Uint8Array(16).fill(0xff),
	});
	const der = assembleCertificate(toBeSigned, scheme, sign(digests[scheme], toBeSigned, pair.privateKey));
	const certificate = decoded(der);
	const ca: SigningCa = {
		id: "ca",
		certificate: der,
		chain: [],
		subject: certificate.subject.raw,
		subjectKeyIdentifier: certificate.typed.subjectKeyIdentifier ?? new Uint8Array(),
		notBefore: certificate.notBefore,
		notAfter: certificate.notAfter,
		scheme,
		maySignCrls: true,
	};
	return { ca, key: pair.privateKey, publicKey: pair.publicKey, certificate };
}

const authority = makeAuthority("ecdsa-p256");
const leafPair = makeKeyPair("p256");
const leafKey: LeafKey = {
	publicKeyInfo: spkiOf(leafPair),
	keyIdentifier: keyIdentifier(spkiOf(leafPair)),
	keyType: "ec",
};
const serial = (fill: number) => new Uint8Array(16).fill(fill);

const identityOf = (origin: Certificate): MintedIdentity => ({
	subject: origin.subject.raw,
	subjectAltName: origin.extension(extensionOid.subjectAltName)?.value,
	notBefore: origin.notBefore,
	notAfter: origin.notAfter,
	hasCrl: false,
});

function mint(
	identity: MintedIdentity,
	{ ca, key } = authority,
	leaf = leafKey,
	random = serial(7),
	policy = rules,
): Certificate {
	const toBeSigned = planLeaf(identity, ca, leaf, random, policy);
	return decoded(assembleCertificate(toBeSigned, ca.scheme, sign(digests[ca.scheme], toBeSigned, key)));
}

const origin = makeCertificate({
	subject: "C=DE,O=Shop,CN=shop.example",
	names: ["shop.example", "*.shop.example", "192.0.2.1", "uri:https://shop.example/"],
	notBefore: now - 10 * second,
	notAfter: now + 30 * day,
	issuer: makeCertificate({ subject: "CN=Origin CA", isCa: true }),
	extendedKeyUsage: [purposeOid.serverAuth, purposeOid.clientAuth],
	keyUsage: ["digitalSignature", "keyAgreement"],
	extensions: [{ oid: extensionOid.tlsFeature, value: derSequence(derElement(0x02, Uint8Array.of(5))) }],
});
const leaf = mint(identityOf(origin.certificate));

test("M1: subject and names are those of the server's certificate, octet for octet", () => {
	assert.deepEqual(Buffer.from(leaf.subject.raw), Buffer.from(origin.certificate.subject.raw));
	assert.deepEqual(
		leaf.extension(extensionOid.subjectAltName)?.value,
		origin.certificate.extension(extensionOid.subjectAltName)?.value,
	);
	assert.equal(new X509Certificate(leaf.der).checkHost("a.shop.example"), "*.shop.example");
});

test("N7: a server certificate without names gives a leaf without names", () => {
	const nameless = makeCertificate({ subject: "CN=shop.example", names: [], notBefore: now, notAfter: now + day });
	const minted = mint(identityOf(nameless.certificate));
	assert.equal(minted.extension(extensionOid.subjectAltName), undefined);
	assert.equal(new X509Certificate(minted.der).subjectAltName, undefined);
});

test("M2: the dates are the server's where they lie inside the CA's", () => {
	assert.deepEqual([leaf.notBefore, leaf.notAfter], [now - 10 * second, now + 30 * day]);
});

test("M2: no leaf is valid at a time at which the server's certificate or the CA is not", () => {
	const moment = fc.integer({ min: -2_000, max: 4_000 }).map((days) => now + days * day);
	const span = fc.tuple(moment, moment).map(([a, b]) => ({ notBefore: Math.min(a, b), notAfter: Math.max(a, b) }));
	fc.assert(
		fc.property(span, span, (server, caDates) => {
			const ca = { ...authority.ca, ...caDates };
			const dates = leafDates(server, ca, endless);
			assert.ok(dates.notBefore <= dates.notAfter);
			assert.ok(dates.notAfter <= server.notAfter && dates.notAfter <= ca.notAfter);
			assert.ok(dates.notBefore >= server.notBefore || dates.notBefore === dates.notAfter);
			assert.ok(dates.notBefore >= ca.notBefore || dates.notBefore === dates.notAfter);
			const doOverlap = server.notBefore <= ca.notAfter && ca.notBefore <= server.notAfter;
			if (doOverlap) {
				assert.equal(dates.notBefore, Math.max(server.notBefore, ca.notBefore));
				assert.equal(dates.notAfter, Math.min(server.notAfter, ca.notAfter));
			} else {
				assert.equal(dates.notBefore, dates.notAfter, "an instant, so that no client accepts it now");
			}
		}),
	);
});

test("M2 M12: a server that had expired before the CA existed stays expired, at an instant of its own time", () => {
	const expired = { ...identityOf(origin.certificate), notBefore: now - 900 * day, notAfter: now - 800 * day };
	const minted = mint(expired);
	assert.deepEqual([minted.notBefore, minted.notAfter], [now - 800 * day, now - 800 * day]);
	const spki = authority.publicKey.export({ type: "spki", format: "der" });
	assert.equal(checkLeaf(minted.tbs, authority.ca, spki, rules).kind, "leaf");
});

test("M2: dates before 1950 and from 2050 on are written as they are", () => {
	const far = { ...identityOf(origin.certificate), notBefore: now, notAfter: Date.UTC(2060, 0, 1) };
	const ca = { ...authority, ca: { ...authority.ca, notAfter: Date.UTC(2070, 0, 1) } };
	const minted = mint(far, ca, leafKey, serial(7), endless);
	assert.equal(minted.notAfter, Date.UTC(2060, 0, 1));
	assert.equal(new X509Certificate(minted.der).validToDate.getTime(), Date.UTC(2060, 0, 1));
});

test("M2: no leaf lasts longer than the policy permits; it begins a day back, never before the server's certificate", () => {
	const year = { notBefore: now - 100 * day, notAfter: now + 265 * day };
	assert.deepEqual(leafDates(year, authority.ca, rules), { notBefore: now - day, notAfter: now + 46 * day });
	const fresh = { notBefore: now - 3_600_000, notAfter: now + 90 * day };
	const freshCa = { ...authority.ca, notBefore: now - 300 * day };
	assert.deepEqual(leafDates(fresh, freshCa, rules), {
		notBefore: fresh.notBefore,
		notAfter: fresh.notBefore + 47 * day,
	});
	const nearlyOver = { notBefore: now - 360 * day, notAfter: now + 5 * day };
	assert.deepEqual(leafDates(nearlyOver, freshCa, rules), { notBefore: now - 42 * day, notAfter: now + 5 * day });
	const moment = fc.integer({ min: -2_000, max: 4_000 }).map((days) => now + days * day);
	const span = fc.tuple(moment, moment).map(([a, b]) => ({ notBefore: Math.min(a, b), notAfter: Math.max(a, b) }));
	const maximum = fc.integer({ min: 2, max: 825 }).map((days) => days * day);
	fc.assert(
		fc.property(span, span, maximum, (server, ca, maximumLifetimeMs) => {
			const free = leafDates(server, ca, endless);
			const cut = leafDates(server, ca, { ...rules, maximumLifetimeMs });
			assert.ok(cut.notBefore >= free.notBefore && cut.notAfter <= free.notAfter && cut.notBefore <= cut.notAfter);
			assert.ok(cut.notAfter - cut.notBefore <= maximumLifetimeMs);
			const isValid = (dates: { notBefore: number; notAfter: number }) =>
				dates.notBefore <= now && now <= dates.notAfter;
			assert.equal(isValid(cut), isValid(free));
		}),
	);
});

test("M12: what has expired, or is not valid yet, stays so under any longest lifetime", () => {
	const expired = { notBefore: now - 400 * day, notAfter: now - 2 * day };
	const old = { ...authority.ca, notBefore: now - 900 * day };
	assert.deepEqual(leafDates(expired, old, rules), { notBefore: now - 49 * day, notAfter: now - 2 * day });
	const future = { notBefore: now + 2 * day, notAfter: now + 300 * day };
	assert.deepEqual(leafDates(future, old, rules), { notBefore: now + 2 * day, notAfter: now + 49 * day });
});

test("K4: the leaf points to the CA's revocation list exactly when the server's certificate names one", () => {
	const pointed = mint({ ...identityOf(origin.certificate), hasCrl: true });
	const [point] = pointed.typed.crlDistributionPoints ?? [];
	assert.ok(point?.fullName?.[0]?.kind === "uri");
	assert.equal(point.fullName[0].text, "http://sallyport.test/crl/ca.crl");
	assert.equal(pointed.extension(extensionOid.crlDistributionPoints)?.isCritical, false);
	assert.equal(leaf.typed.crlDistributionPoints, undefined);
	const listless = { ...authority, ca: { ...authority.ca, maySignCrls: false } };
	assert.equal(
		mint({ ...identityOf(origin.certificate), hasCrl: true }, listless).typed.crlDistributionPoints,
		undefined,
	);
	const nowhere = { ...rules, crlHost: undefined };
	assert.equal(
		mint({ ...identityOf(origin.certificate), hasCrl: true }, authority, leafKey, serial(7), nowhere).typed
			.crlDistributionPoints,
		undefined,
	);
});

test("K4: the address in a leaf is read back as it was written, whatever the CA is called", () => {
	fc.assert(
		fc.property(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_. -]{0,62}$/), (id) => {
			const url = crlUrl({ ...authority.ca, id }, rules) as string;
			const values = noExtensions();
			const faults: string[] = [];
			const extension = { oid: extensionOid.crlDistributionPoints, isCritical: false, value: crlPointer(url) };
			decodeExtension(extension, values, faults);
			assert.deepEqual(faults, []);
			const [point] = values.crlDistributionPoints ?? [];
			const [name] = point?.fullName ?? [];
			assert.ok(name?.kind === "uri");
			assert.equal(name.text, url);
			assert.equal(new URL(url).pathname, crlPath(id));
			assert.equal(decodeURIComponent(crlPath(id)), `/crl/${id}.crl`);
		}),
		{ numRuns: 50 },
	);
});

test("M3: the only purpose is serverAuth, and an RSA key may also decipher keys", () => {
	assert.deepEqual(leaf.typed.extendedKeyUsage, [purposeOid.serverAuth]);
	assert.equal(leaf.typed.keyUsage, keyUsageBit.digitalSignature);
	assert.equal(leaf.extension(extensionOid.keyUsage)?.isCritical, true);
	const rsa = makeKeyPair("rsa2048");
	const key = { publicKeyInfo: spkiOf(rsa), keyIdentifier: keyIdentifier(spkiOf(rsa)), keyType: "rsa" } as const;
	const minted = mint(identityOf(origin.certificate), authority, key);
	assert.equal(minted.typed.keyUsage, keyUsageBit.digitalSignature | keyUsageBit.keyEncipherment);
});

test("M4: the leaf names the CA's key by the identifier that the CA's certificate has, and the CA by its name", () => {
	assert.deepEqual(leaf.typed.authorityKeyIdentifier?.keyIdentifier, authority.ca.subjectKeyIdentifier);
	assert.deepEqual(Buffer.from(leaf.issuer.raw), Buffer.from(authority.ca.subject));
	assert.deepEqual(leaf.typed.subjectKeyIdentifier, Uint8Array.from(leafKey.keyIdentifier));
});

test("M5: the leaf is no CA, and says so critically", () => {
	assert.equal(leaf.typed.basicConstraints?.isCa, false);
	assert.equal(leaf.extension(extensionOid.basicConstraints)?.isCritical, true);
});

test("M6: names are critical exactly when the subject is empty", () => {
	assert.equal(leaf.extension(extensionOid.subjectAltName)?.isCritical, false);
	const subjectless = mint({ ...identityOf(origin.certificate), subject: makeName("") });
	assert.equal(subjectless.extension(extensionOid.subjectAltName)?.isCritical, true);
	assert.equal(subjectless.subject.raw.length, 2);
});

test("M7: the serial is the random number, positive, of constant length", () => {
	fc.assert(
		fc.property(fc.uint8Array({ minLength: 9, maxLength: 20 }), (random) => {
			const minted = mint(identityOf(origin.certificate), authority, leafKey, random);
			assert.equal(minted.serial.length, random.length);
			assert.equal((minted.serial[0] as number) & 0xc0, 0x40);
			assert.deepEqual(Buffer.from(minted.serial.subarray(1)), Buffer.from(random.subarray(1)));
		}),
		{ numRuns: 30 },
	);
	const random = serial(0xff);
	mint(identityOf(origin.certificate), authority, leafKey, random);
	assert.deepEqual(random, serial(0xff), "the caller's octets are left as they were");
});

test("M9: no other extension of the server's certificate is copied", () => {
	assert.deepEqual(
		leaf.extensions.map(({ oid }) => oid).toSorted(),
		[
			extensionOid.subjectKeyIdentifier,
			extensionOid.keyUsage,
			extensionOid.subjectAltName,
			extensionOid.basicConstraints,
			extensionOid.authorityKeyIdentifier,
			extensionOid.extendedKeyUsage,
		].toSorted(),
	);
});

test("N2: the leaf's key is the gateway's leaf key, neither the server's nor the CA's", () => {
	assert.deepEqual(Buffer.from(leaf.publicKey.raw), Buffer.from(leafKey.publicKeyInfo));
	assert.notDeepEqual(leaf.publicKey.raw, origin.certificate.publicKey.raw);
	assert.notDeepEqual(leaf.publicKey.raw, authority.certificate.publicKey.raw);
});

for (const scheme of ["ecdsa-p256", "ecdsa-p384", "rsa-sha256", "ed25519"] as const) {
	test(`a leaf and its CA signed with ${scheme} are accepted by OpenSSL`, () => {
		const made = makeAuthority(scheme);
		const minted = mint(identityOf(origin.certificate), made);
		const leafX509 = new X509Certificate(certificatePem(minted.der));
		const caX509 = new X509Certificate(certificatePem(made.ca.certificate));
		assert.equal(leafX509.verify(made.publicKey), true);
		assert.equal(caX509.verify(made.publicKey), true);
		assert.equal(leafX509.checkIssued(caX509), true);
		assert.equal(leafX509.verify(authority.publicKey), false);
		assert.equal(checkLeaf(minted.tbs, made.ca, made.certificate.publicKey.raw, rules).kind, "leaf");
	});
}

test("K2: a signing CA signs leaves and revocation lists, and no CA below itself", () => {
	const { certificate } = authority;
	assert.deepEqual(
		[certificate.typed.basicConstraints?.isCa, certificate.typed.basicConstraints?.pathLength],
		[true, 0],
	);
	assert.equal(certificate.typed.keyUsage, keyUsageBit.keyCertSign | keyUsageBit.cRLSign);
	assert.equal(certificate.extension(extensionOid.basicConstraints)?.isCritical, true);
	assert.equal(certificate.extension(extensionOid.keyUsage)?.isCritical, true);
	assert.equal(certificate.isSelfIssued, true);
	assert.equal(new X509Certificate(certificate.der).subject, "O=Sallyport on gw\nCN=Signing CA");
	assert.deepEqual(certificate.typed.authorityKeyIdentifier?.keyIdentifier, certificate.typed.subjectKeyIdentifier);
	assert.deepEqual([certificate.notBefore, certificate.notAfter], [now - day, now + 365 * day]);
});

test("a key identifier is 20 octets that only equal keys share", () => {
	assert.equal(keyIdentifier(leafKey.publicKeyInfo).length, 20);
	assert.deepEqual(keyIdentifier(leafKey.publicKeyInfo), keyIdentifier(Uint8Array.from(leafKey.publicKeyInfo)));
	assert.notDeepEqual(keyIdentifier(leafKey.publicKeyInfo), keyIdentifier(spkiOf(makeKeyPair("p256"))));
});
