import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionKeys, expandLabel, nextTrafficSecret, prf, trafficKeys } from "#tls/key-derivation.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const text = (octets: Uint8Array) => Buffer.from(octets).toString("hex");

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
	const [client, server] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
	const master = new Uint8Array(48).fill(3);
	const block = prf("sha256", master, "key expansion", Uint8Array.of(...server, ...client), 40);
	const keys = connectionKeys({ keyOctets: 16, ivOctets: 4, hash: "sha256" }, master, client, server);
	assert.deepEqual(
		[keys.client.key, keys.server.key, keys.client.iv, keys.server.iv],
		[block.slice(0, 16), block.slice(16, 32), block.slice(32, 36), block.slice(36, 40)],
	);
});

test("the keys of a traffic secret are those of the example handshake of RFC 8448", () => {
	const suite = { keyOctets: 16, ivOctets: 12, hash: "sha256" } as const;
	const secret = hex("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");
	const { key, iv } = trafficKeys(suite, secret);
	assert.deepEqual([text(key), text(iv)], ["9f02283b6c9c07efc26bb9f2ac92e356", "cf782b88dd83549aadf1e984"]);
});

test("a label is expanded over as many rounds as its length needs", () => {
	const secret = new Uint8Array(32).fill(7);
	assert.equal(expandLabel("sha256", secret, "x", 80).length, 80);
	const next = nextTrafficSecret({ keyOctets: 32, ivOctets: 12, hash: "sha384" }, new Uint8Array(48).fill(7));
	assert.equal(next.length, 48);
});
