import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Address, type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { type FetchGuard, findTargetObstacle, parseFetchTarget } from "#pki/fetch-target.ts";

const guard: FetchGuard = { permitted: [], isOwnListener: () => false };
const address = (text: string) => parseAddress(text) as Address;
const obstacle = (text: string, more: Partial<FetchGuard> = {}, mayBePrivate = false) =>
	findTargetObstacle(address(text), 80, { ...guard, ...more }, mayBePrivate);

describe("the address of a fetch (F14)", () => {
	test("is taken apart when it is http", () => {
		assert.deepEqual(parseFetchTarget("http://OCSP.example./a%20b?c=d#e"), {
			host: "ocsp.example",
			port: 80,
			path: "/a%20b?c=d",
			url: "http://ocsp.example./a%20b?c=d",
		});
		const ipv6 = parseFetchTarget("http://[2001:DB8::1]:8080/x");
		assert.ok(typeof ipv6 === "object");
		assert.deepEqual([ipv6.host, ipv6.port, ipv6.path], ["2001:db8::1", 8080, "/x"]);
	});

	test("is relative to the address that redirects", () => {
		const target = parseFetchTarget("../other?x", "http://a.example:81/b/c");
		assert.ok(typeof target === "object");
		assert.equal(target.url, "http://a.example:81/other?x");
	});

	for (const [text, why] of [
		["https://a.example/", /only http:/],
		["file:///etc/passwd", /only http:/],
		["ldap://a.example/cn=x", /only http:/],
		["gopher://a.example:70/_", /only http:/],
		["http://user:secret@a.example/", /holds a user/],
		["http://", /cannot be read/],
		["nonsense", /cannot be read/],
		["http://a b.example/", /cannot be read/],
		[`http://a.example/${"x".repeat(3000)}`, /too long/],
	] as const) {
		test(`is refused when it is ${text.slice(0, 40)}`, () => {
			const refused = parseFetchTarget(text);
			assert.ok(typeof refused === "string");
			assert.match(refused, why);
		});
	}

	test("an address written in another way is the address it is", () => {
		for (const text of [
			"http://2130706433/",
			"http://0x7f.1/",
			"http://0177.0.0.1/",
			"http://127.1/",
			"http://127.0.0.1/",
		]) {
			const target = parseFetchTarget(text);
			assert.ok(typeof target === "object");
			assert.equal(target.host, "127.0.0.1", text);
		}
	});

	test("never throws and never asks for anything but http, whatever the text", () => {
		fc.assert(
			fc.property(
				fc.oneof(
					fc.string(),
					fc.webUrl(),
					fc.string().map((text) => `http://${text}`),
				),
				(text) => {
					const target = parseFetchTarget(text);
					if (typeof target === "string") return;
					assert.ok(target.url.startsWith("http://"));
					assert.doesNotMatch(`${target.host}${target.path}`, /[\r\n\0 ]/);
					assert.ok(target.port >= 0 && target.port <= 65_535);
				},
			),
		);
	});
});

describe("the address behind the name (F14)", () => {
	for (const [text, what] of [
		["127.0.0.1", /loopback/],
		["127.255.0.9", /loopback/],
		["::1", /no address of another host/],
		["::", /no address of another host/],
		["::7f00:1", /no address of another host/],
		["::ffff:127.0.0.1", /loopback/],
		["::ffff:0:127.0.0.1", /behind a translator/],
		["0.0.0.0", /no address of another host/],
		["169.254.169.254", /link-local/],
		["fe80::1", /link-local/],
		["10.1.2.3", /private/],
		["172.31.255.255", /private/],
		["192.168.0.1", /private/],
		["fd12::1", /private/],
		["100.64.0.1", /carrier/],
		["224.0.0.1", /multicast/],
		["ff02::1", /multicast/],
		["255.255.255.255", /reserved/],
		["64:ff9b::7f00:1", /translator/],
		["2002:7f00:1::", /tunnel/],
	] as const) {
		test(`${text} is refused`, () => assert.match(obstacle(text) ?? "", what));
	}

	test("public addresses are not refused", () => {
		for (const text of ["198.51.100.7", "93.184.216.34", "172.32.0.1", "2606:4700::1"]) {
			assert.equal(obstacle(text), undefined, text);
		}
	});

	test("the gateway's own listeners are refused, permitted networks or not", () => {
		const isOwnListener = (at: Address, port: number) => at.octets[0] === 198 && port === 80;
		const permitted = [parsePrefix("198.51.100.0/24") as Prefix];
		assert.match(obstacle("198.51.100.7", { isOwnListener, permitted }, true) ?? "", /the gateway itself/);
	});

	test("networks that the configuration permits are fetched from, and no others", () => {
		const permitted = [parsePrefix("127.0.0.1/32") as Prefix];
		assert.equal(obstacle("127.0.0.1", { permitted }), undefined);
		assert.match(obstacle("127.0.0.2", { permitted }) ?? "", /loopback/);
	});

	test("a host that the operator named may be private, but not this host itself", () => {
		assert.equal(obstacle("10.1.2.3", {}, true), undefined);
		assert.equal(obstacle("fd12::1", {}, true), undefined);
		assert.match(obstacle("127.0.0.1", {}, true) ?? "", /loopback/);
		assert.match(obstacle("169.254.169.254", {}, true) ?? "", /link-local/);
	});
});
