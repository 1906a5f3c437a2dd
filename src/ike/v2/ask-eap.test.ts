import assert from "node:assert/strict";
import { test } from "node:test";
import { textIdentity } from "#ike/auth/identity.ts";
import { passwordHash } from "#ike/eap/ms-chap-v2.ts";
import { bringUp, makePair } from "../../../test/support/ike-network.ts";
import { makeCertificate } from "../../../test/support/make-certificate.ts";

const made = makeCertificate({ names: ["gw.example"] });
const user = { kind: "eap", name: "ann", hash: passwordHash("correct horse") } as const;

function pairWith(isTrusted: boolean, gatewayKnows: string) {
	const judge = () =>
		isTrusted
			? ({ kind: "trusted", publicKey: made.publicKey, path: [] } as const)
			: ({ kind: "untrusted", reason: "nobody vouches for it" } as const);
	const pair = makePair(
		{},
		{
			a: {
				localAuthentication: user,
				remoteAuthentication: { kind: "certificate", judge, authorities: new Uint8Array(0) } as never,
				remoteIdentity: { kind: "exactly", identity: textIdentity("gw.example") },
			},
			b: {
				remoteIdentity: { kind: "danger-any" },
				localIdentity: textIdentity("gw.example"),
				localAuthentication: { kind: "certificate", certificates: [made.der], publicKey: made.publicKey },
				remoteAuthentication: { kind: "eap", passwords: new Map([["ann", passwordHash(gatewayKnows)]]) },
			},
		},
	);
	pair.b.signer = made.privateKey;
	return pair;
}

test("a gateway whose certificate is not trusted hears nothing of the user, not even its name", () => {
	const { network, a, b } = pairWith(false, "correct horse");
	bringUp(network, a);
	assert.match(a.reports.join(), /is not trusted: nobody vouches for it/);
	// The peer is told, and asks nothing any more.
	assert.doesNotMatch(b.reports.join(), /ann|another password/);
	assert.equal(a.installed.size + b.installed.size, 0);
});

test("a trusted gateway that does not know the password cannot let the user in", () => {
	const { network, a } = pairWith(true, "another one");
	bringUp(network, a);
	assert.equal(a.installed.size, 0);
	assert.match(a.reports.join(), /refuses the user/);
});

test("what is asked of the user is answered; the tunnel is up after five exchanges", () => {
	const { network, a, b } = pairWith(true, "correct horse");
	bringUp(network, a);
	assert.deepEqual([a.installed.size, b.installed.size, network.sent], [1, 1, 12]);
});
