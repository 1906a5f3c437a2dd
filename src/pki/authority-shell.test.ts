import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	unlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FaultError } from "#base/fault.ts";
import { loadAuthority, openAuthority, storedAuthorityIds } from "#pki/authority-shell.ts";
import { decodeCertificate } from "#pki/certificate.ts";
import { keyIdentifier, planLeaf } from "#pki/mint.ts";
import { extensionOid } from "#pki/oids.ts";
import { certificatePem } from "#pki/pem.ts";
import {
	type CertificateRequest,
	type KeyName,
	makeCertificate,
	makeKeyPair,
} from "../../test/support/make-certificate.ts";

const now = Date.UTC(2026, 10, 21, 12);
const day = 86_400_000;
const plan = { id: "ca", title: "Sallyport CA", lifetimeDays: 365 };

function directory(t: TestContext): string {
	const path = mkdtempSync(join(tmpdir(), "sallyport-keys-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

/** Writes a CA as an administrator would import it. */
function place(at: string, key: string, certificate: string): void {
	writeFileSync(join(at, "ca.key"), key);
	writeFileSync(join(at, "ca.crt"), certificate);
}

function isBroken(file: string, why: RegExp): (error: unknown) => boolean {
	return (error) => {
		assert.ok(error instanceof FaultError, String(error));
		assert.equal(error.fault.code, "KEY_STORE_BROKEN");
		assert.ok(error.message.startsWith(file), error.message);
		assert.match(error.message, why);
		assert.match(error.message, /restore it from a backup, or move/);
		return true;
	};
}

function leafRequest(at: { subject: Uint8Array; ca: Parameters<typeof planLeaf>[1] }): Uint8Array {
	const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const publicKeyInfo = publicKey.export({ type: "spki", format: "der" });
	const key = { publicKeyInfo, keyIdentifier: keyIdentifier(publicKeyInfo), keyType: "ec" } as const;
	const dates = { notBefore: now, notAfter: now + day };
	return planLeaf({ subject: at.subject, ...dates }, at.ca, key, new Uint8Array(16).fill(9));
}

const leafSubject = makeCertificate({ subject: "CN=shop.example" }).certificate.subject.raw;

test("K1 N1: each installation makes its own CA with a key of its own", (t) => {
	const one = openAuthority(directory(t), plan, now);
	const other = openAuthority(directory(t), plan, now);
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
	const { ca } = openAuthority(directory(t), plan, now + 321);
	assert.deepEqual([ca.notBefore, ca.notAfter], [now - day, now - day + 365 * day]);
});

test("K3: key and certificate have mode 0600 whatever the process's mask is, and nothing else is left", (t) => {
	const mask = process.umask(0);
	t.after(() => process.umask(mask));
	const at = directory(t);
	openAuthority(at, plan, now);
	assert.deepEqual(readdirSync(at).toSorted(), ["ca.crt", "ca.key"]);
	for (const file of ["ca.key", "ca.crt"]) assert.equal(statSync(join(at, file)).mode & 0o777, 0o600, file);
	assert.match(readFileSync(join(at, "ca.key"), "utf8"), /^-----BEGIN PRIVATE KEY-----\n/);
	assert.deepEqual(storedAuthorityIds(at), ["ca"]);
});

test("the second start finds the CA of the first", (t) => {
	const at = directory(t);
	const first = openAuthority(at, plan, now);
	const second = openAuthority(at, plan, now + day);
	assert.equal(second.isNew, false);
	assert.deepEqual(second.ca, first.ca);
	assert.deepEqual(loadAuthority(at, "ca").ca, first.ca);
});

test("what was signed before and after a start is by the same key", (t) => {
	const at = directory(t);
	const first = openAuthority(at, plan, now);
	const second = openAuthority(at, plan, now);
	const { publicKey } = new X509Certificate(first.ca.certificate);
	for (const authority of [first, second]) {
		const signed = authority.signLeaf(leafRequest({ subject: leafSubject, ca: authority.ca }));
		assert.ok(signed.kind === "signed");
		assert.equal(new X509Certificate(signed.certificate).verify(publicKey), true);
		const decoded = decodeCertificate(signed.certificate);
		assert.ok(decoded.kind === "done");
		assert.deepEqual(decoded.value.subject.raw, signed.leaf.subject.raw);
	}
});

test("K7 M5: what is no leaf is not signed", (t) => {
	const authority = openAuthority(directory(t), plan, now);
	const signed = authority.signLeaf(leafRequest({ subject: authority.ca.subject, ca: authority.ca }));
	assert.ok(signed.kind === "refused");
	assert.match(signed.reason, /its subject is the CA/);
	const foreign = makeCertificate({ isCa: true }).certificate.tbs;
	assert.equal(authority.signLeaf(foreign).kind, "refused");
	assert.equal(authority.signLeaf(new Uint8Array(0)).kind, "refused");
});

for (const missing of ["ca.key", "ca.crt"]) {
	test(`a pair without its ${missing} is told and left as it is: a new CA is not made over what remains`, (t) => {
		const at = directory(t);
		openAuthority(at, plan, now);
		unlinkSync(join(at, missing));
		const left = readdirSync(at).map((file) => readFileSync(join(at, file), "utf8"));
		assert.throws(() => openAuthority(at, plan, now), isBroken(join(at, missing), /ENOENT/));
		assert.deepEqual(
			readdirSync(at).map((file) => readFileSync(join(at, file), "utf8")),
			left,
		);
	});
}

test("files of another CA, cut short or empty are told by name", (t) => {
	const at = directory(t);
	const { keyPem: otherKey } = makeCertificate({ isCa: true });
	const made = makeCertificate({ subject: "CN=Own CA", isCa: true });
	place(at, otherKey, made.pem);
	assert.throws(() => loadAuthority(at, "ca"), isBroken(join(at, "ca.key"), /it is not the key of .*ca\.crt/));
	place(at, made.keyPem.slice(0, 100), made.pem);
	assert.throws(() => loadAuthority(at, "ca"), isBroken(join(at, "ca.key"), /cannot be used/));
	place(at, "", made.pem);
	assert.throws(() => loadAuthority(at, "ca"), isBroken(join(at, "ca.key"), /cannot be used/));
	place(at, made.keyPem, "");
	assert.throws(() => loadAuthority(at, "ca"), isBroken(join(at, "ca.crt"), /it holds no PEM certificate/));
	place(at, made.keyPem, certificatePem(made.der.subarray(0, 200)));
	assert.throws(() => loadAuthority(at, "ca"), isBroken(join(at, "ca.crt"), /it is not a certificate/));
	assert.throws(() => loadAuthority(at, "none"), isBroken(join(at, "none.key"), /ENOENT/));
});

test("a file that cannot be read is told with the system's reason", (t) => {
	const at = directory(t);
	openAuthority(at, plan, now);
	unlinkSync(join(at, "ca.key"));
	mkdirSync(join(at, "ca.key"));
	assert.throws(() => openAuthority(at, plan, now), isBroken(join(at, "ca.key"), /EISDIR/));
});

test("no message holds a part of a private key", (t) => {
	const at = directory(t);
	const made = makeCertificate({ subject: "CN=Own CA", isCa: true });
	const lines = made.keyPem.split("\n");
	place(at, lines.slice(0, 2).join("\n"), made.pem);
	assert.throws(
		() => loadAuthority(at, "ca"),
		(error: Error) => !error.message.includes((lines[1] as string).slice(0, 12)),
	);
});

for (const [name, scheme] of [
	["p256", "ecdsa-p256"],
	["p384", "ecdsa-p384"],
	["rsa2048", "rsa-sha256"],
	["rsa3072", "rsa-sha256"],
	["ed25519", "ed25519"],
] as const satisfies readonly (readonly [KeyName, string])[]) {
	test(`K2: an imported CA with a key of type ${name} is loaded and signs`, (t) => {
		const at = directory(t);
		const made = makeCertificate({
			subject: "CN=Own CA",
			isCa: true,
			key: name,
			notBefore: now - day,
			notAfter: now + day,
		});
		place(at, made.keyPem, made.pem);
		const authority = openAuthority(at, plan, now);
		assert.equal(authority.isNew, false);
		assert.equal(authority.ca.scheme, scheme);
		assert.deepEqual([authority.ca.notBefore, authority.ca.notAfter], [now - day, now + day]);
		const signed = authority.signLeaf(leafRequest({ subject: leafSubject, ca: authority.ca }));
		assert.ok(signed.kind === "signed");
		assert.equal(new X509Certificate(signed.certificate).verify(made.publicKey), true);
	});
}

for (const [says, request, why] of [
	["an RSA key of 1024 bits", { isCa: true, key: "rsa1024" }, /its type cannot sign here/],
	["a P-521 key", { isCa: true, key: "p521" }, /its type cannot sign here/],
	["a certificate that is no CA's", { isCa: false }, /it is not a CA certificate/],
	["no subjectKeyIdentifier", { isCa: true, without: [extensionOid.subjectKeyIdentifier] }, /no subjectKeyIdentifier/],
] as const satisfies readonly (readonly [string, CertificateRequest, RegExp])[]) {
	test(`a CA with ${says} is refused`, (t) => {
		const at = directory(t);
		const made = makeCertificate({ subject: "CN=Own CA", ...request });
		place(at, made.keyPem, made.pem);
		assert.throws(
			() => openAuthority(at, plan, now),
			isBroken(join(at, /type/.test(why.source) ? "ca.key" : "ca.crt"), why),
		);
	});
}

test("a key of another kind is refused", (t) => {
	const at = directory(t);
	const pair = generateKeyPairSync("ed448") as { privateKey: KeyObject; publicKey: KeyObject };
	const made = makeCertificate({
		subject: "CN=Own CA",
		isCa: true,
		issuer: makeCertificate({ isCa: true }),
		key: pair,
	});
	place(at, made.keyPem, made.pem);
	assert.throws(() => loadAuthority(at, "ca"), isBroken(join(at, "ca.key"), /got ed448/));
});

test("an encrypted key is told, not asked for at a terminal", (t) => {
	const at = directory(t);
	const pair = makeKeyPair("p256");
	const made = makeCertificate({ subject: "CN=Own CA", isCa: true, key: pair });
	const locked = pair.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" });
	place(at, String(locked), made.pem);
	assert.throws(() => loadAuthority(at, "ca"), isBroken(join(at, "ca.key"), /passphrase|cannot be used/i));
});

test("of a certificate file with a chain the first one is the CA's", (t) => {
	const at = directory(t);
	const root = makeCertificate({ subject: "CN=Root", isCa: true });
	const made = makeCertificate({ subject: "CN=Own CA", isCa: true, issuer: root });
	place(at, made.keyPem, made.pem + root.pem);
	assert.deepEqual(Buffer.from(loadAuthority(at, "ca").ca.certificate), Buffer.from(made.der));
});
