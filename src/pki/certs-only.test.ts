import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeIssuerCertificates } from "#pki/certs-only.ts";
import { derConstructed, derInteger, derOid, derSequence, derSetOf } from "#pki/der.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { certsOnly } from "../../test/support/responder.ts";

const [one, two] = [
	makeCertificate({ isCa: true, subject: "CN=one" }),
	makeCertificate({ isCa: true, subject: "CN=two" }),
];

function names(octets: Uint8Array): string[] {
	const decoded = decodeIssuerCertificates(octets);
	assert.equal(decoded.kind, "done", decoded.kind === "malformed" ? decoded.reason : "");
	return decoded.kind === "done" ? decoded.value.map(({ subject }) => subject.text) : [];
}

function refused(octets: Uint8Array, why: RegExp): void {
	const decoded = decodeIssuerCertificates(octets);
	assert.equal(decoded.kind, "malformed");
	if (decoded.kind === "malformed") assert.match(decoded.reason, why);
}

describe("certificates at the address of an issuer", () => {
	test("are one in DER, several in a CMS message, or PEM", () => {
		assert.deepEqual(names(one.der), ["CN=one"]);
		assert.deepEqual(names(certsOnly(one, two)), ["CN=one", "CN=two"]);
		assert.deepEqual(names(Buffer.from(`text\n${one.pem}${two.pem}`)), ["CN=one", "CN=two"]);
	});

	test("that cannot be read are left out of a message, and a message without any is refused", () => {
		assert.deepEqual(names(certsOnly(one, { der: derSequence(derInteger(1)) })), ["CN=one"]);
		refused(certsOnly(), /no certificate/);
		refused(certsOnly({ der: derSequence(derInteger(1)) }), /no certificate/);
	});

	test("are at most sixteen, in at most 64 KiB", () => {
		refused(certsOnly(...Array.from({ length: 17 }, () => one)), /more than 16/);
		refused(new Uint8Array(65_537), /more than 65536 octets/);
	});

	test("are nothing else", () => {
		refused(new Uint8Array(0), /./);
		refused(Buffer.from("<html>not found</html>"), /./);
		refused(Buffer.from("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"), /without a certificate/);
		const data = derSequence(derOid("1.2.840.113549.1.7.1"), derConstructed(0, derSequence()));
		refused(data, /expected signed data/);
		refused(
			derSequence(derOid("1.2.840.113549.1.7.2"), derConstructed(0, derSequence(derInteger(1), derSetOf()))),
			/./,
		);
	});

	test("every prefix of a message, and every change of an octet, is answered without an exception", () => {
		const whole = certsOnly(one, two);
		for (let length = 0; length < whole.length; length += 7) refused(whole.subarray(0, length), /./);
		const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }));
		fc.assert(
			fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.array(change, { maxLength: 4 })), (input) => {
				if (input instanceof Uint8Array) return void decodeIssuerCertificates(input);
				const changed = Buffer.from(whole);
				for (const [at, by] of input) changed[at] = (changed[at] as number) ^ by;
				const decoded = decodeIssuerCertificates(changed);
				assert.ok(decoded.kind !== "need-more");
			}),
		);
	});
});
