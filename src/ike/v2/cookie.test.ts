import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CookieJar } from "#ike/v2/cookie.ts";
import { seededRandom } from "../../../test/support/seeded-random.ts";

const question = {
	nonce: new Uint8Array(32).fill(3),
	address: Uint8Array.of(192, 0, 2, 1),
	initiatorSpi: new Uint8Array(8).fill(5),
};

test("a cookie is accepted for the same nonce, address and SPI only", () => {
	const jar = new CookieJar(seededRandom("jar"));
	const cookie = jar.bake(question, 0);
	assert.ok(jar.accepts(cookie, question, 1));
	assert.ok(!jar.accepts(cookie, { ...question, address: Uint8Array.of(192, 0, 2, 2) }, 1));
	assert.ok(!jar.accepts(cookie, { ...question, nonce: new Uint8Array(32) }, 1));
	assert.ok(!jar.accepts(cookie, { ...question, initiatorSpi: new Uint8Array(8) }, 1));
	assert.ok(!new CookieJar(seededRandom("other")).accepts(cookie, question, 1));
});

test("a secret serves a minute and is accepted a minute more", () => {
	const jar = new CookieJar(seededRandom("jar"));
	const cookie = jar.bake(question, 0);
	assert.ok(jar.accepts(cookie, question, 61_000));
	assert.notDeepEqual(jar.bake(question, 61_000), cookie);
	assert.ok(jar.accepts(cookie, question, 119_999));
	assert.ok(!jar.accepts(cookie, question, 120_001));
});

test("no octets are accepted that were not baked, and none are thrown at", () => {
	const jar = new CookieJar(seededRandom("jar"));
	jar.bake(question, 0);
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 70 }), (cookie) => {
			assert.ok(!jar.accepts(cookie, question, 1));
		}),
	);
});
