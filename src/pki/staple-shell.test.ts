import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Prefix, parseAddress, parsePrefix } from "#base/address.ts";
import { Fetcher } from "#pki/fetch-shell.ts";
import { stapleSubject } from "#pki/staple.ts";
import { type StapleFacts, StapleKeeper } from "#pki/staple-shell.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { eventually } from "../../test/support/gateway.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";
import { ocspAbout, pointers, startWeb } from "../../test/support/responder.ts";

const web = await startWeb({ after });
const root = makeCertificate({ subject: "CN=Root", isCa: true });
let made = 0;

function kept(to: { readonly ocsp?: boolean } = { ocsp: true }) {
	const path = `/staple${++made}.`;
	const { certificate } = makeCertificate({
		issuer: root,
		extensions: pointers({ ocsp: to.ocsp === true ? [web.url(path)] : [] }),
	});
	const subject = stapleSubject("app", [certificate, root.certificate], [], new Map(), new SignatureCache());
	assert.ok(subject !== undefined);
	// A fetcher that remembers no failure: what is asked again is what the keeper asks again.
	const limits = { maxAtOnce: 4, maxPerHost: 4, maxQueued: 16, keepFailureMs: 0 };
	const guard = { permitted: [parsePrefix("127.0.0.1/32") as Prefix], isOwnListener: () => false };
	const fetcher = new Fetcher(
		guard,
		(host, answer) => answer([parseAddress(host) ?? assert.fail()]),
		() => undefined,
		limits,
	);
	const told: StapleFacts[] = [];
	const keeper = new StapleKeeper(
		fetcher,
		(facts) => told.push(facts),
		() => 0.5,
	);
	keeper.configure([subject]);
	return {
		keeper,
		told,
		subject,
		answers: (octets: Uint8Array | undefined) =>
			web.answers.set(path, octets ?? ((_, response) => response.writeHead(500).end())),
		asked: () => web.requests.filter((line) => line.includes(path)).length,
		about: (...more: Parameters<typeof ocspAbout> extends [unknown, unknown, ...infer Rest] ? Rest : never) =>
			ocspAbout(certificate, root, ...more),
		next: (count: number) => eventually(() => told[count - 1], "the keeper tells"),
	};
}

test("R35: a response is fetched behind everybody's back, stapled while it is good, and asked for once", async () => {
	const { keeper, answers, about, next, asked } = kept();
	const until = Date.now() + 3_600_000;
	const response = about("good", { nextUpdate: until });
	answers(response);
	assert.equal(keeper.response("app", Date.now()), undefined);
	for (let tick = 0; tick < 5; tick++) keeper.tick(Date.now());
	const facts = await next(1);
	assert.deepEqual([facts.problem, facts.isAskable], [undefined, true]);
	assert.deepEqual(Buffer.from(keeper.response("app", Date.now()) ?? []), Buffer.from(response));
	keeper.tick(Date.now());
	assert.equal(asked(), 1);
	assert.equal(keeper.response("other", Date.now()), undefined);
});

test("R35: what has run out is not stapled, even when the clock alone has gone on; its successor is fetched long before", async () => {
	const { keeper, answers, about, next, asked } = kept();
	const now = Date.now();
	answers(about("good", { nextUpdate: now + 3_600_000 }));
	keeper.tick(now);
	await next(1);
	assert.equal(keeper.response("app", now + 3_600_001), undefined);
	keeper.tick(now + 1_000_000);
	assert.equal(asked(), 1);
	answers(about("good", { nextUpdate: now + 7_200_000 }));
	keeper.tick(now + 2_200_000);
	const renewed = await next(2);
	assert.ok((renewed.goodUntil ?? 0) > now + 7_000_000);
	assert.notEqual(keeper.response("app", now + 3_600_001), undefined);
});

test("a failure leaves the response of before in use until it runs out, is told once, and is tried again later", async () => {
	const { keeper, answers, about, next, told, asked } = kept();
	const now = Date.now();
	answers(about("good", { nextUpdate: now + 3_600_000 }));
	keeper.tick(now);
	await next(1);
	answers(undefined);
	keeper.tick(now + 2_200_000);
	const failed = await next(2);
	assert.match(failed.problem ?? "", /it answered 500/);
	assert.notEqual(failed.goodUntil, undefined);
	assert.notEqual(keeper.response("app", now + 2_200_001), undefined);
	// The wait counts from the real time of the answer.
	keeper.tick(now + 30_000);
	assert.equal(asked(), 2);
	keeper.tick(now + 200_000);
	await eventually(() => (asked() === 3 ? true : undefined), "a third request");
	assert.equal(told.length, 2);
	keeper.tick(now + 3_700_000);
	assert.equal((await next(3)).goodUntil, undefined);
});

for (const [says, status] of [
	["revoked", /it was revoked/],
	["unknown", /does not know the certificate/],
] as const) {
	test(`a responder that says ${says} takes the good response of before out of use`, async () => {
		const { keeper, answers, about, next } = kept();
		const now = Date.now();
		answers(about("good", { nextUpdate: now + 3_600_000 }));
		keeper.tick(now);
		await next(1);
		answers(about(says));
		keeper.tick(now + 2_200_000);
		assert.match((await next(2)).problem ?? "", status);
		assert.equal(keeper.response("app", now), undefined);
	});
}

test("a stale or foreign response is never stapled", async () => {
	for (const response of [
		(about: ReturnType<typeof kept>["about"]) => about("good", { thisUpdate: 0, nextUpdate: 1_000 }),
		(about: ReturnType<typeof kept>["about"]) => about("good", {}, { hasBrokenSignature: true }),
	]) {
		const { keeper, answers, about, next } = kept();
		answers(response(about));
		keeper.tick(Date.now());
		assert.notEqual((await next(1)).problem, undefined);
		assert.equal(keeper.response("app", Date.now()), undefined);
	}
});

test("a certificate that names no responder is told of and never asked about; another configuration keeps what is at hand", async () => {
	const mute = kept({});
	assert.deepEqual([mute.told.length, mute.told[0]?.isAskable], [1, false]);
	mute.keeper.tick(Date.now());
	const { keeper, answers, about, next, subject, asked } = kept();
	answers(about());
	keeper.tick(Date.now());
	await next(1);
	keeper.configure([subject]);
	keeper.tick(Date.now());
	assert.notEqual(keeper.response("app", Date.now()), undefined);
	assert.equal(asked(), 1);
	keeper.configure([]);
	assert.equal(keeper.response("app", Date.now()), undefined);
});
