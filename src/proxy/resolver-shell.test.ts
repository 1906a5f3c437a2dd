import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress, parseAddress } from "#base/address.ts";
import { type Resolution, Resolver } from "#proxy/resolver-shell.ts";

const fixed = parseAddress("192.0.2.7") ?? assert.fail();

function ask(resolver: Resolver, name: string, now = 0): Promise<Resolution> {
	return new Promise((resolve) => resolver.resolve(name, now, resolve));
}

test("a configured name is answered without asking the system", async () => {
	const resolver = new Resolver(new Map([["shop.example", [fixed]]]), 4, 1000);
	const answer = await ask(resolver, "shop.example");
	assert.deepEqual(answer, { kind: "resolved", addresses: [fixed] });
});

test("localhost has a loopback address, and the second look-up in time is answered at once", async () => {
	const resolver = new Resolver(new Map(), 4, 1000);
	const answer = await ask(resolver, "localhost");
	const texts = answer.kind === "resolved" ? answer.addresses.map(formatAddress) : [];
	assert.ok(texts.includes("127.0.0.1") || texts.includes("::1"), texts.join());
	let isAnswered = false;
	resolver.resolve("localhost", 999, () => {
		isAnswered = true;
	});
	assert.equal(isAnswered, true);
});

test("look-ups of one name at the same time are one look-up, and all are answered", async () => {
	const resolver = new Resolver(new Map(), 4, 1000);
	const answers = await Promise.all(Array.from({ length: 20 }, () => ask(resolver, "localhost")));
	assert.equal(new Set(answers).size, 1);
});

test("a name without address gives a fault that names it, and is asked for again", async () => {
	const resolver = new Resolver(new Map(), 4, 1000);
	for (let count = 0; count < 2; count++) {
		const answer = await ask(resolver, "nowhere.invalid");
		assert.equal(answer.kind === "failed" && answer.fault.code, "SERVER_NAME_UNRESOLVED");
		assert.match(answer.kind === "failed" ? answer.fault.message : "", /nowhere\.invalid/);
	}
});
