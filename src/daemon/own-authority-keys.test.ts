import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { ownAuthorityKeys } from "#daemon/own-authority-keys.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

test("a signing CA is known by its key, whatever certificate shows it (V23)", () => {
	const { certificate, der } = makeCertificate({ subject: "CN=ca", isCa: true });
	const keys = ownAuthorityKeys([{ certificate: der }, { certificate: new Uint8Array(3) }]);
	assert.deepEqual([...keys], [hash("sha256", certificate.publicKey.raw, "hex")]);
});
