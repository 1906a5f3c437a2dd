import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../test/support/config-text.ts";

const path = "services ssl proxy profile p";
const profile = (statements: string) => findingsOf(`services { ssl { proxy { profile p { ${statements} } } } }`);

test("a profile signs with a certificate that exists, and another for servers that are not trusted", () => {
	assert.deepEqual(profile("root-ca ca; untrusted-root-ca untrusted-ca;"), []);
	assert.deepEqual(profile("server-certificate a;"), []);
	assert.deepEqual(profile("description none;"), [
		`error ${path}: missing mandatory statement: one of 'root-ca', 'server-certificate'`,
	]);
	assert.deepEqual(profile("root-ca other;"), [
		`error ${path} 'root-ca': certificate 'other' does not exist; existing: ca, untrusted-ca`,
	]);
	assert.deepEqual(profile("root-ca ca; untrusted-root-ca ca;"), [
		`error ${path} 'untrusted-root-ca': must differ from root-ca: clients trust that one`,
	]);
});

test("a profile stands for servers of one's own, signs for those of others, or both", () => {
	assert.deepEqual(profile("server-certificate a;"), []);
	assert.deepEqual(profile("root-ca ca; server-certificate a;"), []);
	assert.deepEqual(profile(""), [
		"error services ssl proxy profile p: missing mandatory statement: one of 'root-ca', 'server-certificate'",
	]);
});

test("custom suites are listed, and those that OpenSSL no longer has are told", () => {
	assert.deepEqual(profile("root-ca ca; preferred-ciphers custom;"), [
		`error ${path} 'preferred-ciphers': custom needs 'custom-ciphers'`,
	]);
	assert.deepEqual(profile("root-ca ca; preferred-ciphers custom; custom-ciphers rsa-with-rc4-128-md5;"), [
		`warning ${path} 'custom-ciphers': OpenSSL no longer has rsa-with-rc4-128-md5; it is never offered`,
	]);
});

test("what leaves decrypted has an addressee, and a certificate to present is named", () => {
	assert.deepEqual(profile("root-ca ca; mirror-decrypt-traffic { interface eth5.0; }"), [
		`error ${path} mirror-decrypt-traffic 'interface': needs 'destination-mac-address': without it every station on the interface gets what was decrypted`,
	]);
	assert.deepEqual(profile("root-ca ca; actions { client-certificate-request present; }"), [
		`error ${path} actions 'client-certificate-request': present needs 'client-certificate'`,
	]);
});

test("a prefix that is both exempt and not is told", () => {
	assert.deepEqual(
		profile("root-ca ca; never-decrypt-source 10.0.0.0/8; always-decrypt-source [ 10.0.0.0/8 10.1.0.0/16 ];"),
		[`warning ${path} 'never-decrypt-source': a prefix is in always-decrypt-source too, which goes first`],
	);
	assert.deepEqual(profile("root-ca ca; never-decrypt-source 10.0.0.0/8; always-decrypt-source 10.1.0.0/16;"), []);
});
