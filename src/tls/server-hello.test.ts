import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { needMore } from "#base/bytes.ts";
import { encodeAlert } from "#tls/alert.ts";
import { extensionType } from "#tls/extension-types.ts";
import { contentType, encodeRecord } from "#tls/record.ts";
import { decodeServerFlight, decodeServerHello, maxServerHelloOctets } from "#tls/server-hello.ts";
import captures from "../../test/captures/server-hello/server-hellos.json" with { type: "json" };
import { buildHello, type HelloParts, inRecords } from "../../test/support/tls-hello.ts";

const captured = new Map(captures.map(({ name, octets }) => [name, Uint8Array.from(Buffer.from(octets, "hex"))]));

function message(name: string): Uint8Array {
	return captured.get(name) ?? assert.fail(`no capture ${name}`);
}

function decoded(octets: Uint8Array) {
	const result = decodeServerHello(octets);
	return result.kind === "done" ? result.value : assert.fail(JSON.stringify(result));
}

function reasonOf(octets: Uint8Array): string {
	const result = decodeServerHello(octets);
	return result.kind === "malformed" ? result.reason : result.kind;
}

/** A ServerHello: a ClientHello with one suite and one method, its two list lengths taken out and the type changed. */
function build(parts: Pick<HelloParts, "legacyVersion" | "sessionId" | "extensions"> = {}): Uint8Array {
	const client = buildHello({ cipherSuites: [0x1301], ...parts });
	const suiteLengthAt = 4 + 2 + 32 + 1 + (parts.sessionId?.length ?? 0);
	const octets = client.filter((_, at) => at !== suiteLengthAt && at !== suiteLengthAt + 1 && at !== suiteLengthAt + 4);
	octets.set([2, 0, (octets.length - 4) >>> 8, octets.length - 4]);
	return octets;
}

test("a TLS 1.3 server that chose X25519MLKEM768", () => {
	const hello = decoded(message("node-tls13"));
	assert.equal(hello.isRetryRequest, false);
	assert.deepEqual([hello.version, hello.cipherSuite, hello.group], [0x0304, 0x1302, 0x11ec]);
	assert.deepEqual([hello.isResumed, hello.alpn, hello.compressionMethod], [false, undefined, 0]);
});

test("a TLS 1.2 server says its protocol in clear and no group", () => {
	const hello = decoded(message("node-tls12"));
	assert.deepEqual([hello.version, hello.cipherSuite, hello.group, hello.alpn], [0x0303, 0xc02b, undefined, "h2"]);
	assert.equal(hello.sessionId.length, 0);
});

test("a HelloRetryRequest names the group that it asks for", () => {
	const hello = decoded(message("node-retry"));
	assert.equal(hello.isRetryRequest, true);
	assert.deepEqual([hello.version, hello.group], [0x0304, 24]);
});

test("a resumed TLS 1.3 session shows by pre_shared_key", () => {
	const hello = decoded(build({ extensions: [[extensionType.preSharedKey, Uint8Array.of(0, 0)]] }));
	assert.equal(hello.isResumed, true);
	assert.deepEqual(hello.extensionTypes, [extensionType.preSharedKey]);
});

test("each part of a message needs more, octets behind it are left alone", () => {
	for (const octets of captured.values()) {
		for (let end = 0; end < octets.length; end++) assert.equal(decodeServerHello(octets.subarray(0, end)), needMore);
		const longer = decodeServerHello(Uint8Array.from([...octets, 1, 2, 3]));
		assert.ok(longer.kind === "done");
		assert.equal(longer.octets, octets.length);
	}
});

test("a frame cut by any number of octets is malformed, but for the one without extensions", () => {
	for (const octets of captured.values()) {
		const bare = 4 + 2 + 32 + 1 + (octets[38] ?? 0) + 2 + 1;
		for (let end = 4; end < octets.length; end++) {
			const cut = octets.slice(0, end);
			cut.set([(end - 4) >>> 16, (end - 4) >>> 8, end - 4], 1);
			assert.equal(decodeServerHello(cut).kind, end === bare ? "done" : "malformed");
		}
	}
});

test("the fixed fields and the bodies are checked", () => {
	assert.match(reasonOf(Uint8Array.of(1)), /^handshake message has type 1; expected ServerHello/);
	assert.match(
		reasonOf(Uint8Array.of(2, 1, 0, 0)),
		new RegExp(`^ServerHello has 65540 octets; at most ${maxServerHelloOctets}`),
	);
	assert.match(reasonOf(build({ legacyVersion: 0x0203 })), /^ServerHello version is 0x0203/);
	assert.match(reasonOf(build({ sessionId: new Uint8Array(33) })), /^session_id has 33 octets/);
	const twice: [number, Uint8Array] = [extensionType.supportedVersions, Uint8Array.of(3, 4)];
	assert.equal(reasonOf(build({ extensions: [twice, twice] })), "supported_versions (0x002b) comes twice");
	const bodies: [number, number[], string][] = [
		[extensionType.supportedVersions, [3], "an inner length reaches past its end"],
		[extensionType.supportedVersions, [3, 4, 0], "1 octets behind its value"],
		[extensionType.keyShare, [0, 29, 0, 0], "an empty key share"],
		[extensionType.alpn, [0, 6, 2, 0x68, 0x32, 2, 0x68, 0x33], "expected one protocol name"],
		[extensionType.alpn, [0, 1, 0], "expected one protocol name"],
	];
	for (const [type, body, reason] of bodies) {
		assert.ok(reasonOf(build({ extensions: [[type, Uint8Array.from(body)]] })).endsWith(reason), reason);
	}
});

test("a flight is read over any records, up to the end of the last one", () => {
	const octets = message("node-tls13");
	for (const size of [20, 100, 1210, 4000]) {
		const records = inRecords(octets, size);
		const result = decodeServerFlight(Buffer.concat([records, Uint8Array.of(20, 3, 3, 0, 1, 1)]));
		assert.ok(result.kind === "done");
		assert.equal(result.octets, records.length);
		assert.equal(result.value.group, 0x11ec);
		for (let end = 0; end < records.length; end += 7) {
			assert.equal(decodeServerFlight(records.subarray(0, end)).kind, "need-more");
		}
	}
	assert.match(JSON.stringify(decodeServerFlight(inRecords(octets, 1))), /more than 64 records/);
});

test("an alert instead of a hello is named", () => {
	const result = decodeServerFlight(encodeAlert("handshake_failure"));
	assert.deepEqual(result, {
		kind: "malformed",
		reason: "server answers with handshake_failure (40): no acceptable set of parameters",
	});
	assert.equal(
		decodeServerFlight(encodeRecord(contentType.applicationData, 0x0303, Uint8Array.of(1))).kind,
		"malformed",
	);
});

test("random and mutated octets never throw", () => {
	const mutated = fc
		.tuple(fc.constantFrom(...captured.values()), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }))
		.map(([octets, changes]) => {
			const copy = octets.slice();
			for (const [at, octet] of changes) copy[at % copy.length] = octet;
			return copy;
		});
	fc.assert(
		fc.property(
			fc.oneof(mutated, fc.uint8Array({ maxLength: 120 })),
			fc.integer({ min: 20, max: 400 }),
			(octets, size) => {
				const result = decodeServerHello(octets);
				if (result.kind === "done") assert.ok(result.octets <= octets.length);
				decodeServerFlight(octets);
				if (octets.length > 0) decodeServerFlight(inRecords(octets, size));
			},
		),
		{ numRuns: 2000 },
	);
});
