import assert from "node:assert/strict";
import { test } from "node:test";
import { TLSSocket } from "node:tls";
import { groupOf, legRecord } from "#proxy/leg-record-shell.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { connectTls, listenTls } from "../../test/support/tls-legs.ts";

test("version, suite, protocol, group and certificate are those that were negotiated", async (t) => {
	const { keyPem, pem, certificate } = makeCertificate({ names: ["a.example"] });
	const { port } = await listenTls(t, { key: keyPem, cert: pem });
	const options = { maxVersion: "TLSv1.2", ecdhCurve: "P-256", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" } as const;
	const socket = await connectTls(t, port, options);
	assert.ok(socket instanceof TLSSocket);
	assert.deepEqual(legRecord(socket, groupOf(socket), certificate), {
		version: "TLSv1.2",
		cipherSuite: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
		group: "P-256",
		isResumed: false,
		certificateSha256: certificate.fingerprint,
	});
});
