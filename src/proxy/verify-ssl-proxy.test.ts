import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../test/support/config-text.ts";

const path = "services ssl proxy profile p";
const profile = (statements: string) => findingsOf(`services { ssl { proxy { profile p { ${statements} } } } }`);

test("R116: a profile signs with a certificate that exists, and another for servers that are not trusted", () => {
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
		`error ${path} 'protocol-version': no suite that is left can be used with any of these versions`,
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

test("R162: versions that nothing can be negotiated with are refused, those without suites and old ones are told", () => {
	assert.deepEqual(profile("root-ca ca; protocol-version tls13; groups x25519mlkem768;"), []);
	assert.deepEqual(profile("root-ca ca; protocol-version tls1;"), [
		`error ${path} 'protocol-version': no suite that is left can be used with any of these versions`,
	]);
	assert.deepEqual(profile("root-ca ca; server-custom-ciphers rsa-with-null-sha;"), [
		`warning ${path} 'server-custom-ciphers': rsa-with-null-sha is never offered: it encrypts nothing`,
		`error ${path} 'server-custom-ciphers': no suite that is left can be used with any of these versions`,
	]);
	assert.deepEqual(profile("root-ca ca; protocol-version all;"), []);
	assert.deepEqual(profile("root-ca ca; protocol-version tls11-and-higher;"), [
		`warning ${path} 'protocol-version': never used for want of suites: TLS 1.1; choose preferred-ciphers weak if peers need them`,
	]);
	assert.deepEqual(profile("root-ca ca; protocol-version all; preferred-ciphers weak;"), [
		`warning ${path} 'protocol-version': danger: TLS 1.0 and TLS 1.1 have known attacks`,
	]);
});

test("R165: the commit says what the legacy grade no longer has of the set of older appliances", () => {
	const [line, ...more] = profile("root-ca ca; tls-grade legacy;");
	assert.match(line ?? "", /^warning services ssl proxy profile p 'tls-grade': danger: .*3DES is missing/);
	assert.deepEqual(more, []);
});
