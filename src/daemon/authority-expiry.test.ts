import assert from "node:assert/strict";
import { test } from "node:test";
import { ExpiryTeller, expiryAlarms, type WatchedAuthorities } from "#daemon/authority-expiry.ts";
import type { Bundle } from "#daemon/trust-directory.ts";
import { type Made, makeCertificate } from "../../test/support/make-certificate.ts";

const day = 86_400_000;
const now = Math.floor(Date.now() / 1000) * 1000;
const until = (name: string, days: number) =>
	makeCertificate({ subject: `CN=${name}`, isCa: true, notBefore: now - 99 * day, notAfter: now + days * day });
const [old, near, far] = [until("Old", -1), until("Near", 10), until("Far", 90)] as [Made, Made, Made];
const bundle = (kind: Bundle["kind"], name: string, ...made: readonly Made[]): Bundle => ({
	kind,
	name,
	certificates: made.map(({ certificate }) => certificate),
	loadedAt: 0,
	from: undefined,
});
const watched = (more: Partial<WatchedAuthorities> = {}): WatchedAuthorities => ({
	profiles: [bundle("profile", "corp", near, old), bundle("profile", "lab", far)],
	groups: [],
	defaultRoots: [],
	warningDays: 30,
	...more,
});
const told = (teller: ExpiryTeller, what: WatchedAuthorities, at: number) => teller.due(what, at).map(({ id }) => id);

test("R89: an authority near its end is a minor alarm, one that has ended a major one", () => {
	assert.deepEqual(expiryAlarms(watched(), now), [
		{ at: now - 20 * day, level: "Minor", text: "certificate CN=Near of ca-profile corp expires in 10 days" },
		{ at: now - day, level: "Major", text: "certificate CN=Old of ca-profile corp has expired" },
	]);
	assert.equal(expiryAlarms(watched({ warningDays: 5 }), now).length, 1);
});

test("R89: each is told once a day, at once when it gets worse, and again when it comes back", () => {
	const teller = new ExpiryTeller();
	assert.deepEqual(told(teller, watched(), now), ["AUTHORITY_EXPIRY_NEAR", "AUTHORITY_EXPIRED"]);
	assert.deepEqual(told(teller, watched(), now + day - 1), []);
	assert.deepEqual(told(teller, watched(), now + day), ["AUTHORITY_EXPIRY_NEAR", "AUTHORITY_EXPIRED"]);
	const ended = now + 10 * day + 1_000;
	teller.due(watched(), ended - 2_000);
	assert.deepEqual(told(teller, watched(), ended), ["AUTHORITY_EXPIRED"]);
	assert.deepEqual(told(teller, watched({ profiles: [] }), ended + 1), []);
	assert.deepEqual(told(teller, watched(), ended + 2), ["AUTHORITY_EXPIRED", "AUTHORITY_EXPIRED"]);
});

test("of groups and of the default store only what has expired is told, in one event each", () => {
	const what = watched({
		profiles: [],
		groups: [bundle("group", "web", old, near), bundle("group", "good", far)],
		defaultRoots: [old.certificate, near.certificate],
	});
	const events = new ExpiryTeller().due(what, now);
	assert.deepEqual(
		events.map(({ id, fields }) => [id, fields]),
		[
			["ROOTS_EXPIRED", { store: "ca-profile-group web", count: 1, subjects: ["CN=Old"] }],
			["ROOTS_EXPIRED", { store: "the default trust store", count: 1, subjects: ["CN=Old"] }],
		],
	);
});
