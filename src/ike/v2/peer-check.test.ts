import assert from "node:assert/strict";
import { test } from "node:test";
import { certified } from "../../../test/support/ike-certified.ts";
import { bringUp } from "../../../test/support/ike-network.ts";

const asking = () => certified("p256", "p256", { asksRevocation: true });

test("B20: each end asks about the other's path before anything stands, and waits for the answer however often it is asked", () => {
	const { network, a, b } = asking();
	a.signingTime = 2_500;
	b.signingTime = 2_500;
	bringUp(network, a, 5_000);
	assert.deepEqual(network.checks, ["b first 2"]);
	assert.deepEqual([a.installed.size, b.installed.size], [0, 0]);
	network.run(20_000);
	assert.deepEqual(network.checks, ["b first 2", "a first 2"]);
	assert.deepEqual([a.installed.size, b.installed.size], [1, 1]);
	const plain = certified();
	bringUp(plain.network, plain.a);
	assert.deepEqual([plain.network.checks, plain.a.installed.size], [[], 1]);
});

test("a peer whose certificate was revoked is refused by either end, and is told", () => {
	const responder = asking();
	responder.b.refusal = "revoked";
	bringUp(responder.network, responder.a);
	assert.match(responder.b.reports.join(), /ike-failed: the peer is not trusted: revoked/);
	assert.match(responder.a.reports.join(), /AUTHENTICATION_FAILED/);
	const initiator = asking();
	initiator.a.refusal = "revoked";
	bringUp(initiator.network, initiator.a);
	assert.match(initiator.a.reports.join(), /ike-failed: the peer is not trusted: revoked/);
	assert.match(initiator.b.reports.join(), /closed by the peer: AUTHENTICATION_FAILED/);
	for (const { a, b } of [responder, initiator]) assert.deepEqual([a.installed.size, b.installed.size], [0, 0]);
});

test("a peer that stands is asked about again, under new keys of IKE, too, and goes when it was revoked meanwhile", () => {
	const { network, a, b } = asking();
	bringUp(network, a);
	network.give(a, { type: "rekey-wanted", connection: "peer" });
	network.run(1_000);
	network.give(a, { type: "peers-check-wanted" });
	network.run(1_000);
	assert.deepEqual(network.checks.slice(2), ["a again 2"]);
	assert.equal(a.installed.size, 1);
	a.refusal = "revoked";
	network.give(a, { type: "peers-check-wanted" });
	network.run(1_000);
	assert.match(a.reports.join(), /the peer is not trusted any more: revoked/);
	assert.deepEqual([a.installed.size, b.installed.size], [0, 0]);
});

test("a check that is never answered holds a stranger no longer than a half-open association", () => {
	const { network, a, b } = asking();
	b.signingTime = 10_000_000;
	bringUp(network, a, 40_000);
	assert.ok(!b.phases.includes("await-responder-check"), b.phases.join());
});
