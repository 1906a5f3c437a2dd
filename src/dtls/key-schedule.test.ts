import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionKeys, masterSecret, prf, transcriptHash, verifyData } from "#dtls/key-schedule.ts";
import { type DtlsSuite, dtlsSuiteOf } from "#dtls/suite.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

test("the pseudorandom function answers what the published vectors say", () => {
	// https://mailarchive.ietf.org/arch/msg/tls/fzVCzk-z3FShgGJ6DOXqM1ydxms/
	const answer = prf(
		"sha256",
		hex("9bbe436ba940f017b17652849a71db35"),
		"test label",
		hex("a0ba9f936cda311827a6f796ffd5198c"),
		100,
	);
	assert.equal(
		Buffer.from(answer).toString("hex"),
		"e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66",
	);
	const longer = prf(
		"sha384",
		hex("b80b733d6ceefcdc71566ea48e5567df"),
		"test label",
		hex("cd665cf6a8447dd6ff8b27555edb7465"),
		148,
	);
	assert.equal(Buffer.from(longer.subarray(0, 16)).toString("hex"), "7b0c18e9ced410ed1804f2cfa34a336a");
});

test("the keys of both directions lie in the block in the order of RFC 5246 section 6.3", () => {
	const suite = dtlsSuiteOf(0xc02f) as DtlsSuite;
	const [client, server] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
	const master = masterSecret("sha256", new Uint8Array(32).fill(3), { randoms: Uint8Array.of(...client, ...server) });
	assert.equal(master.length, 48);
	const block = prf("sha256", master, "key expansion", Uint8Array.of(...server, ...client), 40);
	const keys = connectionKeys(suite, master, client, server);
	assert.deepEqual(
		[keys.client.key, keys.server.key, keys.client.iv, keys.server.iv],
		[block.slice(0, 16), block.slice(16, 32), block.slice(32, 36), block.slice(36, 40)],
	);
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
