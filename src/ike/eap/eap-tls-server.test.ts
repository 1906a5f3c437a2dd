import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat } from "#base/bytes.ts";
import { cutRecords, decodeEapTlsPacket, encodeEapTlsPacket } from "#ike/eap/eap-tls-packet.ts";
import { EapTlsServer, type EapTlsStep } from "#ike/eap/eap-tls-server.ts";

const nothing = encodeEapTlsPacket({ isStart: false, hasMore: false, part: new Uint8Array(0) });
const key = new Uint8Array(64).fill(7);

/** Gives a flight to the server in parts; what it makes of the last one. */
function give(server: EapTlsServer, records: Uint8Array, limit = 400): EapTlsStep {
	let step: EapTlsStep = { kind: "failed", reason: "nothing given" };
	for (const packet of cutRecords(records, limit)) step = server.take(encodeEapTlsPacket(packet));
	return step;
}

/** Takes a flight from the server, acknowledging each part; the records, and what follows the last acknowledgement. */
function fetch(server: EapTlsServer, first: EapTlsStep, acknowledgesLast: boolean) {
	const parts: Uint8Array[] = [];
	let step = first;
	while (step.kind === "ask") {
		const decoded = decodeEapTlsPacket(step.data);
		assert.ok(decoded.kind === "done" && decoded.value.part.length <= 1_024);
		parts.push(decoded.value.part);
		if (!decoded.value.hasMore && !acknowledgesLast) break;
		step = server.take(nothing);
	}
	return { records: concat(parts), step };
}

test("flights of both ends go in parts, each acknowledged; behind the last acknowledgement the key is there", () => {
	const server = new EapTlsServer();
	assert.deepEqual([...server.begin()], [0x20]);
	const hello = new Uint8Array(900).fill(1);
	assert.deepEqual(give(server, hello), { kind: "tls", input: hello });
	const flight = new Uint8Array(3_000).fill(2);
	assert.deepEqual(fetch(server, server.answer({ output: flight }), false).records, flight);
	const second = new Uint8Array(2_000).fill(3);
	assert.deepEqual(give(server, second), { kind: "tls", input: second });
	const last = new Uint8Array(60).fill(4);
	const end = fetch(server, server.answer({ output: last, done: { key, certificates: [] } }), true);
	assert.deepEqual(end, { records: last, step: { kind: "done", key, certificates: [] } });
});

test("a failure is told after its alert was taken", () => {
	const server = new EapTlsServer();
	give(server, new Uint8Array(10));
	const alert = Uint8Array.of(21, 3, 3, 0, 2, 2, 40);
	const end = fetch(server, server.answer({ output: alert, failed: "no shared cipher" }), true);
	assert.deepEqual(end, { records: alert, step: { kind: "failed", reason: "no shared cipher" } });
});

test("a flight of more than 64 KiB or 64 parts, an empty one, and parts that are not acknowledged end it", () => {
	const long = new EapTlsServer();
	assert.equal(give(long, new Uint8Array(66_000), 60_000).kind, "failed");
	const many = new EapTlsServer();
	assert.equal(give(many, new Uint8Array(70), 1).kind, "failed");
	assert.equal(new EapTlsServer().take(nothing).kind, "failed");
	const server = new EapTlsServer();
	give(server, new Uint8Array(10));
	assert.equal(server.answer({ output: new Uint8Array(3_000) }).kind, "ask");
	const pushy = encodeEapTlsPacket({ isStart: false, hasMore: false, part: Uint8Array.of(1) });
	assert.equal(server.take(pushy).kind, "failed");
});

test("no messages make it throw, in any order", () => {
	fc.assert(
		fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }), fc.nat(3_000), (messages, octets) => {
			const server = new EapTlsServer();
			for (const message of messages) {
				const step = server.take(message);
				if (step.kind === "tls") assert.notEqual(server.answer({ output: new Uint8Array(octets) }).kind, "done");
				assert.notEqual(step.kind, "done");
			}
		}),
	);
});
