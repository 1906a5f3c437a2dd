import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FaultError } from "#base/fault.ts";
import { certificatePem } from "#pki/pem.ts";
import { plainPairIds, readPlainPair, removePlainPair } from "#pki/plain-key-files-shell.ts";
import { makeCertificate, makeKeyPair } from "../../test/support/make-certificate.ts";

const made = makeCertificate({ subject: "CN=Own CA", isCa: true });

/** A directory with the pair `ca`; undefined leaves a file out. */
function place(t: TestContext, key: string | undefined, certificate: string | undefined): string {
	const at = mkdtempSync(join(tmpdir(), "sallyport-plain-"));
	t.after(() => rmSync(at, { recursive: true, force: true }));
	if (key !== undefined) writeFileSync(join(at, "ca.key"), key);
	if (certificate !== undefined) writeFileSync(join(at, "ca.crt"), certificate);
	return at;
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

test("a pair is read with its chain, and removed", (t) => {
	const root = makeCertificate({ isCa: true });
	const at = place(t, made.keyPem, made.pem + root.pem);
	assert.deepEqual(plainPairIds(at), ["ca"]);
	const pair = readPlainPair(at, "ca");
	assert.ok(pair.key.equals(made.privateKey));
	assert.deepEqual(
		pair.certificates.map((der) => Buffer.from(der)),
		[made.der, root.der].map((der) => Buffer.from(der)),
	);
	removePlainPair(pair);
	assert.deepEqual(readdirSync(at), []);
	assert.deepEqual([plainPairIds(at), plainPairIds(join(at, "none"))], [[], []]);
});

test("files of another CA, missing, cut short or empty are told by name, with the remedy", (t) => {
	const other = makeCertificate({ isCa: true }).keyPem;
	for (const [name, key, certificate, why] of [
		["ca.key", other, made.pem, /it is not the key of .*ca\.crt/],
		["ca.key", made.keyPem.slice(0, 100), made.pem, /cannot be used/],
		["ca.key", "", made.pem, /cannot be used/],
		["ca.key", undefined, made.pem, /ENOENT/],
		["ca.crt", made.keyPem, undefined, /ENOENT/],
		["ca.crt", made.keyPem, "", /it holds no PEM certificate/],
		["ca.crt", made.keyPem, certificatePem(made.der.subarray(0, 200)), /it is not a certificate/],
	] as const) {
		const at = place(t, key, certificate);
		assert.throws(() => readPlainPair(at, "ca"), isBroken(join(at, name), why));
	}
	const at = place(t, undefined, made.pem);
	mkdirSync(join(at, "ca.key"));
	assert.throws(() => readPlainPair(at, "ca"), isBroken(join(at, "ca.key"), /EISDIR/));
});

test("no message holds a part of a private key", (t) => {
	const lines = made.keyPem.split("\n");
	const at = place(t, lines.slice(0, 2).join("\n"), made.pem);
	assert.throws(
		() => readPlainPair(at, "ca"),
		(error: Error) => !error.message.includes((lines[1] as string).slice(0, 12)),
	);
});

test("an encrypted key is told, not asked for at a terminal", (t) => {
	const { privateKey } = makeKeyPair("p256");
	const locked = privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" });
	const at = place(t, String(locked), made.pem);
	assert.throws(() => readPlainPair(at, "ca"), isBroken(join(at, "ca.key"), /passphrase|cannot be used/i));
});
