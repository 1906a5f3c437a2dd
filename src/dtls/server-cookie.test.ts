import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Writer } from "#base/bytes.ts";
import { cookieOffered } from "#dtls/server-cookie.ts";
import { retryRandom } from "#tls/server-hello.ts";
import { handshake, helloVerify, inRecord } from "../../test/support/dtls-hello.ts";

const cookie = new Uint8Array(20).fill(7);

const serverHello = (random: Uint8Array) =>
	inRecord(
		handshake(
			2,
			new Writer()
				.u16(0xfefd)
				.bytes(random)
				.u8(0)
				.u16(0x1301)
				.u8(0)
				.prefixed(2, (all) =>
					all
						.u16(43)
						.prefixed(2, (one) => one.u16(0xfefc))
						.u16(44)
						.prefixed(2, (one) => one.prefixed(2, (inner) => inner.bytes(cookie))),
				)
				.finish(),
		),
	);

test("the cookie of a HelloVerifyRequest and of a HelloRetryRequest is read", () => {
	assert.deepEqual(cookieOffered(helloVerify(cookie)), cookie);
	assert.deepEqual(cookieOffered(serverHello(retryRandom)), cookie);
});

test("an empty cookie proves nothing, and another message has none", () => {
	assert.equal(cookieOffered(helloVerify(new Uint8Array(0))), undefined);
	assert.equal(cookieOffered(serverHello(new Uint8Array(32))), undefined);
	assert.equal(cookieOffered(inRecord(handshake(3, new Uint8Array(2), { size: 30 }))), undefined);
	assert.equal(cookieOffered(inRecord(Uint8Array.of(2, 0), 21)), undefined);
});

test("any octets are looked at without an exception", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(60), fc.boolean(), (octets, at, isRetry) => {
			cookieOffered(octets);
			const changed = isRetry ? serverHello(retryRandom) : helloVerify(cookie);
			changed.set(octets.subarray(0, Math.max(0, changed.length - at)), Math.min(at, changed.length));
			cookieOffered(changed);
		}),
		{ numRuns: 500 },
	);
});
