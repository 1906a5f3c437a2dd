import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
	assembleCertificateRequest,
	type CertificateRequest,
	type CertificateRequestPlan,
	decodeCertificateRequest,
	planCertificateRequest,
} from "#pki/certificate-request.ts";
import { derConstructed, derElement, derInteger, derOid, derSequence, derTag, derUtf8String } from "#pki/der.ts";
import { keyUsageBit } from "#pki/extensions.ts";
import { generalNameText } from "#pki/general-name.ts";
import type { SignatureScheme } from "#pki/mint.ts";
import { encodeSubjectAltName } from "#pki/subject-alt-name.ts";
import { type KeyName, makeKeyPair, makeName } from "../../test/support/make-certificate.ts";

const schemeOf: Partial<Record<KeyName, SignatureScheme>> = {
	p256: "ecdsa-p256",
	p384: "ecdsa-p384",
	rsa2048: "rsa-sha256",
	ed25519: "ed25519",
};

function make(
	key: KeyName,
	plan: Partial<CertificateRequestPlan> = {},
	change = (info: Uint8Array) => info,
): Uint8Array {
	const { privateKey, publicKey } = makeKeyPair(key);
	const publicKeyInfo = publicKey.export({ type: "spki", format: "der" });
	const info = change(
		planCertificateRequest({ subject: makeName("O=Example,CN=vpn.example"), publicKeyInfo, ...plan }),
	);
	const scheme = schemeOf[key] as SignatureScheme;
	return assembleCertificateRequest(info, scheme, sign(key === "ed25519" ? null : digests[scheme], info, privateKey));
}

const digests: Record<SignatureScheme, string> = {
	"ecdsa-p256": "sha256",
	"ecdsa-p384": "sha384",
	"rsa-sha256": "sha256",
	ed25519: "",
};

function decode(der: Uint8Array): CertificateRequest {
	const decoded = decodeCertificateRequest(der);
	assert.equal(decoded.kind, "done", JSON.stringify(decoded));
	return (decoded as { value: CertificateRequest }).value;
}

function reasonOf(der: Uint8Array): string {
	const decoded = decodeCertificateRequest(der);
	assert.equal(decoded.kind, "malformed");
	return (decoded as { reason: string }).reason;
}

describe("certificate request", () => {
	it("R68, R69: is signed with its own key, of every type, and asks for what a TLS end needs", () => {
		for (const key of ["p256", "p384", "rsa2048", "ed25519"] as const) {
			const subjectAltName = encodeSubjectAltName({ dns: ["*.company.example"], email: ["a@company.example"] });
			const request = decode(make(key, { subjectAltName }));
			assert.ok(request.verify(), key);
			assert.deepEqual(request.faults, []);
			assert.equal(request.subject.text, "CN=vpn.example,O=Example");
			assert.deepEqual(request.typed.subjectAltName?.map(generalNameText), [
				"DNS:*.company.example",
				"email:a@company.example",
			]);
			assert.equal(request.typed.basicConstraints, undefined);
			const rsaBits = key === "rsa2048" ? keyUsageBit.keyEncipherment : 0;
			assert.equal(request.typed.keyUsage, keyUsageBit.digitalSignature | rsaBits);
		}
	});

	it("R68: asks for a CA with pathLen 0 when it is to be a signing certificate", () => {
		const request = decode(make("p256", { isSigning: true }));
		assert.deepEqual(request.typed.basicConstraints, { isCa: true, pathLength: 0 });
		assert.equal(request.typed.keyUsage, keyUsageBit.keyCertSign | keyUsageBit.cRLSign);
		assert.ok(request.extensions.every((one) => one.isCritical));
	});

	it("marks the names critical where the subject is empty, and only there", () => {
		const subjectAltName = encodeSubjectAltName({ dns: ["a.example"] });
		const critical = (subject: Uint8Array) =>
			decode(make("p256", { subject, subjectAltName })).extensions.find(({ oid }) => oid === "2.5.29.17")?.isCritical;
		assert.deepEqual([critical(derSequence()), critical(makeName("CN=a"))], [true, false]);
	});

	it("does not verify when an octet of the info, the signature or the key changes", () => {
		const der = make("p256");
		const request = decode(der);
		for (const at of [request.info.length - 1, der.length - 1]) {
			const changed = Uint8Array.from(der);
			changed[at] = (changed[at] as number) ^ 1;
			const decoded = decodeCertificateRequest(changed);
			assert.ok(decoded.kind !== "done" || !decoded.value.verify());
		}
		const foreign = makeKeyPair("p384").publicKey.export({ type: "spki", format: "der" });
		assert.ok(!decode(make("p256", { publicKeyInfo: foreign })).verify());
		const rsa = makeKeyPair("rsa2048").publicKey.export({ type: "spki", format: "der" });
		assert.ok(!decode(make("p256", { publicKeyInfo: rsa })).verify());
	});

	it("passes over other attributes, reads requests without any, and states a repeated extensionRequest", () => {
		const { publicKey } = makeKeyPair("p256");
		const base = [derInteger(0), makeName("CN=a"), publicKey.export({ type: "spki", format: "der" })];
		const challenge = derSequence(derOid("1.2.840.113549.1.9.7"), derElement(derTag.set, derUtf8String("x")));
		const basic = derSequence(derSequence(derOid("2.5.29.19"), derElement(derTag.octetString, derSequence())));
		const asked = derSequence(derOid("1.2.840.113549.1.9.14"), derElement(derTag.set, basic));
		const of = (...fields: Uint8Array[]) => decode(make("p256", {}, () => derSequence(...base, ...fields)));
		assert.deepEqual(of(derConstructed(0, challenge)).extensions, []);
		assert.deepEqual(of().extensions, []);
		assert.deepEqual(of(derConstructed(0)).extensions, []);
		const twice = of(derConstructed(0, asked, challenge, asked));
		assert.deepEqual([twice.extensions.length, twice.faults], [1, ["extensionRequest occurs more than once"]]);
	});

	it("refuses another version, cut and lengthened requests, every prefix and 1 MiB", () => {
		const der = make("p256");
		const version = make("p256", {}, (info) => {
			const changed = Uint8Array.from(info);
			changed[changed.indexOf(0x02) + 2] = 1;
			return changed;
		});
		assert.equal(reasonOf(version), "version: INTEGER is larger than 0");
		for (let length = 0; length < der.length; length++) reasonOf(der.subarray(0, length));
		assert.match(reasonOf(Buffer.concat([der, Buffer.of(0)])), /follow its last field/);
		assert.equal(reasonOf(new Uint8Array(1_048_577)), "certificate request: 1048577 octets, at most 1048576 are read");
	});

	it("never throws on mutated requests", () => {
		const requests = (["p256", "rsa2048", "ed25519"] as const).map((key) => make(key, { isSigning: true }));
		const edit = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
		fc.assert(
			fc.property(fc.constantFrom(...requests), fc.array(edit, { minLength: 1, maxLength: 4 }), (der, edits) => {
				const mutated = Uint8Array.from(der);
				for (const [at, octet] of edits) mutated[at % der.length] = octet;
				const decoded = decodeCertificateRequest(mutated);
				if (decoded.kind === "done") assert.equal(typeof decoded.value.subject.text, "string");
			}),
		);
	});
});
