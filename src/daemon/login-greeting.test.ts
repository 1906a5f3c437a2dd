import assert from "node:assert/strict";
import { test } from "node:test";
import { loginGreeting } from "#daemon/login-greeting.ts";

const alarms = () => "2 alarms currently active\n2026-11-30 ...\n";
const texts = {
	message: "Authorized use only.",
	announcement: "TLS of staff is inspected.",
	class: new Map([
		["watch", { loginAlarms: true }],
		["other", { loginAlarms: false }],
	]),
};

test("the message comes first, then the announcement, then the number of alarms where the class asks for it", () => {
	assert.equal(loginGreeting(texts, "super-user", alarms), "Authorized use only.\nTLS of staff is inspected.\n");
	assert.equal(loginGreeting(texts, "other", alarms), "Authorized use only.\nTLS of staff is inspected.\n");
	const watch = { ...texts, message: undefined, announcement: undefined };
	assert.equal(loginGreeting(watch, "watch", alarms), "2 alarms currently active\n");
	assert.equal(loginGreeting(watch, "super-user", alarms), "");
});
