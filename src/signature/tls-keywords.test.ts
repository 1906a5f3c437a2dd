import assert from "node:assert/strict";
import { test } from "node:test";
import { tlsKeywords } from "#signature/tls-keywords.ts";
import { anyTls, problemOf, signatureOf } from "../../test/support/signatures.ts";

test("versions are named by number, by code point and in lists", () => {
	assert.deepEqual(signatureOf("tls.version:1.2;", anyTls).tls?.versions, [0x0303]);
	assert.deepEqual(signatureOf('tls.version:"1.3";', anyTls).tls?.versions, [0x0304]);
	assert.deepEqual(signatureOf("tls.version:0x7f12;", anyTls).tls?.versions, [0x7f12]);
	assert.deepEqual(signatureOf("ssl_version:sslv3,tls1.0;", anyTls).tls?.versions, [0x0300, 0x0301]);
	assert.equal(signatureOf("ssl_version:!tls1.2;", anyTls).tls?.isVersionNegated, true);
	for (const option of ["tls.version:1.9", "ssl_version:tls9", "ssl_version:!sslv2,sslv3"])
		problemOf(`${option};`, anyTls);
});

test("states and dates give the message that is waited for", () => {
	const client = signatureOf("ssl_state:client_hello;", anyTls);
	assert.deepEqual([client.stage, client.direction], ["client-hello", "to-server"]);
	const expired = signatureOf("tls_cert_expired;", anyTls);
	assert.deepEqual([expired.stage, expired.direction, expired.tls?.isExpired], ["certificate", "to-client", true]);
	assert.equal(signatureOf("tls_cert_valid;", anyTls).tls?.isExpired, false);
	assert.match(problemOf("ssl_state:client_keyx;", anyTls), /not supported/);
});

test("the old keywords are a content of the buffer", () => {
	const { inspections } = signatureOf('tls.subject:"CN=a"; tls.issuerdn:!"CN=b"; tls.fingerprint:"aa:bb";', anyTls);
	assert.deepEqual(
		inspections.map(({ buffer, steps }) => [buffer, steps.map((step) => step.type === "content" && step.isNegated)]),
		[
			["tls.cert_subject", [false]],
			["tls.cert_issuer", [true]],
			["tls.cert_fingerprint", [false]],
		],
	);
	problemOf("tls.subject:CN;", anyTls);
});

test("every keyword of the table says what it is", () => {
	for (const [name, { about }] of Object.entries(tlsKeywords)) assert.ok(about.length > 10, name);
	signatureOf("tls.store;", anyTls);
});
