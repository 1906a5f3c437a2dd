import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FaultError } from "#base/fault.ts";
import { loadAuthority, openAuthority } from "#pki/authority-shell.ts";
import { decodeCertificate } from "#pki/certificate.ts";
import { KeyStore } from "#pki/key-store-shell.ts";
import { keyIdentifier, planLeaf } from "#pki/mint.ts";
import { extensionOid } from "#pki/oids.ts";
import {
	type CertificateRequest,
	type KeyName,
	makeCertificate,
	makeKeyPair,
} from "../../test/support/make-certificate.ts";

const now = Date.UTC(2026, 10, 21, 12);
const day = 86_400_000;
const rules = { now, maximumLifetimeMs: 47 * day, crlHost: undefined };
const plan = { id: "ca", title: "Sallyport CA", lifetimeDays: 365 };

function directory(t: TestContext): string {
	const path = mkdtempSync(join(tmpdir(), "sallyport-keys-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

/** The store of a directory. */
function storeOf(at: string, isPersistent = true): KeyStore {
	return new KeyStore(at, { isPersistent, passphraseFile: undefined }, now);
}

/** A store with a CA as an administrator would import it. */
function placed(t: TestContext, key: KeyObject, ...certificates: Uint8Array[]): KeyStore {
	const store = storeOf(directory(t));
	store.change({ put: [{ id: "ca", created: now, isExportable: false, certificates, key }] });
	return store;
}

function isBroken(store: KeyStore, why: RegExp): (error: unknown) => boolean {
	return (error) => {
		assert.ok(error instanceof FaultError, String(error));
		assert.equal(error.fault.code, "KEY_STORE_BROKEN");
		assert.ok(error.message.startsWith(`${store.file} cannot be used: certificate "`), error.message);
		assert.match(error.message, why);
		assert.match(error.message, /restore the file from a backup, or move it away/);
		return true;
	};
}

function leafRequest(at: { subject: Uint8Array; ca: Parameters<typeof planLeaf>[1] }): Uint8Array {
	const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const publicKeyInfo = publicKey.export({ type: "spki", format: "der" });
	const key = { publicKeyInfo, keyIdentifier: keyIdentifier(publicKeyInfo), keyType: "ec" } as const;
	const dates = { notBefore: now, notAfter: now + day, hasCrl: false };
	return planLeaf({ subject: at.subject, ...dates }, at.ca, key, new Uint8Array(16).fill(9), rules);
}

const leafSubject = makeCertificate({ subject: "CN=shop.example" }).certificate.subject.raw;

test("K1 N1: each installation makes its own CA with a key of its own", (t) => {
	const one = openAuthority(storeOf(directory(t)), plan, now);
	const other = openAuthority(storeOf(directory(t)), plan, now);
	assert.deepEqual([one.isNew, other.isNew], [true, true]);
	assert.notDeepEqual(one.ca.subjectKeyIdentifier, other.ca.subjectKeyIdentifier);
	assert.notDeepEqual(one.ca.subject, other.ca.subject, "no two CAs share a name");
	const certificate = new X509Certificate(one.ca.certificate);
	assert.match(certificate.subject, /^O=Sallyport on .+\nCN=Sallyport CA [0-9a-f]{8}$/);
	assert.equal(certificate.ca, true);
	assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
	assert.equal(certificate.verify(certificate.publicKey), true);
});

test("a new CA begins a day back, for clients whose clock is behind, and lasts as long as planned", (t) => {
	const { ca } = openAuthority(storeOf(directory(t)), plan, now + 321);
	assert.deepEqual([ca.notBefore, ca.notAfter], [now - day, now - day + 365 * day]);
});

test("K3: the key of a new CA is not exportable", (t) => {
	const store = storeOf(directory(t));
	openAuthority(store, plan, now);
	assert.equal(store.entry("ca")?.isExportable, false);
});

test("the second start finds the CA of the first", (t) => {
	const at = directory(t);
	const first = openAuthority(storeOf(at), plan, now);
	const store = storeOf(at);
	const second = openAuthority(store, plan, now + day);
	assert.equal(second.isNew, false);
	const plainly = ({ ca }: typeof first) => ({ ...ca, certificate: Buffer.from(ca.certificate).toString("hex") });
	assert.deepEqual(plainly(second).certificate, plainly(first).certificate);
	assert.deepEqual(loadAuthority(store, "ca").ca, second.ca);
});

test("R90: a CA whose key was in memory only is made anew under its name, with another key", (t) => {
	const at = directory(t);
	const first = openAuthority(storeOf(at, false), plan, now);
	const store = storeOf(at, false);
	assert.throws(() => loadAuthority(store, "ca"), isBroken(store, /it has no key/));
	const second = openAuthority(store, plan, now);
	assert.equal(second.isNew, true);
	assert.notDeepEqual(second.ca.subjectKeyIdentifier, first.ca.subjectKeyIdentifier);
	assert.deepEqual([...store.entries.keys()], ["ca"]);
});

test("what was signed before and after a start is by the same key", (t) => {
	const at = directory(t);
	const first = openAuthority(storeOf(at), plan, now);
	const second = openAuthority(storeOf(at), plan, now);
	const { publicKey } = new X509Certificate(first.ca.certificate);
	for (const authority of [first, second]) {
		const signed = authority.signLeaf(leafRequest({ subject: leafSubject, ca: authority.ca }), rules);
		assert.ok(signed.kind === "signed");
		assert.equal(new X509Certificate(signed.certificate).verify(publicKey), true);
		const decoded = decodeCertificate(signed.certificate);
		assert.ok(decoded.kind === "done");
		assert.deepEqual(decoded.value.subject.raw, signed.leaf.subject.raw);
	}
});

test("K7 M5: what is no leaf is not signed", (t) => {
	const authority = openAuthority(storeOf(directory(t)), plan, now);
	const signed = authority.signLeaf(leafRequest({ subject: authority.ca.subject, ca: authority.ca }), rules);
	assert.ok(signed.kind === "refused");
	assert.match(signed.reason, /its subject is the CA/);
	const foreign = makeCertificate({ isCa: true }).certificate.tbs;
	assert.equal(authority.signLeaf(foreign, rules).kind, "refused");
	assert.equal(authority.signLeaf(new Uint8Array(0), rules).kind, "refused");
});

test("a damaged key, another's key, no certificate and no entry are told; a new CA is not made over what remains", (t) => {
	const at = directory(t);
	openAuthority(storeOf(at), plan, now);
	const file = join(at, "key-store.json");
	const text = readFileSync(file, "utf8");
	writeFileSync(file, text.replace(/"key": "..../, '"key": "AAAA'));
	const damaged = storeOf(at);
	assert.throws(() => openAuthority(damaged, plan, now), isBroken(damaged, /"ca": its key is damaged/));
	const made = makeCertificate({ subject: "CN=Own CA", isCa: true });
	const others = placed(t, makeKeyPair("p256").privateKey, made.der);
	assert.throws(() => openAuthority(others, plan, now), isBroken(others, /its key is another's/));
	const cut = placed(t, made.privateKey, made.der.subarray(0, 200));
	assert.throws(() => openAuthority(cut, plan, now), isBroken(cut, /it cannot be read/));
	const bare = placed(t, made.privateKey);
	assert.throws(() => openAuthority(bare, plan, now), isBroken(bare, /there is no such certificate/));
	assert.throws(() => loadAuthority(bare, "none"), isBroken(bare, /"none": there is no such certificate/));
});

for (const [name, scheme] of [
	["p256", "ecdsa-p256"],
	["p384", "ecdsa-p384"],
	["rsa2048", "rsa-sha256"],
	["rsa3072", "rsa-sha256"],
	["ed25519", "ed25519"],
] as const satisfies readonly (readonly [KeyName, string])[]) {
	test(`K2: an imported CA with a key of type ${name} is loaded and signs`, (t) => {
		const dates = { notBefore: now - day, notAfter: now + day };
		const made = makeCertificate({ subject: "CN=Own CA", isCa: true, key: name, ...dates });
		const authority = openAuthority(placed(t, made.privateKey, made.der), plan, now);
		assert.equal(authority.isNew, false);
		assert.equal(authority.ca.scheme, scheme);
		assert.deepEqual([authority.ca.notBefore, authority.ca.notAfter], [now - day, now + day]);
		const signed = authority.signLeaf(leafRequest({ subject: leafSubject, ca: authority.ca }), rules);
		assert.ok(signed.kind === "signed");
		assert.equal(new X509Certificate(signed.certificate).verify(made.publicKey), true);
	});
}

for (const [says, request, why] of [
	["an RSA key of 1024 bits", { isCa: true, key: "rsa1024" }, /its key cannot sign here/],
	["a P-521 key", { isCa: true, key: "p521" }, /its key cannot sign here/],
	["a certificate that is no CA's", { isCa: false }, /it is not a CA certificate/],
	["no subjectKeyIdentifier", { isCa: true, without: [extensionOid.subjectKeyIdentifier] }, /no subjectKeyIdentifier/],
] as const satisfies readonly (readonly [string, CertificateRequest, RegExp])[]) {
	test(`a CA with ${says} is refused`, (t) => {
		const made = makeCertificate({ subject: "CN=Own CA", ...request });
		const store = placed(t, made.privateKey, made.der);
		assert.throws(() => openAuthority(store, plan, now), isBroken(store, why));
	});
}

test("a key of another kind is refused", (t) => {
	const key = generateKeyPairSync("ed448") as { privateKey: KeyObject; publicKey: KeyObject };
	const made = makeCertificate({ subject: "CN=Own CA", isCa: true, issuer: makeCertificate({ isCa: true }), key });
	const store = placed(t, made.privateKey, made.der);
	assert.throws(() => loadAuthority(store, "ca"), isBroken(store, /got ed448/));
});

test("of an entry with a chain the first certificate is the CA's", (t) => {
	const root = makeCertificate({ subject: "CN=Root", isCa: true });
	const made = makeCertificate({ subject: "CN=Own CA", isCa: true, issuer: root });
	const store = placed(t, made.privateKey, made.der, root.der);
	assert.deepEqual(Buffer.from(loadAuthority(store, "ca").ca.certificate), Buffer.from(made.der));
});
