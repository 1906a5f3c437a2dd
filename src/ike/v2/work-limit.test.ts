import assert from "node:assert/strict";
import { test } from "node:test";
import { ikeProposal, withAdditional } from "#ike/crypto/proposal.ts";
import { isSameNetwork, WorkLimit } from "#ike/v2/work-limit.ts";
import { addressOf } from "../../../test/support/ike-network.ts";

const proposal = (group: string) => ikeProposal("aes-256-gcm", "sha-256", group);
const from = (text: string, isProved = false) => ({ address: addressOf(text), isProved });

function countTaken(limit: WorkLimit, source: ReturnType<typeof from>, group: string, now: number): number {
	let count = 0;
	while (count < 1_000 && limit.take(source, proposal(group), now)) count++;
	return count;
}

test("an address gets 64 exchanges on curves, or 8 over the largest prime, and 8 units more each second", () => {
	const limit = new WorkLimit();
	assert.equal(countTaken(limit, from("192.0.2.1"), "group19", 0), 64);
	assert.equal(countTaken(limit, from("192.0.2.1"), "group16", 1_000), 1);
	assert.equal(countTaken(limit, from("192.0.2.2"), "group16", 0), 8);
	assert.equal(countTaken(limit, from("192.0.2.1"), "group19", 1_000_000), 64);
	const long = withAdditional(proposal("group19"), ["ml-kem-768", "group16"]);
	let count = 0;
	while (limit.take(from("192.0.2.3"), long, 0)) count++;
	assert.equal(count, 6);
});

test("who only says that it is at an address takes nothing from who has proved it", () => {
	const limit = new WorkLimit();
	countTaken(limit, from("192.0.2.1"), "group19", 0);
	assert.equal(countTaken(limit, from("192.0.2.1", true), "group19", 0), 64);
});

test("a network of IPv6 has one bucket, and is one", () => {
	const limit = new WorkLimit();
	countTaken(limit, from("2001:db8::1"), "group19", 0);
	assert.equal(countTaken(limit, from("2001:db8::2"), "group19", 0), 0);
	assert.ok(isSameNetwork(addressOf("2001:db8::1"), addressOf("2001:db8::ffff")));
	assert.ok(!isSameNetwork(addressOf("192.0.2.1"), addressOf("192.0.2.2")));
});
