import assert from "node:assert/strict";
import { test } from "node:test";
import { EchKeys } from "#proxy/ech-keys-shell.ts";
import { decodeEchConfigList, type EchConfig, type KnownEch } from "#tls/ech.ts";
import { dnsAnswer, httpsRecord, nameServer } from "../../test/support/dns-answer.ts";
import { echConfigList } from "../../test/support/ech.ts";

const know = (keys: EchKeys, name: string, now: number) =>
	new Promise<KnownEch>((resolve) => keys.know(name, now, resolve));
const namesOf = ({ configs, isComplete }: KnownEch) => [isComplete, ...configs.map(({ publicName }) => publicName)];

test("the HTTPS record of a name tells its keys; they are kept as long as it says, and asked for once", async (t) => {
	const server = await nameServer(t, (question) =>
		dnsAnswer(question, [httpsRecord(echConfigList("public.test"), 60)]),
	);
	const keys = new EchKeys([], () => [server.address]);
	const both = await Promise.all([know(keys, "public.test", 0), know(keys, "public.test", 0)]);
	assert.deepEqual(both.map(namesOf), [
		[true, "public.test"],
		[true, "public.test"],
	]);
	await know(keys, "public.test", 59_999);
	assert.deepEqual(server.asked, ["public.test"]);
	await know(keys, "public.test", 60_001);
	assert.deepEqual(server.asked, ["public.test", "public.test"]);
});

test("keys under another public name say nothing of the name that was asked for", async (t) => {
	const server = await nameServer(t, (question) => dnsAnswer(question, [httpsRecord(echConfigList("public.test"))]));
	const keys = new EchKeys([], () => [server.address]);
	assert.deepEqual(namesOf(await know(keys, "shop.test", 0)), [false]);
});

test("keys of the configuration count without a record, and beside one", async (t) => {
	const server = await nameServer(t, (question) => dnsAnswer(question, [], 0x8183));
	const decoded = decodeEchConfigList(echConfigList("own.test")) as { value: readonly EchConfig[] };
	const keys = new EchKeys(decoded.value, () => [server.address]);
	assert.deepEqual(namesOf(await know(keys, "own.test", 0)), [true, "own.test"]);
	assert.deepEqual(namesOf(await know(keys, "other.test", 0)), [false]);
});

test("an answer that is damaged, foreign or missing is none: the next server is asked", async (t) => {
	const good = await nameServer(t, (question) => dnsAnswer(question, [httpsRecord(echConfigList("public.test"))]));
	const bad = await nameServer(t, (question, name) => {
		if (name === "silent.test") return undefined;
		const answer = dnsAnswer(question, [httpsRecord(echConfigList(name))]);
		// Another ID than that of the question.
		answer[0] = (answer[0] as number) ^ 0xff;
		return answer;
	});
	const keys = new EchKeys([], () => [bad.address, good.address]);
	assert.deepEqual(namesOf(await know(keys, "public.test", 0)), [true, "public.test"]);
	assert.deepEqual(namesOf(await know(keys, "silent.test", 0)), [false]);
	assert.deepEqual(namesOf(await know(new EchKeys([], () => []), "public.test", 0)), [false]);
	// Nobody may connect to it, as to a server without a route.
	const away = new EchKeys([], () => ["255.255.255.255", good.address]);
	assert.deepEqual(namesOf(await know(away, "public.test", 0)), [true, "public.test"]);
});

test("N4: more names than may be asked for at a time are answered at once, with nothing", async (t) => {
	const server = await nameServer(t, () => undefined);
	const keys = new EchKeys([], () => [server.address]);
	const waiting = Array.from({ length: 64 }, (_, at) => know(keys, `n${at}.test`, 0));
	assert.deepEqual(namesOf(await know(keys, "beyond.test", 0)), [false]);
	await Promise.all(waiting);
	assert.equal(server.asked.includes("beyond.test"), false);
});
