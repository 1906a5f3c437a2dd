import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, findingsOf, printedForm } from "../../test/support/config-text.ts";

const termination = (headers: string) =>
	`services { ssl { termination { profile t { server-certificate a; client-authentication { required; trusted-ca all; identity-headers { ${headers} } } } } } }`;
const headersOf = (headers: string) =>
	configOf(termination(headers)).services.ssl.termination.profile.get("t")?.clientAuthentication?.identityHeaders;

test("R28: the fields that tell a client's identity are named one by one", () => {
	assert.deepEqual(headersOf("client-cert; subject X-Subject; certificate SSL-Client-Cert;"), {
		clientCert: true,
		subject: "X-Subject",
		fingerprint: undefined,
		certificate: "SSL-Client-Cert",
	});
	assert.match(printedForm(termination("client-cert;")), /identity-headers \{\n\s+client-cert;/);
});

test("R28: one name tells one thing, whichever way a server folds it", () => {
	assert.deepEqual(
		findingsOf(termination("client-cert; subject Client-Cert; fingerprint X-A; certificate x-a;")).filter((line) =>
			line.startsWith("error"),
		),
		[
			"error services ssl termination profile t client-authentication identity-headers 'subject': the name of 'client-cert'",
			"error services ssl termination profile t client-authentication identity-headers 'certificate': the name of 'fingerprint'",
		],
	);
});

test("a field that frames, routes or changes a message cannot be one of them, nor one with an underscore", () => {
	for (const name of [
		"Host",
		"content-length",
		"Transfer-Encoding",
		"Connection",
		"Cookie",
		"X_Subject",
		"1-X",
		'"X Y"',
	])
		assert.throws(() => headersOf(`subject ${name};`), /invalid field name/, name);
});
