import assert from "node:assert/strict";
import { test } from "node:test";
import { bringUp, makePair } from "../../../test/support/ike-network.ts";
import { makeCertificate } from "../../../test/support/make-certificate.ts";

const made = makeCertificate();

test("B20: a peer that authenticates in another way than is expected is refused", () => {
	const certificate = { kind: "certificate", certificates: [made.der], publicKey: made.publicKey } as const;
	const byKey = makePair({}, { a: { localAuthentication: certificate } });
	byKey.a.signer = made.privateKey;
	bringUp(byKey.network, byKey.a);
	assert.match(byKey.b.reports.join(), /authenticates by method 14; expected a pre-shared key/);
	const judge = () => ({ kind: "trusted", publicKey: made.publicKey, path: [] }) as const;
	const remoteAuthentication = { kind: "certificate", judge, authorities: new Uint8Array(0) } as const;
	const bySignature = makePair({}, { b: { remoteAuthentication } });
	bringUp(bySignature.network, bySignature.a);
	assert.match(bySignature.b.reports.join(), /signature \(method 2\) does not verify/);
});

test("what the judge of certificates says against the peer stands in the report", () => {
	const judge = () => ({ kind: "untrusted", reason: "no trust anchor was reached" }) as const;
	const remoteAuthentication = { kind: "certificate", judge, authorities: new Uint8Array(0) } as const;
	const { network, a, b } = makePair({}, { b: { remoteAuthentication } });
	bringUp(network, a);
	assert.match(b.reports.join(), /the peer is not trusted: no trust anchor was reached/);
	assert.deepEqual([a.installed.size, b.installed.size], [0, 0]);
});
