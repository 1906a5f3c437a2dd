/**
 * Every decoder of `src/pki` over files of real programs that were changed: octets, ranges, and whole elements with the
 * lengths around them mended. `npm run fuzz -- --runs 100000 test/fuzz/pki-files` gives each property that many.
 *
 * No decoder may throw, wait for more of a frame that is whole, or give a value that cannot be shown; and no change may
 * make a certificate trusted, a revocation list usable or a request signed.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Decoded, equalBytes } from "#base/bytes.ts";
import { readAuthorityFile } from "#pki/authority-file.ts";
import { normalizeBer } from "#pki/ber.ts";
import { newWorkBudget } from "#pki/build-path.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { readCertificateFile } from "#pki/certificate-file.ts";
import { decodeCertificateRequest } from "#pki/certificate-request.ts";
import { decodeIssuerCertificates } from "#pki/certs-only.ts";
import { decodeCrl } from "#pki/crl.ts";
import { crlStatus } from "#pki/crl-status.ts";
import { DerReader } from "#pki/der.ts";
import { decodeExtension, noExtensions } from "#pki/extensions.ts";
import { generalNameText, readGeneralNames } from "#pki/general-name.ts";
import { commonNames, type DistinguishedName, readName } from "#pki/name.ts";
import { decodeOcspResponse } from "#pki/ocsp.ts";
import { ocspStatus } from "#pki/ocsp-status.ts";
import { certificatePem, readPemBlocks, readPemCertificates } from "#pki/pem.ts";
import { readPkcs12 } from "#pki/pkcs12.ts";
import { readPrivateKey } from "#pki/private-key-file.ts";
import { readPublicKeyInfo } from "#pki/public-key.ts";
import { decodeSafeContents } from "#pki/safe-contents.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { verifyChain } from "#pki/verify-chain.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { mutatedFile } from "../support/file-mutation.ts";
import { makeChain } from "../support/make-certificate.ts";
import { makeCrlDer } from "../support/make-crl.ts";
import { makeOcspResponse } from "../support/make-ocsp.ts";
import { pkiFile, pkiFiles } from "../support/pki-files.ts";

const certificates = pkiFiles("certificate");
const chain = makeChain(["shop.example", "*.shop.example", "192.0.2.9"]);
const anchors = new TrustAnchors([chain.root.certificate]);
const now = Date.now();

/** What a decoder of a whole frame may answer; the value when there is one. */
function settled<T>(decoded: Decoded<T>, length: number): T | undefined {
	assert.notEqual(decoded.kind, "need-more");
	if (decoded.kind === "done") {
		assert.equal(decoded.octets, length);
		return decoded.value;
	}
	if (decoded.kind === "malformed") isReason(decoded.reason);
	return undefined;
}

/** One line that a terminal can show. */
function isReason(reason: string): void {
	assert.match(reason, /^[^\p{Cc}]{3,605}$/u);
}

function isShown(name: DistinguishedName): void {
	assert.doesNotMatch(name.text, /[\p{Cc}\p{Cf}]/u);
	assert.equal(typeof name.key, "string");
	assert.ok(Array.isArray(commonNames(name)));
	assert.ok(name.equals(name));
}

function isCertificateShown(certificate: Certificate): void {
	isShown(certificate.issuer);
	isShown(certificate.subject);
	assert.match(certificate.serialText, /^(?:[0-9A-F]{2})+$/);
	assert.match(certificate.fingerprint, /^[0-9a-f]{64}$/);
	assert.ok(Number.isSafeInteger(certificate.notBefore) && Number.isSafeInteger(certificate.notAfter));
	for (const name of certificate.typed.subjectAltName ?? []) assert.doesNotMatch(generalNameText(name), /\p{Cc}/u);
	assert.ok(certificate.faults.length <= 16);
	certificate.faults.forEach(isReason);
}

function judged(leaf: Certificate, profile: keyof typeof validationProfiles = "lenient") {
	return verifyChain({
		anchors,
		now,
		profile: validationProfiles[profile],
		cache: new SignatureCache(10),
		budget: newWorkBudget(),
		leaf,
		intermediates: [chain.intermediate.certificate],
		host: "shop.example",
	});
}

function every(files: readonly Uint8Array[], check: (file: Uint8Array) => void): void {
	fc.assert(fc.property(mutatedFile(files), check));
}

describe("changed files", () => {
	it("certificates are refused or can be shown", () => {
		every([...certificates, chain.leaf.der], (file) => {
			const certificate = settled(decodeCertificate(file), file.length);
			if (certificate !== undefined) isCertificateShown(certificate);
		});
	});

	it("a changed server certificate is trusted by no profile", () => {
		assert.equal(judged(chain.leaf.certificate).kind, "trusted");
		every([chain.leaf.der], (file) => {
			const decoded = decodeCertificate(file);
			if (decoded.kind !== "done" || equalBytes(file, chain.leaf.der)) return;
			for (const profile of ["strict", "web-pki", "lenient"] as const) {
				const verdict = judged(decoded.value, profile);
				assert.equal(verdict.kind, "untrusted");
				if (verdict.kind === "untrusted") isReason(verdict.reason.sentence);
			}
		});
	});

	it("a changed CA certificate leads nowhere", () => {
		every([chain.intermediate.der], (file) => {
			const decoded = decodeCertificate(file);
			if (decoded.kind !== "done" || equalBytes(file, chain.intermediate.der)) return;
			const verdict = verifyChain({
				anchors,
				now,
				profile: validationProfiles.lenient,
				cache: new SignatureCache(10),
				budget: newWorkBudget(),
				leaf: chain.leaf.certificate,
				intermediates: [decoded.value],
				host: "shop.example",
			});
			assert.equal(verdict.kind, "untrusted");
		});
	});

	it("extensions, names and keys are read or state a fault", () => {
		const parts = certificates.flatMap((der) => {
			const decoded = decodeCertificate(der);
			if (decoded.kind !== "done") return [];
			const { extensions, subject, publicKey } = decoded.value;
			return [...extensions.map(({ value }) => value), subject.raw, publicKey.raw];
		});
		const oids = [14, 15, 17, 18, 19, 29, 30, 31, 32, 33, 35, 36, 37, 46, 54].map((arc) => `2.5.29.${arc}`);
		const types = [...oids, "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.24", "1.3.6.1.4.1.11129.2.4.2"];
		every(parts, (value) => {
			const faults: string[] = [];
			for (const oid of types) decodeExtension({ oid, isCritical: true, value }, noExtensions(), faults);
			readPublicKeyInfo(new DerReader(value), faults);
			readGeneralNames(new DerReader(value), "names", faults);
			const reader = new DerReader(value);
			const name = readName(reader, "name", faults);
			if (reader.reason === undefined) isShown(name);
			faults.forEach(isReason);
		});
	});

	it("requests are refused or can be shown, and what is signed cannot be changed", () => {
		const files = pkiFiles("request");
		const signed = files.map((file) => {
			const decoded = decodeCertificateRequest(file);
			assert.ok(decoded.kind === "done" && decoded.value.verify());
			return decoded.value.info;
		});
		every(files, (file) => {
			const request = settled(decodeCertificateRequest(file), file.length);
			if (request === undefined) return;
			isShown(request.subject);
			request.faults.forEach(isReason);
			if (!signed.some((info) => equalBytes(info, request.info))) assert.ok(!request.verify());
		});
	});

	it("revocation lists are refused or can be asked, and a changed one says nothing", () => {
		const { intermediate, leaf } = chain;
		const list = makeCrlDer({ issuer: intermediate, revoked: [{ serial: 5n, reason: 1 }], scope: { onlyUsers: true } });
		const status = (der: Uint8Array) => {
			const decoded = decodeCrl(der);
			if (decoded.kind !== "done") return "unusable";
			const common = {
				anchors,
				now,
				profile: validationProfiles.lenient,
				cache: new SignatureCache(10),
				budget: newWorkBudget(),
			};
			const path = [leaf.certificate, intermediate.certificate, chain.root.certificate];
			return crlStatus({ ...common, path, depth: 0, crls: [decoded.value], issuers: [] }).kind;
		};
		assert.equal(status(list), "good");
		every([list, ...pkiFiles("crl.der")], (file) => {
			const crl = settled(decodeCrl(file), file.length);
			if (crl === undefined) return;
			isShown(crl.issuer);
			crl.find(crl.issuer, Uint8Array.of(0x10, 0x02));
			if (!equalBytes(file, list)) assert.ok(!["good", "revoked"].includes(status(file)), status(file));
		});
	});

	it("OCSP responses are refused or can be asked, and what is signed cannot be changed", () => {
		const { intermediate, leaf } = chain;
		const answers = [{ certificate: leaf.certificate, issuer: intermediate.certificate }];
		const response = makeOcspResponse({ answers, signer: intermediate });
		const status = (der: Uint8Array) =>
			ocspStatus({
				now,
				profile: validationProfiles.lenient,
				cache: new SignatureCache(10),
				budget: newWorkBudget(),
				response: der,
				certificate: leaf.certificate,
				issuer: intermediate.certificate,
			});
		assert.equal(status(response).kind, "good");
		const original = decodeOcspResponse(response);
		assert.ok(original.kind === "done");
		every([response, pkiFile("ocsp-response.der")], (file) => {
			const decoded = settled(decodeOcspResponse(file), file.length);
			const { kind } = status(file);
			if (decoded === undefined) assert.equal(kind, "unusable");
			if (kind === "good" || kind === "revoked" || kind === "unknown")
				assert.ok(Buffer.from(file).includes(original.value.basic?.tbs ?? "nothing"), "another answer was believed");
		});
	});

	it("private keys are read, asked a passphrase for, or refused", () => {
		const slow = new Set([pkiFile("key-p256-scrypt.pem").length]);
		const files = pkiFiles("key").filter((file) => !slow.has(file.length));
		every(files, (file) => {
			const answer = readPrivateKey(file, "secret");
			if (answer.kind === "refused") isReason(answer.reason);
		});
	});

	it("certificate files are read or refused", () => {
		const files = [...certificates, ...pkiFiles("pkcs7"), ...pkiFiles("pkcs12"), ...pkiFiles("request")];
		every(files, (file) => {
			const answer = readCertificateFile(file);
			if (answer.kind === "refused") isReason(answer.reason);
			else for (const der of answer.certificates) assert.equal(decodeCertificate(der).kind, "done");
			settled(decodeIssuerCertificates(file), file.length)?.forEach(isCertificateShown);
			readAuthorityFile(file).certificates.forEach(isCertificateShown);
		});
	});

	it("PKCS#12 files are read or refused, and a change inside is seen", () => {
		const files = pkiFiles("pkcs12").filter((file) => file.length !== pkiFile("pkcs12-nss.p12").length);
		const whole = new Set(certificates.map(String));
		every(files, (file) => {
			const answer = readPkcs12(file, "secret");
			if (answer.kind === "refused") isReason(answer.reason);
			else for (const { der } of answer.certificates) assert.ok(whole.has(Buffer.from(der).toString()));
		});
	});

	it("containers become DER, or are refused", () => {
		every([...pkiFiles("pkcs7-indefinite"), ...pkiFiles("pkcs12")], (file) => {
			const der = settled(normalizeBer(file), file.length);
			if (der !== undefined) settled(decodeSafeContents(der), der.length);
		});
	});

	it("PEM is read or refused", () => {
		const texts = [
			...pkiFiles("key-p256"),
			pkiFile("crl.pem"),
			pkiFile("pkcs7.pem"),
			Buffer.from(certificatePem(chain.leaf.der)),
		];
		every(texts, (file) => {
			const text = Buffer.from(file).toString("latin1");
			const read = readPemBlocks(text);
			if (read.kind === "refused") isReason(read.reason);
			assert.ok(readPemCertificates(text).length <= 2);
		});
	});
});
