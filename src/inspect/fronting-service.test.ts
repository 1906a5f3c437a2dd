/** F12: requests for other names than that of their connection. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RequestHead } from "#http/head.ts";
import { finishRequestFields } from "#http/http2-fields.ts";
import { type AskedNames, type FrontingAction, FrontingService } from "#inspect/fronting-service.ts";
import { requestHead } from "../../test/support/http-heads.ts";

const names: AskedNames = { name: "a.test", isBorne: (name) => name === "a.test" || name === "both.test" };

function serviceOf(
	fronted: FrontingAction = "drop",
	coalesced: FrontingAction = "allow",
	asked: AskedNames = names,
): { readonly service: FrontingService; readonly told: string[] } {
	const told: string[] = [];
	const service = new FrontingService(asked, { fronted, coalesced }, (host, name, action) =>
		told.push(`${host} ${name} ${action}`),
	);
	return { service, told };
}

const get = (host: string, target = "/") => requestHead([`GET ${target} HTTP/1.1`, `Host: ${host}`]);

describe("F12: a request goes on", () => {
	for (const host of ["a.test", "A.TEST", "a.test.", "a.test:443", "a.test:8443", "A.Test.:1"]) {
		test(`for the same name, written ${host}`, () => {
			assert.equal(serviceOf().service.requestHead(get(host)), undefined);
		});
	}

	test("for an internationalised name as it stands in the ClientHello: an A-label", () => {
		const asked = { name: "xn--bcher-kva.test", isBorne: () => false };
		const { service } = serviceOf("drop", "drop", asked);
		assert.equal(service.requestHead(get("XN--Bcher-KVA.test")), undefined);
		assert.equal(service.requestHead(get("bucher.test"))?.verdict, "block");
	});

	test("for another name that the certificate bears, unless the profile says otherwise", () => {
		const { service, told } = serviceOf();
		assert.equal(service.requestHead(get("both.test")), undefined);
		assert.equal(serviceOf("drop", "log").service.requestHead(get("both.test"))?.verdict, "report");
		const dropped = serviceOf("drop", "drop").service.requestHead(get("both.test"));
		assert.deepEqual([dropped?.verdict, dropped?.answer?.status], ["block", 421]);
		assert.match(dropped?.name ?? "", /bears both names/);
		assert.deepEqual(told, []);
	});

	test("without Host, which only HTTP/1.0 may leave out", () => {
		assert.equal(serviceOf().service.requestHead(requestHead(["GET / HTTP/1.0"])), undefined);
	});

	test("for an address over a connection that named nobody", () => {
		const { service } = serviceOf("drop", "allow", { name: undefined, isBorne: (name) => name === "a.test" });
		for (const host of ["192.0.2.1", "[2001:db8::1]:8443", "a.test"])
			assert.equal(service.requestHead(get(host)), undefined, host);
		assert.match(
			service.requestHead(get("b.test"))?.name ?? "",
			/names no server; its certificate does not bear b\.test/,
		);
	});
});

describe("F12: a request is refused with 421 and told of", () => {
	for (const host of ["b.test", "xa.test", "a.test.b.test", "192.0.2.1", "[::1]", "a.test:0", "a_b", "*.test"]) {
		test(`for ${host}, which the certificate does not bear`, () => {
			const { service, told } = serviceOf();
			const found = service.requestHead(get(host));
			assert.deepEqual([found?.verdict, found?.place, found?.answer?.status], ["block", "request-headers", 421]);
			assert.match(found?.name ?? "", /^a request for .+ over a connection to a\.test; its certificate does not bear/);
			assert.equal(told.length, 1);
			assert.match(told[0] ?? "", / a\.test drop$/);
		});
	}

	test("when only the target of an HTTP/1.0 request names it, or a CONNECT inside the tunnel", () => {
		const target = requestHead(["GET https://b.test/ HTTP/1.0"]);
		assert.equal(serviceOf().service.requestHead(target)?.verdict, "block");
		const tunnel = requestHead(["CONNECT b.test:443 HTTP/1.0"]);
		assert.equal(serviceOf().service.requestHead(tunnel)?.verdict, "block");
	});

	test("in HTTP/2 by :authority, and after a hundred good requests of the same connection", () => {
		const { service } = serviceOf();
		const head = (authority: string) => {
			const fields = { ":method": "GET", ":scheme": "https", ":authority": authority, ":path": "/" };
			const made = finishRequestFields(
				Object.entries(fields).map(([name, value]) => ({ name, value })),
				true,
				false,
			);
			assert.ok(typeof made !== "string");
			return made;
		};
		for (let count = 0; count < 100; count++) assert.equal(service.open().requestHead?.(head("a.test")), undefined);
		assert.equal(service.open().requestHead?.(head("b.test"))?.verdict, "block");
		assert.equal(service.open().requestHead?.(head("a.test")), undefined);
	});
});

test("F12: an upgrade to HTTP/2 inside HTTP/1.1, within which requests would pass unseen, is refused; to WebSocket it goes on", () => {
	const offer = (protocol: string) => {
		const lines = ["GET / HTTP/1.1", "Host: a.test", "Connection: Upgrade", `Upgrade: ${protocol}`];
		const { method, target, text, framing, contentLength } = requestHead(lines);
		return new RequestHead("1.1", text, framing, contentLength, false, method, target, true);
	};
	assert.equal(serviceOf().service.requestHead(offer("websocket")), undefined);
	for (const protocol of ["h2c", "websocket, H2C", "h2"])
		assert.match(serviceOf().service.requestHead(offer(protocol))?.name ?? "", /could not be compared/);
	assert.equal(serviceOf("log").service.requestHead(offer("h2c"))?.verdict, "report");
});

test("F12: with log a request goes on and is recorded, with allow it goes on", () => {
	const logged = serviceOf("log");
	assert.equal(logged.service.requestHead(get("b.test"))?.verdict, "report");
	assert.deepEqual(logged.told, ["b.test a.test log"]);
	const allowed = serviceOf("allow");
	assert.equal(allowed.service.requestHead(get("b.test")), undefined);
	assert.deepEqual(allowed.told, []);
});

test("F12: a client that asks the proxy for one name and the server for another is refused, in HTTP and without it", () => {
	const asked = { ...names, otherName: "front.test" };
	const sentence =
		/the proxy was asked for front\.test and the server for a\.test; its certificate does not bear front/;
	const http = serviceOf("drop", "allow", asked).service;
	assert.match(http.requestHead(get("a.test"))?.name ?? "", sentence);
	assert.equal(http.requestHead(get("a.test"))?.verdict, "block");
	const other = serviceOf("drop", "allow", asked).service;
	assert.equal(other.octets("stream-to-client"), undefined);
	assert.match(other.octets("stream-to-server")?.name ?? "", sentence);
	const logged = serviceOf("log", "allow", asked).service;
	assert.equal(logged.octets("stream-to-server")?.verdict, "report");
	assert.equal(logged.octets("stream-to-server"), undefined);
});

test("F12: whatever stands in Host, only the connection's name and those of the certificate go on", () => {
	const { service } = serviceOf();
	fc.assert(
		fc.property(fc.string({ unit: fc.constantFrom(..."abtes.-:[]%@/x019 "), maxLength: 24 }), (host) => {
			const found = service.requestHead(get(host));
			const isGood = /^(?:a\.test|both\.test)\.?(?::0*[1-9]\d*|:)?$/.test(host.trim());
			assert.equal(found === undefined, isGood || host.trim() === "");
		}),
	);
});
