import assert from "node:assert/strict";
import { test } from "node:test";
import { dtlsSuiteOf, dtlsSuites } from "#dtls/suite.ts";
import { cipherSuiteOf } from "#tls/cipher-suites.ts";

test("each suite is what its name in the table of all suites says: ECDHE, AEAD, this key and this hash", () => {
	for (const { code, name, authentication, hash, cipher } of dtlsSuites) {
		const row = cipherSuiteOf(code);
		assert.deepEqual(
			[row?.name, row?.authentication, row?.keyExchange, row?.isAead],
			[name, authentication, "ECDHE", true],
		);
		assert.equal(name.endsWith(hash.toUpperCase()), true);
		assert.equal(name.replaceAll("_", "-").toLowerCase().includes(cipher), true);
	}
	assert.equal(dtlsSuiteOf(0xc02f)?.name, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
});

test("F1 F7: no other suite is had: no CBC, no key transport, none of TLS 1.3", () => {
	for (const code of [0x002f, 0xc013, 0xc027, 0x009c, 0x1301, 0x0000]) assert.equal(dtlsSuiteOf(code), undefined);
});
