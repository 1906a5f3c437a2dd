import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeMessage, encodeMessage } from "#ike/wire/message.ts";
import { heads, payloads } from "../../../test/support/ike-arbitraries.ts";

test("what encodeMessage writes, decodeMessage reads", () => {
	fc.assert(
		fc.property(heads, fc.array(payloads, { maxLength: 5 }), (head, chain) => {
			const datagram = encodeMessage(head, chain);
			const decoded = decodeMessage(datagram);
			assert.ok(decoded.kind === "done");
			const { header, ...rest } = decoded.value;
			assert.deepEqual(rest, { payloads: chain });
			assert.deepEqual({ ...head, firstPayload: header.firstPayload, version: 0x20, length: datagram.length }, header);
		}),
	);
});

test("any datagram, and any message with octets changed, cut off or put in, is answered: never thrown at", () => {
	const mutation = fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom("change", "cut", "insert"));
	fc.assert(
		fc.property(
			heads,
			fc.array(payloads, { maxLength: 5 }),
			fc.array(mutation, { maxLength: 6 }),
			fc.uint8Array({ maxLength: 120 }),
			(head, chain, mutations, any) => {
				let datagram = Buffer.from(encodeMessage(head, chain));
				for (const [place, octet, what] of mutations) {
					const at = place % Math.max(1, datagram.length);
					if (what === "change") datagram[at] = octet;
					else if (what === "cut") datagram = datagram.subarray(0, at);
					else datagram = Buffer.concat([datagram.subarray(0, at), Uint8Array.of(octet), datagram.subarray(at)]);
				}
				assert.notEqual(decodeMessage(datagram).kind, "need-more");
				if (datagram.length >= 28) datagram.writeUInt32BE(datagram.length, 24);
				assert.notEqual(decodeMessage(datagram).kind, "need-more");
				assert.notEqual(decodeMessage(any).kind, "need-more");
			},
		),
		{ numRuns: 500 },
	);
});
