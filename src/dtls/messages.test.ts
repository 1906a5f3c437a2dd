import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Reader } from "#base/bytes.ts";
import * as messages from "#dtls/messages.ts";
import { decodeHelloBody } from "#tls/client-hello.ts";

const random = new Uint8Array(32).fill(4);
const serverHello = {
	version: 0xfefd,
	random,
	suite: 0xc02b,
	hasExtendedMasterSecret: true,
	hasRenegotiationInfo: true,
	hasPointFormats: true,
	alpn: "coap",
};
const point = new Uint8Array(65).fill(4);
const signature = new Uint8Array(70).fill(6);
const exchange = { group: 0x0017, publicKey: point, scheme: 0x0403, signature };
const encoded: readonly (readonly [name: string, octets: Uint8Array, decode: (octets: Uint8Array) => unknown])[] = [
	["ServerHello", messages.encodeServerHello(serverHello), messages.decodeDtlsServerHello],
	["HelloVerifyRequest", messages.encodeHelloVerifyRequest(random), messages.decodeHelloVerifyRequest],
	["Certificate", messages.encodeCertificates([point, signature]), messages.decodeCertificates],
	["ServerKeyExchange", messages.encodeServerKeyExchange(exchange), messages.decodeServerKeyExchange],
	["CertificateRequest", messages.encodeCertificateRequest([0x0403]), messages.decodeCertificateRequest],
	["ClientKeyExchange", messages.encodeClientKeyExchange(point), messages.decodeClientKeyExchange],
	[
		"CertificateVerify",
		messages.encodeCertificateVerify({ scheme: 0x0403, signature }),
		messages.decodeCertificateVerify,
	],
];
const values = [serverHello, random, [point, signature], exchange, [0x0403], point, { scheme: 0x0403, signature }];

encoded.forEach(([name, octets, decode], index) => {
	const kindOf = (some: Uint8Array) => (decode(some) as { kind: string }).kind;

	test(`${name} that is written is read again`, () => {
		assert.deepEqual(decode(octets), { kind: "done", value: values[index], octets: octets.length });
	});

	test(`${name} that is cut or followed by an octet is malformed; any change is read without an exception`, () => {
		for (let length = 0; length < octets.length; length++) {
			// A ServerHello may end before its extensions.
			const isWhole = name === "ServerHello" && length === 38;
			assert.equal(kindOf(octets.subarray(0, length)), isWhole ? "done" : "malformed", `${length}`);
		}
		assert.equal(kindOf(Uint8Array.of(...octets, 0)), "malformed");
		fc.assert(
			fc.property(fc.nat(octets.length - 1), fc.nat(255), fc.uint8Array({ maxLength: 80 }), (at, octet, some) => {
				const changed = Uint8Array.from(octets);
				changed[at] = octet;
				assert.match(`${kindOf(changed)} ${kindOf(some)}`, /^(done|malformed) (done|malformed)$/);
			}),
			{ numRuns: 300 },
		);
	});
});

test("a ClientHello offers what it was told to, and no more: no compression, no session", () => {
	const offer = {
		random,
		cookie: Uint8Array.of(1, 2),
		suites: [0xc02b, 0xc02f],
		groups: [0x001d],
		schemes: [0x0403],
		alpn: ["coap"],
		serverName: "a.test",
	};
	const body = messages.encodeClientHello(offer);
	const decoded = decodeHelloBody(new Reader(body), { majorVersion: 0xfe, hasCookie: true });
	assert.ok(decoded.kind === "done");
	const { cipherSuites, supportedGroups, signatureAlgorithms, alpn, sni, hasExtendedMasterSecret } = decoded.value;
	assert.deepEqual(
		[cipherSuites, supportedGroups, signatureAlgorithms, alpn, sni, hasExtendedMasterSecret],
		[offer.suites, offer.groups, offer.schemes, offer.alpn, "a.test", true],
	);
	assert.deepEqual([decoded.value.compressionMethods, decoded.value.sessionId.length], [[0], 0]);
});

test("what was not asked for is refused: compression, a foreign extension, one twice, an old renegotiation", () => {
	const hello = messages.encodeServerHello({ ...serverHello, alpn: undefined, hasPointFormats: false });
	const change = (at: number, octet: number) => {
		const changed = Uint8Array.from(hello);
		changed[at] = octet;
		return JSON.stringify(messages.decodeDtlsServerHello(changed));
	};
	assert.match(change(37, 1), /compression 1/);
	assert.match(change(41, 0x02), /not asked for/);
	assert.match(change(44, 7), /renegotiation_info of a first handshake is not empty|do not fit/);
	const twice = messages.encodeServerHello({ ...serverHello, alpn: undefined, hasRenegotiationInfo: false });
	twice.set(twice.subarray(46, 48), 40);
	assert.equal(messages.decodeDtlsServerHello(twice).kind, "malformed");
	const chain = Array.from({ length: messages.maxCertificates + 1 }, () => point);
	assert.equal(messages.decodeCertificates(messages.encodeCertificates(chain)).kind, "malformed");
});
