import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyRunnable } from "#ike/verify-runnable.ts";
import { configOf, oneLine } from "../../test/support/config-text.ts";
import { vpnText } from "../../test/support/vpn-text.ts";

const says = (parts: Parameters<typeof vpnText>[0]) => {
	const { ike, ipsec } = configOf(vpnText(parts)).security;
	return verifyRunnable(ike, ipsec).map(oneLine);
};
const v2 = "address peer.example; version v2-only;";

test("a commit says which VPNs nothing runs, and why", () => {
	const path = "warning security ipsec vpn v: ";
	const end = "; nothing acts on it in this version";
	assert.deepEqual(says({}), [`${path}gateway "g" is of IKEv1, which has no engine yet${end}`]);
	assert.deepEqual(says({ gateway: v2, ipsecProposal: "protocol ah; authentication-algorithm hmac-sha1-96;" }), [
		`${path}a proposal is for AH; expected esp${end}`,
	]);
});

test("what the host may lack is no matter of the commit", () => {
	assert.deepEqual(says({ gateway: v2 }), []);
	const signed = "authentication-method rsa-signatures; encryption-algorithm aes-256-gcm; dh-group group14;";
	assert.deepEqual(
		says({ gateway: v2, proposal: signed, policy: "proposals p; certificate local-certificate gw;" }),
		[],
	);
});
