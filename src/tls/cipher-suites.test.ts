import assert from "node:assert/strict";
import { test } from "node:test";
import { cipherSuiteRows } from "#tls/cipher-suite-table.ts";
import { cipherSuiteOf, cipherSuiteOfOpenssl, describeCipherSuite } from "#tls/cipher-suites.ts";
import { isGrease } from "#tls/grease.ts";
import { decodedCapture } from "../../test/support/tls-hello.ts";

test("a suite is taken apart by its name", () => {
	assert.deepEqual(cipherSuiteOf(0xc02f), {
		code: 0xc02f,
		name: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
		opensslName: "ECDHE-RSA-AES128-GCM-SHA256",
		since: "TLSv1.2",
		keyExchange: "ECDHE",
		authentication: "RSA",
		bulk: "AES_128_GCM",
		mac: "AEAD",
		isAead: true,
		hasForwardSecrecy: true,
	});
	assert.deepEqual(cipherSuiteOf(0x000a), {
		code: 0x000a,
		name: "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
		opensslName: undefined,
		since: "TLSv1",
		keyExchange: "RSA",
		authentication: "RSA",
		bulk: "3DES_EDE_CBC",
		mac: "SHA1",
		isAead: false,
		hasForwardSecrecy: false,
	});
});

test("the odd names of the registry are understood", () => {
	const parts = (code: number) => {
		const suite = cipherSuiteOf(code);
		return [suite?.keyExchange, suite?.authentication, suite?.bulk, suite?.mac, suite?.since];
	};
	assert.deepEqual(parts(0x1303), ["any", "any", "CHACHA20_POLY1305", "AEAD", "TLSv1.3"]);
	assert.deepEqual(parts(0x0034), ["DH", "anonymous", "AES_128_CBC", "SHA1", "TLSv1"]);
	assert.deepEqual(parts(0x0003), ["RSA", "RSA", "RC4_40", "MD5", "TLSv1"]);
	assert.deepEqual(parts(0x0014), ["DHE", "RSA", "DES40_CBC", "SHA1", "TLSv1"]);
	assert.deepEqual(parts(0xc0aa), ["DHE_PSK", "PSK", "AES_128_CCM_8", "AEAD", "TLSv1.2"]);
	assert.deepEqual(parts(0x00b7), ["RSA_PSK", "RSA", "AES_256_CBC", "SHA384", "TLSv1"]);
	assert.deepEqual(parts(0xc01f), ["SRP", "DSS", "AES_128_CBC", "SHA1", "TLSv1"]);
	assert.deepEqual(parts(0xc020), ["SRP", "SRP", "AES_256_CBC", "SHA1", "TLSv1"]);
	assert.deepEqual(parts(0xc006), ["ECDHE", "ECDSA", "NULL", "SHA1", "TLSv1"]);
	assert.deepEqual(parts(0x003d), ["RSA", "RSA", "AES_256_CBC", "SHA256", "TLSv1.2"]);
});

test("every row has parts of the known kinds", () => {
	const exchanges = new Set(cipherSuiteRows.map(([code]) => cipherSuiteOf(code)?.keyExchange));
	const authentications = new Set(cipherSuiteRows.map(([code]) => cipherSuiteOf(code)?.authentication));
	assert.deepEqual([...exchanges].sort(), [
		"DH",
		"DHE",
		"DHE_PSK",
		"ECDH",
		"ECDHE",
		"ECDHE_PSK",
		"PSK",
		"RSA",
		"RSA_PSK",
		"SRP",
		"any",
	]);
	assert.deepEqual([...authentications].sort(), ["DSS", "ECDSA", "PSK", "RSA", "SRP", "anonymous", "any"]);
});

test("a suite is found by OpenSSL's name", () => {
	assert.equal(cipherSuiteOfOpenssl("ECDHE-RSA-CHACHA20-POLY1305")?.code, 0xcca8);
	assert.equal(cipherSuiteOfOpenssl("TLS_AES_256_GCM_SHA384")?.code, 0x1302);
	assert.equal(cipherSuiteOfOpenssl("no such suite"), undefined);
});

test("every suite and signalling value that captured clients offer has a name", () => {
	for (const name of ["node", "curl", "gnutls", "chromium-1", "firefox", "openssl-tls10-noservername"]) {
		for (const code of decodedCapture(name).cipherSuites) {
			if (!isGrease(code)) assert.match(describeCipherSuite(code), /^TLS_/);
		}
	}
	assert.equal(describeCipherSuite(0x5600), "TLS_FALLBACK_SCSV");
	assert.equal(describeCipherSuite(0x0a0a), "0x0a0a");
});
