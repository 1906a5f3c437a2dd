import assert from "node:assert/strict";
import { test } from "node:test";
import { textIdentity } from "#ike/auth/identity.ts";
import { peerJudge } from "#ike/auth/judge-peer.ts";
import { derOid, derPrintableString, derSequence, derSetOf } from "#pki/der.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { makeCertificate } from "../../../test/support/make-certificate.ts";

const root = makeCertificate({ subject: "CN=root", isCa: true });
const middle = makeCertificate({ subject: "CN=middle", issuer: root, isCa: true });
const leaf = makeCertificate({ subject: "CN=branch", issuer: middle, names: ["branch.example"], extendedKeyUsage: [] });
const judge = peerJudge(new TrustAnchors([root.certificate]));
const now = Date.now();
const chain = [leaf.certificate.der, middle.certificate.der];

test("B9: a certificate under a trusted authority that names the identity gives its key", () => {
	const judgement = judge({ identity: textIdentity("branch.example"), certificates: chain, now });
	assert.ok(judgement.kind === "trusted", JSON.stringify(judgement));
	assert.ok(judgement.publicKey.equals(leaf.publicKey));
});

test("the subject is an identity too, in whatever string types the peer writes it", () => {
	const identity = { idType: 9, data: leaf.certificate.subject.raw };
	assert.equal(judge({ identity, certificates: chain, now }).kind, "trusted");
	const printable = derSequence(derSetOf(derSequence(derOid("2.5.4.3"), derPrintableString("Branch"))));
	assert.ok(!Buffer.from(leaf.certificate.subject.raw).equals(printable));
	assert.equal(judge({ identity: { idType: 9, data: printable }, certificates: chain, now }).kind, "trusted");
	const other = { idType: 9, data: root.certificate.subject.raw };
	assert.equal(judge({ identity: other, certificates: chain, now }).kind, "untrusted");
});

test("another identity, another authority, a missing link, a day too late, no certificate: untrusted with the reason", () => {
	const identity = textIdentity("branch.example");
	const stranger = makeCertificate({ subject: "CN=branch", names: ["branch.example"], extendedKeyUsage: [] });
	for (const [claim, reason] of [
		[{ identity: textIdentity("other.example"), certificates: chain, now }, /does not name other\.example/],
		[{ identity: textIdentity("192.0.2.1"), certificates: chain, now }, /does not name/],
		[{ identity: { idType: 11, data: Uint8Array.of(1) }, certificates: chain, now }, /does not name/],
		[{ identity, certificates: [stranger.certificate.der], now }, /./],
		[{ identity, certificates: [leaf.certificate.der], now }, /./],
		[{ identity, certificates: chain, now: now + 50 * 365 * 86_400_000 }, /./],
		[{ identity, certificates: [], now }, /sent no certificate/],
		[{ identity, certificates: [Uint8Array.of(0x30, 0)], now }, /cannot be read/],
	] as const) {
		const judgement = judge({ ...claim });
		assert.ok(judgement.kind === "untrusted");
		assert.match(judgement.reason, reason);
	}
});
