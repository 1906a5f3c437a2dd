import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { SignatureRequests } from "#daemon/signature-requests.ts";
import type { ToManaged } from "#daemon/worker-protocol.ts";

type SignMessage = ToManaged & { readonly type: "sign" };
const request = (session: string) => ({ ca: "ca", toBeSigned: Uint8Array.of(1), originSha256: "ab", session });

function started() {
	const sent: SignMessage[] = [];
	return { sent, requests: new SignatureRequests((message) => sent.push(message)) };
}

test("what is asked for in one turn goes out in one message, in order, each with a number of its own", async () => {
	const { sent, requests } = started();
	for (const session of ["a", "b", "c"]) void requests.sign(request(session));
	assert.equal(sent.length, 0);
	await setImmediate();
	void requests.sign(request("d"));
	await setImmediate();
	assert.deepEqual(
		sent.map((message) => message.requests.map((one) => `${one.request} ${one.session}`)),
		[["1 a", "2 b", "3 c"], ["4 d"]],
	);
});

test("answers come in any order, a refusal rejects with its reason, and an answer to nobody is passed over", async () => {
	const { requests } = started();
	const first = requests.sign(request("a"));
	const second = requests.sign(request("b"));
	requests.answered([
		{ request: 2, certificate: Uint8Array.of(2) },
		{ request: 9, certificate: Uint8Array.of(9) },
		{ request: 1, reason: "no CA" },
		{ request: 1, certificate: Uint8Array.of(1) },
	]);
	await assert.rejects(first, /^Error: no CA$/);
	assert.deepEqual(await second, Uint8Array.of(2));
});
