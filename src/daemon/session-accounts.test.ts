import assert from "node:assert/strict";
import { test } from "node:test";
import { isRecorded, SessionAccounts } from "#daemon/session-accounts.ts";
import type { ToManaged } from "#daemon/worker-protocol.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { Counters } from "#telemetry/counters.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import { sessionRecord, without } from "../../test/support/session-records.ts";

const silent = { allowed: false, dropped: false, exempted: false, errors: false, ignored: false, warnings: false };
const profileWith = (log: Partial<ProxyProfile["log"]>) => ({ log: { ...silent, ...log } }) as ProxyProfile;
const opened = sessionRecord();
const exempt = sessionRecord({ decision: "bypass", cause: "exempt" });
const blocked = sessionRecord({ decision: "block" });
const failed = { ...without(opened, "clientLeg"), faultCode: "SERVER_HANDSHAKE_FAILED" };

test("R210 R211 R212 R213 R214 R217: a profile records the classes of sessions that it names", () => {
	const rows = [
		["allowed", opened],
		["exempted", exempt],
		["dropped", blocked],
		["errors", failed],
		["ignored", sessionRecord({ decision: "bypass", cause: "overload" })],
		["warnings", sessionRecord({ serverTrust: "it has expired" })],
	] as const;
	for (const [name, record] of rows) {
		assert.equal(isRecorded(record, profileWith({ [name]: true }), undefined), true, name);
		assert.equal(isRecorded(record, profileWith({}), undefined), false, name);
	}
});

test("R13: sessions in which no profile takes part are always recorded", () => {
	assert.equal(isRecorded(sessionRecord({ decision: "bypass", cause: "no-service" }), undefined, undefined), true);
});

test("log session-close of a policy goes before what the profile says", () => {
	const close = { isInitLogged: false, isCloseLogged: true };
	assert.equal(isRecorded(opened, profileWith({}), close), true);
	assert.equal(isRecorded(opened, profileWith({}), { isInitLogged: true, isCloseLogged: false }), false);
});

test("what each policy decided is reported although no record is", () => {
	const sent: ToManaged[] = [];
	const first = (): ToManaged | undefined => sent[0];
	const counters = new Counters();
	const accounts = new SessionAccounts(counters, (message) => sent.push(message));
	accounts.flush();
	assert.equal(sent.length, 0);
	accounts.ended(opened, profileWith({}), undefined);
	accounts.ended(opened, profileWith({}), undefined);
	accounts.flush();
	accounts.flush();
	assert.equal(sent.length, 1);
	const message = first();
	assert.ok(message?.type === "records");
	assert.deepEqual(message.records, []);
	assert.deepEqual(message.tallies, [{ rule: "default", sessions: 2, octetsToServer: 824, octetsToClient: 26_802 }]);
	assert.equal(message.counters.sessions_decrypted, 2);
});

test("R239 R240 R241 R244: failures count by their cause, octets in all and of what was decrypted", () => {
	const counters = new Counters();
	const accounts = new SessionAccounts(counters, () => undefined);
	const ended = (part: Partial<SessionRecord>) => accounts.ended(sessionRecord(part), undefined, undefined);
	ended({ decision: "decrypt", octetsToServer: 10, octetsToClient: 200 });
	ended({ decision: "bypass", cause: "exempt", octetsToServer: 1, octetsToClient: 20 });
	const none = { decision: "none", octetsToServer: 0, octetsToClient: 0 } as const;
	ended({ ...none, faultCode: "TLS_CIPHERS_DO_NOT_MATCH" });
	ended({ ...none, faultCode: "SERVER_UNREACHABLE" });
	ended({ ...none, faultCode: "SERVER_CONNECT_TIMEOUT" });
	ended({ ...none, faultCode: "HTTP_MESSAGE_MALFORMED" });
	const names = ["sessions_failed", "failed_ciphers", "failed_server_connections", "failed_client_trust"] as const;
	assert.deepEqual(
		names.map((name) => counters.get(name)),
		[4, 1, 2, 0],
	);
	const octets = ["octets_to_server", "octets_to_client", "octets_decrypted", "sessions_decrypted"] as const;
	assert.deepEqual(
		octets.map((name) => counters.get(name)),
		[11, 220, 210, 1],
	);
});

test("R177 to R188: each outcome has its counter", () => {
	const counters = new Counters();
	const accounts = new SessionAccounts(counters, () => undefined);
	for (const cause of ["exempt", "overload", "no-profile"])
		accounts.ended(sessionRecord({ decision: "bypass", cause }), undefined, undefined);
	accounts.ended(sessionRecord({ inspection: "decrypted, not inspected" }), undefined, undefined);
	accounts.ended(sessionRecord({ serverTrust: "it has expired" }), undefined, undefined);
	const names = ["sessions_bypassed", "sessions_exempt", "sessions_unmet", "sessions_ignored"] as const;
	assert.deepEqual(
		names.map((name) => counters.get(name)),
		[3, 1, 1, 1],
	);
	const opening = ["sessions_decrypted", "sessions_uninspected", "sessions_allowed_after_error"] as const;
	assert.deepEqual(
		opening.map((name) => counters.get(name)),
		[2, 1, 1],
	);
});
