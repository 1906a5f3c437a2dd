import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeProxiedTls, encodeProxiedTls, type ProxiedTls } from "#proxy/proxied-tls.ts";

/** A record whose objects are plain ones, as ours are. */
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { noNullPrototype: true });
const none: ProxiedTls = {
	isTls: false,
	hasCertificate: false,
	hadCertificate: false,
	isVerified: false,
	version: undefined,
	commonName: undefined,
	cipher: undefined,
	signatureAlgorithm: undefined,
	keyAlgorithm: undefined,
	group: undefined,
	signatureScheme: undefined,
	certificate: undefined,
};

test("version, name and cipher are read, and a certificate that verified", () => {
	const octets = Buffer.from("0700000000210007544c5376312e33220003746f6d230002415a", "hex");
	assert.deepEqual(decodeProxiedTls(octets), {
		kind: "done",
		octets: octets.length,
		value: {
			...none,
			isTls: true,
			hasCertificate: true,
			hadCertificate: true,
			isVerified: true,
			version: "TLSv1.3",
			commonName: "tom",
			cipher: "AZ",
		},
	});
});

test("verify 0 without a certificate verified nothing", () => {
	const decoded = decodeProxiedTls(Uint8Array.of(1, 0, 0, 0, 0));
	assert.ok(decoded.kind === "done");
	assert.equal(decoded.value.isTls, true);
	assert.equal(decoded.value.isVerified, false);
});

test("a value that is too short, and an inner TLV that reaches past it, are malformed", () => {
	assert.equal(decodeProxiedTls(Uint8Array.of(1, 0, 0, 0)).kind, "malformed");
	assert.equal(decodeProxiedTls(Uint8Array.of(1, 0, 0, 0, 0, 0x21, 0, 9, 84)).kind, "malformed");
});

test("what is encoded is decoded, and no octets make it throw", () => {
	const text = fc.option(fc.string({ unit: "grapheme-ascii", maxLength: 40 }), { nil: undefined });
	const tls = record({
		isTls: fc.boolean(),
		hasCertificate: fc.boolean(),
		hadCertificate: fc.boolean(),
		isVerified: fc.boolean(),
		version: text,
		commonName: text,
		cipher: text,
		signatureAlgorithm: text,
		keyAlgorithm: text,
		group: text,
		signatureScheme: text,
		certificate: fc.option(fc.uint8Array({ maxLength: 50 }), { nil: undefined }),
	}).map((one) => ({ ...one, isVerified: one.isVerified && (one.hasCertificate || one.hadCertificate) }));
	fc.assert(
		fc.property(tls, (value) => {
			const octets = encodeProxiedTls(value);
			assert.deepEqual(decodeProxiedTls(octets), { kind: "done", value, octets: octets.length });
		}),
	);
	fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => decodeProxiedTls(octets).kind !== "need-more"));
});
