import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, formatAddress, parseAddress } from "#base/address.ts";
import { readProxyHeader } from "#proxy/proxy-header-phase.ts";

const proxy = { address: parseAddress("192.0.2.1") as Address, port: 4000, reachedAt: "192.0.2.2:443" };
const octets = (text: string) => Buffer.from(text, "latin1");

test("the client is whom the header names; what came behind it is kept", () => {
	const reading = readProxyHeader(octets("PROXY TCP4 10.0.0.7 192.0.2.2 51000 443\r\nrest"), proxy);
	assert.ok(reading.kind === "client");
	assert.deepEqual([formatAddress(reading.client.address), reading.client.port], ["10.0.0.7", 51_000]);
	assert.equal(Buffer.from(reading.rest).toString(), "rest");
});

test("a proxy that speaks for itself stays the client; half a header is waited for, another word is not", () => {
	const own = readProxyHeader(octets("PROXY UNKNOWN\r\n"), proxy);
	assert.ok(own.kind === "client" && own.client === proxy);
	assert.equal(readProxyHeader(octets("PROXY TC"), proxy).kind, "need-more");
	const bad = readProxyHeader(octets("GET / HTTP/1.1\r\n"), proxy);
	assert.ok(bad.kind === "malformed");
	assert.match(bad.message, /^proxy 192\.0\.2\.1 sent no valid PROXY header; /);
});
