import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { needMore } from "#base/bytes.ts";
import { decodeClientHello, maxHelloOctets } from "#tls/client-hello.ts";
import { extensionType } from "#tls/extension-types.ts";
import {
	buildHello,
	capturedHello,
	capturedHellos,
	decodedCapture,
	decodedHello,
	serverNameExtension,
	u16ListBody,
} from "../../test/support/tls-hello.ts";

function reasonOf(message: Uint8Array): string {
	const decoded = decodeClientHello(message);
	return decoded.kind === "malformed" ? decoded.reason : decoded.kind;
}

/** The message with one octet put in place of another. */
function patched(message: Uint8Array, at: number, octet: number): Uint8Array {
	const copy = Uint8Array.from(message);
	copy[at] = octet;
	return copy;
}

test("every captured hello of a real client decodes and takes its whole message", () => {
	assert.ok(capturedHellos.length >= 12);
	for (const { name, message } of capturedHellos) {
		const decoded = decodeClientHello(message);
		assert.ok(decoded.kind === "done", `${name}: ${JSON.stringify(decoded)}`);
		assert.equal(decoded.octets, message.length);
		assert.equal(decoded.value.random.length, 32);
	}
});

test("Node 26 offers X25519MLKEM768 with a key share, TLS 1.3 and 1.2, h2 first", () => {
	const hello = decodedCapture("node");
	assert.equal(hello.sni, "www.example.org");
	assert.deepEqual(hello.alpn, ["h2", "http/1.1"]);
	assert.deepEqual(hello.supportedVersions, [0x0304, 0x0303]);
	assert.deepEqual(hello.keyShareGroups, [0x11ec, 29]);
	assert.deepEqual(hello.supportedGroups.slice(0, 3), [0x11ec, 29, 23]);
	assert.deepEqual(hello.cipherSuites.slice(0, 3), [0x1302, 0x1303, 0x1301]);
	assert.deepEqual([hello.isGreasePresent, hello.hasEch, hello.hasPreSharedKey], [false, false, false]);
	assert.deepEqual([...(hello.sessionTicket ?? [1])], []);
});

test("Chromium sends GREASE, a post-quantum key share and an outer ECH, in another order for each connection", () => {
	const hellos = [1, 2, 3, 4].map((index) => decodedCapture(`chromium-${index}`));
	for (const hello of hellos) {
		assert.equal(hello.sni, "www.example.org");
		assert.equal(hello.isGreasePresent, true);
		assert.equal(hello.hasEch, true);
		assert.equal(hello.encryptedClientHello?.form, "outer");
		assert.deepEqual(hello.keyShareGroups.slice(1), [0x11ec, 29]);
		assert.deepEqual([hello.hasStatusRequest, hello.hasExtendedMasterSecret], [true, true]);
	}
	assert.equal(new Set(hellos.map((hello) => hello.extensions.map(({ type }) => type).join())).size, 4);
});

test("Firefox sends three key shares and an outer ECH", () => {
	const hello = decodedCapture("firefox");
	assert.deepEqual(hello.keyShareGroups, [0x11ec, 29, 23]);
	assert.equal(hello.hasEch, true);
	assert.equal(hello.isGreasePresent, false);
});

test("a resuming client with early data shows both", () => {
	const hello = decodedCapture("openssl-early-data");
	assert.deepEqual([hello.hasPreSharedKey, hello.hasEarlyData], [true, true]);
	assert.deepEqual(hello.pskModes, [1]);
});

test("a TLS 1.0 hello without server name says so", () => {
	const hello = decodedCapture("openssl-tls10-noservername");
	assert.equal(hello.legacyVersion, 0x0301);
	assert.deepEqual(hello.serverName, { kind: "absent" });
	assert.deepEqual([hello.supportedVersions, hello.keyShareGroups, hello.alpn], [[], [], []]);
});

test("a hello may end before its extensions, or have none", () => {
	assert.deepEqual(decodedHello(buildHello()).extensions, []);
	assert.deepEqual(decodedHello(buildHello({ extensions: [] })).extensions, []);
});

test("each part of a message needs more, and no part is taken for the whole", () => {
	for (const name of ["node", "chromium-1", "openssl-tls10-noservername"]) {
		const { message } = capturedHello(name);
		for (let end = 0; end < message.length; end++) assert.equal(decodeClientHello(message.subarray(0, end)), needMore);
	}
});

test("octets behind the message are left alone", () => {
	const { message } = capturedHello("curl");
	const decoded = decodeClientHello(Buffer.concat([message, Buffer.from("garbage")]));
	assert.ok(decoded.kind === "done");
	assert.equal(decoded.octets, message.length);
});

test("a frame cut by any number of octets is malformed, never need-more: inner lengths are strict", () => {
	for (const name of ["chromium-1", "openssl-early-data", "gnutls"]) {
		const { message } = capturedHello(name);
		for (let length = 0; length < message.length - 4; length++) {
			const cut = Uint8Array.from(message.subarray(0, 4 + length));
			cut.set([length >>> 16, length >>> 8, length], 1);
			// A hello of TLS 1.2 may end before its extensions: the one cut that leaves a whole message.
			const endOfFixedPart =
				4 + 2 + 32 + 1 + (message[38] ?? 0) + 2 + ((message[71] ?? 0) << 8) + (message[72] ?? 0) + 2;
			const isWhole = cut.length === endOfFixedPart;
			assert.equal(decodeClientHello(cut).kind, isWhole ? "done" : "malformed", `${name} cut to ${length}`);
		}
	}
});

test("a frame lengthened by one octet is malformed", () => {
	for (const { name, message } of capturedHellos) {
		const longer = new Uint8Array(message.length + 1);
		longer.set(message);
		longer.set([(message.length - 3) >>> 16, (message.length - 3) >>> 8, message.length - 3], 1);
		assert.match(reasonOf(longer), /^extensions say/, name);
	}
});

test("the fixed fields are checked", () => {
	assert.match(reasonOf(Uint8Array.of(2)), /^first handshake message has type 2; expected ClientHello/);
	assert.match(reasonOf(buildHello({ legacyVersion: 0x0002 })), /^ClientHello version is 0x0002/);
	assert.match(reasonOf(buildHello({ sessionId: new Uint8Array(33) })), /^session_id has 33 octets/);
	assert.match(reasonOf(buildHello({ cipherSuites: [] })), /^cipher_suites has 0 octets/);
	assert.match(reasonOf(buildHello({ compressionMethods: [] })), /null method/);
	assert.match(reasonOf(buildHello({ compressionMethods: [1] })), /null method/);
	const odd = patched(buildHello({ cipherSuites: [0xc02b, 0xc001] }), 4 + 2 + 32 + 1 + 1, 3);
	assert.match(reasonOf(odd), /^cipher_suites has 3 octets/);
	assert.deepEqual(decodedHello(buildHello({ compressionMethods: [1, 0] })).compressionMethods, [1, 0]);
	assert.equal(decodedHello(buildHello({ legacyVersion: 0x0300 })).legacyVersion, 0x0300);
});

test("an extension that comes twice is refused, known or not", () => {
	const name = serverNameExtension([0, "a.example"]);
	assert.equal(reasonOf(buildHello({ extensions: [name, name] })), "server_name (0x0000) comes twice");
	const unknown: [number, Uint8Array] = [0x1234, Uint8Array.of(1)];
	assert.equal(reasonOf(buildHello({ extensions: [unknown, name, unknown] })), "extension 0x1234 comes twice");
});

test("pre_shared_key before another extension is refused", () => {
	const hello = decodedCapture("openssl-early-data");
	const extensions = hello.extensions.map(({ type, body }) => [type, body] as const);
	const rotated = [...extensions.slice(-1), ...extensions.slice(0, -1)];
	assert.equal(decodeClientHello(buildHello({ extensions })).kind, "done");
	assert.equal(reasonOf(buildHello({ extensions: rotated })), "pre_shared_key (0x0029) is not the last extension");
});

test("a message above 64 KiB is refused by its header, one of 64 KiB is read", () => {
	const tooLong = maxHelloOctets - 3;
	assert.match(reasonOf(Uint8Array.of(1, tooLong >>> 16, tooLong >>> 8, tooLong)), /^ClientHello has 65537 octets/);
	const filler: [number, Uint8Array] = [
		21,
		new Uint8Array(maxHelloOctets - buildHello({ extensions: [[21, new Uint8Array(0)]] }).length),
	];
	const largest = buildHello({ extensions: [filler] });
	assert.equal(largest.length, maxHelloOctets);
	assert.equal(decodeClientHello(largest).kind, "done");
});

test("GREASE is seen in suites, extensions, groups, versions, signature schemes and protocols", () => {
	const { supportedGroups, supportedVersions, signatureAlgorithms, alpn } = extensionType;
	assert.equal(decodedHello(buildHello({ cipherSuites: [0x1301, 0x2a2a] })).isGreasePresent, true);
	const bodies: [number, Uint8Array][] = [
		[0x3a3a, new Uint8Array(0)],
		[supportedGroups, u16ListBody(2, [29, 0x4a4a])],
		[supportedVersions, u16ListBody(1, [0x5a5a, 0x0304])],
		[signatureAlgorithms, u16ListBody(2, [0x0403, 0x6a6a])],
		[alpn, Uint8Array.of(0, 3, 2, 0x7a, 0x7a)],
	];
	for (const extension of bodies) {
		assert.equal(decodedHello(buildHello({ extensions: [extension] })).isGreasePresent, true);
	}
	assert.equal(
		decodedHello(buildHello({ extensions: [[supportedGroups, u16ListBody(2, [29])]] })).isGreasePresent,
		false,
	);
});

test("random octets and mutated hellos never throw, and a decoded one stays inside its input", () => {
	const mutation = fc.record({
		hello: fc.constantFrom(...capturedHellos),
		changes: fc.array(fc.tuple(fc.nat(4095), fc.nat(255)), { minLength: 1, maxLength: 8 }),
	});
	fc.assert(
		fc.property(mutation, ({ hello, changes }) => {
			const octets = Uint8Array.from(hello.message);
			for (const [at, octet] of changes) octets[at % octets.length] = octet;
			const decoded = decodeClientHello(octets);
			if (decoded.kind !== "done") return;
			assert.ok(decoded.octets <= octets.length);
			for (const { body } of decoded.value.extensions) assert.ok(body.byteOffset + body.length <= octets.byteLength);
		}),
		{ numRuns: 2000 },
	);
	fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => void decodeClientHello(octets)));
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
			const octets = Uint8Array.from([1, 0, 0, tail.length, ...tail]);
			assert.notEqual(decodeClientHello(octets).kind, "need-more");
		}),
	);
});
