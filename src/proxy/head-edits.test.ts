import assert from "node:assert/strict";
import { test } from "node:test";
import { editSection, type HeadEdits } from "#http/field-edit.ts";
import { headEdits } from "#proxy/head-edits.ts";
import type { ClientIdentity } from "#proxy/judge-client.ts";
import type { IdentityHeaders, ProxyProfile } from "#proxy/profile.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const alice = makeCertificate({ subject: "O=Ex\u00e4mple,CN=alice" });
const identity: ClientIdentity = { commonName: "alice", certificate: alice.der, fingerprint: "ab12" };
const everything: IdentityHeaders = {
	isClientCert: true,
	subject: "X-Subject",
	fingerprint: "X-Fingerprint",
	certificate: "X-Cert",
};

function profileOf(headers: IdentityHeaders | undefined, stripsAltSvc = false): ProxyProfile {
	const clientAuthentication = { isRequired: true, trustStore: ["all"], headers };
	return { clientAuthentication, stripsAltSvc } as unknown as ProxyProfile;
}

function sent(edits: HeadEdits | undefined, ...lines: readonly string[]): string[] {
	const text = `${["GET / HTTP/1.1", "Host: a", ...lines].join("\r\n")}\r\n\r\n`;
	assert.ok(edits?.request !== undefined);
	const octets = editSection(text, "head", edits.request);
	return Buffer.from(octets ?? [])
		.toString("latin1")
		.split("\r\n")
		.slice(2, -2);
}

test("R28: what a client has proved is told as RFC 9440 says, and under the names of the configuration", () => {
	const [clientCert = "", ...others] = sent(headEdits(profileOf(everything), identity));
	const encoded = /^Client-Cert: :([A-Za-z0-9+/]+=*):$/.exec(clientCert)?.[1] ?? "";
	assert.deepEqual(Buffer.from(encoded, "base64"), Buffer.from(alice.der));
	assert.equal(others[0], "X-Subject: CN=alice,O=Ex\\c3\\a4mple");
	assert.equal(others[1], "X-Fingerprint: ab12");
	const pem = decodeURIComponent(/^X-Cert: (-----BEGIN%20[\x21-\x7e]+)$/.exec(others[2] ?? "")?.[1] ?? "");
	assert.equal(pem.trim(), alice.pem.trim());
});

test("R28: what a client says of itself never goes on, whether it has proved something or not", () => {
	const forged = [
		"client-cert: x",
		"Client_Cert: x",
		"CLIENT-CERT-CHAIN: x",
		"X_Subject: CN=root",
		"x-cert: x",
		"X-Fingerprint: x",
	];
	assert.deepEqual(sent(headEdits(profileOf(everything), undefined), ...forged), []);
	const only = { ...everything, isClientCert: false, subject: undefined, certificate: undefined };
	assert.deepEqual(sent(headEdits(profileOf(only), identity), ...forged.slice(0, 3)), ["X-Fingerprint: ab12"]);
});

test("R28: a name that is configured with another sign than a hyphen is taken out too", () => {
	const named = { isClientCert: false, subject: "X_Subject", fingerprint: undefined, certificate: undefined };
	assert.deepEqual(sent(headEdits(profileOf(named), undefined), "X_Subject: root", "x-subject: root"), []);
});

test("nothing is changed where nothing is configured; Alt-Svc goes where that is", () => {
	assert.equal(headEdits(profileOf(undefined), identity), undefined);
	const edits = headEdits(profileOf(undefined, true), identity);
	assert.equal(edits?.request, undefined);
	assert.ok(edits?.response?.removed.has("alt-svc"));
});
