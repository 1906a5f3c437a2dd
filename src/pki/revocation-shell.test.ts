import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { derInteger, derSequence } from "#pki/der.ts";
import { Fetcher } from "#pki/fetch-shell.ts";
import { extensionOid } from "#pki/oids.ts";
import type { RevocationVerdict } from "#pki/revocation.ts";
import { type AuthorityRevocation, type RevocationSettings, usualRevocation } from "#pki/revocation-settings.ts";
import { type PathQuestion, RevocationChecker, type RevocationConfiguration } from "#pki/revocation-shell.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { pathKeyOf } from "#pki/verify-chain.ts";
import { eventually } from "../../test/support/gateway.ts";
import { type CertificateRequest, type Made, makeCertificate } from "../../test/support/make-certificate.ts";
import { makeCrl } from "../../test/support/make-crl.ts";
import { ocspAbout, pointers, startWeb } from "../../test/support/responder.ts";

const web = await startWeb({ after });
const root = makeCertificate({ subject: "CN=Root", isCa: true });
const intermediate = makeCertificate({
	subject: "CN=Intermediate",
	isCa: true,
	issuer: root,
	extensions: pointers({ crls: [web.url("/root.crl")] }),
});
web.answers.set("/root.crl", makeCrl({ issuer: root }).der);
const settings: RevocationSettings = {
	key: "usual",
	timeoutMs: 2_000,
	asksOcsp: true,
	asksCrl: true,
	ignoresHold: false,
};
let made = 0;

function server(to: { readonly ocsp?: boolean; readonly crl?: boolean }, request: CertificateRequest = {}) {
	const number = ++made;
	const [ocsp, crl] = [`/ocsp${number}.`, `/list${number}.`];
	const places = {
		ocsp: to.ocsp === true ? [web.url(ocsp)] : [],
		crls: to.crl === true ? [web.url(crl)] : [],
	};
	const leaf = makeCertificate({ issuer: intermediate, extensions: pointers(places), ...request });
	return { leaf, ocsp, crl, asked: (path: string) => web.requests.filter((line) => line.includes(path)) };
}

function checker(configuration: Partial<RevocationConfiguration> = {}) {
	const guard = { permitted: [parsePrefix("127.0.0.1/32") as Prefix], isOwnListener: () => false };
	const fetcher = new Fetcher(
		guard,
		(host, answer) => answer([parseAddress(host) ?? assert.fail()]),
		() => undefined,
	);
	const seen: { verdict: RevocationVerdict; isAskable: boolean }[] = [];
	let replaced = 0;
	const whole = { authorities: new Map(), loadedCrls: [], crlIssuers: [], ...configuration };
	const one = new RevocationChecker(fetcher, whole, {
		decided: (_, verdict, isAskable) => seen.push({ verdict, isAskable }),
		listFetched: (_, __, isNew) => {
			if (isNew) replaced++;
		},
	});
	return { one, seen, replaced: () => replaced };
}

function ask(one: RevocationChecker, leaf: Made, more: Partial<PathQuestion> = {}): Promise<RevocationVerdict> {
	const path = [leaf, intermediate, root].map(({ certificate }) => certificate);
	return new Promise((resolve) =>
		one.check(
			{
				path,
				pathKey: pathKeyOf(path, ""),
				staple: undefined,
				isResumed: false,
				anchors: new TrustAnchors([root.certificate]),
				profile: validationProfiles["web-pki"],
				settings,
				...more,
			},
			resolve,
		),
	);
}

const told = ({ answer, source }: RevocationVerdict) => `${answer} by ${source}`;
const authority = (more: Partial<AuthorityRevocation>): Partial<RevocationConfiguration> => ({
	authorities: new Map([[root.certificate.fingerprint, { ...usualRevocation, ...more }]]),
});

describe("the order of sources (V12)", () => {
	test("a staple that is good leaves only the issuers to ask about", async () => {
		const { leaf, ocsp, asked } = server({ ocsp: true });
		const staple = ocspAbout(leaf.certificate, intermediate);
		assert.equal(told(await ask(checker().one, leaf, { staple })), "good by staple");
		assert.deepEqual(asked(ocsp), []);
	});

	test("without one the responder is asked by GET, and no list when it answers", async () => {
		const { leaf, ocsp, crl, asked } = server({ ocsp: true, crl: true });
		web.answers.set(ocsp, ocspAbout(leaf.certificate, intermediate));
		assert.equal(told(await ask(checker().one, leaf)), "good by ocsp");
		assert.match(asked(ocsp).join(), /^GET \/ocsp\d+\.\/M[A-Za-z0-9%]+$/);
		assert.deepEqual(asked(crl), []);
	});

	test("a list is fetched when the responder fails", async () => {
		const { leaf, ocsp, crl } = server({ ocsp: true, crl: true });
		web.answers.set(ocsp, (_, response) => response.writeHead(500).end());
		web.answers.set(crl, makeCrl({ issuer: intermediate }).der);
		assert.equal(told(await ask(checker().one, leaf)), "good by crl");
	});

	test("a list is fetched while the responder is silent, within the same wait", async () => {
		const { leaf, ocsp, crl } = server({ ocsp: true, crl: true });
		web.answers.set(ocsp, () => undefined);
		web.answers.set(crl, makeCrl({ issuer: intermediate, revoked: [{ serial: leaf.certificate.serial }] }).der);
		assert.equal(told(await ask(checker().one, leaf)), "revoked by crl");
	});

	test("a list in PEM is read like one in DER", async () => {
		const { leaf, crl } = server({ crl: true });
		const der = makeCrl({ issuer: intermediate }).der;
		const pem = `-----BEGIN X509 CRL-----\n${Buffer.from(der).toString("base64")}\n-----END X509 CRL-----\n`;
		web.answers.set(crl, Buffer.from(pem));
		assert.equal(told(await ask(checker().one, leaf)), "good by crl");
	});

	test("an intermediate that its issuer revoked makes the path revoked", async () => {
		const { leaf } = server({});
		const bad = makeCertificate({
			subject: "CN=Bad",
			isCa: true,
			issuer: root,
			extensions: pointers({ crls: [web.url("/bad.")] }),
		});
		web.answers.set("/bad.", makeCrl({ issuer: root, revoked: [{ serial: bad.certificate.serial, reason: 2 }] }).der);
		const below = makeCertificate({ issuer: bad });
		const path = [below, bad, root].map(({ certificate }) => certificate);
		const verdict = await ask(checker().one, leaf, { path, pathKey: pathKeyOf(path, "") });
		assert.deepEqual([verdict.answer, verdict.depth], ["revoked", 1]);
		assert.match(verdict.sentence, /^certificate 1 was revoked .*CA compromise/);
	});
});

describe("a responder's answer that does not count (V12)", () => {
	const stranger = makeCertificate({ subject: "CN=Intermediate", isCa: true, issuer: root });
	const hour = 3_600_000;
	for (const [what, response, why] of [
		["is garbage", () => Buffer.from("garbage"), /responder http:.*: /],
		[
			"is signed by another",
			(leaf: Made) => ocspAbout(leaf.certificate, intermediate, "good", {}, { signer: stranger }),
			/is not signed by/,
		],
		[
			"has run out",
			(leaf: Made) => ocspAbout(leaf.certificate, intermediate, "good", { nextUpdate: Date.now() - hour }),
			/is stale/,
		],
		["is about another", () => ocspAbout(intermediate.certificate, root), /about other certificates/],
		[
			"says try later",
			(leaf: Made) => ocspAbout(leaf.certificate, intermediate, "good", {}, { responseStatus: 3 }),
			/answered try-later/,
		],
		["is huge", () => Buffer.alloc(100_000), /more than 65536 octets/],
	] as const) {
		test(`that ${what} leaves the state unavailable and says why`, async () => {
			const { leaf, ocsp } = server({ ocsp: true });
			web.answers.set(ocsp, response(leaf));
			const { one, seen } = checker();
			const verdict = await ask(one, leaf);
			assert.equal(verdict.answer, "unavailable");
			assert.match(verdict.sentence, why);
			assert.deepEqual([seen.length, seen[0]?.isAskable], [1, true]);
		});
	}

	test("that redirects to a loopback address is not followed there (F14)", async () => {
		const { leaf, ocsp } = server({ ocsp: true });
		web.answers.set(ocsp, (_, response) =>
			response.writeHead(302, { Location: `http://127.0.0.2:${web.port}/` }).end(),
		);
		assert.match((await ask(checker().one, leaf)).sentence, /127\.0\.0\.2 is a loopback address/);
	});

	test("that does not know the certificate is unknown", async () => {
		const { leaf, ocsp } = server({ ocsp: true });
		web.answers.set(ocsp, ocspAbout(leaf.certificate, intermediate, "unknown"));
		assert.equal(told(await ask(checker().one, leaf)), "unknown by ocsp");
	});

	test("that does not come ends the wait at the timeout, and the path is not asked about again for a while", async () => {
		const { leaf, ocsp, asked } = server({ ocsp: true });
		web.answers.set(ocsp, () => undefined);
		const { one } = checker();
		const quick = { settings: { ...settings, timeoutMs: 200 } };
		assert.match((await ask(one, leaf, quick)).sentence, /not known|did not answer/);
		assert.equal((await ask(one, leaf, quick)).answer, "unavailable");
		assert.equal(asked(ocsp).length, 1);
	});

	test("to another nonce than ours is refused, and ours goes by POST", async () => {
		const { leaf, ocsp, asked } = server({ ocsp: true });
		web.answers.set(ocsp, ocspAbout(leaf.certificate, intermediate, "good", {}, { nonce: Buffer.alloc(32, 1) }));
		const { one } = checker(authority({ sendsNonce: true }));
		assert.match((await ask(one, leaf)).sentence, /nonce is not the one/);
		assert.match(asked(ocsp).join(), /^POST /);
	});
});

describe("must-staple (V12)", () => {
	test("without a staple the answer is staple-missing and nobody is asked; each handshake counts for itself", async () => {
		const feature = { oid: extensionOid.tlsFeature, value: derSequence(derInteger(5)) };
		const { ocsp, asked } = server({ ocsp: true });
		const leaf = makeCertificate({
			issuer: intermediate,
			extensions: [...pointers({ ocsp: [web.url(ocsp)] }), feature],
		});
		web.answers.set(ocsp, ocspAbout(leaf.certificate, intermediate));
		const { one } = checker();
		assert.equal((await ask(one, leaf)).answer, "staple-missing");
		assert.deepEqual(asked(ocsp), []);
		const staple = ocspAbout(leaf.certificate, intermediate);
		assert.equal(told(await ask(one, leaf, { staple })), "good by staple");
		const { one: other } = checker();
		assert.equal(told(await ask(other, leaf, { isResumed: true })), "good by ocsp");
	});
});

describe("settings", () => {
	test("an authority that is not asked about is told as such", async () => {
		const { leaf, ocsp, asked } = server({ ocsp: true });
		const verdict = await ask(checker(authority({ isDisabled: true })).one, leaf);
		assert.match(verdict.sentence, /not checked/);
		assert.deepEqual([verdict.answer, asked(ocsp)], ["good", []]);
	});

	test("an authority whose silence is accepted is good, and the sentence says so", async () => {
		const { leaf, ocsp } = server({ ocsp: true });
		web.answers.set(ocsp, (_, response) => response.writeHead(500).end());
		const verdict = await ask(checker(authority({ acceptsUnavailable: true })).one, leaf);
		assert.equal(verdict.answer, "good");
		assert.match(verdict.sentence, /its CA profile accepts that/);
	});

	test("a certificate on hold is revoked, unless the profile ignores holds", async () => {
		const { leaf, crl } = server({ crl: true });
		web.answers.set(
			crl,
			makeCrl({ issuer: intermediate, revoked: [{ serial: leaf.certificate.serial, reason: 6 }] }).der,
		);
		const { one } = checker();
		assert.match((await ask(one, leaf)).sentence, /on hold/);
		const ignoring = await ask(one, leaf, { settings: { ...settings, key: "ignoring", ignoresHold: true } });
		assert.equal(ignoring.answer, "good");
		assert.match(ignoring.sentence, /on hold.*ignores/);
	});

	test("responder and list that the operator names take the place of the certificate's", async () => {
		const { leaf, ocsp, asked } = server({ ocsp: true });
		web.answers.set("/operator.", makeCrl({ issuer: intermediate }).der);
		web.answers.set("/both.", makeCrl({ issuer: root }).der);
		const crlUrls = ["/operator.", "/both."].map(web.url);
		const { one } = checker(authority({ asksOcsp: false, crlUrls }));
		assert.equal(told(await ask(one, leaf)), "good by crl");
		assert.deepEqual(asked(ocsp), []);
	});

	test("lists that the operator loaded need no fetch", async () => {
		const { leaf } = server({});
		const loadedCrls = [makeCrl({ issuer: intermediate, revoked: [{ serial: leaf.certificate.serial }] })];
		assert.equal(told(await ask(checker({ loadedCrls }).one, leaf)), "revoked by crl");
	});

	test("another configuration finds the verdict anew", async () => {
		const { leaf, ocsp } = server({ ocsp: true });
		web.answers.set(ocsp, ocspAbout(leaf.certificate, intermediate));
		const { one, seen } = checker();
		await ask(one, leaf);
		one.configure({ authorities: new Map(), loadedCrls: [], crlIssuers: [] });
		assert.equal(told(await ask(one, leaf)), "good by ocsp");
		assert.equal(seen.length, 2);
		assert.equal(web.requests.filter((line) => line.includes(ocsp)).length, 1);
	});
});

describe("what is kept", () => {
	test("a verdict that is known is answered before the call returns, with nothing asked or reported", async () => {
		const { leaf, ocsp } = server({ ocsp: true });
		web.answers.set(ocsp, ocspAbout(leaf.certificate, intermediate));
		const { one, seen } = checker();
		await ask(one, leaf);
		const before = web.requests.length;
		let isAnswered = false;
		void ask(one, leaf).then(() => {
			isAnswered = true;
		});
		await Promise.resolve();
		assert.deepEqual([isAnswered, seen.length, web.requests.length], [true, 1, before]);
	});

	test("a verdict that ran out is found anew (V21)", async (t) => {
		const { leaf, ocsp } = server({ ocsp: true });
		const soon = Date.now() + 60_000;
		web.answers.set(ocsp, ocspAbout(leaf.certificate, intermediate, "good", { nextUpdate: soon }));
		const { one } = checker();
		assert.equal((await ask(one, leaf)).answer, "good");
		web.answers.set(
			ocsp,
			ocspAbout(leaf.certificate, intermediate, "revoked", { thisUpdate: soon, nextUpdate: soon + 3_600_000 }),
		);
		t.mock.timers.enable({ apis: ["Date"], now: soon + 120_000 });
		assert.equal((await ask(one, leaf, { isResumed: true })).answer, "revoked");
	});

	test("a server that never staples although it must is told once, not in every session", async () => {
		const feature = { oid: extensionOid.tlsFeature, value: derSequence(derInteger(5)) };
		const leaf = makeCertificate({ issuer: intermediate, extensions: [feature] });
		const { one, seen } = checker();
		for (let round = 0; round < 5; round++) assert.equal((await ask(one, leaf)).answer, "staple-missing");
		assert.equal(seen.length, 1);
	});

	test("a hundred sessions at once cause one question and one fetch of each list", async () => {
		const { leaf, ocsp, asked } = server({ ocsp: true });
		web.answers.set(ocsp, (_, response) =>
			setTimeout(() => response.end(ocspAbout(leaf.certificate, intermediate)), 50),
		);
		const { one, seen } = checker();
		const lists = web.requests.filter((line) => line.endsWith("/root.crl")).length;
		const verdicts = await Promise.all(Array.from({ length: 100 }, () => ask(one, leaf)));
		assert.deepEqual(new Set(verdicts.map(told)), new Set(["good by ocsp"]));
		assert.equal(asked(ocsp).length, 1);
		assert.equal(web.requests.filter((line) => line.endsWith("/root.crl")).length - lists, 1);
		assert.equal(one.size.waiting, 0);
		assert.ok(seen.length >= 1);
	});

	test("a list that comes after the session gave up serves the next one", async () => {
		const { leaf, crl } = server({ crl: true });
		web.answers.set(crl, (_, response) => setTimeout(() => response.end(makeCrl({ issuer: intermediate }).der), 300));
		const { one } = checker();
		const quick = { settings: { ...settings, timeoutMs: 100 } };
		assert.equal((await ask(one, leaf, quick)).answer, "unavailable");
		await eventually(() => one.fetchedLists().some(({ url }) => url === web.url(crl)), "the list");
		await eventually(async () => (await ask(one, leaf, quick)).answer === "good", "a good answer");
	});

	test("a list that is due is fetched anew behind the session, and a new one overturns the verdicts", async (t) => {
		const { leaf, crl } = server({ crl: true });
		const day = 86_400_000;
		const list = (serials: readonly Uint8Array[], number: bigint) =>
			makeCrl({
				issuer: intermediate,
				number,
				nextUpdate: Date.now() + 9 * day,
				revoked: serials.map((serial) => ({ serial })),
			}).der;
		web.answers.set("/root.crl", makeCrl({ issuer: root, nextUpdate: Date.now() + 9 * day }).der);
		web.answers.set(crl, list([], 1n));
		const { one, replaced } = checker();
		assert.equal((await ask(one, leaf)).answer, "good");
		web.answers.set(crl, list([leaf.certificate.serial], 2n));
		t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 2 * day });
		assert.equal((await ask(one, leaf)).answer, "good");
		await eventually(() => replaced() === 1, "the new list");
		assert.equal((await ask(one, leaf)).answer, "revoked");
	});

	test("ten thousand paths leave so many verdicts and no more", async () => {
		const { leaf } = server({});
		const { one } = checker();
		for (let index = 0; index < 10_000; index++)
			one.check({ ...(await questionOf(leaf)), pathKey: String(index) }, () => undefined);
		assert.equal(one.size.verdicts, 8_192);
		one.forget();
		assert.deepEqual(one.size, { verdicts: 0, responses: 0, lists: 0, listOctets: 0, waiting: 0 });
	});
});

async function questionOf(leaf: Made): Promise<PathQuestion> {
	return {
		path: [leaf.certificate, root.certificate],
		pathKey: "",
		staple: undefined,
		isResumed: false,
		anchors: new TrustAnchors([root.certificate]),
		profile: validationProfiles["web-pki"],
		settings,
	};
}
