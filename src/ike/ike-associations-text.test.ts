import assert from "node:assert/strict";
import { test } from "node:test";
import { ikeDetail, ikeTable, isShown } from "#ike/ike-associations-text.ts";
import { association, shownAt } from "../../test/support/vpn-states.ts";

test("B15, B71: the table names index, state, cookies, mode and peer", () => {
	assert.equal(
		ikeTable([
			association(),
			association({ id: 5_137_403, phase: "expect-init-response", responderSpi: "0".repeat(16) }),
		]),
		`Index   State  Initiator cookie  Responder cookie  Mode           Remote Address
1       UP     744a594d957dd513  1e3107db82f58387  IKEv2          2.2.2.2
5137403 DOWN   744a594d957dd513  0000000000000000  IKEv2          2.2.2.2
`,
	);
	assert.equal(ikeTable([]), "");
	assert.deepEqual([isShown(association()), isShown({ phase: "closed" })], [true, false]);
});

test("B71: the detail has what the manual's example shows", () => {
	assert.equal(
		ikeDetail(association(), shownAt),
		`IKE peer 2.2.2.2, Index 1,
  Role: Responder, State: UP
  Initiator cookie: 744a594d957dd513, Responder cookie: 1e3107db82f58387
  Exchange type: IKEv2, Authentication method: Pre-shared-keys
  Local: 1.1.1.2:500, Remote: 2.2.2.2:500
  Lifetime: Expires in 28570 seconds
  Peer ike-id: 2.2.2.2
  Xauth assigned IP: 0.0.0.0
  Algorithms:
   Authentication        : hmac-sha1-96
   Encryption            : aes-128-cbc
   Pseudo random function: hmac-sha1
  Traffic statistics:
   Input  bytes  :                  852
   Output bytes  :                  940
   Input  packets:                    5
   Output packets:                    5
  Flags: IKE SA is created
  IPSec security associations: 1 created, 0 deleted
`,
	);
});

test("an association that is not up yet, and one by certificates, are told as what they are", () => {
	const begun = ikeDetail(
		association({
			phase: "expect-auth-response",
			algorithms: undefined,
			identity: undefined,
			hardAt: Number.POSITIVE_INFINITY,
		}),
		shownAt,
	);
	assert.match(
		begun,
		/State: DOWN[\s\S]*Lifetime: not valid\n {2}Peer ike-id: not valid[\s\S]*Encryption {12}: -\n[\s\S]*Flags: Waiting for done/,
	);
	const by = (keyType: string) =>
		/method: (.*)/.exec(ikeDetail(association({ authentication: "certificate", keyType }), shownAt))?.[1];
	assert.deepEqual(["rsa", "ec", "ed25519"].map(by), ["RSA-signatures", "ECDSA-signatures", "ed25519-signatures"]);
	const hidden = ikeDetail(association({ identity: "a\u001b[2J" }), shownAt);
	assert.ok(!hidden.includes("\u001b"));
	const gcm = { cipher: "aes-256-gcm", integrity: undefined, prf: "hmac-sha256", group: "group19", additional: [] };
	assert.match(ikeDetail(association({ algorithms: gcm }), shownAt), /Authentication {8}: aes-256-gcm/);
});
