import assert from "node:assert/strict";
import { test } from "node:test";
import { Reader } from "#base/bytes.ts";
import { makeDtlsClient } from "#proxy/dtls-legs.ts";
import type { DtlsResources } from "#proxy/dtls-resources.ts";
import { type ClientHello, decodeHelloBody } from "#tls/client-hello.ts";
import { DtlsHelloReader } from "#tls/dtls-client-hello.ts";
import { gradeLegs, type LegSettings, legSettings } from "#tls/leg-settings.ts";
import { helloBody } from "../../test/support/dtls-hello.ts";
import { seededRandom } from "../../test/support/seeded-random.ts";

const strict = gradeLegs("strict").server;
const resources = { random: seededRandom("a") } as unknown as DtlsResources;

/** What a client with these settings says first. */
function offerOf(settings: LegSettings, host: string, hello?: ClientHello): ClientHello {
	const sent: Uint8Array[] = [];
	const never = () => undefined;
	const ports = {
		send: (octets: Uint8Array) => void sent.push(octets),
		certificates: never,
		established: never,
		data: never,
		ended: never,
	};
	makeDtlsClient(settings, host, hello, undefined, resources, ports).start(0);
	const reading = new DtlsHelloReader().push(sent[0] as Uint8Array);
	assert.ok(reading.kind === "hello", JSON.stringify(reading));
	return reading.hello;
}

function helloOf(name: string): ClientHello {
	const decoded = decodeHelloBody(new Reader(helloBody(name)), { majorVersion: 0xfe, hasCookie: true });
	assert.ok(decoded.kind === "done");
	return decoded.value;
}

test("F1: a client in clear has all offered that the grade allows of DTLS 1.2: ECDHE with AEAD", () => {
	const offer = offerOf(strict, "app.test");
	assert.deepEqual(offer.cipherSuites.toSorted(), [0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9].toSorted());
	assert.deepEqual([offer.sni, offer.supportedGroups], ["app.test", [0x001d, 0x0017, 0x0018]]);
	assert.equal(offerOf(strict, "192.0.2.1").sni, undefined);
});

test("M10 M15: the server is offered what the client offered, under the name that it asked for", () => {
	assert.deepEqual(offerOf(strict, "app.test", helloOf("a.test")).cipherSuites, [0xc02b]);
	assert.equal(offerOf(strict, "app.test", helloOf("a.test")).sni, "a.test");
	const own = { ...strict, isOwnOffer: true };
	assert.equal(offerOf(own, "app.test", helloOf("a.test")).cipherSuites.length, 6);
});

test("R168: statements of a profile narrow the leg", () => {
	const custom = legSettings({ grade: "strict", custom: ["ecdhe-rsa-with-aes-256-gcm-sha384"], groups: ["secp384r1"] });
	const offer = offerOf(custom, "app.test");
	assert.deepEqual([offer.cipherSuites, offer.supportedGroups], [[0xc030], [0x0018]]);
});
