import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { test } from "node:test";
import { textIdentity } from "#ike/auth/identity.ts";
import { ikeProposal } from "#ike/crypto/proposal.ts";
import { proposalSets } from "#ike/crypto/proposal-sets.ts";
import { certified } from "../../../test/support/ike-certified.ts";
import { bringUp, makePair, type Node } from "../../../test/support/ike-network.ts";
import { makeCertificate } from "../../../test/support/make-certificate.ts";

const isUp = (a: Node, b: Node) => a.installed.size === 1 && b.installed.size === 1;

test("B11: four messages bring up an association of IKE and a child", () => {
	const { network, a, b } = makePair();
	bringUp(network, a);
	assert.equal(network.sent, 4);
	assert.ok(isUp(a, b));
	assert.deepEqual([a.count("ike-established"), b.count("child-established")], [1, 1]);
});

test("certificates of every usual kind of key authenticate either end; signatures come when they come", () => {
	for (const [keyA, keyB] of [
		["rsa2048", "p256"],
		["p384", "p521"],
		["ed25519", "rsa2048"],
	] as const) {
		const { network, a, b } = certified(keyA, keyB);
		a.signingTime = 300;
		b.signingTime = 2_500;
		bringUp(network, a, 10_000);
		assert.ok(isUp(a, b), `${keyA} ${keyB}: ${a.reports} ${b.reports}`);
	}
});

test("a certificate of another authority, and a key that is not the certificate's, do not authenticate", () => {
	const stranger = makeCertificate({ subject: "CN=a.example", names: ["a.example"], extendedKeyUsage: [] });
	const { network, a, b } = certified("p256", "p256");
	a.signer = stranger.privateKey;
	bringUp(network, a);
	assert.match(b.reports.join(), /signature \(method 14\) does not verify/);
	assert.deepEqual([a.installed.size, b.installed.size], [0, 0]);
	const { network: other, a: c, b: d } = certified("p256", "p256");
	d.signer = undefined;
	bringUp(other, c);
	assert.match(d.reports.join(), /could not sign/);
	assert.match(c.reports.join(), /AUTHENTICATION_FAILED/);
});

test("the responder is authenticated too: another key or name ends the attempt, and the responder is told", () => {
	const key = createSecretKey(Buffer.from("another secret"));
	const wrongKey = makePair({}, { b: { localAuthentication: { kind: "shared-key", key } } });
	bringUp(wrongKey.network, wrongKey.a);
	assert.match(wrongKey.a.reports.join(), /pre-shared keys may differ/);
	const wrongName = makePair({}, { b: { localIdentity: textIdentity("other.example") } });
	bringUp(wrongName.network, wrongName.a);
	assert.match(wrongName.a.reports.join(), /says it is other\.example/);
	for (const { a, b } of [wrongKey, wrongName]) {
		assert.deepEqual([a.installed.size, b.installed.size], [0, 0]);
		assert.match(b.reports.join(), /closed by the peer: AUTHENTICATION_FAILED/);
	}
});

test("the peer wants another group than the first: the attempt goes on with that one, when it is one of ours", () => {
	const [g14, g19] = [
		ikeProposal("aes-256-gcm", "sha-256", "group14"),
		ikeProposal("aes-256-gcm", "sha-256", "group19"),
	];
	const { network, a, b } = makePair({}, { a: { proposals: [g14, g19] }, b: { proposals: [g19] } });
	bringUp(network, a);
	assert.ok(isUp(a, b));
	assert.equal(network.sent, 6);
});

test("B16, B70: without a common proposal the attempt ends, and both sides say what they offer", () => {
	const { network, a, b } = makePair({}, { a: { proposals: proposalSets.basic?.ike ?? [] } });
	bringUp(network, a);
	assert.match(a.reports.join(), /NO_PROPOSAL_CHOSEN; we offer des-cbc\/hmac-sha1-96\/hmac-sha1\/group1, /);
	assert.match(
		b.reports.join(),
		/no common proposal for IKE; we accept aes-256-gcm\/hmac-sha256\/group19, the peer offers des-cbc\/hmac-sha1-96\/hmac-sha1\/group1, /,
	);
});

test("B18: each predefined set brings up a tunnel", () => {
	for (const [name, set] of Object.entries(proposalSets)) {
		const { network, a, b } = makePair(
			{},
			{ a: { proposals: set.ike }, b: { proposals: set.ike }, child: { proposals: set.esp } },
		);
		bringUp(network, a);
		assert.ok(isUp(a, b), `${name}: ${a.reports} ${b.reports}`);
	}
});

test("B17: ML-KEM is the key exchange where both ends want it", () => {
	const proposals = ["ml-kem-512", "ml-kem-768"].map((group) => ikeProposal("aes-256-gcm", "sha-384", group));
	const { network, a, b } = makePair({}, { a: { proposals: proposals.slice(1) }, b: { proposals } });
	bringUp(network, a);
	assert.ok(isUp(a, b), `${a.reports} ${b.reports}`);
	network.give(b, { type: "rekey-wanted", connection: "peer" });
	network.run(1_000);
	assert.equal(b.count("ike-rekeyed"), 1, `${a.reports} ${b.reports}`);
});

test("a peer that asks to begin again without end is obeyed four times", () => {
	const { network, a } = makePair({}, { settings: { cookieThreshold: 0 } });
	network.meddler = (datagram, from) => {
		// The cookie in the answer is another one each time, and none is ever accepted.
		const changed = Uint8Array.from(datagram);
		if (from.name === "b") changed[40] = (changed[40] ?? 0) ^ 1;
		return changed;
	};
	bringUp(network, a, 500);
	assert.equal(network.sent, 10);
});

test("datagrams of the first exchange that are lost are sent again, and those that come twice do no harm", () => {
	for (let seed = 0; seed < 30; seed++) {
		const { network, a, b } = makePair({ seed: `first ${seed}`, lost: 300, repeated: 300, delay: [1, 900] });
		bringUp(network, a, 60_000);
		network.lost = 0;
		if (!isUp(a, b)) bringUp(network, a, 60_000);
		assert.ok(isUp(a, b), `${seed}: ${a.reports} ${b.reports}`);
	}
});
