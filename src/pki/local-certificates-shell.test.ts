import assert from "node:assert/strict";
import { createPublicKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { decodeCertificateRequest } from "#pki/certificate-request.ts";
import { KeyStore } from "#pki/key-store-shell.ts";
import { LocalCertificates } from "#pki/local-certificates-shell.ts";
import { readPkcs12 } from "#pki/pkcs12.ts";
import { makeCertificate, makeChain } from "../../test/support/make-certificate.ts";

const now = Date.UTC(2026, 10, 21, 12);
const day = 86_400_000;
const subject = { subject: "CN=gw.example,O=Company", dns: ["gw.example"] };
const p256 = { type: "ecdsa", bits: 256 } as const;

function open(t: TestContext) {
	const at = mkdtempSync(join(tmpdir(), "sallyport-local-"));
	t.after(() => rmSync(at, { recursive: true, force: true }));
	const store = new KeyStore(at, { isPersistent: true, passphraseFile: undefined }, now);
	const local = new LocalCertificates(
		store,
		async (edit) => {
			store.change(edit);
		},
		() => now,
	);
	return { at, store, local };
}

/** A certificate for the key of a request, by a CA of its own. */
function signed(request: Uint8Array, more: Parameters<typeof makeCertificate>[0] = {}) {
	const decoded = decodeCertificateRequest(request);
	assert.ok(decoded.kind === "done" && decoded.value.verify());
	const key = {
		publicKey: createPublicKey({ key: Buffer.from(decoded.value.publicKey.raw), format: "der", type: "spki" }),
		privateKey: issuer.privateKey,
	};
	return makeCertificate({ subject: "CN=gw.example", key, issuer, ...more });
}

const issuer = makeCertificate({ subject: "CN=Root", isCa: true });

function files(certificates: Uint8Array, key?: string, passphrase?: string) {
	return { certificates, key: key === undefined ? undefined : Buffer.from(key), passphrase };
}

test("R59: key pairs of every kind, with or without leave to be exported; a name is used once", async (t) => {
	const { local, store } = open(t);
	for (const [id, kind, says] of [
		["r", { type: "rsa", bits: 2_048 }, "rsa 2048"],
		["e", p256, "ec prime256v1"],
		["f", { type: "ecdsa", bits: 384 }, "ec secp384r1"],
		["d", { type: "ed25519" }, "ed25519 "],
	] as const) {
		await local.generateKeyPair(id, kind, id === "e");
		const { asymmetricKeyType: type, asymmetricKeyDetails: details } = store.entry(id)?.key ?? {};
		assert.equal(`${type} ${details?.modulusLength ?? details?.namedCurve ?? ""}`, says);
		assert.equal(store.entry(id)?.isExportable, id === "e");
	}
	await assert.rejects(local.generateKeyPair("e", p256, false), /"e" exists already/);
	await assert.rejects(local.generateKeyPair("ca", p256, false), /the name 'ca' is reserved/);
});

test("R43 R57 R60 R58: a self-signed CA or server certificate of a key pair that is there", async (t) => {
	const { local, store } = open(t);
	await assert.rejects(
		local.generateSelfSigned("x", { ...subject, isCa: true, days: 1, isExportable: false }),
		/there is no key pair "x"; request security pki generate-key-pair certificate-id x first/,
	);
	await local.generateKeyPair("x", p256, false);
	const bare = { subject: "CN=x", isCa: false, days: 1, isExportable: false };
	await assert.rejects(local.generateSelfSigned("x", bare), /needs a domain-name/);
	await assert.rejects(local.generateSelfSigned("x", { ...bare, subject: "x" }), /subject: expected an attribute/);
	await assert.rejects(
		local.generateSelfSigned("x", { ...bare, dns: ["a.*.example"] }),
		/must be the whole left-most label/,
	);
	await assert.rejects(
		local.generateSelfSigned("x", { ...subject, isCa: true, days: 30, isExportable: true }),
		/key pair "x" was not made exportable; make one with generate-key-pair \.\.\. exportable/,
	);
	await local.generateSelfSigned("x", { ...subject, isCa: true, days: 30, isExportable: false });
	const made = new X509Certificate(store.entry("x")?.certificates[0] ?? "");
	assert.deepEqual([made.ca, made.subjectAltName], [true, "DNS:gw.example"]);
	assert.deepEqual([Date.parse(made.validFrom), Date.parse(made.validTo)], [now - day, now + 29 * day]);
	assert.equal(store.entry("x")?.isExportable, false);
	await assert.rejects(
		local.generateSelfSigned("x", { ...subject, isCa: true, days: 1, isExportable: false }),
		/exists already/,
	);
});

test("R68 to R73: a request goes out without its key, and the certificate that comes back finds it, under any name", async (t) => {
	const { local, store } = open(t);
	await local.generateKeyPair("asked", p256, true);
	const request = await local.generateRequest("asked", { ...subject, dns: ["a.example", "*.b.example"] }, false);
	assert.ok(store.entry("asked")?.request !== undefined);
	const { intermediate } = makeChain();
	const { certificate } = signed(request);
	const loaded = await local.load("shop", files(certificate.der), false);
	assert.deepEqual(loaded, { ids: ["shop"], duplicates: [], passedOver: [] });
	assert.deepEqual([...store.entries.keys()], ["shop"]);
	const entry = store.entry("shop");
	assert.deepEqual([entry?.isExportable, entry?.request, entry?.key !== undefined], [true, undefined, true]);
	assert.deepEqual((await local.load("again", files(certificate.der), false)).duplicates, ["shop"]);
	await assert.rejects(local.load("x", files(intermediate.der), false), /there is no private key for certificate/);
	const renewed = signed(request, { subject: "CN=renewed" });
	await assert.rejects(
		local.load("x", files(renewed.der), false),
		/it is for the key of certificate "shop"; replace that/,
	);
});

test("R74: a name that has another key or a certificate is not loaded over", async (t) => {
	const { local } = open(t);
	const [one, two] = [makeCertificate(), makeCertificate({ subject: "CN=two" })];
	await local.load("a", files(one.der, one.keyPem), false);
	await assert.rejects(local.load("a", files(two.der, two.keyPem), false), /"a" exists already.*replace it/);
	await local.generateKeyPair("b", p256, false);
	await assert.rejects(
		local.load("b", files(two.der, two.keyPem), false),
		/"b" exists already and has another key; choose/,
	);
});

test("R86 R87: replacing keeps the name for the new certificate and the one before as NAME_REPLACED", async (t) => {
	const { local, store } = open(t);
	const [one, two, three] = ["CN=1", "CN=2", "CN=3"].map((name) => makeCertificate({ subject: name }));
	assert.ok(one && two && three);
	await local.load("a", files(one.der, one.keyPem), true);
	assert.deepEqual(await local.replace("a", files(two.der, two.keyPem), false), { kept: "a_REPLACED" });
	assert.ok(store.entry("a")?.key?.equals(two.privateKey));
	assert.ok(store.entry("a_REPLACED")?.key?.equals(one.privateKey));
	assert.deepEqual([store.entry("a")?.isExportable, store.entry("a_REPLACED")?.isExportable], [false, true]);
	assert.deepEqual(await local.replace("a", files(three.der, three.keyPem), false), { kept: "a_REPLACED-2" });
	await assert.rejects(
		local.replace("a", files(three.der, three.keyPem), false),
		/the same certificate is stored already, as "a"/,
	);
	await assert.rejects(
		local.replace("none", files(one.der, one.keyPem), false),
		/"none" does not exist; existing: "a"/,
	);
});

test("R86: a certificate may be renewed for the key that it has, by a request of its own", async (t) => {
	const { local, store } = open(t);
	await local.generateKeyPair("a", p256, false);
	const first = signed(await local.generateRequest("a", subject, false));
	await local.load("a", files(first.der), false);
	const key = store.entry("a")?.key;
	const second = signed(await local.generateRequest("a", subject, false), { subject: "CN=renewed" });
	await local.replace("a", files(second.der), false);
	assert.ok(key !== undefined && store.entry("a")?.key?.equals(key));
	assert.deepEqual(
		store.entry("a")?.certificates.map((der) => Buffer.from(der)),
		[Buffer.from(second.der)],
	);
	assert.equal(store.entry("a")?.request, undefined);
});

test("R84: a certificate whose key was lost is repaired with that key and no other", async (t) => {
	const { local, store } = open(t);
	const made = makeCertificate();
	store.change({
		put: [{ id: "a", created: now, isExportable: false, certificates: [made.der], key: undefined }],
	});
	const locked = String(
		made.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "s" }),
	);
	await assert.rejects(local.repair("a", Buffer.from(makeCertificate().keyPem), undefined), /not the private key of/);
	await assert.rejects(local.repair("a", Buffer.from(locked), undefined), /is encrypted; add passphrase to be asked/);
	await local.repair("a", Buffer.from(locked), "s");
	assert.ok(store.entry("a")?.key?.equals(made.privateKey));
	await assert.rejects(local.repair("a", Buffer.from(locked), "s"), /is whole/);
});

test("R51 R61 R92: a key leaves the store only when it was made so, and only under a passphrase", async (t) => {
	const { local } = open(t);
	const { leaf, intermediate } = makeChain();
	await local.load("open", files(Buffer.from(leaf.pem + intermediate.pem), leaf.keyPem), true);
	const other = makeCertificate();
	await local.load("shut", files(other.der, other.keyPem), false);
	assert.throws(() => local.exportPkcs12("shut", "secret"), /was not made exportable/);
	assert.deepEqual(Buffer.from(local.exportCertificate("shut")), Buffer.from(other.der));
	assert.throws(() => local.exportPkcs12("open", ""), /not exported without a passphrase/);
	const read = readPkcs12(local.exportPkcs12("open", "secret"), "secret");
	assert.ok(read.kind === "contents");
	assert.deepEqual([read.certificates.length, read.keys[0]?.friendlyName], [2, "open"]);
	assert.ok(read.keys[0]?.key.equals(leaf.privateKey));
});

test("clearing takes the certificate, then the request, then the key pair", async (t) => {
	const { local, store } = open(t);
	await local.generateKeyPair("a", p256, false);
	await local.generateRequest("a", subject, false);
	await local.generateSelfSigned("a", { ...subject, isCa: false, days: 1, isExportable: false });
	await assert.rejects(local.clearKeyPairs(["a"]), /key pair "a" has a certificate/);
	await local.clearCertificates(["a"]);
	assert.deepEqual(store.entry("a")?.certificates, []);
	await local.clearRequests(["a"]);
	await assert.rejects(local.clearRequests(["a"]), /there is no certificate request "a"/);
	await local.clearKeyPairs(["a"]);
	assert.equal(store.entries.size, 0);
});

test("R92 K3: no way of commands makes a key exportable that was not made so", async (t) => {
	const { local, store } = open(t);
	await local.generateKeyPair("a", p256, false);
	await local.generateSelfSigned("a", { ...subject, isCa: true, days: 1, isExportable: false });
	await local.clearCertificates(["a"]);
	await assert.rejects(
		local.generateSelfSigned("a", { ...subject, isCa: true, days: 1, isExportable: true }),
		/not made/,
	);
	const request = await local.generateRequest("a", subject, false);
	await local.load("b", files(signed(request).der), true);
	assert.equal(store.entry("b")?.isExportable, false);
	const renewed = signed(await local.generateRequest("b", subject, false), { subject: "CN=renewed" });
	await local.replace("b", files(renewed.der), true);
	assert.throws(() => local.exportPkcs12("b", "secret"), /was not made exportable/);
	assert.throws(() => local.exportPkcs12("b_REPLACED", "secret"), /was not made exportable/);
});
