import assert from "node:assert/strict";
import { test } from "node:test";
import { masterSecret, transcriptHash, verifyData } from "#dtls/key-schedule.ts";

test("a master secret of both randoms has 48 octets and hangs on them", () => {
	const of = (octet: number) =>
		masterSecret("sha256", new Uint8Array(32).fill(3), { randoms: new Uint8Array(64).fill(octet) });
	assert.equal(of(1).length, 48);
	assert.notDeepEqual(of(1), of(2));
});

test("the extended master secret hangs on the messages, and Finished on messages and side", () => {
	const secret = new Uint8Array(32).fill(3);
	const of = (text: string) =>
		masterSecret("sha256", secret, { sessionHash: transcriptHash("sha256", [Buffer.from(text)]) });
	assert.notDeepEqual(of("one"), of("two"));
	const said = (side: "client" | "server", text: string) => verifyData("sha384", secret, side, [Buffer.from(text)]);
	assert.equal(said("client", "one").length, 12);
	assert.notDeepEqual(said("client", "one"), said("server", "one"));
	assert.notDeepEqual(said("client", "one"), said("client", "two"));
});
