import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DerReader, derEnumerated, derInteger, derSequence } from "#pki/der.ts";
import { type BasicResponse, decodeOcspResponse, encodeOcspRequest, isAbout, isResponder } from "#pki/ocsp.ts";
import { makeChain } from "../../test/support/make-certificate.ts";
import { makeOcspResponse, type OcspRequest } from "../../test/support/make-ocsp.ts";

const { intermediate, leaf, root } = makeChain();
const about = { certificate: leaf.certificate, issuer: intermediate.certificate };

function basic(request: Partial<OcspRequest> = {}): BasicResponse {
	const decoded = decodeOcspResponse(makeOcspResponse({ answers: [about], signer: intermediate, ...request }));
	assert.equal(decoded.kind, "done");
	return (decoded as { value: { basic: BasicResponse } }).value.basic;
}

describe("decodeOcspResponse", () => {
	it("reads each status of a certificate", () => {
		const { responses } = basic({
			answers: [
				about,
				{ ...about, status: "revoked", reason: 1 },
				{ ...about, status: "revoked" },
				{ ...about, status: "unknown" },
			],
		});
		assert.deepEqual(
			responses.map(({ status }) => [status.kind, status.kind === "revoked" ? status.reason : undefined]),
			[
				["good", undefined],
				["revoked", 1],
				["revoked", undefined],
				["unknown", undefined],
			],
		);
	});

	it("reads responder, nonce and the certificates sent along", () => {
		const named = basic({ nonce: Uint8Array.of(1, 2, 3), certificates: [root, leaf] });
		assert.ok(isResponder(named.responder, intermediate.certificate));
		assert.ok(!isResponder(named.responder, root.certificate));
		assert.deepEqual(named.nonce, Uint8Array.of(1, 2, 3));
		assert.equal(named.certificates.length, 2);
		const keyed = basic({ responder: "key" });
		assert.ok(isResponder(keyed.responder, intermediate.certificate));
		assert.ok(!isResponder(keyed.responder, leaf.certificate));
		assert.equal(keyed.nonce, undefined);
	});

	it("reads refusals of the responder, and a successful answer must be there", () => {
		const status = (number: number) => {
			const decoded = decodeOcspResponse(
				makeOcspResponse({ answers: [], signer: intermediate, responseStatus: number }),
			);
			return decoded.kind === "done" ? decoded.value.status : decoded.kind;
		};
		assert.deepEqual([1, 2, 3, 4, 5, 6].map(status), [
			"malformed-request",
			"internal-error",
			"try-later",
			"unknown",
			"signature-required",
			"unauthorized",
		]);
		assert.equal(decodeOcspResponse(derSequence(derEnumerated(0))).kind, "malformed");
	});

	it("states a fault for unknown critical extensions", () => {
		const extensions = [{ oid: "1.2.3", critical: true, value: derInteger(1) }];
		assert.match(basic({ extensions }).faults.join(), /critical extension 1\.2\.3/);
		assert.match(basic({ answers: [{ ...about, extensions }] }).faults.join(), /critical extension 1\.2\.3/);
		assert.deepEqual(basic({ extensions: [{ oid: "1.2.3", value: derInteger(1) }] }).faults, []);
	});

	it("V16: refuses too many answers or certificates, too many octets, and what is cut short or follows", () => {
		const many = makeOcspResponse({ answers: Array.from({ length: 65 }, () => about), signer: intermediate });
		assert.equal(decodeOcspResponse(many).kind, "malformed");
		const crowded = makeOcspResponse({
			answers: [about],
			signer: intermediate,
			certificates: Array.from({ length: 9 }, () => root),
		});
		assert.equal(decodeOcspResponse(crowded).kind, "malformed");
		assert.equal(decodeOcspResponse(new Uint8Array(300_000)).kind, "malformed");
		const der = makeOcspResponse({ answers: [about], signer: intermediate });
		for (let length = 0; length < der.length; length++)
			assert.equal(decodeOcspResponse(der.subarray(0, length)).kind, "malformed");
		assert.equal(decodeOcspResponse(Buffer.concat([der, Uint8Array.of(0)])).kind, "malformed");
	});

	it("never throws on changed responses", () => {
		const der = makeOcspResponse({
			answers: [about, { ...about, status: "revoked", reason: 1 }],
			signer: intermediate,
			nonce: Uint8Array.of(1),
			certificates: [root],
		});
		const change = fc.tuple(fc.nat(der.length - 1), fc.nat(255));
		fc.assert(
			fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
				const octets = Uint8Array.from(der);
				for (const [at, value] of changes) octets[at] = value;
				const decoded = decodeOcspResponse(octets);
				assert.notEqual(decoded.kind, "need-more");
				if (decoded.kind !== "done" || decoded.value.basic === undefined) return;
				isResponder(decoded.value.basic.responder, root.certificate);
				for (const { id } of decoded.value.basic.responses) isAbout(id, leaf.certificate, intermediate.certificate);
			}),
		);
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => decodeOcspResponse(octets).kind === "malformed"),
		);
	});
});

describe("encodeOcspRequest", () => {
	it("names the certificate, and carries the nonce as RFC 9654 writes it", () => {
		const der = encodeOcspRequest(leaf.certificate, intermediate.certificate, Uint8Array.of(7, 7));
		const reader = new DerReader(der);
		const tbs = reader.open(0x30, "request").open(0x30, "tbsRequest");
		const id = tbs.open(0x30, "list").open(0x30, "request").open(0x30, "certID");
		id.element("algorithm");
		assert.equal(id.octetString("name").length, 20);
		assert.equal(id.octetString("key").length, 20);
		assert.deepEqual(id.integer("serial"), leaf.certificate.serial);
		const extension = tbs.open(0xa2, "extensions").open(0x30, "extensions").open(0x30, "extension");
		assert.equal(extension.oid("oid"), "1.3.6.1.5.5.7.48.1.2");
		assert.deepEqual(extension.octetString("value"), Uint8Array.of(4, 2, 7, 7));
		assert.equal(reader.reason, undefined);
	});
});

describe("isAbout", () => {
	it("asks issuer name, issuer key and serial, under SHA-1 and SHA-256", () => {
		for (const hash of ["sha1", "sha256"] as const) {
			const id = basic({ answers: [{ ...about, hash }] }).responses[0]?.id;
			assert.ok(id !== undefined);
			assert.ok(isAbout(id, leaf.certificate, intermediate.certificate));
			assert.ok(!isAbout(id, leaf.certificate, root.certificate));
			assert.ok(!isAbout(id, intermediate.certificate, intermediate.certificate));
			assert.ok(!isAbout({ ...id, hash: "" }, leaf.certificate, intermediate.certificate));
		}
	});
});
