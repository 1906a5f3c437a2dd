import assert from "node:assert/strict";
import { constants } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { LeafKeyClass } from "#pki/leaf-key-class.ts";
import { planClientLeg } from "#proxy/client-leg.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { gradeLegs } from "#tls/leg-settings.ts";
import { capturedHellos, decodedCapture, decodedHello } from "../../test/support/tls-hello.ts";

const firefox = decodedCapture("firefox");
const tls12 = decodedCapture("openssl-tls12");
const withParts = (hello: ClientHello, parts: Partial<ClientHello>): ClientHello => ({ ...hello, ...parts });
const strict = gradeLegs("strict").client;
const usual = ["p256", "rsa2048", "p384"] as const;
const groupOf = (hello: ClientHello) => planClientLeg(hello, strict, true, usual).group;
const keyClassOf = (hello: ClientHello, classes: readonly LeafKeyClass[] = usual) =>
	planClientLeg(hello, strict, true, classes).keyClass;

test("a post-quantum group goes before classical ones, also when it costs a retry", () => {
	assert.equal(
		groupOf(withParts(firefox, { supportedGroups: [0x001d, 0x11ec], keyShareGroups: [0x001d, 0x11ec] })),
		"X25519MLKEM768",
	);
	assert.equal(
		groupOf(withParts(firefox, { supportedGroups: [0x001d, 0x11ec], keyShareGroups: [0x001d] })),
		"X25519MLKEM768",
	);
	assert.equal(
		groupOf(withParts(firefox, { supportedGroups: [0x11ec, 0x11eb], keyShareGroups: [0x11eb] })),
		"SecP256r1MLKEM768",
	);
});

test("among classical groups one whose key share is there goes first: it saves a round trip", () => {
	assert.equal(groupOf(withParts(firefox, { supportedGroups: [0x001d, 0x0018], keyShareGroups: [0x0018] })), "P-384");
	assert.equal(groupOf(withParts(firefox, { supportedGroups: [0x0018, 0x001d], keyShareGroups: [] })), "X25519");
});

test("a client of X448 alone gets it, since the offer to its server may hold it", () => {
	assert.equal(groupOf(withParts(firefox, { supportedGroups: [0x001e], keyShareGroups: [0x001e] })), "X448");
});

test("before TLS 1.3 no post-quantum group is taken, whatever the client lists", () => {
	const hello = withParts(tls12, { supportedVersions: [0x0303], supportedGroups: [0x11ec, 0x0017] });
	assert.equal(groupOf(hello), "P-256");
});

test("a client without a known group is left to P-256", () => {
	assert.equal(groupOf(withParts(firefox, { supportedGroups: [], keyShareGroups: [] })), "P-256");
	assert.equal(groupOf(withParts(firefox, { supportedGroups: [0x0a0a], keyShareGroups: [0x0a0a] })), "P-256");
});

test("the leaf has an ECDSA key for clients that take P-256 signatures, else an RSA key", () => {
	assert.equal(keyClassOf(firefox), "p256");
	assert.equal(keyClassOf(withParts(firefox, { signatureAlgorithms: [0x0804, 0x0401] })), "rsa2048");
	const ecdsa = { cipherSuites: [0xc02b, 0xc02f], signatureAlgorithms: [0x0403], supportedGroups: [0x0017] };
	assert.equal(keyClassOf(withParts(tls12, { ...ecdsa, supportedVersions: [] })), "p256");
	assert.equal(keyClassOf(withParts(tls12, { ...ecdsa, supportedVersions: [], cipherSuites: [0xc02f] })), "rsa2048");
	const curveless = { ...ecdsa, supportedVersions: [], supportedGroups: [0x001d, 0x0018] };
	assert.equal(
		keyClassOf(withParts(tls12, curveless)),
		"rsa2048",
		"RFC 8422 §5.1: the groups are also the certificate's curves",
	);
});

test("M8: the first class that the client takes is chosen", () => {
	const rsaFirst = ["rsa2048", "p256", "p384"] as const;
	assert.equal(keyClassOf(firefox, rsaFirst), "rsa2048");
	assert.equal(keyClassOf(withParts(firefox, { signatureAlgorithms: [0x0403] }), rsaFirst), "p256");
	assert.equal(keyClassOf(withParts(firefox, { signatureAlgorithms: [0x0503] }), rsaFirst), "p384");
	assert.equal(keyClassOf(firefox, ["p384", "p256", "rsa3072"]), "p384");
	assert.equal(keyClassOf(withParts(firefox, { signatureAlgorithms: [0x0403, 0x0804] }), ["p384", "p256"]), "p256");
	const old = { supportedVersions: [], cipherSuites: [0xc02b], signatureAlgorithms: [0x0403, 0x0503, 0x0804] };
	assert.equal(keyClassOf(withParts(tls12, { ...old, supportedGroups: [0x0017, 0x0018] }), rsaFirst), "p256");
	assert.equal(keyClassOf(withParts(tls12, { ...old, supportedGroups: [0x0018] }), rsaFirst), "p384");
});

test("without resumption the context hands out no tickets, and is another one", () => {
	const kept = planClientLeg(firefox, strict, true, usual);
	const full = planClientLeg(firefox, strict, false, usual);
	assert.equal(kept.options.secureOptions & constants.SSL_OP_NO_TICKET, 0);
	assert.notEqual(full.options.secureOptions & constants.SSL_OP_NO_TICKET, 0);
	assert.notEqual(kept.variant, full.variant);
});

test("R173: every leg refuses renegotiation and compression", () => {
	for (const { message } of capturedHellos) {
		const { secureOptions } = planClientLeg(decodedHello(message), gradeLegs("legacy").client, true, usual).options;
		const refused = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION;
		assert.equal(secureOptions & refused, refused);
	}
});

test("whatever a client lists, the plan is one group of its own context, and equal variants are equal options", () => {
	const byVariant = new Map<string, unknown>();
	const codes = fc.array(fc.constantFrom(0x001d, 0x0017, 0x0018, 0x0019, 0x11eb, 0x11ec, 0x11ed, 0x0a0a, 0x0100), {
		maxLength: 5,
	});
	const grades = fc.constantFrom("strict" as const, "compatible" as const, "legacy" as const);
	fc.assert(
		fc.property(
			codes,
			codes,
			fc.boolean(),
			fc.boolean(),
			grades,
			(supportedGroups, keyShareGroups, isTls13, tickets, grade) => {
				const supportedVersions = isTls13 ? [0x0304, 0x0303] : [0x0303];
				const leg = planClientLeg(
					withParts(firefox, { supportedGroups, keyShareGroups, supportedVersions }),
					gradeLegs(grade).client,
					tickets,
					usual,
				);
				assert.equal(leg.options.ecdhCurve, leg.group);
				const known = byVariant.get(leg.variant);
				if (known !== undefined) assert.deepEqual(leg.options, known);
				byVariant.set(leg.variant, leg.options);
			},
		),
	);
});
