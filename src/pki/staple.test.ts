import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { derInteger, derSequence } from "#pki/der.ts";
import { extensionOid } from "#pki/oids.ts";
import { type AuthorityRevocation, usualRevocation } from "#pki/revocation-settings.ts";
import { demandsStaple, refreshAt, retryAt, stapleObstacle, stapleSubject } from "#pki/staple.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { pointers } from "../../test/support/responder.ts";

const root = makeCertificate({ subject: "CN=Root", isCa: true });
const other = makeCertificate({ subject: "CN=Root", isCa: true });
const url = "http://ocsp.example/";
const leaf = makeCertificate({ issuer: root, extensions: pointers({ ocsp: [url] }) }).certificate;
const cache = new SignatureCache();
const none = new Map<string, AuthorityRevocation>();

describe("what is asked about a certificate of one's own", () => {
	test("its issuer is the one that signed it, of the chain or of the CA profiles, whatever bears its name", () => {
		for (const [chain, known] of [
			[[leaf, other.certificate, root.certificate], []],
			[[leaf], [other.certificate, root.certificate]],
		] as const) {
			const subject = stapleSubject("app", chain, known, none, cache);
			assert.equal(subject?.issuer, root.certificate);
			assert.deepEqual(subject?.urls, [url]);
			assert.equal(subject === undefined ? "" : stapleObstacle(subject), undefined);
		}
	});

	test("nothing without its issuer, without a responder, or where the CA profile says so", () => {
		const lonely = stapleSubject("app", [leaf], [other.certificate], none, cache);
		assert.match(lonely === undefined ? "" : (stapleObstacle(lonely) ?? ""), /load it with its chain/);
		const silent = makeCertificate({ issuer: root }).certificate;
		const mute = stapleSubject("app", [silent, root.certificate], [], none, cache);
		assert.match(mute === undefined ? "" : (stapleObstacle(mute) ?? ""), /names an OCSP responder/);
		const disabled = new Map([[root.certificate.fingerprint, { ...usualRevocation, isDisabled: true }]]);
		assert.deepEqual(stapleSubject("app", [leaf, root.certificate], [], disabled, cache)?.urls, []);
	});

	test("the responder that the CA profile names comes in place of the certificate's", () => {
		const named = ["http://10.0.0.1/ocsp"];
		const profiles = new Map([[root.certificate.fingerprint, { ...usualRevocation, ocspUrls: named }]]);
		const subject = stapleSubject("app", [leaf, root.certificate], [], profiles, cache);
		assert.deepEqual([subject?.urls, subject?.namedUrls], [named, named]);
	});

	test("must-staple is told by its extension", () => {
		assert.equal(demandsStaple(leaf), false);
		const value = derSequence(derInteger(5));
		const demanding = makeCertificate({ extensions: [{ oid: extensionOid.tlsFeature, value }] }).certificate;
		assert.equal(demandsStaple(demanding), true);
	});
});

const time = fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 });
const chance = fc.double({ min: 0, max: 1, noNaN: true });

test("R35: a response is replaced before it runs out, with half of its time left or nearly so, and within hours", () => {
	fc.assert(
		fc.property(time, fc.integer({ min: 60_000, max: 864_000_000 }), chance, (now, left, share) => {
			const at = refreshAt(now, now + left, share);
			assert.ok(at > now && at < now + left && at - now <= 5 * 3_600_000);
			assert.ok(at - now >= Math.min(left * 0.39, 3 * 3_600_000));
		}),
	);
	assert.ok(refreshAt(0, 0, 0) >= 10_000);
});

test("after failures the waits grow to an hour and half of one, and differ by chance", () => {
	fc.assert(
		fc.property(time, fc.integer({ min: 1, max: 1_000_000 }), chance, (now, failures, share) => {
			const wait = retryAt(now, failures, share) - now;
			assert.ok(wait >= 65_000 && wait <= 5_400_000);
			assert.ok(retryAt(now, failures + 1, share) - now >= wait);
		}),
	);
	assert.notEqual(retryAt(0, 3, 0), retryAt(0, 3, 0.5));
});
