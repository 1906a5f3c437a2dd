import assert from "node:assert/strict";
import { test } from "node:test";
import { newCounters } from "#esp/data-plane.ts";
import { addTo, countsOf, newEntry, note } from "#esp/kernel-entry.ts";
import { decodeState } from "#esp/xfrm-state.ts";
import { xfrmCapture } from "../../test/support/xfrm-captures.ts";

test("B73: what the kernel told last counts, and stays when it has the association no longer", () => {
	const place = { address: { octets: new Uint8Array(4) }, port: 500 };
	const path = { local: place, remote: place, isEncapsulated: false };
	const entry = newEntry({
		association: { inboundSpi: 5 } as never,
		mark: { value: 1, mask: 1 },
		requestId: 2,
		selectors: "",
		path,
	});
	const outbound = decodeState(xfrmCapture("outbound"), true);
	const inbound = decodeState(xfrmCapture("inbound"), true);
	assert.ok(outbound.kind === "done" && inbound.kind === "done");
	note(entry, { ...inbound.value, outsideWindow: 1, replayed: 2, notAuthentic: 4 }, outbound.value);
	note(entry, undefined, undefined);
	const octets = Number(outbound.value.octets);
	assert.deepEqual(countsOf(entry), {
		inboundSpi: 5,
		sentPackets: 3,
		sentOctets: octets,
		receivedPackets: 0,
		receivedOctets: 0,
		refused: [0, 0, 3, 4, 0],
	});
	const counters = newCounters();
	addTo(counters, entry);
	addTo(counters, entry);
	assert.deepEqual(
		[counters.encryptedPackets, counters.replayed, counters.notAuthentic, counters.refused],
		[6, 6, 8, 14],
	);
});
