import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat, Writer } from "#base/bytes.ts";
import { type HandshakeStage, HandshakeWatch } from "#capture/handshake-watch.ts";
import type { HandshakeFacts } from "#signature/tls-buffers.ts";
import { contentType, encodeRecord } from "#tls/record.ts";
import captures from "../../test/captures/server-hello/server-hellos.json" with { type: "json" };
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { capturedHellos } from "../../test/support/tls-hello.ts";

const [client] = capturedHellos;
const made = makeCertificate({ subject: "CN=a.example" });

/** A ServerHello of TLS 1.2 without extensions. */
const hello12 = new Writer()
	.u8(2)
	.prefixed(3, (body) => body.u16(0x0303).bytes(new Uint8Array(32)).u8(0).u16(0xc02f).u8(0))
	.finish();
const chain = new Writer()
	.u8(11)
	.prefixed(3, (body) => body.prefixed(3, (list) => list.prefixed(3, (each) => each.bytes(made.der))))
	.finish();
const changeCipherSpec = Uint8Array.of(20, 3, 3, 0, 1, 1);

function record(...messages: Uint8Array[]): Uint8Array {
	return encodeRecord(contentType.handshake, 0x0303, concat(messages));
}

function watched(feed: (watch: HandshakeWatch) => void): { stages: HandshakeStage[]; facts: HandshakeFacts } {
	const stages: HandshakeStage[] = [];
	const watch = new HandshakeWatch((stage) => stages.push(stage));
	feed(watch);
	return { stages, facts: watch.facts };
}

test("each message of TLS 1.2 is told once, however the octets are cut", () => {
	const server = concat([record(hello12), record(chain), changeCipherSpec, record(hello12)]);
	for (const size of [1, 7, 100_000]) {
		const { stages, facts } = watched((watch) => {
			const octets = client?.octets ?? assert.fail();
			for (let at = 0; at < octets.length; at += size) watch.fromClient(octets.subarray(at, at + size));
			for (let at = 0; at < server.length; at += size) watch.fromServer(server.subarray(at, at + size));
		});
		assert.deepEqual(stages, ["client-hello", "server-hello", "certificate"]);
		assert.equal(facts.chain?.[0]?.fingerprint, made.certificate.fingerprint);
		assert.equal(facts.serverHello?.cipherSuite, 0xc02f);
	}
});

test("in TLS 1.3 nothing is told behind the ServerHello", () => {
	const hello = Buffer.from(captures.find(({ name }) => name === "node-tls13")?.octets ?? "", "hex");
	const { stages } = watched((watch) => watch.fromServer(concat([record(hello), record(chain)])));
	assert.ok(stages.includes("server-hello"));
});

test("what is no TLS tells nothing, and no octets make it fail", () => {
	assert.deepEqual(watched((watch) => watch.fromServer(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"))).stages, []);
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(60), (octets, at) => {
			const flight = concat([record(hello12), record(chain)]);
			flight.set(octets.subarray(0, flight.length - at), at);
			watched((watch) => {
				watch.fromClient(octets);
				watch.fromServer(flight);
			});
		}),
	);
});
