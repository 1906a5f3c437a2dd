import assert from "node:assert/strict";
import { test } from "node:test";
import { mayBeHttp, PlaintextReader } from "#capture/plaintext-reader.ts";
import { toClient, toServer } from "#signature/signature-engine.ts";
import { engineOf, testFacts } from "../../test/support/signature-traffic.ts";

const rules = [
	'alert http any any -> any any (msg:"uri"; http.uri; content:"/evil"; sid:1;)',
	'alert tcp any any -> any any (msg:"word"; content:"secret word"; sid:2;)',
];
const evil = Buffer.from("GET /evil HTTP/1.1\r\nHost: h\r\n\r\n");

function reading(isStreamOnly: boolean): { reader: PlaintextReader; found: string[] } {
	const found: string[] = [];
	const reader = new PlaintextReader(
		engineOf(rules),
		testFacts,
		({ signature }, protocol, _, sni) => found.push(`${signature.sid} ${protocol} ${sni}`),
		{ isStreamOnly, hasPackets: false, sni: "h.example" },
	);
	return { reader, found };
}

test("HTTP is read as such, unless the octets are said to be a stream", () => {
	const [http, stream] = [reading(false), reading(true)];
	for (const { reader } of [http, stream]) {
		reader.octets(toServer, evil);
		reader.end();
	}
	assert.deepEqual([http.found, stream.found], [["1 http h.example"], []]);
});

test("after octets were lost the rest is a stream", () => {
	const { reader, found } = reading(false);
	reader.octets(toServer, evil);
	reader.goOnAsStream();
	reader.octets(toClient, Buffer.from("a secret word"));
	reader.octets(toServer, evil);
	reader.end();
	assert.deepEqual(found, ["1 http h.example", "2 tcp h.example"]);
});

test("a client that begins with a method may speak HTTP", () => {
	assert.ok(mayBeHttp(toServer, evil));
	assert.ok(mayBeHttp(toServer, Buffer.from("GE")));
	assert.ok(!mayBeHttp(toClient, evil));
	assert.ok(!mayBeHttp(toServer, Buffer.from("\x16\x03\x01")));
});
