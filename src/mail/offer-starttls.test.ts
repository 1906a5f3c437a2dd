import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { offerByImap, offerByPop3, offerBySmtp } from "#mail/offer-starttls.ts";

test("R180: the reply to EHLO offers STARTTLS once, and no login without it where TLS is demanded", () => {
	const lines = ["mail.test", "PIPELINING", "AUTH PLAIN LOGIN", "AUTH=PLAIN", "starttls", "8BITMIME"];
	assert.deepEqual(offerBySmtp(lines, false), [
		...["mail.test", "PIPELINING", "AUTH PLAIN LOGIN", "AUTH=PLAIN", "8BITMIME", "STARTTLS"],
	]);
	assert.deepEqual(offerBySmtp(lines, true), ["mail.test", "PIPELINING", "8BITMIME", "STARTTLS"]);
	assert.deepEqual(offerBySmtp(["mail.test"], true), ["mail.test", "STARTTLS"]);
});

test("R180: capabilities of IMAP offer STARTTLS wherever they stand; LOGINDISABLED keeps clients from logging in before", () => {
	const list = "IMAP4rev1 SASL-IR AUTH=PLAIN auth=login IDLE";
	assert.equal(offerByImap(`* CAPABILITY ${list}`, false), `* CAPABILITY ${list} STARTTLS`);
	for (const [before, behind] of [
		["* CAPABILITY ", ""],
		["* OK [CAPABILITY ", "] Dovecot ready."],
		["a1 OK [CAPABILITY ", "] done"],
	] as const)
		assert.equal(
			offerByImap(`${before}${list}${behind}`, true),
			`${before}IMAP4rev1 IDLE STARTTLS LOGINDISABLED${behind}`,
		);
	assert.equal(
		offerByImap("* CAPABILITY IMAP4rev1 LOGINDISABLED", true),
		"* CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS",
	);
});

test("any other line of IMAP is as it was", () => {
	for (const line of ["* OK ready", "* 3 EXISTS", "a1 OK done", "* BYE [ALERT] gone", ""])
		assert.equal(offerByImap(line, true), line);
	fc.assert(
		fc.property(fc.string(), (text) => {
			const line = `* ${text}`;
			if (!/CAPABILITY /i.test(line)) assert.equal(offerByImap(line, true), line);
		}),
	);
});

test("R180: the reply to CAPA offers STLS, and neither USER nor SASL where TLS is demanded", () => {
	const lines = ["TOP", "UIDL", "USER", "SASL PLAIN", "STLS"];
	assert.deepEqual(offerByPop3(lines, false), ["TOP", "UIDL", "USER", "SASL PLAIN", "STLS"]);
	assert.deepEqual(offerByPop3(lines, true), ["TOP", "UIDL", "STLS"]);
});
