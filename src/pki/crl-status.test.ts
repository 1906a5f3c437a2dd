import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { newWorkBudget } from "#pki/build-path.ts";
import type { Crl } from "#pki/crl.ts";
import { type CrlQuestion, type CrlStatus, crlStatus } from "#pki/crl-status.ts";
import { derInteger } from "#pki/der.ts";
import { extensionOid } from "#pki/oids.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { type CertificateRequest, type Made, makeCertificate } from "../../test/support/make-certificate.ts";
import { type CrlRequest, distributionPoint, makeCrl } from "../../test/support/make-crl.ts";

const root = makeCertificate({ subject: "CN=root", isCa: true });
const ca = makeCertificate({ subject: "CN=ca", isCa: true, issuer: root });
const leaf = makeCertificate({ issuer: ca, serial: 77n });
const hour = 3_600_000;

function ask(crls: readonly Crl[], more: Partial<CrlQuestion> & { readonly of?: Made } = {}): CrlStatus {
	return crlStatus({
		path: [more.of ?? leaf, ca, root].map((made) => made.certificate),
		depth: 0,
		crls,
		issuers: [],
		anchors: new TrustAnchors([root.certificate]),
		now: Date.now(),
		profile: validationProfiles["web-pki"],
		cache: new SignatureCache(50),
		budget: newWorkBudget(),
		...more,
	});
}

function list(request: Partial<CrlRequest> = {}): Crl {
	return makeCrl({ issuer: ca, ...request });
}

function signer(request: CertificateRequest = {}): Made {
	return makeCertificate({ subject: "CN=crl signer", isCa: true, keyUsage: ["cRLSign"], issuer: root, ...request });
}

const revoked = [{ serial: 77n, reason: 1 }];

describe("crlStatus (V12)", () => {
	it("answers good or revoked from the issuer's list, with date and reason", () => {
		const clean = list();
		assert.deepEqual(ask([clean]), { kind: "good", until: clean.nextUpdate });
		assert.equal(ask([list({ revoked: [{ serial: 78n }] })]).kind, "good");
		const status = ask([list({ revoked })]);
		assert.equal(status.kind === "revoked" && status.entry.reason, 1);
		assert.deepEqual(ask([]), { kind: "undetermined", why: "no CRL of its issuer is at hand" });
		assert.equal(ask([makeCrl({ issuer: root })]).kind, "undetermined");
	});

	it("answers for an intermediate from the list of the anchor", () => {
		assert.equal(ask([makeCrl({ issuer: root })], { depth: 1 }).kind, "good");
		const serial = ca.certificate.serial;
		assert.equal(ask([makeCrl({ issuer: root, revoked: [{ serial }] })], { depth: 1 }).kind, "revoked");
	});

	it("does not count a list that is stale, early, badly signed or not understood", () => {
		const unknown = { oid: "1.2.3", critical: true, value: derInteger(1) };
		const number = { oid: extensionOid.crlNumber, critical: true, value: derInteger(1) };
		for (const [request, why] of [
			[{ nextUpdate: Date.now() - hour }, /stale since/],
			[{ nextUpdate: null }, /when the next one comes/],
			[{ thisUpdate: Date.now() + hour }, /of the future/],
			[{ hasBrokenSignature: true }, /not signed by a CRL issuer/],
			[{ extensions: [unknown] }, /critical CRL extension/],
			[{ number: null }, /CRL number/],
			[{ extensions: [number] }, /CRL number/],
		] as const) {
			const status = ask([list({ ...request, revoked })]);
			assert.match(status.kind === "undetermined" ? status.why : status.kind, why);
		}
		assert.equal(ask([list({ number: null })], { profile: validationProfiles.lenient }).kind, "good");
		const rsa = makeCertificate({ subject: "CN=rsa", isCa: true, key: "rsa2048", issuer: root });
		const path = [makeCertificate({ issuer: rsa }), rsa, root].map((made) => made.certificate);
		const weak = ask([makeCrl({ issuer: rsa, hash: "sha1" })], { path });
		assert.match(weak.kind === "undetermined" ? weak.why : weak.kind, /weakly signed/);
	});

	it("does not count a list signed by a CA whose key usage lacks cRLSign", () => {
		const mute = makeCertificate({ subject: "CN=mute", isCa: true, issuer: root, keyUsage: ["keyCertSign"] });
		const path = [makeCertificate({ issuer: mute }), mute, root].map((made) => made.certificate);
		assert.equal(ask([makeCrl({ issuer: mute })], { path }).kind, "undetermined");
		const open = makeCertificate({ subject: "CN=open", isCa: true, issuer: root, without: [extensionOid.keyUsage] });
		const openPath = [makeCertificate({ issuer: open }), open, root].map((made) => made.certificate);
		assert.equal(ask([makeCrl({ issuer: open })], { path: openPath }).kind, "good");
	});

	it("applies a delta to its complete list: new revocations, and removals", () => {
		const complete = list({ number: 5n, revoked: [{ serial: 77n, reason: 6 }] });
		const delta = (request: Partial<CrlRequest>) => list({ number: 7n, deltaBase: 5n, ...request });
		assert.equal(ask([complete, delta({})]).kind, "revoked");
		assert.equal(ask([complete, delta({ revoked: [{ serial: 77n, reason: 8 }] })]).kind, "good");
		const clean = list({ number: 5n });
		assert.equal(ask([clean, delta({ revoked })]).kind, "revoked");
		assert.equal(ask([clean, delta({ revoked, deltaBase: 6n })]).kind, "good", "built on a later list");
		assert.equal(ask([clean, delta({ revoked, number: 5n })]).kind, "good", "no newer than the list");
		assert.equal(ask([clean, delta({ revoked, hasBrokenSignature: true })]).kind, "good");
		assert.equal(ask([clean, delta({ revoked, scope: { onlyUsers: true } })]).kind, "good", "another scope");
		assert.equal(ask([delta({})]).kind, "undetermined", "a delta alone is not enough");
	});

	it("needs every reason covered, by several lists if need be", () => {
		const some = list({ scope: { reasons: 0b10 } });
		assert.equal(ask([some]).kind, "undetermined");
		const rest = list({ scope: { reasons: 0x1fc }, number: 2n });
		assert.equal(ask([some, rest]).kind, "good");
		assert.equal(ask([some, list({ scope: { reasons: 0x1fc }, revoked })]).kind, "revoked");
	});

	it("keeps to the scope of the list and of the distribution point", () => {
		const of = makeCertificate({
			issuer: ca,
			serial: 77n,
			extensions: [distributionPoint(["uri:http://a.example/1"])],
		});
		assert.equal(ask([list({ scope: { names: ["uri:http://a.example/1"] } })], { of }).kind, "good");
		assert.equal(ask([list({ scope: { names: ["uri:http://a.example/2"] } })], { of }).kind, "undetermined");
		assert.equal(ask([list({ scope: { onlyCas: true } })], { of }).kind, "undetermined");
		assert.equal(ask([list({ revoked })], { of }).kind, "revoked");
	});

	it("takes an indirect list of the CRL issuer that the certificate names, once that issuer's own path holds", () => {
		const own = signer();
		const of = makeCertificate({ issuer: ca, serial: 77n, extensions: [distributionPoint([], "CN=crl signer")] });
		const scope = { isIndirect: true };
		const issuers = [own.certificate];
		const rootList = makeCrl({ issuer: root });
		const clean = makeCrl({ issuer: own, scope });
		assert.equal(ask([clean, rootList], { of, issuers }).kind, "good");
		assert.equal(ask([clean, rootList], { of }).kind, "undetermined", "its certificate is not known");
		assert.equal(ask([clean], { of, issuers }).kind, "undetermined", "its own status is not known");
		const listed = makeCrl({ issuer: own, scope, revoked: [{ serial: 77n, issuer: "CN=ca" }] });
		assert.equal(ask([listed, rootList], { of, issuers }).kind, "revoked");
		const foreign = makeCrl({ issuer: own, scope, revoked: [{ serial: 77n }] });
		assert.equal(ask([foreign, rootList], { of, issuers }).kind, "good", "the serial of another issuer");
		const withdrawn = makeCrl({ issuer: root, revoked: [{ serial: own.certificate.serial }] });
		assert.equal(ask([clean, withdrawn], { of, issuers }).kind, "undetermined", "the CRL issuer is revoked");
		const expired = signer({ notBefore: 0, notAfter: Date.now() - 86_400_000 });
		const late = makeCrl({ issuer: expired, scope });
		assert.equal(ask([late, rootList], { of, issuers: [expired.certificate] }).kind, "undetermined");
	});

	it("refuses a CRL issuer that leads to another anchor", () => {
		const otherRoot = makeCertificate({ subject: "CN=other root", isCa: true });
		const own = signer({ issuer: otherRoot });
		const of = makeCertificate({ issuer: ca, serial: 77n, extensions: [distributionPoint([], "CN=crl signer")] });
		const crls = [makeCrl({ issuer: own, scope: { isIndirect: true } }), makeCrl({ issuer: otherRoot })];
		const anchors = new TrustAnchors([root.certificate, otherRoot.certificate]);
		assert.equal(ask(crls, { of, anchors, issuers: [own.certificate] }).kind, "undetermined");
	});

	it("lets a separate CRL key of the same CA sign, when the CA's other key says it is good", () => {
		const key = signer({ subject: "CN=ca" });
		const crls = [makeCrl({ issuer: key }), makeCrl({ issuer: root })];
		assert.equal(ask(crls, { issuers: [key.certificate] }).kind, "good");
	});

	it("V16: ends when CRL issuers vouch for each other", () => {
		const one = signer({ subject: "CN=one", extensions: [distributionPoint([], "CN=two")] });
		const two = signer({ subject: "CN=two", extensions: [distributionPoint([], "CN=one")] });
		const of = makeCertificate({ issuer: ca, extensions: [distributionPoint([], "CN=one")] });
		const scope = { isIndirect: true };
		const crls = [makeCrl({ issuer: one, scope }), makeCrl({ issuer: two, scope })];
		assert.equal(ask(crls, { of, issuers: [one.certificate, two.certificate] }).kind, "good");
		const against = makeCrl({ issuer: two, scope, revoked: [{ serial: one.certificate.serial, issuer: "CN=root" }] });
		const [first] = crls as [Crl];
		assert.equal(ask([first, against], { of, issuers: [one.certificate, two.certificate] }).kind, "undetermined");
	});
});
