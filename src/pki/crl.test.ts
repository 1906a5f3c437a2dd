import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeCrl, decodeCrlStepwise } from "#pki/crl.ts";
import { derInteger, derSequence } from "#pki/der.ts";
import { extensionOid } from "#pki/oids.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { makeCrl, makeCrlDer } from "../../test/support/make-crl.ts";

const issuer = makeCertificate({ subject: "CN=ca", isCa: true });
const { subject } = issuer.certificate;

describe("decodeCrl", () => {
	it("finds entries by serial among many, with date and reason", () => {
		const revoked = Array.from({ length: 5000 }, (_, index) => ({
			serial: BigInt(index * 7 + 1),
			reason: index % 2 ? 1 : 4,
		}));
		const crl = makeCrl({ issuer, revoked });
		assert.equal(crl.entryCount, 5000);
		assert.deepEqual(crl.faults, []);
		for (const index of [0, 1, 2499, 4999]) {
			const entry = crl.find(subject, derInteger(index * 7 + 1).subarray(2));
			assert.equal(entry?.reason, index % 2 ? 1 : 4);
			assert.ok(Math.abs((entry?.revokedAt ?? 0) - Date.now()) < 7_200_000);
		}
		assert.equal(crl.find(subject, derInteger(2).subarray(2)), undefined);
		assert.equal(
			crl.find(makeCertificate({ subject: "CN=other" }).certificate.subject, derInteger(1).subarray(2)),
			undefined,
		);
	});

	it("reads a list without entries, and one of version 1", () => {
		const empty = makeCrl({ issuer });
		assert.equal(empty.entryCount, 0);
		assert.equal(empty.find(subject, Uint8Array.of(1)), undefined);
		const old = makeCrl({ issuer, version: 1, nextUpdate: null, revoked: [{ serial: 5n }] });
		assert.deepEqual([old.version, old.nextUpdate, old.typed.number], [1, undefined, undefined]);
		assert.notEqual(old.find(subject, Uint8Array.of(5)), undefined);
	});

	it("gives each entry of an indirect list to the issuer named last", () => {
		const crl = makeCrl({
			issuer,
			revoked: [
				{ serial: 1n },
				{ serial: 1n, issuer: "CN=b" },
				{ serial: 2n },
				{ serial: 1n, issuer: "CN=c", reason: 1 },
				{ serial: 3n },
			],
		});
		const name = (text: string) => makeCertificate({ subject: text }).certificate.subject;
		const has = (text: string, serial: number) => crl.find(name(text), Uint8Array.of(serial)) !== undefined;
		assert.deepEqual([has("CN=ca", 1), has("CN=ca", 2), has("CN=b", 1), has("CN=b", 2)], [true, false, true, true]);
		assert.deepEqual([has("CN=c", 1), has("CN=c", 3), has("CN=c", 2)], [true, true, false]);
		assert.equal(crl.find(name("CN=c"), Uint8Array.of(1))?.reason, 1);
	});

	it("states faults for critical extensions that are not processed, in the list and in entries", () => {
		const unknown = { oid: "1.2.3", critical: true, value: derInteger(1) };
		assert.match(makeCrl({ issuer, extensions: [unknown] }).faults.join(), /critical CRL extension 1\.2\.3/);
		const inEntry = makeCrl({ issuer, revoked: [{ serial: 1n, extensions: [unknown] }] });
		assert.match(inEntry.faults.join(), /critical entry extension 1\.2\.3/);
		const many = Array.from({ length: 100 }, (_, index) => ({ serial: BigInt(index), extensions: [unknown] }));
		assert.equal(makeCrl({ issuer, revoked: many }).faults.length, 16);
	});

	it("refuses octets that follow, cut-short lists and more than 32 MiB", () => {
		const der = makeCrlDer({ issuer, revoked: [{ serial: 1n, reason: 1 }] });
		assert.equal(decodeCrl(Buffer.concat([der, Uint8Array.of(0)])).kind, "malformed");
		for (let length = 0; length < der.length; length++)
			assert.equal(decodeCrl(der.subarray(0, length)).kind, "malformed");
		assert.equal(decodeCrl(new Uint8Array(33_554_433)).kind, "malformed");
		assert.equal(decodeCrl(derSequence()).kind, "malformed");
	});

	it("V16: decodes 100,000 entries and finds one of them", () => {
		const crl = makeCrl({
			issuer,
			revoked: Array.from({ length: 100_000 }, (_, index) => ({ serial: BigInt(index + 1) })),
		});
		assert.equal(crl.entryCount, 100_000);
		assert.notEqual(crl.find(subject, derInteger(77_777).subarray(2)), undefined);
	});

	it("pauses every few thousand entries, while they are read and while they are indexed", () => {
		const revoked = Array.from({ length: 10_000 }, (_, index) => ({ serial: BigInt(index + 1) }));
		const steps = [...decodeCrlStepwise(makeCrlDer({ issuer, revoked }))];
		assert.ok(steps.length >= 8, `${steps.length} pauses`);
	});

	it("V16: one serial 50,000 times is refused after a bounded search", () => {
		const crl = makeCrl({ issuer, revoked: Array.from({ length: 50_000 }, () => ({ serial: 1n })) });
		assert.match(crl.faults[0] ?? "", /serial numbers are repeated, or chosen/);
	});

	it("never throws on changed lists, and finds without throwing whatever was decoded", () => {
		const der = makeCrlDer({
			issuer,
			revoked: [
				{ serial: 1n, reason: 1 },
				{ serial: 2n, issuer: "CN=b" },
			],
			scope: { names: ["uri:http://a.example/"], reasons: 6 },
			extensions: [{ oid: extensionOid.freshestCrl, value: derSequence() }],
		});
		const change = fc.tuple(fc.nat(der.length - 1), fc.nat(255));
		fc.assert(
			fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
				const octets = Uint8Array.from(der);
				for (const [at, value] of changes) octets[at] = value;
				const decoded = decodeCrl(octets);
				assert.notEqual(decoded.kind, "need-more");
				if (decoded.kind === "done") decoded.value.find(subject, Uint8Array.of(2));
			}),
		);
		fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => decodeCrl(octets).kind === "malformed"));
	});
});
