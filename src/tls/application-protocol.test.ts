import assert from "node:assert/strict";
import { test } from "node:test";
import { isHttp2Protocol } from "#tls/application-protocol.ts";

test("HTTP/2 is known under both of its names", () => {
	assert.deepEqual(["h2", "grpc-exp", "http/1.1", "h3", "H2"].map(isHttp2Protocol), [true, true, false, false, false]);
});
