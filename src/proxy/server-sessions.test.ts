import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerSessions, serverSessionKey } from "#proxy/server-sessions.ts";

const parts = {
	client: "10.0.0.1",
	server: "203.0.113.1",
	port: 443,
	serverName: "a.example",
	alpn: ["h2"],
	variant: "v",
};

test("M16: another client, server, name, offer or option never finds the session", () => {
	const key = serverSessionKey(parts);
	for (const other of [
		{ client: "10.0.0.2" },
		{ server: "203.0.113.2" },
		{ port: 8443 },
		{ serverName: "b.example" },
		{ serverName: undefined },
		{ alpn: ["http/1.1"] },
		{ variant: "w" },
	]) {
		assert.notEqual(serverSessionKey({ ...parts, ...other }), key);
	}
});

test("a session is handed out once", () => {
	const sessions = new ServerSessions<string>(2);
	sessions.put("k", { session: Buffer.from("s"), judged: "trusted" });
	assert.equal(sessions.take("k")?.judged, "trusted");
	assert.equal(sessions.take("k"), undefined);
});
