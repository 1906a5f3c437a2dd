import assert from "node:assert/strict";
import { test } from "node:test";
import { Reader } from "#base/bytes.ts";
import { CookieJar } from "#dtls/cookie.ts";
import { type ClientHello, decodeHelloBody } from "#tls/client-hello.ts";
import { helloBody } from "../../test/support/dtls-hello.ts";
import { seededRandom } from "../../test/support/seeded-random.ts";

function helloOf(random: number): ClientHello {
	const decoded = decodeHelloBody(new Reader(helloBody("a.test", { random })), { majorVersion: 0xfe, hasCookie: true });
	assert.ok(decoded.kind === "done");
	return decoded.value;
}

test("a cookie is good for the client and the hello that it was given for, and for no others", () => {
	const jar = new CookieJar(seededRandom("a"), 0);
	const cookie = jar.cookieFor("192.0.2.7 1", helloOf(1), 0);
	assert.equal(jar.isOurs(cookie, "192.0.2.7 1", helloOf(1), 0), true);
	assert.equal(jar.isOurs(cookie, "192.0.2.7 2", helloOf(1), 0), false);
	assert.equal(jar.isOurs(cookie, "192.0.2.7 1", helloOf(2), 0), false);
	assert.equal(jar.isOurs(new Uint8Array(0), "192.0.2.7 1", helloOf(1), 0), false);
	assert.equal(jar.isOurs(new Uint8Array(20), "192.0.2.7 1", helloOf(1), 0), false);
	assert.equal(new CookieJar(seededRandom("b"), 0).isOurs(cookie, "192.0.2.7 1", helloOf(1), 0), false);
});

test("a cookie serves for a minute and is accepted for one more", () => {
	const jar = new CookieJar(seededRandom("a"), 0);
	const cookie = jar.cookieFor("c", helloOf(1), 59_999);
	assert.equal(jar.isOurs(cookie, "c", helloOf(1), 60_000), true);
	assert.notDeepEqual(jar.cookieFor("c", helloOf(1), 60_000), cookie);
	assert.equal(jar.isOurs(cookie, "c", helloOf(1), 120_000), false);
	const late = new CookieJar(seededRandom("a"), 0);
	const old = late.cookieFor("c", helloOf(1), 0);
	assert.equal(late.isOurs(old, "c", helloOf(1), 500_000), false);
});
