import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat } from "#base/bytes.ts";
import { helloFragments, isPartOf } from "#dtls/hello-fragments.ts";
import { handshake, helloBody, helloDatagram, inRecord } from "../../test/support/dtls-hello.ts";

const body = helloBody("a.test");
const secret = inRecord(new Uint8Array(40), 22, 1);

test("a ClientHello is found behind whatever records stand before it", () => {
	const datagram = concat([secret, inRecord(handshake(16, new Uint8Array(4))), helloDatagram("a.test")]);
	assert.deepEqual(helloFragments(datagram), [{ sequence: 0, size: body.length, offset: 0, octets: body }]);
});

test("encrypted datagrams hold none, whatever their octets are", () => {
	for (const datagram of [
		secret,
		inRecord(body, 23, 1),
		Uint8Array.of(0x2f, ...helloDatagram("a.test")),
		Uint8Array.of(25),
	])
		assert.deepEqual(helloFragments(datagram), []);
});

test("a datagram that is not records from end to end is told apart", () => {
	const hello = helloDatagram("a.test");
	const strange = Uint8Array.from(hello);
	strange[1] = 3;
	for (const datagram of [hello.subarray(1), hello.subarray(0, -1), concat([secret, strange]), inRecord(body)])
		assert.equal(helloFragments(datagram), undefined);
});

test("any octets are looked at without an exception", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(60), (octets, at) => {
			helloFragments(octets);
			const changed = helloDatagram("a.test");
			changed.set(octets.subarray(0, changed.length - at), at);
			helloFragments(changed);
		}),
		{ numRuns: 500 },
	);
});

test("a fragment is a part of a message when all of its octets are", () => {
	const part = { sequence: 0, size: body.length, offset: 3, octets: body.subarray(3, 9) };
	assert.equal(isPartOf(part, body), true);
	assert.equal(isPartOf({ ...part, offset: 0 }, body), false);
	assert.equal(isPartOf({ ...part, size: body.length + 1 }, body), false);
	assert.equal(isPartOf({ ...part, offset: body.length - 2 }, body), false);
});
