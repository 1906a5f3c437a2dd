import assert from "node:assert/strict";
import { test } from "node:test";
import { purposeOid } from "#pki/oids.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { judgeClient } from "#proxy/judge-client.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const now = Date.now();
const root = makeCertificate({ subject: "CN=Clients", isCa: true });
const stranger = makeCertificate({ subject: "CN=Strangers", isCa: true });
const anchors = new TrustAnchors([root.certificate]);
const client = (issuer = root, purpose: string = purposeOid.clientAuth) =>
	makeCertificate({ subject: "CN=alice,O=Company", issuer, extendedKeyUsage: [purpose] });
const judge = (...presented: readonly Uint8Array[]) => judgeClient(presented, anchors, [], now);

test("R28: a certificate of a trusted authority, for clients, proves its common name", () => {
	const { der, certificate } = client();
	const judged = judge(der);
	assert.ok(judged.kind === "proved", JSON.stringify(judged));
	assert.deepEqual([judged.identity.commonName, judged.identity.fingerprint], ["alice", certificate.fingerprint]);
});

test("an issuer that the client sends along, or that is at hand, closes the gap", () => {
	const middle = makeCertificate({ subject: "CN=Middle", isCa: true, issuer: root });
	const { der } = client(middle);
	assert.equal(judge(der).kind, "refused");
	assert.equal(judge(der, middle.der).kind, "proved");
	assert.equal(judgeClient([der], anchors, [middle.certificate], now).kind, "proved");
});

test("V5: a server's certificate, a stranger's, one that cannot be read and none are refused with the reason", () => {
	for (const presented of [
		[client(root, purposeOid.serverAuth).der],
		[client(stranger).der],
		[new Uint8Array(4)],
		[],
	]) {
		const judged = judge(...presented);
		assert.ok(judged.kind === "refused" && judged.reason.length > 10);
	}
});
