import assert from "node:assert/strict";
import { test } from "node:test";
import { lateConnect, lateHello, lateMail, lateProxyHeader } from "#proxy/late-faults.ts";

test("each names who was waited for, and bears its code", () => {
	for (const [late, code, says] of [
		[lateConnect("a.test:443"), "SERVER_CONNECT_TIMEOUT", /^server a\.test:443 did not answer/],
		[lateHello("192.0.2.1", 7), "CLIENT_HELLO_TIMEOUT", /^client 192\.0\.2\.1 .*got 7 octets$/],
		[lateProxyHeader("192.0.2.1", 7), "PROXY_HEADER_MALFORMED", /^proxy 192\.0\.2\.1 .*got 7 octets$/],
		[lateMail("192.0.2.1", "a.test:25"), "SESSION_IDLE_TIMEOUT", /^neither client 192\.0\.2\.1 nor server a\.test:25/],
	] as const) {
		assert.equal(late.code, code);
		assert.match(late.message, says);
	}
});
