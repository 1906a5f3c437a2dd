import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { Fetcher } from "#pki/fetch-shell.ts";
import { fetchOcsp, type OcspOrder, shownUrl } from "#pki/ocsp-fetch-shell.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { ocspAbout, startWeb } from "../../test/support/responder.ts";

const web = await startWeb({ after });
const root = makeCertificate({ subject: "CN=Root", isCa: true });
const { certificate } = makeCertificate({ issuer: root });
const fetcher = new Fetcher(
	{ permitted: [parsePrefix("127.0.0.1/32") as Prefix], isOwnListener: () => false },
	(host, answer) => answer([parseAddress(host) ?? assert.fail()]),
	() => undefined,
);
const order = (...paths: readonly string[]): OcspOrder => ({
	certificate,
	issuer: root.certificate,
	urls: paths.map((path) => web.url(path)),
	namedUrls: [],
	timeoutMs: 2_000,
	profile: validationProfiles["web-pki"],
	cache: new SignatureCache(),
});
const whyOf = (answer: Awaited<ReturnType<typeof fetchOcsp>>) => (answer.kind === "failed" ? answer.why : "");

test("the next responder is asked when one fails, and the first response that counts is the answer", async () => {
	web.answers.set("/gone", (_, response) => response.writeHead(500).end());
	web.answers.set("/foreign", ocspAbout(certificate, makeCertificate({ subject: "CN=Root", isCa: true })));
	web.answers.set("/good", ocspAbout(certificate, root));
	const answer = await fetchOcsp(fetcher, order("/gone", "/foreign", "/good"));
	assert.ok(answer.kind === "answered" && answer.status.kind === "good");
	assert.match(web.requests.at(-1) ?? "", /^GET \/good\/M/);
});

test("a revoked certificate is an answer", async () => {
	web.answers.set("/revoked", ocspAbout(certificate, root, "revoked"));
	const answer = await fetchOcsp(fetcher, order("/revoked"));
	assert.ok(answer.kind === "answered" && answer.status.kind === "revoked");
});

test("when none counts each says why", async () => {
	web.answers.set("/broken", (_, response) => response.writeHead(503).end());
	web.answers.set("/stale", ocspAbout(certificate, root, "good", { thisUpdate: 0, nextUpdate: 1_000 }));
	const why = whyOf(await fetchOcsp(fetcher, order("/broken", "/stale")));
	assert.match(
		why,
		/^responder http:\/\/127\.0\.0\.1:\d+\/broken: it answered 503; responder .*\/stale: it is stale since 1970/,
	);
});

test("a nonce makes the request one of its own: it is posted", async () => {
	web.answers.set("/nonce", ocspAbout(certificate, root));
	await fetchOcsp(fetcher, { ...order("/nonce"), nonce: Buffer.alloc(32, 7) });
	assert.equal(web.requests.at(-1), "POST /nonce");
});

test("a long address is told by its beginning", () => {
	assert.equal(shownUrl(`http://a.example/${"x".repeat(500)}`).length, 123);
});
