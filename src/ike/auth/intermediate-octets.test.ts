import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { addIntermediate, intermediatePart, noIntermediate } from "#ike/auth/intermediate-octets.ts";
import { prfNamed } from "#ike/crypto/transform-table.ts";

const sha256 = prfNamed("hmac-sha256");
const key = new Uint8Array(32).fill(7);
const head = {
	initiatorSpi: new Uint8Array(8).fill(1),
	responderSpi: new Uint8Array(8).fill(2),
	exchange: 43,
	isInitiator: true,
	isResponse: false,
	messageId: 1,
};
const within = Uint8Array.of(0, 0, 0, 9, 0, 36, 0, 0, 5);

test("a message counts with the lengths that it would have without encryption (RFC 9242 §3.3.2)", () => {
	const drawn = Buffer.from(
		`${"01".repeat(8)}${"02".repeat(8)} 2e 20 2b 08 00000001 00000029 22 00 000d`.replace(/ /g, ""),
		"hex",
	);
	const expected = createHmac("sha256", key).update(drawn).update(within).digest();
	const said = addIntermediate(sha256, key, noIntermediate.initiator, { head, firstPayload: 34, octets: within });
	assert.deepEqual(Buffer.from(said), expected);
});

test("each message covers those before it, and AUTH those of both ends and the number of IKE_AUTH", () => {
	const first = addIntermediate(sha256, key, noIntermediate.initiator, { head, firstPayload: 34, octets: within });
	const second = addIntermediate(sha256, key, first, { head, firstPayload: 34, octets: within });
	assert.notDeepEqual(first, second);
	const part = intermediatePart({ initiator: second, responder: first }, 3);
	assert.deepEqual(Buffer.from(part), Buffer.concat([second, first, Uint8Array.of(0, 0, 0, 3)]));
	assert.equal(intermediatePart(noIntermediate, 1).length, 0);
});
