import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { BufferName } from "#signature/buffer-table.ts";
import { bufferNames } from "#signature/buffer-table.ts";
import { type HandshakeFacts, ja3sText, nameText, tlsBuffer } from "#signature/tls-buffers.ts";
import type { ServerHello } from "#tls/server-hello.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { buildHello, decodedHello, serverNameExtension } from "../../test/support/tls-hello.ts";

const made = makeCertificate({ subject: "C=NO,O=Example AS,CN=a.example", serial: 0x5c19b7n });
const serverHello: ServerHello = {
	isRetryRequest: false,
	version: 0x0304,
	cipherSuite: 4865,
	group: 29,
	sessionId: new Uint8Array(0),
	compressionMethod: 0,
	isResumed: false,
	alpn: undefined,
	extensionTypes: [43, 0x0a0a, 51],
};
const facts: HandshakeFacts = {
	clientHello: decodedHello(
		buildHello({ extensions: [serverNameExtension([0, Buffer.from("a.example").toString()])] }),
	),
	serverHello,
	chain: [made.certificate],
};

function text(name: BufferName): string | undefined {
	return tlsBuffer(name, facts)[0]?.toString("latin1");
}

test("buffers are written as Suricata writes them", () => {
	assert.equal(text("tls.sni"), "a.example");
	assert.equal(text("tls.cert_subject"), "C=NO, O=Example AS, CN=a.example");
	assert.equal(text("tls.cert_issuer"), "C=NO, O=Example AS, CN=a.example");
	assert.equal(text("tls.cert_serial"), "5C:19:B7");
	const sha1 = createHash("sha1").update(made.der).digest("hex");
	assert.equal(text("tls.cert_fingerprint")?.replaceAll(":", ""), sha1);
	assert.match(text("tls.cert_fingerprint") ?? "", /^[0-9a-f]{2}(:[0-9a-f]{2}){19}$/);
	assert.deepEqual(tlsBuffer("tls.certs", facts)[0], Buffer.from(made.der));
	assert.match(text("ja3.hash") ?? "", /^[0-9a-f]{32}$/);
	assert.equal(
		createHash("md5")
			.update(text("ja3.string") ?? "")
			.digest("hex"),
		text("ja3.hash"),
	);
	assert.equal(text("ja3s.string"), "771,4865,43-51");
	assert.equal(createHash("md5").update("771,4865,43-51").digest("hex"), text("ja3s.hash"));
});

test("a handshake that has no such thing has no buffer", () => {
	for (const name of bufferNames) assert.deepEqual(tlsBuffer(name, {}), []);
});

test("an older version stands in JA3S as it is, and attributes without short name by number", () => {
	assert.equal(ja3sText({ ...serverHello, version: 0x0301 }), "769,4865,43-51");
	assert.match(nameText(made.certificate.subject), /^C=NO, /);
});
