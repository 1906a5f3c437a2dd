import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../test/support/config-text.ts";

const datagram = (statement: string, ssl: string) =>
	findingsOf(`services {
		gateway { datagram d { listen 127.0.0.1:1; server a.example:1; ${statement} } }
		ssl { ${ssl} }
	}`).filter((finding) => /DTLS 1\.2/.test(finding));

test("R34: a profile that permits nothing of DTLS 1.2 is refused where a datagram listener names it", () => {
	const termination = (statements: string) =>
		datagram("termination-profile t;", `termination { profile t { server-certificate c; ${statements} } }`);
	assert.deepEqual(termination(""), []);
	assert.deepEqual(termination("protocol-version tls12;"), []);
	assert.equal(termination("protocol-version tls13;").length, 1);
	assert.match(
		termination("protocol-version tls13;").join(),
		/'termination-profile': profile 't' permits nothing of DTLS 1\.2/,
	);
	const initiation = (statements: string) =>
		datagram("initiation-profile i;", `initiation { profile i { ${statements} } }`);
	assert.deepEqual(initiation(""), []);
	assert.equal(initiation("protocol-version tls13;").length, 1);
	assert.equal(initiation("custom-ciphers ecdhe-rsa-with-aes-128-cbc-sha;").length, 1);
	const both = (statements: string) =>
		datagram("profile p;", `proxy { profile p { server-certificate c; ${statements} } }`);
	assert.deepEqual(both(""), []);
	assert.equal(both("server-protocol-version tls13;").length, 1);
});

test("what is not opened asks for no profile", () => {
	assert.deepEqual(datagram("pass-through;", ""), []);
});
