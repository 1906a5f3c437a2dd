import assert from "node:assert/strict";
import { test } from "node:test";
import { bringUp, makePair } from "../../test/support/ike-network.ts";

test("B71: what stands is told with its places, algorithms, peer, times and counts", () => {
	const { network, a, b } = makePair();
	bringUp(network, a);
	const [ofA] = a.endpoint.describe();
	const [ofB] = b.endpoint.describe();
	assert.deepEqual(
		[ofA?.role, ofB?.role, ofA?.identity, ofA?.remote],
		["initiator", "responder", "192.0.2.2", "192.0.2.2 port 500"],
	);
	assert.deepEqual(ofA?.algorithms, {
		cipher: "aes-256-gcm",
		integrity: undefined,
		prf: "hmac-sha256",
		group: "group19",
		additional: [],
	});
	assert.deepEqual([ofA?.authentication, ofA?.keyType], ["shared-key", undefined]);
	assert.ok(ofA !== undefined && ofA.hardAt > network.now && ofA.hardAt <= network.now + 28_800_000);
	// What one end sent is what the other took, but for the first message, before there are keys.
	assert.equal(ofA.traffic.sentPackets, 2);
	assert.equal(ofB?.traffic.receivedPackets, 1);
	assert.deepEqual([ofA.childrenCreated, ofA.childrenDeleted], [1, 0]);
	const [child] = ofA.children;
	assert.equal(child?.outboundSpi, ofB?.children[0]?.inboundSpi);
	assert.ok(child !== undefined && child.softAt < child.hardAt);
	network.give(a, { type: "child-worn-out", inboundSpi: child?.inboundSpi ?? 0 });
	network.run(1_000);
	assert.deepEqual(
		a.endpoint.describe().map((one) => [one.childrenCreated, one.childrenDeleted]),
		[[2, 1]],
	);
});
