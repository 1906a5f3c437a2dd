import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "#base/address.ts";
import { lookUp, refuseLookUp, reportRevocation, revocationConfiguration } from "#daemon/worker-revocation.ts";
import type { RevocationVerdict } from "#pki/revocation.ts";
import { usualRevocation } from "#pki/revocation-settings.ts";
import type { PathQuestion } from "#pki/revocation-shell.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { Resolver } from "#proxy/resolver-shell.ts";
import { formatEvent, type GatewayEvent } from "#telemetry/event-table.ts";
import { makeChain } from "../../test/support/make-certificate.ts";
import { makeCrl } from "../../test/support/make-crl.ts";

const { root, intermediate, leaf } = makeChain();
const question: PathQuestion & { readonly settings: { readonly dropsUnavailable: boolean } } = {
	path: [leaf, intermediate, root].map(({ certificate }) => certificate),
	pathKey: "",
	staple: undefined,
	isResumed: false,
	anchors: new TrustAnchors([root.certificate]),
	profile: validationProfiles["web-pki"],
	settings: {
		key: "",
		timeoutMs: 1,
		asksOcsp: true,
		asksCrl: true,
		ignoresHold: false,
		dropsUnavailable: true,
	},
};

function reported(answer: RevocationVerdict["answer"], isAskable = true): GatewayEvent[] {
	const events: GatewayEvent[] = [];
	const rest = { depth: 0, until: undefined, revokedAt: undefined, reason: undefined };
	const verdict: RevocationVerdict = { answer, source: "ocsp", sentence: "because", ...rest };
	reportRevocation(question, verdict, isAskable, (message) => message.type === "event" && events.push(message.event));
	return events;
}

test("settings go to each certificate of their CA profile, and every one may sign lists", () => {
	const own = { ...usualRevocation, isDisabled: true };
	const plan = { authorities: new Map([["a", own]]), permittedNetworks: [] };
	const profiles = new Map([
		["a", [root.pem, intermediate.pem]],
		["b", [leaf.pem]],
	]);
	const { authorities, crlIssuers, loadedCrls } = revocationConfiguration(plan, profiles, [
		makeCrl({ issuer: root }).der,
		Buffer.from("no list"),
	]);
	assert.deepEqual(
		[...authorities.keys()].sort(),
		[root, intermediate].map((made) => made.certificate.fingerprint).sort(),
	);
	assert.equal(crlIssuers.length, 3);
	assert.deepEqual(
		loadedCrls.map(({ issuer }) => issuer.text),
		[root.certificate.subject.text],
	);
});

test("an address needs no resolver, a name is looked up, and before there is a configuration nothing is found", () => {
	const address = parseAddress("192.0.2.7") ?? assert.fail();
	const resolver = new Resolver(new Map([["a.test", [address]]]), 1, 1);
	const answers: unknown[] = [];
	lookUp(resolver, "192.0.2.7", (found) => answers.push(found));
	lookUp(resolver, "a.test", (found) => answers.push(found));
	refuseLookUp("a.test", (found) => answers.push(found));
	assert.deepEqual(answers, [[address], [address], []]);
});

test("N4: whatever is not good is an event, except that nobody could be asked", () => {
	assert.deepEqual(reported("good"), []);
	assert.deepEqual(reported("unavailable", false), []);
	assert.deepEqual(reported("unavailable").map(formatEvent), [
		`whether server certificate ${leaf.certificate.fingerprint} (CN=test.example) was revoked could not be found out: because; sessions: ended`,
	]);
	for (const answer of ["revoked", "unknown", "staple-missing"] as const)
		assert.deepEqual(
			reported(answer).map(({ id }) => id),
			["SERVER_CERTIFICATE_REVOKED"],
		);
});
