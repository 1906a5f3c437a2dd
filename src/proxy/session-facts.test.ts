import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, parseAddress } from "#base/address.ts";
import { SessionFacts } from "#proxy/session-facts.ts";
import type { LegRecord } from "#telemetry/session-record.ts";
import { decodedCapture } from "../../test/support/tls-hello.ts";

const client = { address: parseAddress("10.1.4.7") as Address, port: 40_001, reachedAt: "192.0.2.1:8080" };
const leg: LegRecord = { version: "TLSv1.3", cipherSuite: "TLS_AES_128_GCM_SHA256", isResumed: false };
const leaf = { sha256: "bb", group: "P-256" };

function facts(): SessionFacts {
	return new SessionFacts("3f9c2a1b77d0e452", "explicit", client, 1_000);
}

test("R210: a connection of which nothing was learned has a record that says so", () => {
	const known = facts();
	known.ended("the client closed the connection", undefined, 1_500);
	const { startedAt, endedAt, decision, server, endedBecause, inspection } = known.record();
	assert.deepEqual([startedAt, endedAt, decision, inspection], [1_000, 1_500, "none", "not decrypted"]);
	assert.deepEqual(server, { host: "", port: 0 });
	assert.equal(endedBecause, "the client closed the connection");
});

test("the ClientHello gives name, fingerprints and the time that it took", () => {
	const known = facts();
	const hello = decodedCapture("chromium-1");
	known.helloRead(hello, 1_040);
	const { sni, ja3, ja4, timing } = known.record();
	assert.equal(sni, hello.sni);
	assert.match(ja3 ?? "", /^[0-9a-f]{32}$/);
	assert.match(ja4 ?? "", /^t13d/);
	assert.deepEqual(timing, { helloMs: 40 });
});

test("the client's leg has the certificate and the group of its context, but no group where an old session was resumed", () => {
	const known = facts();
	known.leaf = leaf;
	known.clientSecured(leg, 1_100);
	assert.deepEqual(known.record().clientLeg, { ...leg, group: "P-256", certificateSha256: "bb" });
	known.clientSecured({ ...leg, version: "TLSv1.2", isResumed: true }, 1_100);
	assert.equal(known.record().clientLeg?.group, undefined);
});

test("a fault is in the record beside the reason", () => {
	const known = facts();
	known.target = { host: "shop.example", port: 443 };
	known.ended("it failed", "SERVER_UNREACHABLE", 2_000);
	assert.deepEqual([known.targetText, known.record().faultCode], ["shop.example:443", "SERVER_UNREACHABLE"]);
});
