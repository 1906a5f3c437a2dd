import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { test } from "node:test";
import { textIdentity } from "#ike/auth/identity.ts";
import { connectionChange, isMoved, isSameChild } from "#ike/connection-change.ts";
import { espProposal, ikeProposal } from "#ike/crypto/proposal.ts";
import type { Connection } from "#ike/v2/connection.ts";
import { addressOf, childConfig, connection } from "../../test/support/ike-network.ts";

const child = childConfig("10.1.0.0/16", "10.2.0.0/16");
const made = (more: Partial<Connection> = {}) => connection("192.0.2.1", "192.0.2.2", { children: [child], ...more });

test("the same statements are no change", () => {
	assert.equal(connectionChange(made(), made()), "none");
});

test("B30: other algorithms of IKE, other children and other times keep the association", () => {
	for (const more of [
		{ proposals: [ikeProposal("aes-128-cbc", "sha1", "group14")] },
		{ lifetime: 600_000 },
		{ children: [] },
		{ children: [{ ...child, lifetime: 600_000 }] },
		{ startsImmediately: true },
		{ natKeepalive: 20_000 },
		{ maxAssociations: 3 },
		{ liveness: { interval: 10_000, mode: "always", threshold: 5 } as const },
	])
		assert.equal(connectionChange(made(), made(more)), "kept", JSON.stringify(Object.keys(more)));
});

test("B30, B65: other addresses, identities and secrets end it", () => {
	const key = createSecretKey(Buffer.from("another"));
	const certificate = { kind: "certificate", certificates: [], publicKey: undefined as never } as const;
	for (const more of [
		{ local: addressOf("192.0.2.9") },
		{ remote: [addressOf("192.0.2.9")] },
		{ remote: undefined },
		{ localIdentity: textIdentity("a.example") },
		{ remoteIdentity: { kind: "danger-any" } as const },
		{ hasNatTraversal: false },
		{ localAuthentication: { kind: "shared-key", key } as const },
		{ remoteAuthentication: { kind: "shared-key", key } as const },
		{ localAuthentication: certificate },
	])
		assert.equal(connectionChange(made(), made(more)), "anew", JSON.stringify(Object.keys(more)));
	const trusting = (anchor: number) =>
		made({
			localAuthentication: certificate,
			remoteAuthentication: {
				kind: "certificate",
				judge: () => ({ kind: "untrusted", reason: "" }),
				authorities: new Uint8Array(20),
				anchors: [Uint8Array.of(anchor)],
			},
		});
	assert.equal(connectionChange(trusting(1), trusting(1)), "none");
	assert.equal(connectionChange(trusting(1), trusting(2)), "anew");
});

test("B30: a child is another one with another cipher, forward secrecy or proxy identity, not with another lifetime", () => {
	assert.ok(isSameChild(child, { ...child, lifetime: 1 }));
	for (const proposal of [
		espProposal("aes-128-gcm", undefined),
		espProposal("aes-256-gcm", undefined, "group14"),
		espProposal("aes-256-gcm", undefined, undefined, true),
	])
		assert.ok(!isSameChild(child, { ...child, proposals: [proposal] }));
	assert.ok(!isSameChild(child, childConfig("10.1.0.0/16", "10.3.0.0/16")));
});

test("with another address of this end alone a connection has moved; with anything else that it stands on it has not", () => {
	const before = connection("192.0.2.1", "192.0.2.2", { localIdentity: textIdentity("a.example") });
	const moved = connection("192.0.2.9", "192.0.2.2", { localIdentity: textIdentity("a.example") });
	assert.ok(isMoved(before, moved));
	assert.equal(connectionChange(before, moved), "anew");
	assert.ok(!isMoved(before, before));
	assert.ok(!isMoved(before, { ...moved, localIdentity: textIdentity("b.example") }));
});
