import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerSessions, serverSessionKey } from "#proxy/server-sessions.ts";

const parts = {
	client: "10.0.0.1",
	server: "203.0.113.1",
	port: 443,
	serverName: "a.example",
	host: "a.example",
	trustKey: "web-pki all",
	alpn: ["h2"],
	variant: "v",
};

const now = Date.UTC(2026, 10, 21);

test("M16: another client, server, name, host, trust, offer or option never finds the session", () => {
	const key = serverSessionKey(parts);
	for (const other of [
		{ client: "10.0.0.2" },
		{ server: "203.0.113.2" },
		{ port: 8443 },
		{ serverName: "b.example" },
		{ serverName: undefined },
		{ host: "b.example" },
		{ trustKey: "lenient all" },
		{ alpn: ["http/1.1"] },
		{ variant: "w" },
	]) {
		assert.notEqual(serverSessionKey({ ...parts, ...other }), key);
	}
});

test("a session is handed out once", () => {
	const sessions = new ServerSessions<string>(2);
	sessions.put("k", { session: Buffer.from("s"), judged: "trusted" }, now);
	assert.equal(sessions.take("k", now)?.judged, "trusted");
	assert.equal(sessions.take("k", now), undefined);
});

test("several sessions are kept for one key, the newest is used first, the oldest goes first", () => {
	const sessions = new ServerSessions<number>(2);
	for (let number = 0; number < 12; number++) sessions.put("k", { session: Buffer.from("s"), judged: number }, now);
	const taken = Array.from({ length: 9 }, () => sessions.take("k", now)?.judged);
	assert.deepEqual(taken, [11, 10, 9, 8, 7, 6, 5, 4, undefined]);
});

test("a server that refuses its sessions three times running is offered none", () => {
	const sessions = new ServerSessions<string>(2);
	sessions.put("k", { session: Buffer.from("s"), judged: "" }, now);
	sessions.offered("k", false);
	sessions.offered("k", true);
	assert.equal(sessions.wants("k"), true);
	for (let count = 0; count < 3; count++) sessions.offered("k", false);
	assert.equal(sessions.wants("k"), false);
	sessions.put("k", { session: Buffer.from("s"), judged: "" }, now);
	assert.equal(sessions.take("k", now), undefined);
});

test("a session is not resumed after its lifetime, also when it was put back meanwhile", () => {
	const sessions = new ServerSessions<string>(4);
	sessions.lifetimeMs = 60_000;
	sessions.put("k", { session: Buffer.from("s"), judged: "" }, now);
	const taken = sessions.take("k", now + 59_000);
	assert.ok(taken !== undefined);
	sessions.put("k", taken, now + 59_000);
	assert.equal(sessions.take("k", now + 60_000), undefined);
	sessions.put("k", { session: Buffer.from("old"), judged: "" }, now);
	sessions.put("k", { session: Buffer.from("new"), judged: "" }, now + 30_000);
	assert.equal(sessions.take("k", now + 70_000)?.session.toString(), "new");
	assert.equal(sessions.take("k", now + 70_000), undefined);
});
