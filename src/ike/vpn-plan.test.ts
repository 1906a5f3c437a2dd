import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { parseAddress } from "#base/address.ts";
import type { ConnectionFacts } from "#ike/compile-connections.ts";
import { compileVpns, isEmptyPlan } from "#ike/vpn-plan.ts";
import { configOf } from "../../test/support/config-text.ts";
import { vpnText } from "../../test/support/vpn-text.ts";

const { publicKey } = generateKeyPairSync("ed25519");
const facts: ConnectionFacts = {
	addressOf: () => parseAddress("198.51.100.1"),
	resolve: (host) => [parseAddress(host)].flatMap((address) => address ?? []),
	ownCertificate: () => ({ local: { kind: "certificate", certificates: [], publicKey }, subject: new Uint8Array(0) }),
	usersOf: () => new Map(),
	trustOf: () => ({
		kind: "certificate",
		judge: () => ({ kind: "untrusted", reason: "" }),
		authorities: new Uint8Array(0),
	}),
};
const compile = (parts: Parameters<typeof vpnText>[0]) => compileVpns(configOf(vpnText(parts)), facts);
const v2 = "address 192.0.2.1; version v2-only;";

test("the plan holds connections, tunnels and the MSS; what cannot be run is named", () => {
	const { plan, gaps, signers } = compile({ gateway: v2, security: "flow { tcp-mss { ipsec-vpn mss 1350; } }" });
	assert.deepEqual(
		[plan.connections.map(({ name }) => name), plan.tunnels.map(({ unit }) => unit)],
		[["g"], ["st0.0"]],
	);
	assert.deepEqual([plan.mss, gaps.length, signers.size, isEmptyPlan(plan)], [1_350, 0, 0, false]);
	assert.equal(compile({ gateway: v2 }).plan.mss, 0);
	const first = compile({ gateway: "address 192.0.2.1;" });
	assert.deepEqual([first.plan.connections, first.gaps.map(({ vpn }) => vpn)], [[], ["v"]]);
	assert.ok(isEmptyPlan(compileVpns(configOf(""), facts).plan));
});

test("which certificate signs for which connection", () => {
	const { signers } = compile({
		gateway: v2,
		proposal: "authentication-method ecdsa-signatures-256; encryption-algorithm aes-256-gcm; dh-group group19;",
		policy: "proposals p; certificate { local-certificate gw; }",
	});
	assert.deepEqual([...signers], [["g", "gw"]]);
});
