/** What is answered to extreme and broken certificate files, word for word. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concat } from "#base/bytes.ts";
import { newWorkBudget } from "#pki/build-path.ts";
import { decodeCertificate } from "#pki/certificate.ts";
import { readCertificateFile } from "#pki/certificate-file.ts";
import { decodeCertificateRequest, planCertificateRequest } from "#pki/certificate-request.ts";
import { decodeCrl } from "#pki/crl.ts";
import {
	derBitString,
	derElement,
	derInteger,
	derOctetString,
	derOid,
	derSequence,
	derSetOf,
	derTag,
} from "#pki/der.ts";
import { decodeOcspResponse } from "#pki/ocsp.ts";
import { certificatePem, pemText } from "#pki/pem.ts";
import { readPkcs12 } from "#pki/pkcs12.ts";
import { readPrivateKey } from "#pki/private-key-file.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { verifyChain } from "#pki/verify-chain.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { type CertificateRequest, makeCertificate, makeChain, makeGeneralName } from "../support/make-certificate.ts";
import { pkiFile } from "../support/pki-files.ts";

/** Every reader of a whole file, and its reason to refuse; undefined when it takes the file. */
const readers = {
	certificate: (octets: Uint8Array) => reasonOf(decodeCertificate(octets)),
	request: (octets: Uint8Array) => reasonOf(decodeCertificateRequest(octets)),
	crl: (octets: Uint8Array) => reasonOf(decodeCrl(octets)),
	ocsp: (octets: Uint8Array) => reasonOf(decodeOcspResponse(octets)),
	key: (octets: Uint8Array) => reasonOf(readPrivateKey(octets, "x")),
	"certificate file": (octets: Uint8Array) => reasonOf(readCertificateFile(octets)),
	"PKCS#12": (octets: Uint8Array) => reasonOf(readPkcs12(octets, "x")),
};

function reasonOf(answer: { readonly kind: string; readonly reason?: string }): string | undefined {
	assert.notEqual(answer.kind, "need-more");
	return answer.reason;
}

/** What each reader says to the octets. */
function answers(octets: Uint8Array): Record<keyof typeof readers, string | undefined> {
	const entries = Object.entries(readers).map(([name, read]) => [name, read(octets)]);
	return Object.fromEntries(entries) as Record<keyof typeof readers, string | undefined>;
}

/** The verdict of each profile on a server certificate below a root that is trusted, for shop.example. */
function verdicts(leaf: CertificateRequest): Record<string, string> {
	const chain = makeChain(["shop.example"], { leaf });
	return Object.fromEntries(
		Object.entries(validationProfiles).map(([name, profile]) => {
			const verdict = verifyChain({
				anchors: new TrustAnchors([chain.root.certificate]),
				now: Date.now(),
				profile,
				cache: new SignatureCache(10),
				budget: newWorkBudget(),
				leaf: chain.leaf.certificate,
				intermediates: [chain.intermediate.certificate],
				host: "shop.example",
			});
			return [name, verdict.kind === "trusted" ? "trusted" : `${verdict.reason.code}: ${verdict.reason.sentence}`];
		}),
	);
}

const manyNames = Array.from({ length: 10_000 }, (_, index) => `host-${index}.shop.example`);

describe("stated answers", () => {
	it("10,000 names in a certificate are read and the right one found (V16)", () => {
		const { certificate, der } = makeCertificate({ names: [...manyNames, "shop.example"] });
		assert.equal(certificate.typed.subjectAltName?.length, 10_001);
		assert.deepEqual(certificate.faults, []);
		assert.equal(readers["certificate file"](Buffer.from(certificatePem(der))), undefined);
		const trusted = { strict: "trusted", "web-pki": "trusted", lenient: "trusted" };
		assert.deepEqual(verdicts({ names: [...manyNames, "shop.example"], subject: "CN=shop.example" }), trusted);
	});

	it("10,000 names in a request are read; more elements than 65,536 are not", () => {
		const subjectAltName = (count: number) =>
			derSequence(concat(Array.from({ length: count }, (_, index) => makeGeneralName(`h${index}`))));
		const request = (count: number) => {
			const publicKeyInfo = makeCertificate().certificate.publicKey.raw;
			const info = planCertificateRequest({
				subject: derSequence(),
				publicKeyInfo,
				subjectAltName: subjectAltName(count),
			});
			return derSequence(info, derSequence(derOid("1.2.840.10045.4.3.2")), derBitString(new Uint8Array(70)));
		};
		const read = decodeCertificateRequest(request(10_000));
		assert.equal(read.kind === "done" && read.value.typed.subjectAltName?.length, 10_000);
		const more = decodeCertificateRequest(request(70_000));
		assert.deepEqual(more.kind === "done" && more.value.faults, ["subjectAltName: more than 65536 elements"]);
	});

	it("a file of 4 MB is refused by its size, before anything in it is read", () => {
		const large = derSequence(new Uint8Array(4_000_000));
		assert.deepEqual(answers(large), {
			certificate: "certificate: 4000005 octets, at most 1048576 are read",
			request: "certificate request: 4000005 octets, at most 1048576 are read",
			crl: "tbsCertList: expected tag 0x30, got 0x00",
			ocsp: "OCSP response: 4000005 octets, at most 262144 are read",
			key: "4000005 octets; a key file has at most 65536",
			"certificate file": "certificate: 4000005 octets, at most 1048576 are read",
			"PKCS#12": "more than 65536 elements",
		});
		const pem = Buffer.from(certificatePem(large));
		assert.equal(readers["certificate file"](pem), "5416728 octets; a certificate file has at most 4194304");
	});

	it("an empty file is refused by every reader", () => {
		const cut = (what: string) => `${what}: missing or cut short`;
		assert.deepEqual(answers(new Uint8Array(0)), {
			certificate: cut("certificate"),
			request: cut("certificate request"),
			crl: cut("CRL"),
			ocsp: cut("OCSP response"),
			key: "the file is empty",
			"certificate file": "the file is empty",
			"PKCS#12": "the file is empty",
		});
	});

	it("indefinite lengths are refused in what is signed, and read in containers only", () => {
		const indefinite = (der: Uint8Array) => Buffer.concat([Buffer.of(0x30, 0x80), der.subarray(4), Buffer.of(0, 0)]);
		assert.deepEqual(answers(indefinite(pkiFile("certificate-leaf.der"))), {
			certificate: "certificate: indefinite length",
			request: "certificate request: indefinite length",
			crl: "CRL: indefinite length",
			ocsp: "OCSP response: indefinite length",
			key: "neither PEM nor DER: key: indefinite length",
			"certificate file": "PKCS#7: content type: expected tag 0x06, got 0x30",
			"PKCS#12": "this is no PKCS#12 file: expected version 3 at its beginning",
		});
		assert.equal(readers["certificate file"](pkiFile("pkcs7-indefinite.p7b")), undefined);
		assert.equal(readPkcs12(pkiFile("pkcs12-nss.p12"), "secret").kind, "contents");
	});

	it("a negative serial is read and shown as its octets; strict refuses it", () => {
		const { certificate } = makeCertificate({ serial: -5n });
		assert.deepEqual([certificate.serialText, certificate.faults], ["FB", []]);
		assert.deepEqual(verdicts({ serial: -5n, subject: "CN=shop.example" }), {
			strict: `serial-number: ${leafText}: a serial number of 1 octets that is too long or not positive`,
			"web-pki": "trusted",
			lenient: "trusted",
		});
	});

	it("text that is not UTF-8, and NUL in a name, are faults that no profile passes over", () => {
		const name = (...octets: number[]) =>
			derSequence(derSetOf(derSequence(derOid("2.5.4.3"), derElement(derTag.utf8String, Uint8Array.from(octets)))));
		const says = "subject: CN is not valid text of its string type";
		for (const subject of [name(0xc3, 0x28), name(0x61, 0x00, 0x62), name(0xed, 0xa0, 0x80)]) {
			const issuer = makeCertificate({ isCa: true });
			assert.deepEqual(makeCertificate({ subject, issuer }).certificate.faults, [says]);
			const all = Object.values(verdicts({ subject }));
			assert.equal(all.length, 3);
			for (const verdict of all)
				assert.match(verdict, /^malformed: certificate 0 .*: subject: CN is not valid text of its string type$/);
		}
	});

	it("NUL in a subjectAltName is a fault: no name before it counts", () => {
		const { certificate } = makeCertificate({ names: ["shop.example\u0000.evil.example"] });
		const says = "subjectAltName: a name holds an octet that is no visible ASCII character";
		assert.deepEqual([certificate.faults, certificate.typed.subjectAltName], [[says], undefined]);
		const verdict = `malformed: ${leafText}: ${says}`;
		assert.deepEqual(verdicts({ names: ["shop.example\u0000.evil.example", "shop.example"] }), {
			strict: verdict,
			"web-pki": verdict,
			lenient: verdict,
		});
	});

	it("nesting without end reaches no decoder: only bags are followed, 32 levels deep", () => {
		const deep = nested(20_000);
		assert.deepEqual(answers(deep), {
			certificate: "serialNumber: expected tag 0x02, got 0x30",
			request: "version: expected tag 0x02, got 0x30",
			crl: "signature: expected tag 0x06, got 0x30",
			ocsp: "responseStatus: expected tag 0x0a, got 0x30",
			key: "100000 octets; a key file has at most 65536",
			"certificate file": "serialNumber: expected tag 0x02, got 0x30",
			"PKCS#12": "nested deeper than 32",
		});
		let value = derSequence();
		for (let level = 0; level < 1000; level++) value = derSequence(value);
		const subject = derSequence(derSetOf(derSequence(derOid("2.5.4.3"), value)));
		assert.match(makeCertificate({ subject }).certificate.subject.text, /^CN=#3082/);
	});

	it("an endless number of iterations is not computed", () => {
		const derivation = derSequence(
			derOid("1.2.840.113549.1.5.12"),
			derSequence(derOctetString(new Uint8Array(8)), derInteger(0x7fff_ffff)),
		);
		const cipher = derSequence(derOid("2.16.840.1.101.3.4.1.42"), derOctetString(new Uint8Array(16)));
		const pbes2 = derSequence(derOid("1.2.840.113549.1.5.13"), derSequence(derivation, cipher));
		const key = derSequence(pbes2, derOctetString(new Uint8Array(16)));
		const reason =
			"the key cannot be decrypted: PBKDF2 with 2147483647 iterations is not computed; at most 1250000 are";
		assert.equal(readers.key(key), reason);
		assert.equal(readers.key(Buffer.from(pemText("ENCRYPTED PRIVATE KEY", key))), reason);
	});
});

/** Empty SEQUENCEs one inside the other, with lengths of three octets. */
function nested(levels: number): Uint8Array {
	const octets = Buffer.alloc(levels * 5, Buffer.of(0x30, 0x83, 0, 0, 0));
	for (let level = 0; level < levels; level++) octets.writeUIntBE((levels - level - 1) * 5, level * 5 + 2, 3);
	return octets;
}

const leafText = "certificate 0 (CN=shop.example)";
